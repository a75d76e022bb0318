"""The job's database, and the files that follow it.

    frontier ──changes──▶ [ group ] ──one transaction──▶ crawl.db ──what is committed──▶ pages.jsonl, items.jsonl

The database is the truth. A page's outcome, its record and the links that it brought are in one transaction, so a
crawl that is cut short has either all of them or none. A line is appended to a file only after the transaction that
holds it, and that transaction also says how long the file then is: a crawl that is taken up again cuts or mends its
files to match. Only the coordinator writes.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.model import Changes, Role, Settled, Task, Verdict
from crawler.store.database import DATABASE, WrongFolderError, begin, explained, is_blank, open_database, recognise
from crawler.store.files import LineFile
from crawler.store.lines import item_line, page_line, read_page
from crawler.urls import origin

FILES = ("pages", "items")
"""The tables that are files too."""
REPORT = "report.json"
COMPARED = "report.html"
"""What only a comparison leaves."""
TRACES = (TRACE, TIMELINE) = ("trace.json", "timeline.html")
"""What only a traced crawl leaves."""
LEFT = (REPORT, *(f"{table}.jsonl" for table in FILES), *TRACES)
"""What a crawl leaves beside its database, at most."""

GROUP_SECONDS = 0.5
GROUP_PAGES = 500
"""A group is committed when it is this old, or holds this many settled pages."""

ROWS_AT_ONCE = 500
"""URLs that are asked for in one query; an older SQLite takes 999 at most."""

_TASKS = "SELECT id, url, role, depth, hops, referrer FROM urls"
_NEW_TASK = "(id, url, role, depth, hops, referrer) VALUES (?, ?, ?, ?, ?, ?)"

Counters = Mapping[str, Any]
"""What is counted besides the pages, as JSON."""


class Store:
    """A crawl's folder, open for writing by this process alone. A context manager."""

    def __init__(self, folder: Path, database: sqlite3.Connection, clock: Callable[[], float]) -> None:
        """Use `open`."""
        self.folder = folder
        self._database = database
        self._clock = clock
        self._taken_up: list[Task] = []
        self._strays: list[Task] = []
        self._unwritten: dict[str, list[bytes]] = {table: [] for table in FILES}
        """The group, as it will be written: a page's links, and its text in memory, take several times as much."""
        self._group_began = 0.0
        self._counters: Callable[[], Counters] = dict
        self._committed: int = database.execute("SELECT coalesce(max(id), 0) FROM urls").fetchone()[0]
        """How many URLs that were taken up are in the database: the number of the last."""
        self._files = {table: LineFile(folder / f"{table}.jsonl", int(self.meta(table) or 0)) for table in FILES}

    @classmethod
    def open(
        cls,
        folder: Path,
        meaning: Mapping[str, Any],
        *,
        resume: bool = False,
        overwrite: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> "Store":
        """Begin a crawl in a folder, made if need be; where there is one, go on with it or begin anew, as told.

        Args:
            meaning: the configuration that a crawl must not change on its way.

        Raises:
            WrongFolderError: it holds a crawl, and neither is told, or one of another `meaning`; it holds something
                else, which would be lost; or another process is crawling into it.
            StoreError: it cannot be used.
        """
        if not (folder / DATABASE).exists():
            _look_for_others(folder, overwrite=overwrite)
        database = open_database(folder, anew=overwrite)
        try:
            with explained(folder):
                new = is_blank(database)
                if new and not overwrite:
                    _look_for_others(folder)
                if new:
                    begin(database, meaning)
                elif not resume:
                    held = "an unfinished crawl: add --resume or --overwrite"
                    if _is_finished(database):
                        again = "--retry-failed to try its failed pages again, --overwrite to begin anew"
                        held = f"a finished crawl: add {again}"
                    raise WrongFolderError(f"{folder} holds {held}, or choose another --out")
                else:
                    recognise(database, folder, meaning)
                store = cls(folder, database, clock)
                store._mend()
                if new:
                    (folder / REPORT).unlink(missing_ok=True)
                return store
        except BaseException:
            database.close()
            raise

    # ---- reading -------------------------------------------------------------------------------------------------

    def settled(self) -> Iterator[Settled]:
        """Return the pages that the crawl is through with, in the order in which they were settled."""
        return map(read_page, self._lines("pages"))

    def taken_up(self) -> Iterator[Task]:
        """Return the URLs that the crawl took up, settled ones among them, in the order in which it did."""
        with explained(self.folder):
            for place, (number, *row) in enumerate(self._database.execute(f"{_TASKS} ORDER BY id"), 1):
                if number != place:
                    raise KeyError(place)
                yield _task(*row)

    def strays(self) -> Iterator[Task]:
        """Return what the crawl left out of its scope and kept, as it may yet come into it."""
        with explained(self.folder):
            for row in self._database.execute("SELECT url, role, depth, hops, referrer FROM strays ORDER BY id"):
                yield _task(*row)

    def recollect(self, numbers: Sequence[int]) -> list[Task]:
        """Return URLs that the crawl took up, in the order of their numbers: 1 is what it took up first.

        What is not committed yet is there too.
        """
        committed = [number for number in numbers if number <= self._committed]
        unstored = self._taken_up
        tasks: dict[int, Task] = {}
        with explained(self.folder):
            for start in range(0, len(committed), ROWS_AT_ONCE):
                block = committed[start : start + ROWS_AT_ONCE]
                marks = ",".join("?" * len(block))
                for number, *row in self._database.execute(f"{_TASKS} WHERE id IN ({marks})", block):
                    tasks[number] = _task(*row)
            return [
                tasks[number] if number <= self._committed else unstored[number - self._committed - 1]
                for number in numbers
            ]

    def meta(self, key: str) -> str | None:
        """Return a value that was stored under `key`."""
        row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to crawl."""
        return _is_finished(self._database)

    def counters(self) -> Counters:
        """Return what was counted besides the pages."""
        counters: Counters = json.loads(self.meta("counters") or "{}")
        return counters

    def report(self) -> dict[str, Any]:
        """Return the report of the crawl's last run."""
        report: dict[str, Any] = json.loads(self.meta("report") or "{}")
        return report

    # ---- writing -------------------------------------------------------------------------------------------------

    def set_meta(self, **values: str) -> None:
        """Store values at once."""
        with explained(self.folder), self._database as database:
            database.execute("BEGIN")
            for key, value in values.items():
                self._put(key, value)

    def save(self, changes: Changes, counters: Callable[[], Counters] = dict) -> None:
        """Take in what the frontier decided; commit it with its group, when that is due.

        Args:
            counters: asked for what is counted besides, at the time of the commit.
        """
        self._counters = counters
        if not self._taken_up and not self._unwritten["pages"]:
            self._group_began = self._clock()
        self._taken_up += changes.taken_up
        self._strays += changes.strays
        for settled in changes.settled:
            self._unwritten["pages"].append(page_line(settled))
            if (line := item_line(settled)) is not None:
                self._unwritten["items"].append(line)
        if len(self._unwritten["pages"]) >= GROUP_PAGES or self._clock() - self._group_began >= GROUP_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Commit the group now, then append its lines to the files."""
        taken_up, self._taken_up = self._taken_up, []
        strays, self._strays = self._strays, []
        lines, self._unwritten = self._unwritten, {table: [] for table in FILES}
        if not taken_up and not lines["pages"]:
            return
        blocks = {table: b"".join(line + b"\n" for line in rows) for table, rows in lines.items()}
        with explained(self.folder):
            with self._database as database:
                database.execute("BEGIN")
                database.executemany(
                    f"INSERT INTO urls {_NEW_TASK}",
                    [(number, *_row(task)) for number, task in enumerate(taken_up, self._committed + 1)],
                )
                database.executemany(f"INSERT INTO strays {_NEW_TASK}", [(None, *_row(task)) for task in strays])
                for table, block in blocks.items():
                    rows = [(line,) for line in lines[table]]
                    database.executemany(f"INSERT INTO {table} (line) VALUES (CAST(? AS TEXT))", rows)  # noqa: S608 - ours
                    self._put(table, str(self._files[table].offset + len(block)))
                self._put("counters", json.dumps(self._counters()))
            self._committed += len(taken_up)
            for table, block in blocks.items():
                self._files[table].offset += len(block)
                self._files[table].append(block)

    def retry_failed(self) -> int:
        """Make the failed pages pending again, and those left out for a robots.txt that could not be had.

        Return how many they are. Their lines leave pages.jsonl, since each URL has one.
        """
        unreachable = self.counters().get("robots_failures", {})

        def is_failed(page: Settled) -> bool:
            left_out = page.reason == "robots" and origin(page.task.url) in unreachable
            return page.verdict is Verdict.FAILED or left_out

        with explained(self.folder):
            rows = self._database.execute("SELECT id, line FROM pages")
            failed = [(number,) for number, line in rows if is_failed(read_page(line))]
            if not failed:
                return 0
            # Emptied first: whatever happens from here on, a file that is too short is written anew.
            self._files["pages"].empty()
            with self._database as database:
                database.execute("BEGIN")
                database.executemany("DELETE FROM pages WHERE id = ?", failed)
                length = database.execute("SELECT sum(length(CAST(line AS BLOB)) + 1) FROM pages").fetchone()[0] or 0
                self._put("pages", str(length))
                self._put("finished", "no")
                self._put("counters", json.dumps({**self.counters(), "robots_failures": {}, "hosts_given_up": {}}))
            self._files["pages"].offset = length
            self._mend()
        return len(failed)

    def finish(self, report: Mapping[str, Any], *, finished: bool, problem: str | None = None) -> None:
        """Commit what is left, and write the report of this run; `problem` is why it had nothing to crawl."""
        self.commit()
        text = json.dumps(report, indent=2, ensure_ascii=False)
        self.set_meta(report=text, finished="yes" if finished else "no", problem=problem or "")
        with explained(self.folder):
            whole = self.folder / f"{REPORT}.part"
            whole.write_text(f"{text}\n", encoding="utf-8")
            whole.replace(self.folder / REPORT)

    def close(self) -> None:
        """Close the files and the database. What was not committed is fetched again when the crawl is resumed."""
        for file in self._files.values():
            with suppress(OSError):  # a full disk has been told of, by whoever wrote
                file.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _lines(self, table: str) -> Iterator[str]:
        with explained(self.folder):
            for (line,) in self._database.execute(f"SELECT line FROM {table} ORDER BY id"):  # noqa: S608 - ours
                yield line

    def _mend(self) -> None:
        for table, file in self._files.items():
            file.mend(self._lines(table))

    def _put(self, key: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def _look_for_others(folder: Path, *, overwrite: bool = False) -> None:
    """Raise WrongFolderError where a new crawl would write over what is no crawl's, or what none can go on with."""
    if (folder / COMPARED).exists() and (folder / REPORT).exists():
        raise WrongFolderError(f"{folder} holds a comparison, with a {REPORT} of its own: choose another --out")
    for name in () if overwrite else LEFT:
        if os.path.lexists(folder / name):
            raise WrongFolderError(
                f"{folder} holds a {name}, and no {DATABASE} to go on with: add --overwrite to begin anew, "
                "or choose another --out"
            )


def _task(url: str, role: str, depth: int, hops: int, referrer: str | None) -> Task:
    return Task(url, Role(role), depth, hops, referrer=referrer)


def _row(task: Task) -> tuple[str, str, int, int, str | None]:
    return task.url, task.role.value, task.depth, task.hops, task.referrer


def _is_finished(database: sqlite3.Connection) -> bool:
    try:
        row = database.execute("SELECT value FROM meta WHERE key = 'finished'").fetchone()
        return row is not None and row[0] == "yes"
    except sqlite3.OperationalError:  # not a crawl's database, which is told when it is recognised
        return False
