"""Ctrl-C at a terminal goes to every process of the group: it is for the coordinator alone, from the very first."""

import subprocess
import sys
from multiprocessing import get_all_start_methods

import pytest

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
print(signal.SIGINT in heard, signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ()))
"""


@pytest.mark.parametrize("method", get_all_start_methods())
def test_a_child_is_deaf_to_ctrl_c_before_it_runs_a_line_of_ours_and_its_parent_is_not(method: str) -> None:
    script = SCRIPT.format(method=method)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=50, check=True)
    assert (done.stdout, done.stderr) == ("True False\n", "")
