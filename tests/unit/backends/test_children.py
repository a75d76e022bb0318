"""What process backends share: children that are deaf to what stops a crawl, and outcomes that come before errors."""

import subprocess
import sys
from collections.abc import Iterator
from multiprocessing import get_all_start_methods

import pytest

from crawler.backends.base import BackendError, Plan
from crawler.backends.children import ProcessBackend
from crawler.model import Outcome, Role, Task
from tests.contract.scripted import ScriptedWork, answer

SCRIPT = """
import signal
from crawler.backends.children import context, starting

ways = context({method!r})
ours, theirs = ways.Pipe()
# Nothing of ours has run in the child before this: it is built in.
child = ways.Process(target=exec, args=("import signal; link.send(signal.pthread_sigmask(0, ()))", dict(link=theirs)))
with starting():
    child.start()
heard = ours.recv()
child.join()
blocked = signal.pthread_sigmask(signal.SIG_BLOCK, ())
print(*(number in heard and number not in blocked for number in (signal.SIGINT, signal.SIGTERM)))
"""


@pytest.mark.parametrize("method", get_all_start_methods())
def test_a_child_is_deaf_to_what_stops_a_crawl_before_it_runs_a_line_of_ours_and_its_parent_is_not(method: str) -> None:
    script = SCRIPT.format(method=method)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True)
    assert (done.stdout, done.stderr) == ("True True\n", "")


class Failing(ProcessBackend):
    """Hears of a task that is done, and then that it cannot go on."""

    def start(self) -> None:
        pass

    def submit(self, task: Task) -> None:
        pass

    def stop(self) -> None:
        pass

    def _hear(self, timeout: float) -> Iterator[Outcome]:
        yield answer(Task("http://a.test/", Role.DETAIL), "detail-0", 0.0)
        raise BackendError("it cannot go on")


def test_what_was_heard_before_an_error_is_returned_and_the_error_comes_next() -> None:
    backend = Failing(Plan(ScriptedWork()))
    assert len(backend.collect(1.0)) == 1
    for _ in range(2):
        with pytest.raises(BackendError, match="it cannot go on"):
            backend.collect(1.0)
