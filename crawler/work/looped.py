"""An asyncio performer for those who poll: the loop runs while they do."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from crawler.model import Outcome, Task
from crawler.work.base import AsyncPerformer


class Looped:
    """A `MultiPerformer` made of an `AsyncPerformer`, with an event loop of its own."""

    def __init__(self, open_performer: Callable[[], AsyncPerformer]) -> None:
        """Open the performer inside the loop that it will be used in."""
        self._loop = asyncio.new_event_loop()
        self._performer = self._loop.run_until_complete(_call(open_performer))
        self._pages: dict[Task, asyncio.Task[Outcome]] = {}
        self._ready: list[Outcome] = []

    def begin(self, task: Task, worker: str) -> None:
        """Make a task of the page. It begins to run when the loop does."""
        page = self._loop.create_task(self._performer.perform(task, worker))
        self._pages[task] = page
        page.add_done_callback(partial(self._done, task))

    def poll(self, timeout: float) -> Sequence[Outcome]:
        """Run the loop until a page is done, or what is watched has something to read, or `timeout` has passed."""
        timer = self._loop.call_later(0.0 if self._ready else timeout, self._loop.stop)
        self._loop.run_forever()
        timer.cancel()
        outcomes, self._ready = self._ready, []
        return outcomes

    def cancel(self, task: Task) -> None:
        """Cancel the page's task; it ends when the loop next runs."""
        if (page := self._pages.get(task)) is not None:
            page.cancel()
        self._ready = [outcome for outcome in self._ready if outcome.task != task]

    def watch(self, fileno: int) -> None:
        """Stop the loop whenever there is something to read at `fileno`."""
        self._loop.add_reader(fileno, self._loop.stop)

    def close(self) -> None:
        """Cancel every task, let them clean up, and close the client and the loop."""
        for page in self._pages.values():
            page.cancel()
        if self._pages:
            self._loop.run_until_complete(asyncio.wait(self._pages.values(), timeout=1.0))
        self._loop.run_until_complete(self._performer.close())
        self._loop.close()

    def _done(self, task: Task, page: asyncio.Task[Outcome]) -> None:
        del self._pages[task]
        if not page.cancelled():
            self._ready.append(page.result())
            self._loop.stop()


async def _call(open_performer: Callable[[], AsyncPerformer]) -> AsyncPerformer:
    return open_performer()
