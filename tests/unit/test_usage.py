"""What a crawl has cost."""

import subprocess
import sys

from crawler.usage import tree_usage, usage


def test_a_process_has_used_something() -> None:
    used = usage()
    assert used.cpu_seconds > 0
    assert 5e6 < used.peak_memory < 1e11
    assert used.context_switches > 0


def test_a_tree_is_all_of_its_processes_but_the_one_left_out() -> None:
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1) as child:
        assert child.stdout is not None
        child.stdout.readline()
        alone, tree, without = usage().peak_memory, tree_usage().peak_memory, tree_usage(child.pid).peak_memory
        child.communicate(b"\n", timeout=30)
    assert tree >= alone + 3e6
    assert without < tree
