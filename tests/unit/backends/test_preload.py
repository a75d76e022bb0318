"""What a fork server has loaded, its children need not load."""

import subprocess
import sys
from multiprocessing import get_all_start_methods

import pytest

from crawler.work.perform import SiteWork
from crawler.work.settings import WorkSettings

SCRIPT = """
from crawler.backends.children import context
with context(preload={modules!r}).Pool(1) as pool:
    print(pool.apply(eval, ("sorted(__import__('sys').modules.keys() & {{'bs4', 'lxml', 'selectolax', 'requests'}})",)))
"""


@pytest.mark.skipif("forkserver" not in get_all_start_methods(), reason="this system has no fork server")
@pytest.mark.parametrize(
    ("parser", "loaded"),
    [("bs4-lxml", ["bs4", "lxml", "requests"]), ("selectolax", ["requests", "selectolax"])],
)
def test_the_chosen_parser_and_client_are_there_when_a_process_begins_and_no_others(
    parser: str, loaded: list[str]
) -> None:
    modules = SiteWork(WorkSettings(parser=parser), "requests").modules
    script = SCRIPT.format(modules=modules)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True)
    assert done.stdout.strip() == str(loaded)
