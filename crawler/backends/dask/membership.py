"""Who is among the workers, what becomes of those that are not, and of the tasks that they had.

joined ──▶ crew ──is asked to go───▶ leaving ──has dropped them, or surely has──▶ tried again, elsewhere
           │  ▲ ──does not answer──▶ silent ───┘ │                                  ▲
           │  └────────── answers again ─────────┘                                  │
           └─────is gone────────────────────────────────────────────────────────────┘
"""

from crawler.backends.base import PARTING, BackendError, Plan
from crawler.backends.children import TRIES, Unable
from crawler.backends.dask.calls import VISIT, Calls
from crawler.backends.dask.cluster import Dropped, Joined, Left, News
from crawler.backends.dask.crew import Crew
from crawler.backends.dask.hand import Hand
from crawler.backends.dask.leaving import Leaving
from crawler.backends.dask.local import LocalWorkers
from crawler.backends.losses import how_it_ended
from crawler.model import WORKER_DIED, WORKER_STOPPED, Outcome, Task

GIVEN_UP = "was given up, since it did not come back"


class Membership:
    """The workers of a crawl: who gets tasks, who gets no more, and who may still be at what it had."""

    def __init__(self, plan: Plan, calls: Calls, workers: LocalWorkers | None) -> None:
        """Take in how they are visited, and which of them were started here."""
        self.crew = Crew(plan.producers + plan.consumers)
        self._leaving = Leaving("has left")
        self._silent = Leaving(GIVEN_UP)
        self._plan = plan
        self._calls = calls
        self._workers = workers
        self._vain = 0
        self._able = False
        """Whether any worker has done anything yet."""
        self.grace = 0.0 if workers else plan.cluster.orphan_timeout + VISIT + PARTING
        """Seconds until what a worker had has surely ended, when it is visited no more; 0: it can be killed."""

    def hear(self, event: News) -> list[Outcome]:
        """Take in that a worker has come or gone; return what became of its tasks."""
        match event:
            case Joined():
                self._welcome(event)
                return []
            case Left(address, expected=True):
                return self._see_off(address)
            case Dropped(address) if address in self._leaving:
                return self._leaving.dropped(address)
            case Left(address) | Dropped(address) if address in self._silent:
                return self._end_silence(address)
            case Left(address):
                return self.lose(address, WORKER_DIED)
            case Dropped(address):
                return self.lose(address, WORKER_STOPPED)

    def hear_answer(self, hand: Hand, done: int = 0) -> list[Outcome]:
        """Take in that a worker is there, and how much it has done.

        If it was written off, go on with it, and return what became of its tasks.
        """
        self._vain = 0
        self._able = self._able or done > 0
        if self.crew.get(hand.address) is not None:
            return []
        outcomes = self._end_silence(hand.address) if hand.address in self._silent else []
        self.crew.join(hand)
        return outcomes

    def overdue(self) -> list[Outcome]:
        """Return what became of tasks that nobody can be at any more, though their workers did not say so."""
        return self._replace_dead() + self._leaving.overdue() + self._silent.overdue()

    def abandon(self, task: Task) -> list[Outcome]:
        """Write off the worker that does not come back with a task; return what became of its tasks.

        What it has may still be under way there, so where it cannot be killed that is not known yet. It is visited for
        the next epoch: if it comes back, that ends what it had, and says so.
        """
        outcomes: list[Outcome] = []
        for hand in self.crew:
            if not any(task == its for its, _ in hand.tasks.values()):
                continue
            if self._workers is not None:
                outcomes += self._part_with(hand, WORKER_STOPPED, GIVEN_UP)
                self._workers.replace(hand.name)
            else:
                self._dismiss(hand)
                self._silent.add(hand, self.grace)
                hand.epoch += 1
                self._calls.make(hand, at_once=1)
        return outcomes

    def lose(self, address: str, kind: str) -> list[Outcome]:
        """Take in that a worker has ended, with all that it was doing; return what became of its tasks."""
        hand = self.crew.get(address)
        if hand is None:
            return []
        if self._workers is not None and hand.name in self._workers.processes:
            self._workers.end_one(hand.name)
            return self._replace_dead()
        return self._part_with(hand, kind, "is gone")

    def begin_anew(self, hand: Hand) -> list[Outcome]:
        """Take in that a worker has dropped what it had, and go on with it; return what became of that."""
        self._calls.forget(hand)
        hand.epoch += 1
        return hand.lose(WORKER_STOPPED, "was not visited in time, and dropped all")

    def leave_out(self, hand: Hand, reason: str) -> None:
        """Give a worker that cannot work nothing more, and what it had to others; BackendError if nobody can work."""
        hand.take_back()
        self._dismiss(hand)
        if self._workers is not None or not (self.crew or self._able):
            raise BackendError(str(Unable(hand.name, reason)))
        self._plan.say(f"worker {hand.name} gets nothing to do: it cannot work: {reason}")

    @property
    def busy(self) -> int:
        """How many tasks all workers may be doing at this moment, at most."""
        return self.crew.busy + self._leaving.busy + self._silent.busy

    @property
    def within_reach(self) -> list[str]:
        """The addresses of those that can be told something, or may be able to hear it later."""
        return [*self.crew.addresses, *self._silent]

    @property
    def out_of_reach(self) -> float:
        """Seconds until all others have surely ended."""
        return self._leaving.longest

    def _welcome(self, joined: Joined) -> None:
        """Give a worker its share of the work, unless it has a problem."""
        if joined.problem:
            self._plan.say(f"worker {joined.name} gets nothing to do: it {joined.problem}")
        elif self.crew.get(joined.address) is None:
            self.crew.join(Hand(joined.address, joined.name))

    def _see_off(self, address: str) -> list[Outcome]:
        """Take in that a worker was asked to go, and is off the scheduler's list."""
        hand = self.crew.get(address)
        if hand is None or self._workers is not None:
            return self.lose(address, WORKER_STOPPED)
        self._dismiss(hand)
        self._leaving.add(hand, self.grace)
        return []

    def _end_silence(self, address: str) -> list[Outcome]:
        """Take in that a worker which was written off is no longer at what it had; return what became of that."""
        self._calls.forget(self._silent[address])
        return self._silent.dropped(address)

    def _replace_dead(self) -> list[Outcome]:
        """Start a worker for each that was started here and has ended; return what became of its tasks."""
        outcomes: list[Outcome] = []
        if self._workers is None:
            return outcomes
        for name, child in self._workers.dead().items():
            hand = next((hand for hand in self.crew if hand.name == name), None)
            if hand is not None:
                outcomes += self._part_with(hand, WORKER_DIED, how_it_ended(child))
            else:
                self._vain += 1
                if self._vain > TRIES:
                    raise BackendError(f"worker {name} ended before it could work, {TRIES + 1} times in a row")
            self._workers.start_one()
        return outcomes

    def _part_with(self, hand: Hand, kind: str, how: str) -> list[Outcome]:
        """Have nothing more to do with a worker; return what became of what it had been sent."""
        self._dismiss(hand)
        return hand.lose(kind, how)

    def _dismiss(self, hand: Hand) -> None:
        """Have nothing more to do with a worker; others get what it had not been sent."""
        self._calls.forget(hand)
        self.crew.part(hand)
