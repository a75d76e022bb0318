"""XML in a page is not XML to us: no entity that a page declares is expanded, and none is fetched."""

import subprocess
import sys
from pathlib import Path

import pytest

from crawler.model import Role
from crawler.work.extract import Extractor
from crawler.work.parsers import PARSERS
from crawler.work.settings import FieldSpec, WorkSettings
from tests.contract.servers import RawServer, always, answer

every_parser = pytest.mark.parametrize("parser", PARSERS)

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 20))
BOMB = f'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY l0 "ha">{LAUGHS}]><html><title>&l19;</title><p>&l19;</p></html>'
QUADRATIC = f'<!DOCTYPE html [<!ENTITY a "{"a" * 50_000}">]><html><title>t</title><p>{"&a;" * 50_000}</p></html>'

READ = """
import sys
from crawler.model import Role
from crawler.work.extract import Extractor
from crawler.work.settings import FieldSpec, WorkSettings

settings = WorkSettings(parser=sys.argv[1], fields=(FieldSpec("all", "html"), FieldSpec("p", "p")))
extractor = Extractor(settings)
extractor.read("<p>", "http://a.test/", Role.DETAIL)
page = sys.stdin.read()
try:
    import resource
except ImportError:
    pass
else:
    used = next(int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmSize"))
    resource.setrlimit(resource.RLIMIT_AS, (used + 300_000_000,) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (20, 20))
links, record, *_ = extractor.read(page, "http://a.test/", Role.DETAIL)
print(sum(len(text or "") for text in record.values()))
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says how much memory is taken")
@every_parser
@pytest.mark.parametrize("page", [BOMB, QUADRATIC], ids=["billion-laughs", "quadratic"])
def test_an_entity_bomb_costs_what_its_length_does(parser: str, page: str) -> None:
    """In a process of its own, with 300 MB and 20 s of CPU to go on with: expanded, it would be gigabytes."""
    done = subprocess.run([sys.executable, "-c", READ, parser], input=page, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 3 * len(page)


@every_parser
def test_no_external_entity_is_fetched(parser: str, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("s3cret")
    with RawServer(always(answer(body=b"s3cret"))) as server:
        page = f"""<?xml version="1.0"?>
            <?xml-stylesheet href="{server.url}style.xsl"?>
            <!DOCTYPE html PUBLIC "x" "{server.url}page.dtd" [
              <!ENTITY % all SYSTEM "{server.url}all.dtd"> %all;
              <!ENTITY file SYSTEM "{secret.as_uri()}">
              <!ENTITY net SYSTEM "{server.url}net">]>
            <html xmlns:xi="http://www.w3.org/2001/XInclude"><p>&file;&net;</p>
            <xi:include href="{secret.as_uri()}" parse="text"/></html>"""
        settings = WorkSettings(parser=parser, fields=(FieldSpec("all", "html"),))
        record = Extractor(settings).read(page, "http://a.test/", Role.DETAIL).record
        assert record is not None
        assert "s3cret" not in str(record["all"])
        assert server.connections == 0
