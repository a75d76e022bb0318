"""The job's database, and the files that follow it.

    frontier ──changes──▶ [ group ] ──one transaction──▶ crawl.db ──what is committed──▶ pages.jsonl, items.jsonl

The database is the truth. A page's outcome, its record and the links that it brought are in one transaction, so a
crawl that is cut short has either all of them or none. A line is appended to a file only after the transaction that
holds it, and that transaction also says how long the file then is: a crawl that is taken up again cuts or mends its
files to match.

Only the coordinator writes. It holds the database's exclusive lock as long as it lives, so that two crawls cannot share
a folder; the operating system takes the lock from a process that dies, and does not hand it on to forked children.
"""

import json
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.model import Changes, Role, Settled, Task
from crawler.store.lines import item_line, page_line, read_page

DATABASE = "crawl.db"
FILES = ("pages.jsonl", "items.jsonl")
REPORT = "report.json"
VERSION = 1

GROUP_SECONDS = 0.5
GROUP_PAGES = 500
"""A group is committed when it is this old, or holds this many settled pages."""

SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "CREATE TABLE urls (url TEXT PRIMARY KEY, role TEXT NOT NULL, depth INTEGER NOT NULL, hops INTEGER NOT NULL,"
    " referrer TEXT, settled INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID",
    "CREATE TABLE pages (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE items (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
)


class StoreError(Exception):
    """The folder of a crawl cannot be used: one line that names it, the reason and the way out."""


class FolderInUseError(StoreError):
    """The folder holds a crawl, and nobody said what to do with it."""


class Store:
    """A crawl's folder, open for writing. A context manager."""

    def __init__(self, folder: Path, database: sqlite3.Connection, clock: Callable[[], float]) -> None:
        """Use `create` or `reopen`."""
        self.folder = folder
        self._database = database
        self._clock = clock
        self._group = Changes()
        self._group_began = 0.0
        self._offsets = [int(self.meta(name) or 0) for name in FILES]
        self._files = [(folder / name).open("ab") for name in FILES]

    # ---- opening -------------------------------------------------------------------------------------------------

    @staticmethod
    def exists(folder: Path) -> bool:
        """Say whether the folder holds a crawl."""
        return (folder / DATABASE).exists()

    @staticmethod
    def state(folder: Path) -> str:
        """Return what kind of crawl a folder holds, in words: `a finished` or `an unfinished`."""
        try:
            report = json.loads((folder / REPORT).read_text(encoding="utf-8"))
            return "a finished" if report["status"] == "finished" else "an unfinished"
        except (OSError, ValueError, KeyError, TypeError):
            return "an unfinished"

    @classmethod
    def create(
        cls,
        folder: Path,
        meaning: Mapping[str, Any],
        *,
        overwrite: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> "Store":
        """Begin a crawl in a folder, made if need be; `meaning` is what `reopen` will want to find the same."""
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            database = _connect(folder)
            with database:
                database.execute("BEGIN EXCLUSIVE")
                if overwrite:
                    for table in ("meta", "urls", "pages", "items"):
                        database.execute(f"DROP TABLE IF EXISTS {table}")
                for statement in SCHEMA:
                    database.execute(statement)
                meta = {"version": str(VERSION), "meaning": json.dumps(meaning)}
                database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())
            for name in (*FILES, REPORT):
                (folder / name).unlink(missing_ok=True)
            return cls(folder, database, clock)

    @classmethod
    def reopen(
        cls, folder: Path, meaning: Mapping[str, Any], *, clock: Callable[[], float] = time.monotonic
    ) -> "Store":
        """Go on with the crawl in a folder; its files are made to match what was committed."""
        with _explained(folder):
            store = cls(folder, _connect(folder), clock)
            try:
                store._recognise(meaning)
                for index in range(len(FILES)):
                    store._mend(index)
            except BaseException:
                store.close()
                raise
            return store

    def _recognise(self, meaning: Mapping[str, Any]) -> None:
        """Refuse a database that is not ours to go on with."""
        version = int(self.meta("version") or 0)
        if version != VERSION:
            raise StoreError(f"{self.folder / DATABASE} is of version {version}, and this crawler knows {VERSION}")
        before = json.loads(self.meta("meaning") or "{}")
        for key in sorted({*flat(before), *flat(meaning)}):
            was, now = flat(before).get(key), flat(meaning).get(key)
            if was != now:
                raise StoreError(
                    f"{self.folder} holds a crawl with {key} = {json.dumps(was)}, not {json.dumps(now)}: "
                    "set it back to go on with it, or add --overwrite to begin anew"
                )

    def _mend(self, index: int) -> None:
        """Make a file hold the lines that are committed, and no more."""
        file, offset = self._files[index], self._offsets[index]
        if file.seek(0, os.SEEK_END) >= offset:
            file.truncate(offset)
            return
        file.truncate(0)
        table = FILES[index].partition(".")[0]
        for (line,) in self._database.execute(f"SELECT line FROM {table} ORDER BY id"):  # noqa: S608 - a name of ours
            file.write(f"{line}\n".encode())
        file.flush()

    # ---- reading -------------------------------------------------------------------------------------------------

    def settled(self) -> Iterator[Settled]:
        """Return the pages that the crawl is through with, in the order in which they were settled."""
        for (line,) in self._database.execute("SELECT line FROM pages ORDER BY id"):
            yield read_page(line)

    def pending(self) -> Iterator[Task]:
        """Return the URLs that were taken up and are not settled, the least deep first."""
        query = "SELECT url, role, depth, hops, referrer FROM urls WHERE NOT settled ORDER BY depth"
        for url, role, depth, hops, referrer in self._database.execute(query):
            yield Task(url, Role(role), depth, hops, referrer=referrer)

    def meta(self, key: str) -> str | None:
        """Return a value that was stored under `key`."""
        row = self._database.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @property
    def finished(self) -> bool:
        """Whether nothing is left to crawl."""
        return self.meta("finished") == "yes"

    def report(self) -> dict[str, Any]:
        """Return the report of the crawl's last run."""
        report: dict[str, Any] = json.loads(self.meta("report") or "{}")
        return report

    # ---- writing -------------------------------------------------------------------------------------------------

    def set_meta(self, **values: str) -> None:
        """Store values at once."""
        with _explained(self.folder), self._database as database:
            database.execute("BEGIN")
            for key, value in values.items():
                self._put(key, value)

    def save(self, changes: Changes) -> None:
        """Take in what the frontier decided; commit it with its group, when that is due."""
        group = self._group
        if not group.taken_up and not group.settled:
            self._group_began = self._clock()
        group.taken_up += changes.taken_up
        group.settled += changes.settled
        if len(group.settled) >= GROUP_PAGES or self._clock() - self._group_began >= GROUP_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Commit the group now, then append its lines to the files."""
        group, self._group = self._group, Changes()
        if not group.taken_up and not group.settled:
            return
        pages = [page_line(settled) for settled in group.settled]
        items = [line for settled in group.settled if (line := item_line(settled)) is not None]
        blocks = ["".join(f"{line}\n" for line in lines).encode() for lines in (pages, items)]
        with _explained(self.folder):
            with self._database as database:
                database.execute("BEGIN")
                database.executemany(
                    "INSERT INTO urls (url, role, depth, hops, referrer) VALUES (?, ?, ?, ?, ?)",
                    [(task.url, task.role.value, task.depth, task.hops, task.referrer) for task in group.taken_up],
                )
                database.executemany(
                    "UPDATE urls SET settled = 1 WHERE url = ?", [(settled.task.url,) for settled in group.settled]
                )
                database.executemany("INSERT INTO pages (line) VALUES (?)", [(line,) for line in pages])
                database.executemany("INSERT INTO items (line) VALUES (?)", [(line,) for line in items])
                for index, name in enumerate(FILES):
                    self._offsets[index] += len(blocks[index])
                    self._put(name, str(self._offsets[index]))
            for file, block in zip(self._files, blocks, strict=True):
                file.write(block)
                file.flush()

    def finish(self, report: Mapping[str, Any], *, finished: bool) -> None:
        """Commit what is left, and write the report of this run."""
        self.commit()
        text = json.dumps(report, indent=2, ensure_ascii=False)
        self.set_meta(report=text, finished="yes" if finished else "no")
        with _explained(self.folder):
            (self.folder / REPORT).write_text(f"{text}\n", encoding="utf-8")

    def close(self) -> None:
        """Close the files and the database. What was not committed is fetched again when the crawl is resumed."""
        for file in self._files:
            file.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _put(self, key: str, value: str) -> None:
        self._database.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (key, value))


def flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return a document as `table.key: value`, so that two can be compared key by key."""
    pairs: dict[str, Any] = {}
    for key, value in tree.items():
        pairs |= flat(value, f"{path}{key}.") if isinstance(value, Mapping) else {f"{path}{key}": value}
    return pairs


def _connect(folder: Path) -> sqlite3.Connection:
    """Return a connection that alone may use the database, until it is closed or its process ends."""
    database = sqlite3.connect(folder / DATABASE, isolation_level=None, timeout=0.2)
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    return database


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the file system complain of into one line."""
    try:
        yield
    except sqlite3.Error as error:
        reason = {
            "SQLITE_BUSY": "another process is crawling into it",
            "SQLITE_FULL": "the disk is full",
            "SQLITE_NOTADB": "its crawl.db is not a database; add --overwrite to begin anew",
            "SQLITE_CORRUPT": "its crawl.db is damaged; add --overwrite to begin anew",
            "SQLITE_READONLY": "its crawl.db cannot be written",
            "SQLITE_CANTOPEN": "its crawl.db cannot be opened",
        }.get(error.sqlite_errorname, str(error))
        raise StoreError(f"{folder}: {reason}") from error
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error
