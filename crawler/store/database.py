"""A crawl's database: opened by one process at a time, made in one transaction, and never read as anything but text.

Whoever opens it holds its exclusive lock until the connection is closed. The lock is the operating system's: it goes
with the process, however that ends, and forked children do not inherit it (POSIX fcntl).
"""

import json
import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

DATABASE = "crawl.db"
VERSION = 1
"""Of the schema: a database of another version is refused."""

_TASKS = (
    "(id INTEGER PRIMARY KEY, url TEXT NOT NULL, role TEXT NOT NULL, depth INTEGER NOT NULL, hops INTEGER NOT NULL,"
    " referrer TEXT)"
)
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    f"CREATE TABLE urls {_TASKS}",
    f"CREATE TABLE strays {_TASKS}",
    "CREATE TABLE pages (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
    "CREATE TABLE items (id INTEGER PRIMARY KEY, line TEXT NOT NULL)",
)

_TABLES = {statement.split()[2] for statement in SCHEMA} - {"strays"}
"""What there is in each crawl's: the earliest had no table for strays."""

_DAMAGED = ("SQLITE_NOTADB", "SQLITE_CORRUPT")
_UNWRITABLE = "it cannot be written into; choose another --out"
_REASONS = {
    "SQLITE_FULL": "the disk is full; make room and add --resume",
    "SQLITE_IOERR": "the disk cannot be read or written",
    "SQLITE_NOTADB": f"its {DATABASE} is not a database; add --overwrite to begin anew, or choose another --out",
    "SQLITE_CORRUPT": f"its {DATABASE} is damaged; add --overwrite to begin anew, or choose another --out",
    "SQLITE_READONLY": f"its {DATABASE} cannot be written; choose another --out",
    "SQLITE_CANTOPEN": f"its {DATABASE} cannot be opened; choose another --out",
}


class StoreError(Exception):
    """The folder of a crawl cannot be used: one line that names it, the reason and the way out."""


class WrongFolderError(StoreError):
    """The folder is not for this crawl: it holds another or something else, another process is at it, or it is none."""


def open_database(folder: Path, *, anew: bool = False) -> sqlite3.Connection:
    """Return the database of a folder, made if need be, for this process alone; see `is_blank` for what is in it.

    Args:
        anew: drop what it holds, and if it is damaged, the whole of it.

    Raises:
        StoreError, WrongFolderError
    """
    with explained(folder):
        folder.mkdir(parents=True, exist_ok=True)
        try:
            database = _connect(folder)
            if not is_blank(database) and not _tables(database) >= _TABLES:
                database.close()
                raise WrongFolderError(f"{folder}: its {DATABASE} is not a crawl's; choose another --out")
            if anew:
                _drop_all(database)
            return database
        except sqlite3.DatabaseError as error:
            if not anew or not _is(error, *_DAMAGED):
                raise
        for suffix in ("", "-wal", "-shm"):
            (folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        return _connect(folder)


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def is_blank(database: sqlite3.Connection) -> bool:
    """Say whether nothing is in it: it is new, or the process that made it was ended before it came to that."""
    return database.execute("SELECT 1 FROM sqlite_master").fetchone() is None


def begin(database: sqlite3.Connection, meaning: Mapping[str, Any]) -> None:
    """Make the tables of a new crawl; `meaning` is what `recognise` will want to find the same."""
    with database:
        database.execute("BEGIN")
        for statement in SCHEMA:
            database.execute(statement)
        meta = {"version": str(VERSION), "meaning": json.dumps(meaning)}
        database.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


def recognise(database: sqlite3.Connection, folder: Path, meaning: Mapping[str, Any]) -> None:
    """Make ready a database to go on with; raise StoreError where it is not this crawl's."""
    meta: dict[str, str] = dict(database.execute("SELECT key, value FROM meta WHERE key IN ('version', 'meaning')"))
    if meta.get("version") != str(VERSION):
        raise WrongFolderError(
            f"{folder}: its {DATABASE} is of version {meta.get('version')}, and this crawler knows {VERSION}: "
            "go on with the crawler that made it, or choose another --out"
        )
    before, now = flat(json.loads(meta["meaning"])), flat(meaning)
    for key in sorted({*before, *now}):
        if before.get(key) != now.get(key):
            raise WrongFolderError(
                f"{folder} holds a crawl with {key} = {json.dumps(before.get(key))}, not {json.dumps(now.get(key))}: "
                "set it back to go on with it, or add --overwrite to begin anew"
            )
    database.execute(f"CREATE TABLE IF NOT EXISTS strays {_TASKS}")


def flat(tree: Mapping[str, Any], path: str = "") -> dict[str, Any]:
    """Return a document as `table.key: value`, so that two can be compared key by key."""
    pairs: dict[str, Any] = {}
    for key, value in tree.items():
        pairs |= flat(value, f"{path}{key}.") if isinstance(value, Mapping) else {f"{path}{key}": value}
    return pairs


@contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn what SQLite and the file system complain of into one line."""
    try:
        yield
    except sqlite3.Error as error:
        if _is(error, "SQLITE_BUSY", "SQLITE_LOCKED"):
            raise WrongFolderError(f"{folder}: another process is crawling into it; choose another --out") from error
        reasons = (reason for name, reason in _REASONS.items() if _is(error, name))
        shut = _is(error, "SQLITE_IOERR", "SQLITE_READONLY", "SQLITE_CANTOPEN") and not os.access(folder, os.W_OK)
        raise StoreError(f"{folder}: {_UNWRITABLE if shut else next(reasons, str(error))}") from error
    except (json.JSONDecodeError, KeyError, UnicodeError) as error:
        raise StoreError(f"{folder}: {_REASONS['SQLITE_CORRUPT']}") from error
    except (FileExistsError, NotADirectoryError) as error:
        raise WrongFolderError(f"{folder}: it is, or lies in, what is no folder; choose another --out") from error
    except PermissionError as error:
        raise StoreError(f"{folder}: {_UNWRITABLE}") from error
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}") from error


def _connect(folder: Path) -> sqlite3.Connection:
    database = sqlite3.connect(folder / DATABASE, isolation_level=None, timeout=0.2)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA cache_size = -256")  # KB: what is written is hardly ever read
        is_blank(database)  # the first look takes the lock
    except BaseException:
        database.close()
        raise
    return database


def _drop_all(database: sqlite3.Connection) -> None:
    try:
        with database:
            database.execute("BEGIN")
            for statement in SCHEMA:
                database.execute(f"DROP TABLE IF EXISTS {statement.split()[2]}")
    except BaseException:
        with suppress(sqlite3.Error):
            database.close()
        raise


def _is(error: sqlite3.Error, *names: str) -> bool:
    """Say whether an error is one of these, or of their kinds (`SQLITE_IOERR_WRITE` is a `SQLITE_IOERR`)."""
    name = getattr(error, "sqlite_errorname", "")
    return any(name == known or name.startswith(f"{known}_") for known in names)
