"""What a person sees of a crawl: its progress on stderr, and its summary on stdout."""

import os
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from crawler.core.frontier import Frontier
from crawler.model import Verdict
from crawler.urls import without_credentials
from crawler.words import counted, listed

if TYPE_CHECKING:
    from rich.live import Live
    from rich.table import Table

HOSTS_SHOWN = 3
"""Hosts that are named of those that were given up; report.json has them all."""

LIVE_EVERY = 0.1
PLAIN_EVERY = 2.0
"""Seconds between two looks at the figures: on a terminal, and in a log."""


class Console:
    """Progress and summary: live on a terminal, plain lines elsewhere, nothing if `quiet`. A context manager.

    It has no thread of its own: it is called many times a second by the crawl, and mostly returns at once. `rich` is
    loaded when it is first needed, so that the first request does not wait for it.
    """

    def __init__(self, *, quiet: bool = False) -> None:
        self._quiet = quiet
        self._terminal = sys.stderr.isatty()
        self._began = time.monotonic()
        self._next = self._began + (LIVE_EVERY if self._terminal else PLAIN_EVERY)
        self._fetched_before: int | None = None
        self._live: Live | None = None

    def say(self, line: str) -> None:
        """Show a line."""
        if self._quiet:
            return
        try:
            print(printable(line), file=sys.stderr, flush=True)  # noqa: T201
        except OSError:  # nobody reads it, or it cannot be kept: that is no reason to end a crawl
            sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - it is closed with the process

    def watch(self, frontier: Frontier) -> None:
        """Show how far the crawl is, if it is time to."""
        now = time.monotonic()
        if self._fetched_before is None:
            self._fetched_before, self._began = frontier.tally.fetched, now
        if self._quiet or now < self._next:
            return
        line = self._figures(frontier, now)
        if self._terminal:
            self._next = now + LIVE_EVERY
            try:
                self._show(line)
            except OSError:  # the terminal has gone: that is no reason to end a crawl
                self._quiet = True
        else:
            self._next = now + PLAIN_EVERY
            self.say(line)

    def summary(self, report: dict[str, Any], folder: Path) -> None:
        """Show what came of the crawl."""
        if self._quiet or not report:
            return
        from rich.table import Table

        table = Table(show_header=False, box=None, pad_edge=False)
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, text in rows(report):
            table.add_row(name, printable(text))
        table.add_row("files in", printable(str(folder)))
        try:
            _print(table)
        except BrokenPipeError:
            write_no_more()
        except OSError as error:  # what was crawled is in the folder all the same
            write_no_more()
            self.say(f"the summary cannot be written: {error.strerror or error}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with suppress(OSError):  # the terminal has gone
                self._live.stop()

    def _figures(self, frontier: Frontier, now: float) -> str:
        tally = frontier.tally
        fetched = tally.fetched - (self._fetched_before or 0)
        speed = fetched / max(now - self._began, 1e-9)
        counts = ", ".join(f"{tally.verdicts[verdict]} {verdict.value}" for verdict in Verdict)
        return f"{counts}; {frontier.pending} to go, {frontier.in_flight} in flight; {speed:.0f} pages/s"

    def _show(self, line: str) -> None:
        from rich.console import Console as Terminal
        from rich.live import Live
        from rich.spinner import Spinner

        if self._live is None:
            self._live = Live(console=Terminal(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
            self._spinner = Spinner("dots")
        self._spinner.update(text=line)
        self._live.update(self._spinner, refresh=True)


_OUT_OF_SCOPE = {
    "offsite": "to hosts out of scope (site.allowed_hosts, or those of the start URLs)",
    "filtered": "that the patterns of [site] leave out",
}
"""Why links were left, for who wonders why there are no items."""


def rows(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the summary: what, and how much of it."""
    outcomes, latency = report["outcomes"], report["latency_ms"]
    reasons = ", ".join(f"{count} {reason}" for reason, count in report["reasons"].items())
    found = [
        ("backend", f"{report['backend']} ({report['client']}, {report['parser']})"),
        ("pages", f"{outcomes['ok']} ok, {outcomes['skipped']} skipped, {outcomes['failed']} failed"),
    ]
    if reasons:
        found.append(("why not ok", reasons))
    # A crawl that an older version finished has none of the four.
    if not report["items"] and (left := report.get("left_out")):
        told = [f"{count} {_OUT_OF_SCOPE[reason]}" for reason, count in left.items()]
        found.append(("links left out", "; ".join(told)))
    if surplus := report.get("surplus"):
        counts = ", ".join(f"{count} {reason}" for reason, count in surplus.items())
        found.append(("links left", f"{counts} (each is a limit of [traps])"))
    if hosts := report.get("hosts_given_up"):
        told = [f"{host} ({why})" for host, why in list(hosts.items())[:HOSTS_SHOWN]]
        more = [f"and {len(hosts) - HOSTS_SHOWN} more hosts"] if len(hosts) > HOSTS_SHOWN else []
        found.append(("given up", "; ".join(told + more)))
    if never := [name for name, count in report.get("fields_missing", {}).items() if count == report["items"]]:
        found.append(("never found", f"{listed(never)}: no item has a value (`fetch URL` shows what a page has)"))
    if report["pending"]:
        found.append(("still to go", f"{counted(report['pending'], 'page')} ({report['status']})"))
    found += [
        ("items", str(report["items"])),
        ("time", f"{report['elapsed']:.2f} s, and {report['startup']:.2f} s to start"),
        ("speed", f"{report['pages_per_second']} pages/s, {report['bytes'] / 1e6:.1f} MB, {report['retries']} retries"),
    ]
    if latency["p50"] is not None:
        found.append(("latency", f"median {latency['p50']} ms, 99% within {latency['p99']} ms"))
    found.append(("cost", f"{report['cpu_seconds']:.2f} s of CPU, {report['peak_memory'] / 1e6:.0f} MB at most"))
    return found


def table(columns: Sequence[str], lines: Sequence[Sequence[str]]) -> None:
    """Print a table on stdout."""
    from rich.table import Table

    grid = Table(box=None, pad_edge=False)
    for column in columns:
        longest = max(map(len, column.split()), default=0)
        grid.add_column(column, overflow="fold", no_wrap=column == columns[0], min_width=longest)
    for line in lines:
        grid.add_row(*map(printable, line))
    _print(grid)


def _print(what: "Table") -> None:
    """Print a table on stdout; BrokenPipeError if whoever read it has gone, OSError if it cannot be written."""
    from rich.console import Console as Terminal

    class Piped(Terminal):
        def on_broken_pipe(self) -> None:  # rich would end the program, as a failure
            raise BrokenPipeError

    Piped(highlight=False, markup=False).print(what)
    sys.stdout.flush()


def write_no_more() -> None:
    """Let Python close stdout in peace: it would try to write what is left."""
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - it is closed with the process


def printable(text: str) -> str:
    """Return the text as it may be shown: no credentials, and no site can steer the terminal by it.

    What is not printable, control characters and those that turn the direction of writing, is made visible.
    """
    return "".join(mark if mark.isprintable() else ascii(mark)[1:-1] for mark in without_credentials(text))
