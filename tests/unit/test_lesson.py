"""The page that leads from the lesson to the code: every place that it names is where it says.

`python -m tests.unit.test_lesson` writes the right lines into the page, where code has moved.
"""

import ast
import re
from pathlib import Path

from crawler.backends.registry import BACKENDS
from crawler.hazards.registry import HAZARDS

ROOT = Path(__file__).resolve().parents[2]
PATH = ROOT / "docs" / "lesson.md"
PAGE = PATH.read_text(encoding="utf-8")
PLACE = re.compile(r"\[`([\w/.]+):[^`]*`\]\([^)]*\) `([\w.]+)`")


def place(path: str, name: str) -> str:
    """Return how the page points to a definition, `Class.method` for one within another; it must be there."""
    node: ast.AST = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    for part in name.split("."):
        kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        node = next(child for child in ast.walk(node) if isinstance(child, kinds) and child.name == part)
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    first, last = node.lineno, node.end_lineno
    return f"[`{path}:{first}-{last}`](../{path}#L{first}-L{last}) `{name}`"


def corrected(page: str) -> str:
    """Return the page with the lines at which its places stand now."""
    return PLACE.sub(lambda match: place(match[1], match[2]), page)


def test_every_place_stands_where_the_page_says() -> None:
    assert len(PLACE.findall(PAGE)) > 40
    assert PAGE.splitlines() == corrected(PAGE).splitlines(), "python -m tests.unit.test_lesson mends it"


def test_the_page_names_every_hazard_there_is_to_run_and_backends_that_there_are() -> None:
    assert set(re.findall(r"--backend ([\w-]+)", PAGE)) <= BACKENDS.keys()
    assert set(re.findall(r"hazards ([\w-]+)`", PAGE)) == HAZARDS.keys()


if __name__ == "__main__":
    PATH.write_text(corrected(PAGE), encoding="utf-8")
