"""The lesson's claim, held against the figures: processes beat threads for work, and not for waiting. Pure.

Like against like: only backends whose workers have one request at a time, the best of each family.
"""

from collections.abc import Iterator, Sequence

from crawler.backends.registry import BACKENDS
from crawler.compare.crossings import crossing, overtakes
from crawler.compare.explain import difference
from crawler.compare.model import Estimate, Result
from crawler.compare.statistics import ENOUGH, faster
from crawler.compare.words import speed_of


def processes_against_threads(ranked: Sequence[Result], bound: str) -> Iterator[str]:
    """Say how processes do against threads, and what that costs; nothing where one of them is not there.

    One family is called faster only if its best is faster than every one of the other. Where none is, it is said how
    far apart they can be at most.

    Args:
        ranked: the results of a scene.
        bound: what binds there: `latency` or `cpu`.
    """
    processes, threads = _of("processes", ranked), _of("threads", ranked)
    if not processes or not threads or len(ranked[0].rounds) < ENOUGH:
        return
    one, other = max(processes, key=_median), max(threads, key=_median)
    what = (
        f"Processes against threads, one request each ({one.label}, {speed_of(one)}; {other.label}, {speed_of(other)})"
    )
    ratio = _median(one) / _median(other)
    if _beats(one, threads):
        yield f"{what}: processes are faster, {ratio:.2f} times, {_expected(bound, 'cpu')}."
        yield from difference(one, other)
        if (crosses := crossing(other, one)) is not None:
            yield overtakes(crosses)
        return
    if _beats(other, processes):
        yield f"{what}: threads are faster, {1 / ratio:.2f} times, {_expected(bound, 'latency')}."
        yield from difference(other, one)
    else:
        most = _most_apart(_best(processes), _best(threads))
        yield f"{what}: no difference is sure, and none of more than {most:.0%}, {_expected(bound, 'latency')}."
    yield f"For 1,000 pages the processes took {_cost(one)}, and the threads {_cost(other)}."


def _of(family: str, ranked: Sequence[Result]) -> list[Result]:
    entries = [(BACKENDS[result.case.backend], result) for result in ranked]
    return [result for entry, result in entries if entry.family == family and entry.blocks]


def _expected(bound: str, expects: str) -> str:
    """Say whether that is what a scene so bound lets expect: processes for work, threads for waiting."""
    work = "waiting for the server" if bound == "latency" else "reading pages"
    return f"{'as is to be expected where' if bound == expects else 'although'} {work} binds"


def _beats(one: Result, others: Sequence[Result]) -> bool:
    return all(faster(one.figures["pages_per_second"], other.figures["pages_per_second"]) for other in others)


def _best(family: Sequence[Result]) -> Estimate:
    """Return the speed of a family's best, whichever that is: at least what any of them is sure of."""
    speeds = [result.figures["pages_per_second"] for result in family]
    return Estimate(*(max(getattr(speed, name) for speed in speeds) for name in ("median", "low", "high")))


def _most_apart(one: Estimate, other: Estimate) -> float:
    """Return by which share one can be faster than the other at most, as far as their intervals tell."""
    return max(one.high / other.low, other.high / one.low) - 1


def _cost(result: Result) -> str:
    cpu, memory = (result.figures[name].median for name in ("cpu_per_1000", "peak_memory"))
    return f"{cpu:.1f} s of CPU and {memory / 1e6:.0f} MB at most ({result.label})"


def _median(result: Result) -> float:
    return result.figures["pages_per_second"].median
