"""An earlier comparison against this one: what has become slower beyond doubt. Pure, but for reading the file."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import DecodeError, json

from crawler.compare.explain import cause
from crawler.compare.model import Case, Comparison, Result
from crawler.compare.statistics import ENOUGH, faster
from crawler.config import ConfigError, Workload
from crawler.words import listed

TOLERANCE = 0.1
"""The share of its speed that a case may lose without being called slower: less, and a CI would cry wolf."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What has become of a case since the baseline."""

    case: Case
    before: float
    """Pages a second; so is `after`."""
    after: float
    slower: bool
    """Whether it is slower beyond doubt: by more than TOLERANCE, in ENOUGH rounds, and the intervals keep apart."""
    rounds: int = ENOUGH
    """Of the two, the fewer. With fewer than ENOUGH nothing can be told, and it is not slower."""
    problem: str | None = None
    """Why it is wrong now, where it was right."""
    cause: str | None = None
    """What a page has come to cost more, by the splits of both; None where it is not slower, or that is not known."""

    def __str__(self) -> str:
        name = case_name(self.case)
        if self.problem is not None:
            return f"{name}: wrong now: {self.problem}"
        change = self.after / self.before - 1
        why = f"; {self.cause}" if self.cause else ""
        return f"{name}: {self.before:.0f} → {self.after:.0f} pages/s ({change:+.0%}){why}"


def case_name(case: Case) -> str:
    """Return all that a case is, for people."""
    scene = case.scene
    label = case.label(client=True, start_method=True)
    return f"{label} on {scene.workload}, {scene.consumers} consumers, {scene.parser}"


def read(path: Path) -> Comparison:
    """Return the comparison in a report.json; ConfigError if there is none."""
    try:
        return json.decode(path.read_bytes(), type=Comparison)
    except (DecodeError, UnicodeError) as error:
        raise ConfigError(f"--baseline {path}: not the report.json of a comparison by this version") from error
    except OSError as error:
        raise ConfigError(f"--baseline {path}: cannot be read: {error.strerror}") from error


def comparable(
    before: Comparison, every: Iterable[Case], workloads: Mapping[str, Workload], producers: int, rounds: int
) -> None:
    """Find out, before anything is measured, whether it can be held against the baseline at all.

    Raises:
        ConfigError: no case of the baseline is to be measured in the same way, with the first reason; or not often
            enough.
    """
    if rounds < ENOUGH:
        raise ConfigError(f"--baseline: fewer than {ENOUGH} rounds show nothing: give --rounds {ENOUGH} or more")
    if before.rounds < ENOUGH:
        raise ConfigError(f"--baseline: measured in fewer than {ENOUGH} rounds, which show nothing: measure it again")
    known = _known(before)
    reasons = [_unlike(before, known, case, workloads[case.scene.workload], producers) for case in every]
    if reasons and None not in reasons:
        raise ConfigError(f"--baseline: {reasons[0]}: measure it with the options that the baseline had")


def drifts(before: Comparison, after: Comparison) -> list[Drift]:
    """Return what became of each case that both have, on the same workload.

    A case that was wrong in the baseline is left out; one that is wrong now counts as slower.
    """
    known = _known(before)
    return [
        _drift(known[result.case], result)
        for scene in after.scenes
        if before.workloads.get(scene.scene.workload) == after.workloads[scene.scene.workload]
        and before.producers == after.producers
        for result in scene.results
        if result.case in known
    ]


def other_machine(before: Comparison, after: Comparison) -> list[str]:
    """Return in what the two machines differ, as far as the figures may depend on it."""
    old, new = before.machine, after.machine
    pairs = {
        "processor": (old.processor, new.processor),
        "cores": (old.cores, new.cores),
        "Python": (old.python, new.python),
        "GIL": (old.gil, new.gil),
    }
    return [f"{name}: {was}, now {now}" for name, (was, now) in pairs.items() if was != now]


def _known(before: Comparison) -> dict[Case, Result]:
    return {result.case: result for scene in before.scenes for result in scene.ranked}


def _unlike(before: Comparison, known: Collection[Case], case: Case, workload: Workload, producers: int) -> str | None:
    """Return in what a case is unlike all of the baseline; None if it is there."""
    name = case.scene.workload
    if name not in before.workloads:
        return f"it has no {name}, only {listed(list(before.workloads))}"
    facts = before.workloads[name]
    pairs = {
        "producers": (before.producers, producers),
        "pages": (facts.pages, workload.pages),
        "latency": (facts.latency, workload.latency),
        "bulk": (facts.bulk, workload.bulk),
        "faults": (listed(facts.faults) or "none", listed(workload.faults) or "none"),
        "backoff": (facts.backoff, workload.backoff),
    }
    changed = [f"{key} {was}, not {now}" for key, (was, now) in pairs.items() if was != now]
    if changed:
        return f"its {name} had {listed(changed)}"
    if case not in known:
        return f"it has no {case_name(case)}, only {_there([each for each in known if each.scene.workload == name])}"
    return None


def _there(known: Sequence[Case]) -> str:
    """Return what a workload was measured with, all that differs apart: the cases one by one would be too many."""
    labels = sorted({each.label(client=True, start_method=True) for each in known})
    consumers = [str(number) for number in sorted({each.scene.consumers for each in known})]
    parsers = sorted({each.scene.parser for each in known})
    return f"{listed(labels)}, with {listed(consumers)} consumers, {listed(parsers)}" if known else "what was wrong"


def _drift(before: Result, after: Result) -> Drift:
    old = before.figures["pages_per_second"]
    if after.problem is not None:
        return Drift(after.case, old.median, 0.0, slower=True, problem=after.problem)
    new = after.figures["pages_per_second"]
    rounds = min(len(before.rounds), len(after.rounds))
    slower = rounds >= ENOUGH and faster(old, new) and new.median < old.median * (1 - TOLERANCE)
    why = cause(before.split, after.split) if slower else None
    return Drift(after.case, old.median, new.median, slower=slower, rounds=rounds, cause=why)
