"""The servers of the simulated web: they answer, now and then badly, and check the crawl's politeness themselves.

A request is checked when it arrives and counted until it ends, whoever sent it and whether that one is still alive.
"""

from collections import Counter
from collections.abc import Callable
from random import Random

from crawler.model import Failure, Outcome, Role, Task, Timings
from tests.simulation.loop import Loop
from tests.simulation.settings import Settings
from tests.simulation.web import Web

TIMINGS = Timings(0.0, 0.01, 0.02)
BUSY = Failure("status-503", "busy", transient=True)
GONE = Failure("status-404", "not found", transient=False)
SLOW = Failure("timeout", "no answer in time", transient=True)
EXAMPLES = 5

Answered = Callable[[Outcome], None]


class Servers:
    """All hosts of a web."""

    def __init__(self, web: Web, settings: Settings, loop: Loop) -> None:
        self._web, self._settings, self._loop = web, settings, loop
        self._random = Random(settings.seed * 7 + 1)
        self._active = [0] * web.hosts
        self._ended = [float("-inf")] * web.hosts
        self.answers = bytearray(web.pages)
        """How often each page was answered to the end, with a page or a 404; 255 at most."""
        self.seen: Counter[str] = Counter()
        self.violations: Counter[str] = Counter()
        self.examples: list[str] = []

    def request(self, task: Task, answered: Answered) -> None:
        """Take a request that is dispatched now; `answered` is called when its outcome is at the cell, if ever."""
        travel = (0.1 + 0.9 * self._random.random()) * self._settings.travel
        self._loop.after(travel, self._arrive, task, answered)

    def _arrive(self, task: Task, answered: Answered) -> None:
        web, now = self._web, self._loop.now
        page = None if task.role is Role.ROBOTS else web.page(task.url)
        host = web.host(task.url.split("/", 3)[2]) if page is None else web.host_of[page]
        self.seen["requests"] += 1
        delay = web.delays[host]
        if self._active[host] >= (1 if delay else self._settings.per_host):
            self._violated("too many at once", task, f"{self._active[host]} under way")
        elif delay and now - self._ended[host] < delay:
            self._violated("too soon", task, f"{now - self._ended[host]:.3f} s after the last, of {delay:g}")
        if page is not None and "/closed/" in task.url:
            self._violated("forbidden by robots.txt", task, "asked for")
        self._active[host] += 1
        draw = self._random.random()
        if draw < 0.003:
            self._loop.after(self._settings.timeout, self._leave, task, host, page, SLOW, answered)
        else:
            failure = BUSY if draw < 0.023 else GONE if page is not None and web.dead(page) else None
            took = 0.05 + 0.4 * self._random.random() ** 2
            self._loop.after(took, self._leave, task, host, page, failure, answered)

    def _leave(self, task: Task, host: int, page: int | None, failure: Failure | None, answered: Answered) -> None:
        self._active[host] -= 1
        self._ended[host] = self._loop.now
        if failure is not None:
            outcome = Outcome(task, "w", TIMINGS, failure=failure)
        elif page is None:
            outcome = Outcome(task, "w", TIMINGS, 200, robots=self._web.robots(host))
        else:
            links = tuple(map(self._web.urls.__getitem__, self._web.links(page)))
            outcome = Outcome(task, "w", TIMINGS, 200, "text/html", 100, links)
        if page is not None and (failure is None or failure is GONE):
            self.answers[page] = min(self.answers[page] + 1, 255)
        draw = self._random.random()
        if draw < 0.002:
            self.seen["outcomes lost"] += 1
        elif draw < 0.004:
            self.seen["outcomes late"] += 1
            self._loop.after(4 * self._settings.task_lease * self._random.random(), answered, outcome)
        else:
            answered(outcome)

    def _violated(self, rule: str, task: Task, how: str) -> None:
        self.violations[rule] += 1
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"{self._loop.now:.3f} s: {task.url}: {rule}: {how}")
