"""The page that leads from the lesson to the code: every place that it names is where it says."""

import ast
import re
from pathlib import Path

import pytest

from crawler.backends.registry import BACKENDS
from crawler.hazards.registry import HAZARDS

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "lesson.md").read_text(encoding="utf-8")
PLACES = re.findall(r"\[`([\w/.]+):(\d+)-(\d+)`\]\(\.\./([\w/.]+)#L(\d+)-L(\d+)\) `([\w.]+)`", PAGE)


def found(path: str, name: str) -> tuple[int, int]:
    """Return the first and the last line of a definition, `Class.method` for one within another."""
    node: ast.AST = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for part in name.split("."):
        node = next(
            child
            for child in ast.walk(node)
            if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and child.name == part
        )
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return node.lineno, node.end_lineno or 0


@pytest.mark.parametrize(("path", "first", "last", "link", "from_", "to", "name"), PLACES)
def test_a_place_stands_where_the_page_says(
    path: str, first: str, last: str, link: str, from_: str, to: str, name: str
) -> None:
    assert (path, first, last) == (link, from_, to)
    assert found(path, name) == (int(first), int(last))


def test_the_page_names_every_backend_and_every_hazard_there_is_to_run() -> None:
    assert len(PLACES) > 40
    assert set(re.findall(r"--backend ([\w-]+)", PAGE)) <= BACKENDS.keys()
    assert set(re.findall(r"hazards ([\w-]+)`", PAGE)) == HAZARDS.keys()
