"""One thread, one event loop, many tasks: whoever waits for the network lets the others run.

    coordinator ──create_task──▶ [ event loop: a task a page, each waiting for its socket ] ──▶ outcomes
                └──runs the loop until something is done──┘            all in the coordinator's own thread

What the primitive gives: thousands of requests in flight without a thread each, and without locks, since a task is only
ever interrupted where it says `await`. What it asks in return: nothing may block. Parsing a page holds up all the
others, so this is the backend for pages that are slow to come and quick to read.

The loop belongs to the coordinator: it runs inside `collect`, and stops as soon as there is something to return.
"""

import asyncio
from collections.abc import Sequence
from functools import partial

from crawler.backends.base import Backend, BackendError, Plan
from crawler.model import Outcome, Task
from crawler.work.base import AsyncPerformer, Work

PARTING = 1.0
"""Seconds that stopping waits for cancelled tasks to clean up."""


async def _open(work: Work) -> AsyncPerformer:
    """Open the client inside the loop that it will be used in."""
    return work.open_async()


class AsyncioBackend(Backend):
    """Each page is a task of one event loop."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._loop = asyncio.new_event_loop()
        self._performer: AsyncPerformer | None = None
        self._pages: dict[Task, asyncio.Task[Outcome]] = {}
        self._ready: list[Outcome] = []
        self._names = {crew: [f"{crew.value}-{n}" for n in reversed(range(size))] for crew, size in self.holds.items()}

    def start(self) -> None:
        """Open the client."""
        try:
            self._performer = self._loop.run_until_complete(_open(self.plan.work))
        except Exception as error:
            raise BackendError(f"the client cannot be opened: {error}") from error

    def submit(self, task: Task) -> None:
        """Make a task of the page. It begins to run when the loop does, inside `collect`."""
        assert self._performer is not None, "submit before start"
        name = self._names[task.role.crew].pop()
        page = self._loop.create_task(self._performer.perform(task, name), name=name)
        self._pages[task] = page
        page.add_done_callback(partial(self._page_done, task))

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Run the loop until a page is done, or `timeout` has passed; return all that are."""
        timer = self._loop.call_later(0.0 if self._ready else timeout, self._loop.stop)
        self._loop.run_forever()
        timer.cancel()
        outcomes, self._ready = self._ready, []
        return outcomes

    def abandon(self, task: Task) -> None:
        """Cancel the page's task, which a thread could not be; it ends when the loop next runs."""
        page = self._pages.get(task)
        if page is not None:
            page.cancel()
            self._names[task.role.crew].append(page.get_name())

    def stop(self) -> None:
        """Cancel every task, let them clean up, and close the client and the loop."""
        if self._loop.is_closed():
            return
        for page in self._pages.values():
            page.cancel()
        if self._pages:
            self._loop.run_until_complete(asyncio.wait(self._pages.values(), timeout=PARTING))
        if self._performer is not None:
            self._loop.run_until_complete(self._performer.close())
        self._loop.close()

    def _page_done(self, task: Task, page: asyncio.Task[Outcome]) -> None:
        del self._pages[task]
        if not page.cancelled():
            self._names[task.role.crew].append(page.get_name())
            self._ready.append(page.result())
            self._loop.stop()
