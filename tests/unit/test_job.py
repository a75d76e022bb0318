"""One crawl, from its configuration to its files: how it ends where the backend does before it."""

from collections.abc import Callable
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


def saved(frontier: Frontier, backend: Backend, keeper: Keeper) -> None:
    keeper.save(Changes([TASK], [Settled(TASK, Verdict.OK, None, 1, page(TASK))]), dict)


def taken_in(frontier: Frontier, backend: Backend, keeper: Keeper) -> None:
    """There was no time to have it saved."""
    task = frontier.next(0.0)
    assert isinstance(task, Task)
    frontier.complete(page(task), 0.0)


def left_with_the_backend(frontier: Frontier, backend: Backend, keeper: Keeper) -> None:
    """As where a thread too many cannot be started, while others have left what they had."""
    task = frontier.next(0.0)
    assert isinstance(task, Task)
    backend.collect = lambda timeout: [page(task)]  # type: ignore[method-assign]


@pytest.mark.parametrize("come_back", [saved, taken_in, left_with_the_backend])
def test_what_had_come_back_is_kept_when_the_backend_fails(
    come_back: Callable[[Frontier, Backend, Keeper], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pump(frontier: Frontier, backend: Backend, keeper: Keeper, **_: object) -> bool:
        come_back(frontier, backend, keeper)
        raise BackendError("it is gone")

    monkeypatch.setattr(job, "pump", pump)
    config = check({"crawl": {"start_urls": [TASK.url]}, "politeness": {"obey_robots": False}}, "a test")
    with pytest.raises(BackendError, match="gone"):
        job.run(config, tmp_path, Mode.FRESH, Watcher(), Interrupts())
    assert TASK.url in (tmp_path / "pages.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("come_back", [saved, taken_in, left_with_the_backend])
def test_a_backend_that_fails_when_it_is_interrupted_is_an_interruption(
    come_back: Callable[[Frontier, Backend, Keeper], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def pump(frontier: Frontier, backend: Backend, keeper: Keeper, **_: object) -> bool:
        come_back(frontier, backend, keeper)
        interrupts.count = 1
        raise BackendError("its processes have been ended")

    interrupts = Interrupts()
    monkeypatch.setattr(job, "pump", pump)
    config = check({"crawl": {"start_urls": [TASK.url]}, "politeness": {"obey_robots": False}}, "a test")
    result = job.run(config, tmp_path, Mode.FRESH, Watcher(), interrupts)
    assert (result.interrupted, result.report["status"]) == (True, "interrupted")
    assert (tmp_path / "report.json").exists()
    assert TASK.url in (tmp_path / "pages.jsonl").read_text(encoding="utf-8")


def test_a_backend_that_cannot_start_when_it_is_interrupted_is_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(_: Backend) -> None:
        interrupts.count = 1
        raise BackendError("its processes have been ended")

    interrupts = Interrupts()
    monkeypatch.setattr("crawler.backends.queue.QueueBackend.start", start)
    config = check({"crawl": {"start_urls": [TASK.url], "backend": "queue"}}, "a test")
    assert job.run(config, tmp_path, Mode.FRESH, Watcher(), interrupts).interrupted


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
