"""How many files a process may have open."""

import subprocess
import sys

import pytest

resource = pytest.importorskip("resource")

SHOWN = """
import resource
from crawler.limits import raise_open_files, too_few_files
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
files = raise_open_files()
print(files, too_few_files(80, files) is None, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "then"), [(64, 300, "300 False 300 300"), (320, 320, "320 True 320 320")])
def test_it_may_have_as_many_as_the_system_lets_it(soft: int, hard: int, then: str) -> None:
    code = SHOWN.format(soft=soft, hard=hard)
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == f"{then}\n"
    )
