"""The benchmarks' tables, and docs/performance.md, into which they write them when they are told to (`--record`)."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from crawler.compare import machine
from crawler.compare.cores import divide
from crawler.compare.model import Machine

DOCS = Path(__file__).parents[2] / "docs"
PERFORMANCE = DOCS / "performance.md"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; its first column is aligned left, and all others right."""
    lines = (columns, ("---", *("---:" for _ in columns[1:])), *rows)
    return "\n".join("|".join(["", *(f" {cell} " if cell else " " for cell in line), ""]) for line in lines)


def place() -> str:
    """Return on what machine this is measured, by which Python, and when."""
    facts = machine.describe(divide())
    return f"{hardware(facts)}, {facts.python}; {today()}"


def hardware(facts: Machine) -> str:
    """Return a machine's cores and its system, the version of a kernel without what a builder calls it."""
    return f"{facts.cores} cores of {facts.processor}, {facts.system.partition('-')[0]}"


def today() -> str:
    """Return the day, as ISO 8601 has it."""
    return f"{datetime.now(UTC):%Y-%m-%d}"


def record(name: str, text: str, document: Path = PERFORMANCE) -> None:
    """Put a text between a document's comments `<!-- NAME -->` and `<!-- /NAME -->`; ValueError if it has none."""
    before, opening, rest = document.read_text(encoding="utf-8").partition(f"<!-- {name} -->\n")
    _, closing, after = rest.partition(f"<!-- /{name} -->")
    if not opening or not closing:
        raise ValueError(f"{document} has no place for {name}: add <!-- {name} --> and <!-- /{name} --> to it")
    document.write_text(f"{before}{opening}\n{text.strip()}\n\n{closing}{after}", encoding="utf-8")
