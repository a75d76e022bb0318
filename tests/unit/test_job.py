"""One crawl, from its configuration to its files: how it ends where the backend does before it."""

from pathlib import Path

import pytest

from crawler import job
from crawler.backends.base import Backend, BackendError
from crawler.config import check
from crawler.core.frontier import Frontier
from crawler.engine import Interrupts, Keeper
from crawler.job import Mode, Watcher
from crawler.model import Changes, Role, Settled, Task, Verdict
from crawler.store.database import StoreError
from tests.answers import page

TASK = Task("http://127.0.0.1:9/item", Role.DETAIL)


def test_what_had_come_back_is_kept_when_the_backend_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pump(frontier: Frontier, backend: object, store: Keeper, **_: object) -> bool:
        store.save(Changes([TASK], [Settled(TASK, Verdict.OK, None, 1, page(TASK))]), dict)
        raise BackendError("the scheduler is gone")

    monkeypatch.setattr(job, "pump", pump)
    config = check({"crawl": {"start_urls": [TASK.url]}}, "a test")
    with pytest.raises(BackendError, match="gone"):
        job.run(config, tmp_path, Mode.FRESH, Watcher(), Interrupts())
    assert TASK.url in (tmp_path / "pages.jsonl").read_text(encoding="utf-8")


def test_what_came_back_just_before_the_backend_failed_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frontier has taken it in, and the pump had no time to have it saved."""

    def pump(frontier: Frontier, backend: object, store: Keeper, **_: object) -> bool:
        task = frontier.next(0.0)
        assert isinstance(task, Task)
        frontier.complete(page(task), 0.0)
        raise BackendError("the scheduler is gone")

    monkeypatch.setattr(job, "pump", pump)
    config = check({"crawl": {"start_urls": [TASK.url]}, "politeness": {"obey_robots": False}}, "a test")
    with pytest.raises(BackendError, match="gone"):
        job.run(config, tmp_path, Mode.FRESH, Watcher(), Interrupts())
    assert TASK.url in (tmp_path / "pages.jsonl").read_text(encoding="utf-8")


def test_what_the_backend_still_has_when_it_fails_is_collected_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a thread too many cannot be started, while others have left what they had."""

    def pump(frontier: Frontier, backend: Backend, store: Keeper, **_: object) -> bool:
        task = frontier.next(0.0)
        assert isinstance(task, Task)
        monkeypatch.setattr(backend, "collect", lambda _timeout: [page(task)])
        raise BackendError("a thread cannot be started")

    monkeypatch.setattr(job, "pump", pump)
    config = check({"crawl": {"start_urls": [TASK.url]}, "politeness": {"obey_robots": False}}, "a test")
    with pytest.raises(BackendError, match="a thread"):
        job.run(config, tmp_path, Mode.FRESH, Watcher(), Interrupts())
    assert TASK.url in (tmp_path / "pages.jsonl").read_text(encoding="utf-8")


def test_crawls_that_begin_within_one_second_get_folders_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    folders = [job.fresh_folder("queue") for _ in range(5)]
    assert sorted(folders) == sorted(Path("crawls").iterdir())
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    Path("crawls").write_text("a file")
    with pytest.raises(StoreError, match="no folder"):
        job.fresh_folder("queue")
