"""libcurl's multi interface: many requests in one thread, and whoever wants to know how they are getting on asks.

    coordinator ──begin──▶ [ multi handle: a handle a page, each over its socket ] ──▶ outcomes
                └──polls the sockets until something is done──┘   all in the coordinator's own thread

What the primitive gives: what `asyncio` gives, without an event loop. There, a page is a coroutine that is resumed each
time its socket is ready; here, it is a handle that C gets on with, and Python is called when there are bytes. To fetch
a page takes less than half the CPU then: neither coroutines nor futures nor a parser's callbacks stand in between.
What it asks in return is the same: nothing may block, and parsing a page holds up all the others.

Nothing happens by itself. `submit` only adds; requests go out, answers come in and time-outs are noticed in `collect`.
"""

from collections.abc import Sequence

from crawler.backends.base import Backend, BackendError, Plan
from crawler.model import Outcome, Task
from crawler.work.base import MultiPerformer


class CurlMultiBackend(Backend):
    """Each page is a handle of one multi handle."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan)
        self._performer: MultiPerformer | None = None
        self._names = {crew: [f"{crew.value}-{n}" for n in reversed(range(size))] for crew, size in self.holds.items()}
        self._pages: dict[Task, str] = {}

    def start(self) -> None:
        """Open the client."""
        try:
            self._performer = self.plan.work.open_multi()
        except Exception as error:
            raise BackendError(f"the client cannot be opened: {error}") from error

    def submit(self, task: Task) -> None:
        """Add the page's handle. Its request goes out when the handles are next polled, inside `collect`."""
        assert self._performer is not None, "submit before start"
        name = self._pages[task] = self._names[task.role.crew].pop()
        self._performer.begin(task, name)

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Poll the handles until a page is done, or `timeout` has passed; return some of those that are."""
        assert self._performer is not None, "collect before start"
        outcomes = self._performer.poll(timeout)
        for outcome in outcomes:
            self._free_name(outcome.task)
        return outcomes

    def abandon(self, task: Task) -> None:
        """Take the page's handle out, which a thread could not be."""
        if task in self._pages and self._performer is not None:
            self._performer.cancel(task)
            self._free_name(task)

    def stop(self) -> None:
        """Take every handle out, and close the connections."""
        performer, self._performer = self._performer, None
        if performer is not None:
            performer.close()

    def _free_name(self, task: Task) -> None:
        self._names[task.role.crew].append(self._pages.pop(task))
