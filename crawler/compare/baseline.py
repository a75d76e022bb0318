"""An earlier comparison against this one: what has become slower beyond doubt. Pure, but for reading the file."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from crawler.compare.explain import cause
from crawler.compare.model import Case, Comparison, Result
from crawler.compare.statistics import ENOUGH, faster
from crawler.config import ConfigError

TOLERANCE = 0.1
"""The share of its speed that a case may lose without being called slower: less, and a CI would cry wolf."""

_COMPARISON = TypeAdapter(Comparison)


@dataclass(frozen=True, slots=True)
class Drift:
    """What has become of a case since the baseline."""

    case: Case
    before: float
    """Pages a second; so is `after`."""
    after: float
    slower: bool
    """Whether it is slower beyond doubt: by more than TOLERANCE, in ENOUGH rounds, and the intervals keep apart."""
    problem: str | None = None
    """Why it is wrong now, where it was right."""
    cause: str | None = None
    """What a page has come to cost more, by the splits of both; None where it is not slower, or that is not known."""

    def __str__(self) -> str:
        scene = self.case.scene
        name = f"{self.case.label(client=True, start_method=True)} on {scene.workload}, {scene.consumers} consumers, "
        if self.problem is not None:
            return f"{name}{scene.parser}: wrong now: {self.problem}"
        change = self.after / self.before - 1
        why = f"; {self.cause}" if self.cause else ""
        return f"{name}{scene.parser}: {self.before:.0f} → {self.after:.0f} pages/s ({change:+.0%}){why}"


def read(path: Path) -> Comparison:
    """Return the comparison in a report.json; ConfigError if there is none."""
    try:
        return _COMPARISON.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(f"--baseline {path}: not the report.json of a comparison by this version") from error
    except OSError as error:
        raise ConfigError(f"--baseline {path}: cannot be read: {error.strerror}") from error


def drifts(before: Comparison, after: Comparison) -> list[Drift]:
    """Return what became of each case that both have, on the same workload. ConfigError if there is none.

    A case that was wrong in the baseline is left out; one that is wrong now counts as slower.
    """
    known = {
        result.case: result
        for scene in before.scenes
        for result in scene.ranked
        if before.workloads[scene.scene.workload] == after.workloads.get(scene.scene.workload)
        and before.producers == after.producers
    }
    found = [
        _drift(known[result.case], result) for scene in after.scenes for result in scene.results if result.case in known
    ]
    if not found:
        raise ConfigError("--baseline: it has no run with the same workload, parameters and backend as this comparison")
    return found


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


def _drift(before: Result, after: Result) -> Drift:
    old = before.figures["pages_per_second"]
    if after.problem is not None:
        return Drift(after.case, old.median, 0.0, slower=True, problem=after.problem)
    new = after.figures["pages_per_second"]
    enough = min(len(before.rounds), len(after.rounds)) >= ENOUGH
    slower = enough and faster(old, new) and new.median < old.median * (1 - TOLERANCE)
    why = cause(before.split, after.split) if slower else None
    return Drift(after.case, old.median, new.median, slower=slower, cause=why)
