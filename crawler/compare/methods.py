"""What it matters how processes are started: `fork`, `spawn` or `forkserver`, where several were compared. Pure."""

from collections.abc import Iterator, Sequence

from crawler.compare.model import Estimate, Result
from crawler.compare.statistics import ENOUGH
from crawler.words import listed


def start_methods(ranked: Sequence[Result]) -> Iterator[str]:
    """Say of each backend that was started by several methods how long each took, and which is sure to be quicker."""
    if not ranked or len(ranked[0].rounds) < ENOUGH:
        return
    groups: dict[tuple[str, str], list[Result]] = {}
    for result in ranked:
        groups.setdefault((result.case.backend, result.case.client), []).append(result)
    for (backend, _), group in groups.items():
        if len(group) > 1:
            by_time = sorted(group, key=lambda result: _start(result).median)
            yield f"{backend} started in {listed([_told(result) for result in by_time])}: {_sure(by_time)}."


def _start(result: Result) -> Estimate:
    return result.figures["startup"]


def _told(result: Result) -> str:
    start = _start(result)
    return f"{start.median:.2f} s ({start.low:.2f} to {start.high:.2f}) by {result.case.start_method}"


def _sure(by_time: Sequence[Result]) -> str:
    first = by_time[0]
    slower = [result for result in by_time[1:] if _start(result).low > _start(first).high]
    if not slower:
        return "no difference is sure"
    return f"{first.case.start_method} is quicker than {listed([str(result.case.start_method) for result in slower])}"
