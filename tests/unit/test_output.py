"""docs/output.md says all that a crawl leaves: every key, and every reason."""

import ast
import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from crawler import report
from crawler.core.traps import TrapLimits
from crawler.model import Role, Settled, Task, Verdict
from crawler.store.lines import page_line
from crawler.work.http import TRANSIENT_KINDS, TRANSIENT_STATUSES
from fixtures.hostile.table import CASES
from tests.answers import page

ROOT = Path(__file__).resolve().parents[2]
SECTIONS = dict(
    re.findall(r"^##+ (.+?)\n(.*?)(?=^##|\Z)", (ROOT / "docs/output.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
)
"""The document's sections, by their titles."""


def named(section: str, column: int = 0) -> list[str]:
    """Return what stands in backticks in a column of a section's table."""
    rows = [line.split("|")[1:-1] for line in SECTIONS[section].splitlines() if line.startswith("| ")]
    return [name for row in rows[1:] for name in re.findall("`(.+?)`", row[column])]


def reasons_in_the_sources() -> Iterator[str]:
    """Yield what the crawler's sources call failures, and what they settle pages by."""
    for path in (ROOT / "crawler").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "attr", getattr(node.func, "id", ""))
                if called in ("FetchError", "Failure", "failure", "explained"):
                    yield from (each.value for each in node.args[:1] if isinstance(each, ast.Constant))
                if called in ("settle", "_settle"):
                    yield from (each.value for each in node.args[2:3] if isinstance(each, ast.Constant) and each.value)
                yield from (
                    each.value.value
                    for each in node.keywords
                    if each.arg == "skip" and isinstance(each.value, ast.Constant)
                )


def test_each_column_of_pages_jsonl_is_there() -> None:
    task = Task("http://a.test/", Role.DETAIL)
    line = page_line(Settled(task, Verdict.OK, None, 1, page(task)))
    assert named("pages.jsonl") == re.findall(r'"(\w+)":', line.decode())


def test_each_key_of_the_report_is_there() -> None:
    tree = ast.parse(Path(report.__file__).read_text(encoding="utf-8"))
    (describe,) = (node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "describe")
    (returned,) = (node.value for node in ast.walk(describe) if isinstance(node, ast.Return))
    assert isinstance(returned, ast.Dict)
    assert named("report.json") == [key.value for key in returned.keys if isinstance(key, ast.Constant)]


def test_each_reason_is_there_and_none_besides() -> None:
    there = set(named("Reasons", 1))
    traps = {field.name.replace("_", "-") for field in fields(TrapLimits)}
    met = {expected.reason for case in CASES for expected in case.pages.values() if expected.reason}
    assert {re.sub(r"status-\d+", "status-404", reason) for reason in met} <= there
    assert traps <= there
    assert set(reasons_in_the_sources()) <= there
    words = {
        node.value
        for path in (ROOT / "crawler").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
    }
    assert there - traps - {"status-404"} <= words


def test_what_is_tried_again_is_told() -> None:
    rows = [line.split("|")[1:-1] for line in SECTIONS["Reasons"].splitlines() if line.startswith("| `failed`")]
    again = {reason.strip(" `"): told.strip() for _, reason, _, told in rows}
    assert {reason for reason, told in again.items() if told == "yes"} == TRANSIENT_KINDS
    assert {int(status) for status in re.findall(r"\d+", again["status-404` and so on"])} == TRANSIENT_STATUSES
