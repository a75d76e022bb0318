"""The bench that cases are run on: round after round, once more where others disturbed a run, or traced."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from crawler.compare.again import disturbed, promising
from crawler.compare.model import Case, Ideal, Measurement, Scene, Split
from crawler.compare.others import DISTURBING
from crawler.compare.pace import Pace
from crawler.compare.runs import Place, run
from crawler.compare.tracing import trace
from crawler.config import Workload

TIMELINES = "timelines"
"""The folder beside report.html in which the timelines are."""

STAGING = 1.0
"""Seconds that a run takes besides, about: its server, and its pages rendered."""

TRACED = 2.0
"""And an explained one, about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How often, in which order, for how long."""

    rounds: int = 3
    seed: int = 1
    within: float | None = None
    """Seconds after which no round is begun that would not be done; the first always is. Before them as many cases are
    explained as leave time for as many rounds as it takes to claim something."""
    hopeless: float = 0.0
    """The share of the best speed so far below which a case is not run again: for those who look for the best alone."""
    explain: bool = True
    """Whether each case is run once before, traced, to see where its time goes."""
    folder: Path | None = None
    """Where the timelines of those runs are left, in a folder of their own; None: nowhere."""


@dataclass(frozen=True, slots=True)
class Bench:
    """All that it takes to run a case."""

    workloads: Mapping[str, Workload]
    ideals: Mapping[Scene, Ideal]
    place: Place
    pace: Pace
    say: Callable[[str], None]

    def rounds(self, runs: Mapping[Case, list[Measurement]], plan: Plan) -> None:
        """Run each case once a round, in another order each time. A round counts when it is whole."""
        for number in self.pace.rounds(plan.rounds, self.say):
            left = promising(runs, plan.hopeless)
            order = Random(f"{plan.seed} {number}").sample(left, len(left))  # noqa: S311 - no secret
            whole = {}
            for position, case in enumerate(order, 1):
                whole[case] = self._run(case)
                self.say(f"round {number}/{plan.rounds}, {position}/{len(order)}: {_told(case, whole[case])}")
            for case, measured in whole.items():
                runs[case].append(measured)

    def repeat(self, runs: Mapping[Case, list[Measurement]]) -> int:
        """Do the runs once more that others disturbed, while there is time; return how many. The quieter counts."""
        again = disturbed(runs)
        for position, (case, number) in enumerate(again, 1):
            if not self.pace.has_room(runs[case][number].wall + STAGING):
                return position - 1
            measured = self._run(case)
            runs[case][number] = min(runs[case][number], measured, key=lambda each: each.others)
            self.say(f"once more, since others disturbed it, {position}/{len(again)}: {_told(case, measured)}")
        return len(again)

    def explain(
        self,
        every: Iterable[Case],
        found: dict[Case, Split],
        folder: Path | None,
        may_go_on: Callable[[int], bool],
    ) -> None:
        """Run each case once, traced, and put into `found` where its time went, while `may_go_on` after so many.

        The timelines are left in `folder`, if there is one.
        """
        for done, case in enumerate([case for case in every if case not in found]):
            if not may_go_on(done):
                return
            self.say(f"traced, to see where the time goes: {_named(case)}")
            name = f"{TIMELINES}/{_file_name(case)}"
            workload, ideal = self.workloads[case.scene.workload], self.ideals[case.scene]
            made = trace(case, workload, ideal, self.place, folder / name if folder else None)
            if isinstance(made, str):
                self.say(f"{_named(case)} cannot be explained: {made}")
            else:
                found[case] = replace(made, timeline=name if folder else None)

    def _run(self, case: Case) -> Measurement:
        return run(case, self.workloads[case.scene.workload], self.ideals[case.scene], self.place)


def _file_name(case: Case) -> str:
    parts = (*case.scene, case.backend, case.client, case.start_method)
    return f"{'-'.join(str(part) for part in parts if part is not None)}.html"


def _told(case: Case, measured: Measurement) -> str:
    disturbed = f" (others took {measured.others:.1f} cores)" if measured.others >= DISTURBING else ""
    return f"{_named(case)}: {measured.problem or f'{measured.pages_per_second:.0f} pages/s'}{disturbed}"


def _named(case: Case) -> str:
    scene, label = case.scene, case.label(client=True, start_method=True)
    return f"{scene.workload}, {scene.consumers} consumers, {scene.parser}: {label}"
