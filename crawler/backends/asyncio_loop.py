"""One thread, one event loop, many tasks: whoever waits for the network lets the others run.

    coordinator ──create_task──▶ [ event loop: a task a page, each waiting for its socket ] ──▶ outcomes
                └──runs the loop until something is done──┘            all in the coordinator's own thread

What the primitive gives: thousands of requests in flight without a thread each, and without locks, since a task is only
ever interrupted where it says `await`. What it asks in return: nothing may block. Parsing a page holds up all the
others, so this is the backend for pages that are slow to come and quick to read.

The loop belongs to the coordinator: it runs inside `collect`, and stops as soon as there is something to return. A page
first takes a name out of an `asyncio.Queue` of them and waits while there is none: so `capacity` pages stand ready, and
begin as soon as others end, without waiting for the coordinator's turn.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial

from crawler.backends.base import PARTING, Backend, BackendError, Plan
from crawler.model import Outcome, Role, Task
from crawler.work.base import AsyncPerformer, Work


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
        self._waiting: dict[Task, None] = {}
        """Those of the pages that have no name yet, in the order in which they were handed over."""
        self._ready: list[Outcome] = []
        self._names = {crew: asyncio.LifoQueue[str]() for crew in self.holds}
        for crew, workers in super().holds.items():
            for number in reversed(range(workers)):
                self._names[crew].put_nowait(f"{crew.value}-{number}")

    @property
    def holds(self) -> Mapping[Role, int]:
        """A page a name; and of detail pages `capacity` more, which wait for one."""
        return {**super().holds, Role.DETAIL: self.plan.consumers + self.plan.capacity}

    def start(self) -> None:
        """Open the client."""
        with suppress(RuntimeError):  # which is what it says where all is well
            asyncio.get_running_loop()
            raise BackendError("this thread runs an event loop already: run the crawl in another (asyncio.to_thread)")
        try:
            self._performer = self._loop.run_until_complete(_open(self.plan.work))
        except Exception as error:
            raise BackendError(f"the client cannot be opened: {error}") from error

    def submit(self, task: Task) -> None:
        """Make a task of the page. It begins to run when the loop does, inside `collect`."""
        self._waiting[task] = None
        page = self._pages[task] = self._loop.create_task(self._page(task))
        page.add_done_callback(partial(self._page_done, task))

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Run the loop until a page is done, or `timeout` has passed; return all that are."""
        timer = self._loop.call_later(0.0 if self._ready else timeout, self._loop.stop)
        self._loop.run_forever()
        timer.cancel()
        outcomes, self._ready = self._ready, []
        return outcomes

    def recall(self) -> Sequence[Task]:
        """Cancel the tasks of the pages that wait for a name."""
        waiting, self._waiting = self._waiting, {}
        for task in waiting:
            self._pages.pop(task).cancel()
        return list(waiting)

    def abandon(self, task: Task) -> None:
        """Cancel the page's task, which a thread could not be; it ends when the loop next runs."""
        self._waiting.pop(task, None)
        if task in self._pages:
            self._pages.pop(task).cancel()

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

    async def _page(self, task: Task) -> Outcome:
        assert self._performer is not None, "submit before start"
        names = self._names[task.role.crew]
        name = await names.get()
        del self._waiting[task]
        try:
            return await self._performer.perform(task, name)
        finally:
            names.put_nowait(name)

    def _page_done(self, task: Task, page: asyncio.Task[Outcome]) -> None:
        if self._pages.get(task) is page:  # else it was cancelled, and the task may be another page's by now
            del self._pages[task]
        if not page.cancelled():
            self._ready.append(page.result())
            self._loop.stop()
