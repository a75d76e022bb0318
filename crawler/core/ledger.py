"""The books of a crawl: which URLs it took up, and what became of each.

    take_up ──▶ a number, once a URL ─┐
    settle ───▶ a verdict, counted ───┴──▶ changes: what is to be stored, since they were last taken out

Nothing is decided here. That a URL is in the books once is what keeps a crawl from doing a page twice.
"""

from collections.abc import Sequence

from crawler.core.backlog import Recollect
from crawler.core.known import KnownURLs, digest
from crawler.core.report import Tally
from crawler.model import Changes, Outcome, Settled, Task, Verdict


class Ledger:
    """Every URL of a crawl, and what became of it."""

    def __init__(self, recollect: Recollect | None = None) -> None:
        """Keep the books; `recollect` returns tasks that were stored, by their numbers."""
        self.known = KnownURLs()
        self.tally = Tally()
        self._stored = recollect
        self._taken_up = 0
        """How many URLs were taken up: the number of the last."""
        self._starts: set[str] = set()
        self._open_starts: set[str] = set()
        self._redirects: dict[int, int] = {}
        """Where redirects lead, from digest to digest."""
        self._losses: dict[str, int] = {}
        """How often pages that are not settled were lost with their workers."""
        self._changes = Changes()

    @property
    def pending(self) -> int:
        """How many pages are taken up and not settled."""
        return len(self.known) - self.tally.settled

    # ---- taken up ------------------------------------------------------------------------------------------------

    def take_up(self, task: Task) -> int:
        """Write down a URL that is not known yet; return its number, 1 for the first."""
        self.known.add(task.url)
        self._taken_up += 1
        self._changes.taken_up.append(task)
        return self._taken_up

    def restore_taken_up(self, task: Task) -> int | None:
        """Write down what an earlier run took up, in its order; return its number, or None if the URL is known."""
        self._taken_up += 1
        if task.url in self.known:
            return None
        self.known.add(task.url)
        return self._taken_up

    def recollect(self, numbers: Sequence[int]) -> Sequence[Task]:
        """Return tasks that were taken up: from what was stored, or else is about to be."""
        unstored = self._changes.taken_up
        last_stored = self._taken_up - len(unstored)
        tasks = iter(self._stored([number for number in numbers if number <= last_stored]) if self._stored else ())
        return [next(tasks) if number <= last_stored else unstored[number - last_stored - 1] for number in numbers]

    def stray(self, task: Task) -> None:
        """Write down what is not taken up, but may yet be."""
        self._changes.strays.append(task)

    # ---- on the way ----------------------------------------------------------------------------------------------

    def start(self, url: str) -> None:
        """Note that the crawl was asked to start from a URL, or that such a one leads to it."""
        self._starts.add(url)
        self._open_starts.add(url)

    def is_start(self, url: str) -> bool:
        """Say whether the crawl was asked to start from a URL."""
        return url in self._starts

    @property
    def is_starting(self) -> bool:
        """Whether a start URL, or what it leads to, may yet answer, if only when it is tried again: see `Strays`."""
        return bool(self._open_starts)

    def redirect(self, url: str, target: str) -> None:
        """Note that `url` leads to `target`."""
        self._redirects[digest(url)] = digest(target)

    def loops(self, url: str, target: str) -> bool:
        """Say whether the redirects known so far lead from `target` back to `url`."""
        end = digest(url)
        step: int | None = digest(target)
        while step is not None and step != end:
            step = self._redirects.get(step)
        return step == end

    def lose(self, url: str) -> int:
        """Note that a page was lost with its worker; return how often that has happened to it."""
        self._losses[url] = self.losses(url) + 1
        return self._losses[url]

    def losses(self, url: str) -> int:
        """Return how often a page was lost with its worker."""
        return self._losses.get(url, 0)

    # ---- settled -------------------------------------------------------------------------------------------------

    def settle(
        self, task: Task, verdict: Verdict, reason: str | None, outcome: Outcome | None, attempts: int | None = None
    ) -> None:
        """Be through with a URL; `attempts` are those that the task itself says, unless given."""
        settled = Settled(task, verdict, reason, task.attempt if attempts is None else attempts, outcome)
        self._losses.pop(task.url, None)
        self._changes.settled.append(settled)
        self._count(settled)
        self.tally.time(settled)
        if outcome is not None and outcome.record is not None:
            self.tally.look_at(outcome.record)

    def restore_settled(self, settled: Settled) -> None:
        """Write down what an earlier run was through with."""
        self.known.add(settled.task.url)
        self._count(settled)

    def take_changes(self) -> Changes:
        """Return what was written down since the last call, but for what was restored."""
        changes, self._changes = self._changes, Changes()
        return changes

    def _count(self, settled: Settled) -> None:
        self.tally.count(settled)
        if settled.task.url in self._starts:
            self.tally.start_settled(settled)
            if settled.verdict is not Verdict.FAILED:
                self._open_starts.discard(settled.task.url)
