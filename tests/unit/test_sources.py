"""What the program may not use, read from its sources."""

import ast
from pathlib import Path

import pytest

from tests.unit.test_layers import ROOT, imports

SOURCES = sorted((ROOT / "crawler").rglob("*.py"))

# To unpickle, or to evaluate, is to run what somebody wrote. `multiprocessing` pickles by itself what goes from one of
# our processes to another, and that alone.
RUN_WHAT_THEY_READ = {"pickle", "cPickle", "_pickle", "marshal", "shelve", "dill", "cloudpickle", "jsonpickle", "code"}
UNPICKLES_ITS_OWN = {"interpreters.py", "link.py", "crossing.py"}
"""What does by hand as `multiprocessing` does: objects for another interpreter of the same process, and plain values
between a process and its own child, over a socket pair that nobody else has an end of; and what takes the time of
pickling, from within it, where a crawl is traced."""
CALLS = {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_that_is_read_is_unpickled_or_evaluated(path: Path) -> None:
    if path.name not in UNPICKLES_ITS_OWN:
        assert not {name.partition(".")[0] for name in imports(path)} & RUN_WHAT_THEY_READ
    calls = [node.func for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not {call.id for call in calls if isinstance(call, ast.Name)} & CALLS


def test_the_sources_were_found() -> None:
    assert len(SOURCES) > 40
