"""A hazard as a person sees it: what is tried, what happened, why, the cure, and what happened with it."""

import inspect
import shutil
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import click

from crawler.hazards.base import Facts, Unavailable
from crawler.hazards.registry import HAZARDS

ROOT = Path(__file__).resolve().parents[2]
WIDTH = 100
"""Columns that are used at most: longer lines are hard to read."""
LABEL = 8
"""Columns of what stands before a paragraph."""


def show(name: str) -> bool:
    """Run a hazard and its cure, and print what happens; return False if either did not turn out as it is told."""
    entry = HAZARDS[name]
    hazard = entry.load()
    _say(click.style(f"{name}: {entry.gist}", bold=True))
    _paragraph("try", hazard.tries)
    try:
        harmed = _run(hazard.run)
    except Unavailable as reason:
        _paragraph("seen", str(reason))
        _say("")
        return True
    _paragraph("why", hazard.cause)
    _paragraph("cure", hazard.cure)
    cured = not _run(hazard.run_cured)
    for number, thing in enumerate(hazard.read):
        _line("" if number else "read", place(thing))
    if not harmed:
        _paragraph("but", "in this run no harm was done; try again")
    if not cured:
        _paragraph("but", "in this run the cure did not help; try again")
    _say("")
    return harmed and cured


def place(thing: Callable[..., object]) -> str:
    """Return where a function or a class stands: `file:line name`, the file from the project's folder."""
    path = Path(inspect.getsourcefile(thing) or "?")
    return f"{path.relative_to(ROOT).as_posix()}:{inspect.getsourcelines(thing)[1]} {thing.__qualname__}"


def _run(run: Callable[[], Facts]) -> bool:
    """Run, print what was seen, and return whether harm was done."""
    facts = run()
    label = "seen"
    for line in facts.lines():
        if not line.strip() or line.startswith(" "):
            _line(label, line)
        else:
            _paragraph(label, line)
        label = ""
    return facts.harmed


def _paragraph(label: str, text: str) -> None:
    """Print a text, wrapped to the terminal."""
    columns = max(40, min(WIDTH, shutil.get_terminal_size().columns) - LABEL)
    for line in textwrap.wrap(" ".join(text.split()), columns, break_on_hyphens=False):
        _line(label, line)
        label = ""


def _line(label: str, text: str) -> None:
    _say(f"{click.style(f'{label:<{LABEL}}', bold=True) if label else ' ' * LABEL}{text}")


def _say(text: str) -> None:
    """Print a text, with marks that the terminal's encoding lacks replaced."""
    encoding = sys.stdout.encoding or "utf-8"
    click.echo(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()
