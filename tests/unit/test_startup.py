"""What the first request does not wait for: libraries that a crawl needs later, or not at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

LATER = ("rich", "jinja2", "psutil", "http.cookiejar", "ssl", "email", "importlib.metadata")
ELSEWHERE = ("crawler.compare", "crawler.hazards", "crawler.probe", "crawler.trace.recorder", "fixtures.site")
OTHER_CLIENTS = ("asyncio", "aiohttp", "requests", "urllib3", "bs4", "lxml", "multiprocessing")

PRINT_MODULES = """
import json, sys
from crawler.cli.base import configuration
from crawler.backends.registry import BACKENDS
configuration(None, {"start_urls": ["http://a.test/"]}, ["crawl.backend=%s"])
BACKENDS["%s"].load()
print(json.dumps(sorted(sys.modules)))
"""


@pytest.mark.parametrize("backend", ["queue", "curl-multi"])
def test_a_crawl_begins_without_what_it_does_not_need(backend: str, tmp_path: Path) -> None:
    if backend == "curl-multi":
        pytest.importorskip("pycurl")
    script = PRINT_MODULES % (backend, backend)
    # In a folder without config.toml: the shipped one has a fixture site in it, which is then checked.
    ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, stdout=subprocess.PIPE, check=True, timeout=60)
    loaded = set(json.loads(ran.stdout))
    assert "crawler.work.perform" in loaded
    assert loaded & {*LATER, *ELSEWHERE, *OTHER_CLIENTS} == set()


COMPILE_NO_MORE = """
import re
import crawler.work.parser_bs4 as parser
def refuse(*_): raise AssertionError("compiled with the first page")
re._compiler.compile = re.compile = refuse
assert parser.open_parser("bs4-lxml").validate("base[href], a[href].x > b #c, *:not(d) ~ e|f") is None
"""


def test_processes_that_are_forked_later_find_the_patterns_of_soup_sieve_compiled() -> None:
    """Each of them would compile them anew with its first page: a tenth of a second of CPU."""
    subprocess.run([sys.executable, "-c", COMPILE_NO_MORE], check=True, timeout=60)
