"""No main guard: a spawned child imports the main module anew, and there comes upon the line that starts a child.

crawl.py ──spawn──▶ child: imports crawl.py as `__mp_main__` ─▶ starts a child, before it is one itself: RuntimeError
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.hazards.base import Facts, Hazard, HazardError
from crawler.hazards.watchdog import LIMIT
from crawler.model import Role
from crawler.work.extract import Extractor
from crawler.work.settings import FieldSpec, WorkSettings
from fixtures.site import Site

UNGUARDED = """\
from multiprocessing import get_context
from crawler.hazards.main_guard import read_a_page

child = get_context("spawn").Process(target=read_a_page)
child.start()
child.join()
print("the child ended with status", child.exitcode)
"""
GUARDED = """\
from multiprocessing import get_context
from crawler.hazards.main_guard import read_a_page

if __name__ == "__main__":
    child = get_context("spawn").Process(target=read_a_page)
    child.start()
    child.join()
    print("the child ended with status", child.exitcode)
"""


def read_a_page() -> None:
    """Extract the title of a page of the fixture site, and print it: the work of the child."""
    site = Site(pages=1)
    settings = WorkSettings(parser="bs4-html", fields=(FieldSpec("title", "h1"),))
    html = site.detail(site.item(1)).body.decode()
    record = Extractor(settings).read(html, "http://shop.test/", Role.DETAIL).record
    assert record is not None
    sys.stdout.write(f"the child read {record['title']!r}\n")


@dataclass(frozen=True, slots=True)
class Script(Facts):
    """What a script did."""

    text: str
    said: tuple[str, ...]
    """Its output, and that of its child."""
    error: str
    """The error that ended the child, in its own words; empty if it ended well."""

    @property
    def harmed(self) -> bool:
        """Whether the child came to nothing."""
        return bool(self.error)

    def lines(self) -> Sequence[str]:
        """Return the facts for people."""
        told = ["the script", *(f"    {line}".rstrip() for line in self.text.splitlines())]
        told += ["printed", *(f"    {line}" for line in self.said)]
        return [*told, f"and the child ended with {self.error}"] if self.error else told


def run_script(text: str) -> Script:
    """Run a script in a process of its own; HazardError if it has not ended in time."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "crawl.py")
        path.write_text(text, encoding="utf-8")
        root = str(Path(__file__).resolve().parents[2])
        environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, os.environ.get("PYTHONPATH")]))
        with subprocess.Popen(  # noqa: S603
            [sys.executable, str(path)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            encoding="utf-8",
            process_group=0,  # so that its child can be ended with it
        ) as process:
            try:
                said, complaints = process.communicate(timeout=LIMIT)
            except BaseException as error:
                _kill(process)
                if isinstance(error, subprocess.TimeoutExpired):
                    raise HazardError(f"the script had not ended after {LIMIT:.0f} s") from None
                raise
    return Script(text, tuple(said.splitlines()), _explanation(complaints))


def _kill(process: "subprocess.Popen[str]") -> None:
    """Kill a process and all of its group."""
    if hasattr(os, "killpg"):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()


def _explanation(complaints: str) -> str:
    """Return the RuntimeError of a traceback and the first sentence of what it says, on one line; or nothing.

    Raises:
        HazardError: there is another error.
    """
    _, found, text = complaints.rpartition("RuntimeError:")
    if found:
        return f"RuntimeError: {' '.join(text.strip().partition('.')[0].split())}"
    if "Traceback" in complaints:
        raise HazardError(f"the script failed for another reason: {complaints.splitlines()[-1]}")
    return ""


NO_MAIN_GUARD = Hazard(
    tries="""
        A script of a few lines is written to a temporary folder and run. It spawns a process that reads a page
        of the fixture site.
    """,
    run=lambda: run_script(UNGUARDED),
    cause="""
        A spawned process is a new Python. To find the function that it is to call, it imports the main module
        of its parent, under another name, and so runs all that stands there unguarded: also the line that
        started it. multiprocessing notices and refuses, else there would be a child of a child of a child
        without end.
    """,
    cure="""
        Whatever is to happen once stands under `if __name__ == "__main__":`, which is false in the child.
        `python -m crawler` has it in crawler/__main__.py. It is needed for `forkserver` too, and only `fork`
        does without.
    """,
    run_cured=lambda: run_script(GUARDED),
    read=(run_script, read_a_page),
)
