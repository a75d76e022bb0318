"""The folder of a crawl: whole after any end, refused where it is not ours, and never destroyed."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from crawler.model import Changes, Role, Settled, Task, Verdict
from crawler.store.database import DATABASE, StoreError, WrongFolderError
from crawler.store.store import GROUP_PAGES, GROUP_SECONDS, Store
from tests.answers import failure, page

MEANING = {"site": {"list": ["/a"]}, "crawl": {"max_depth": 0}}
A = "http://a.test"


def task(path: str, **options: Any) -> Task:
    return Task(f"{A}/{path}", Role.DETAIL, **options)


def ok(path: str) -> Settled:
    return Settled(task(path), Verdict.OK, None, 1, page(task(path)))


def failed(path: str) -> Settled:
    return Settled(task(path), Verdict.FAILED, "status-503", 3, failure(task(path), "status-503"))


def changes(*settled: Settled, taken_up: tuple[str, ...] = ()) -> Changes:
    return Changes([*(page.task for page in settled), *map(task, taken_up)], list(settled))


def lines(folder: Path, name: str = "pages.jsonl") -> list[str]:
    return [json.loads(line)["url"].rpartition("/")[2] for line in (folder / name).read_text("utf-8").split("\n")[:-1]]


def commit(store: Store, *settled: Settled, taken_up: tuple[str, ...] = ()) -> None:
    store.save(changes(*settled, taken_up=taken_up))
    store.commit()


def pending(store: Store) -> list[str]:
    settled = {page.task.url for page in store.settled()}
    return [task.url for task in store.taken_up() if task.url not in settled]


# ---- groups ----------------------------------------------------------------------------------------------------------


def test_a_group_is_committed_when_it_is_old_enough_or_large_enough(tmp_path: Path) -> None:
    now = [0.0]
    with Store.open(tmp_path, MEANING, clock=lambda: now[0]) as store:
        store.save(changes(ok("a")))
        assert lines(tmp_path) == []
        now[0] = GROUP_SECONDS
        store.save(Changes())
        assert lines(tmp_path) == ["a"]
        store.save(changes(*(ok(f"b{n}") for n in range(GROUP_PAGES))))
        assert len(lines(tmp_path)) == 1 + GROUP_PAGES


def test_what_was_not_committed_is_pending_again(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"), taken_up=("b", "c"))
        store.save(changes(taken_up=("lost",)))
        store.save(Changes([], [ok("b")]))
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert [page.task.url for page in store.settled()] == [f"{A}/a"]
        assert pending(store) == [f"{A}/b", f"{A}/c"]


def test_what_was_taken_up_is_got_back_by_its_number_committed_or_not(tmp_path: Path) -> None:
    urls = [task(f"{number}", depth=number, hops=1, referrer=f"{A}/") for number in range(1, 2001)]
    with Store.open(tmp_path, MEANING) as store:
        store.save(Changes(urls[:1000]))
        store.commit()
        store.save(Changes(urls[1000:1500]))
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert len([*store.taken_up()]) == 1000
        store.save(Changes(urls[1000:1500]))
        store.commit()
        store.save(Changes(urls[1500:]))
        numbers = [*range(1, 2001, 3), 7, 1501, 1000]
        assert store.recollect(numbers) == [urls[number - 1] for number in numbers]
        assert store.recollect([]) == []


def test_a_database_that_lacks_a_url_is_damaged(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, taken_up=("a", "b", "c"))
    with sqlite3.connect(tmp_path / DATABASE) as database:
        database.execute("DELETE FROM urls WHERE id = 2")
    database.close()
    with Store.open(tmp_path, MEANING, resume=True) as store:
        with pytest.raises(StoreError, match="damaged"):
            store.recollect([1, 2])
        with pytest.raises(StoreError, match="damaged"):
            list(store.taken_up())


def test_strays_are_there_again_in_the_order_in_which_they_were_met(tmp_path: Path) -> None:
    met = [task("b", depth=2, hops=1, referrer=f"{A}/a"), task("a")]
    with Store.open(tmp_path, MEANING) as store:
        store.save(Changes([task("x")], [], met[:1]))
        store.commit()
        store.save(Changes([task("y")], [], met[1:]))
        store.commit()
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert [*store.strays()] == met


def test_a_crawl_of_before_there_were_strays_is_gone_on_with(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"), taken_up=("b",))
    with sqlite3.connect(tmp_path / "crawl.db") as database:
        database.execute("DROP TABLE strays")
    database.close()
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert [*store.strays()] == []
        assert pending(store) == [f"{A}/b"]


def test_the_counters_are_those_of_the_last_commit(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        store.save(changes(ok("a")), lambda: {"retries": 7})
        store.commit()
        store.save(Changes(), lambda: {"retries": 8})
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert store.counters() == {"retries": 7}


# ---- files -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "harm",
    [
        lambda path: path.write_bytes(path.read_bytes() + b'{"url": "half'),
        lambda path: path.write_bytes(path.read_bytes() + path.read_bytes()),
        lambda path: path.write_bytes(path.read_bytes()[:-5]),
        lambda path: path.write_bytes(b""),
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b"\0" * len(path.read_bytes())),
    ],
    ids=["half a line more", "lines more", "cut", "empty", "gone", "never reached the disk"],
)
@pytest.mark.parametrize("name", ["pages.jsonl", "items.jsonl"])
def test_a_file_is_made_to_hold_what_is_committed(harm: Callable[[Path], object], name: str, tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"), ok("b"))
    harm(tmp_path / name)
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert lines(tmp_path, name) == ["a", "b"]
        commit(store, ok("c"))
        assert lines(tmp_path, name) == ["a", "b", "c"]


@pytest.mark.parametrize("text", ["\ud800", "\u2028", "\x85", "\0", 'é"\n', "\N{SNOWMAN}"])
def test_whatever_a_page_says_is_one_line_and_comes_back_as_it_was(text: str, tmp_path: Path) -> None:
    outcome = page(task("a"))
    record = Settled(task("a"), Verdict.OK, None, 1, type(outcome)(task("a"), "w", outcome.timings, record={"t": text}))
    with Store.open(tmp_path, MEANING) as store:
        commit(store, record)
    (line,) = (tmp_path / "items.jsonl").read_text("utf-8").splitlines()
    assert json.loads(line)["t"] == text


# ---- opening ---------------------------------------------------------------------------------------------------------


def test_a_crawl_is_neither_touched_nor_begun_anew_unless_told(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"))
    with pytest.raises(WrongFolderError, match="an unfinished crawl: add --resume or --overwrite"):
        Store.open(tmp_path, MEANING)
    with Store.open(tmp_path, MEANING, resume=True) as store:
        store.finish({}, finished=True)
    with pytest.raises(WrongFolderError, match=r"a finished crawl: add --retry-failed .* --overwrite to begin anew"):
        Store.open(tmp_path, MEANING)
    assert lines(tmp_path) == ["a"]
    with Store.open(tmp_path, {}, overwrite=True) as store:
        assert not list(store.settled())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["crawl.db", "items.jsonl", "pages.jsonl"]
    assert lines(tmp_path) == []


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / DATABASE) as database:
        database.execute("CREATE TABLE pages (mine)")
    for told in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(WrongFolderError, match="not a crawl's"):
            Store.open(tmp_path, MEANING, **told)
    assert database.execute("SELECT sql FROM sqlite_master").fetchone() == ("CREATE TABLE pages (mine)",)
    database.close()


@pytest.mark.parametrize("name", ["pages.jsonl", "items.jsonl", "report.json", "trace.json", "timeline.html"])
@pytest.mark.parametrize("resume", [False, True])
def test_what_lies_there_without_a_database_is_not_written_over(resume: bool, name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("mine")
    with pytest.raises(WrongFolderError, match=f"holds a {name}, and no crawl.db"):
        Store.open(tmp_path, MEANING, resume=resume)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(name, "mine")]
    with Store.open(tmp_path, MEANING, overwrite=True) as store:
        assert pending(store) == []


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(WrongFolderError, match="no folder; choose another --out"):
            Store.open(folder, MEANING)


def test_a_missing_or_empty_folder_is_resumed_from_the_beginning(tmp_path: Path) -> None:
    for folder in (tmp_path / "deep" / "down", tmp_path):
        with Store.open(folder, MEANING, resume=True) as store:
            assert pending(store) == []


def test_a_database_in_which_nothing_was_made_yet_is_a_new_one(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / DATABASE).execute("PRAGMA journal_mode = WAL").connection.close()
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"))
    assert lines(tmp_path) == ["a"]


@pytest.mark.parametrize(
    ("meaning", "told"),
    [
        ({**MEANING, "crawl": {"max_depth": 2}}, "crawl.max_depth = 0, not 2"),
        ({**MEANING, "site": {}}, 'site.list = ["/a"], not null'),
        ({**MEANING, "more": 1}, "more = null, not 1"),
    ],
)
def test_another_meaning_is_refused_by_name(meaning: dict[str, Any], told: str, tmp_path: Path) -> None:
    Store.open(tmp_path, MEANING).close()
    with pytest.raises(StoreError) as error:
        Store.open(tmp_path, meaning, resume=True)
    assert told in str(error.value)


def damage(folder: Path, kind: str) -> None:
    path = folder / DATABASE
    if kind == "noise":
        path.write_bytes(b"\x07noise" * 4096)
    elif kind == "foreign":
        path.unlink()
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE bookmarks (url TEXT)")
        database.close()
    elif kind == "newer":
        with sqlite3.connect(path) as database:
            database.execute("UPDATE meta SET value = '99' WHERE key = 'version'")
        database.close()
    elif kind == "pages":
        content = bytearray(path.read_bytes())
        content[4096:] = b"\xff" * (len(content) - 4096)
        path.write_bytes(content)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("noise", "is not a database"),
        ("foreign", "is not a crawl's"),
        ("newer", "is of version 99"),
        ("pages", "is damaged"),
    ],
)
def test_a_database_that_is_not_ours_is_one_clear_line_and_left_alone(kind: str, told: str, tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"))
    damage(tmp_path, kind)
    before = {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")}
    content = (tmp_path / DATABASE).read_bytes()
    with pytest.raises(StoreError) as error:
        Store.open(tmp_path, MEANING, resume=True)
    assert told in str(error.value)
    assert "\n" not in str(error.value)
    assert {path.name: path.read_bytes() for path in tmp_path.glob("*.jsonl")} == before
    assert (tmp_path / DATABASE).read_bytes()[4096:] == content[4096:]
    if kind != "foreign":
        with Store.open(tmp_path, MEANING, overwrite=True) as store:
            commit(store, ok("b"))
        assert lines(tmp_path) == ["b"]


def test_a_folder_that_cannot_be_made_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        Store.open(tmp_path / "file" / "crawl", MEANING)


OPEN = """
import os, sys
from pathlib import Path
from crawler.store.store import Store
if sys.argv[2:]:
    os.setuid(int(sys.argv[2]))
s = Store.open(Path(sys.argv[1]), {}, resume=True)
"""


@pytest.mark.parametrize("begun", [False, True], ids=["new", "to go on with"])
def test_a_read_only_folder_is_one_clear_line(begun: bool) -> None:
    somebody = ["65534"] if os.geteuid() == 0 else []  # root may write everywhere
    with TemporaryDirectory() as folder:
        if begun:
            Store.open(Path(folder), {}).close()
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", OPEN, folder, *somebody], capture_output=True, text=True, timeout=30
        )
    assert f"{folder}: it cannot be written into; choose another --out" in done.stderr.splitlines()[-1]


def test_a_full_disk_is_one_clear_line_and_what_was_committed_stays(tmp_path: Path) -> None:
    code = f"""{OPEN}
from crawler.model import Changes
from tests.unit.store.test_store import commit, ok
for n in range(100_000):
    commit(s, *(ok(f"{{n}}-{{k}}") for k in range(50)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=50,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000)),
    )
    assert "StoreError" in done.stderr.splitlines()[-1]
    with Store.open(tmp_path, {}, resume=True) as store:
        settled = [page.task.url.rpartition("/")[2] for page in store.settled()]
    assert settled
    assert lines(tmp_path) == lines(tmp_path, "items.jsonl") == settled


# ---- one at a time ---------------------------------------------------------------------------------------------------


def test_another_process_is_refused_until_the_first_has_ended(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", f"{OPEN}print('open', flush=True); sys.stdin.read()", str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdin is not None
    assert holder.stdout is not None
    try:
        assert holder.stdout.readline() == b"open\n"
        for options in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(WrongFolderError, match="another process is crawling"):
                Store.open(tmp_path, {}, **options)
    finally:
        holder.kill()
        holder.communicate()
    Store.open(tmp_path, {}, resume=True).close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_does_not_inherit_the_lock(tmp_path: Path) -> None:
    code = f"""{OPEN}
import os
child = os.fork()
if child:
    print(child, flush=True)
    os._exit(0)  # without closing anything, as if it were killed
os.close(1)
sys.stdin.read()
"""
    parent = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert parent.stdin is not None
    assert parent.stdout is not None
    try:
        assert int(parent.stdout.readline())
        parent.wait(20)
        Store.open(tmp_path, {}, resume=True).close()
    finally:
        parent.communicate()  # closes the child's standard input


# ---- failed pages ----------------------------------------------------------------------------------------------------


def test_failed_pages_are_taken_up_again_and_leave_the_file(tmp_path: Path) -> None:
    with Store.open(tmp_path, MEANING) as store:
        commit(store, ok("a"), failed("b"), ok("c"), failed("d"))
        store.finish({}, finished=True)
    with Store.open(tmp_path, MEANING, resume=True) as store:
        assert store.finished
        assert store.retry_failed() == 2
        assert not store.finished
        assert lines(tmp_path) == ["a", "c"]
        assert pending(store) == [f"{A}/b", f"{A}/d"]
        store.save(Changes([], [ok("b"), ok("d")]))
        store.commit()
        assert store.retry_failed() == 0
    assert lines(tmp_path) == ["a", "c", "b", "d"]
    assert lines(tmp_path, "items.jsonl") == ["a", "c", "b", "d"]


def test_pages_left_out_for_a_robots_txt_that_could_not_be_had_are_taken_up_again_too(tmp_path: Path) -> None:
    forbidden = [
        Settled(Task(f"http://{host}/", task("").role), Verdict.SKIPPED, "robots") for host in ("a.test", "b.test")
    ]
    with Store.open(tmp_path, MEANING) as store:
        store.save(changes(*forbidden), lambda: {"robots_failures": {A: "timeout"}})
        store.commit()
        assert store.retry_failed() == 1
        assert pending(store) == [f"{A}/"]
        assert store.counters() == {"robots_failures": {}, "hosts_given_up": {}}
