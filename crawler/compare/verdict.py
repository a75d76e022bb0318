"""The figures in words. Every sentence is made from them, and none claims what the intervals do not show."""

from collections.abc import Iterator, Sequence

from crawler.backends.registry import BACKENDS
from crawler.compare.crossings import crossings
from crawler.compare.explain import difference, spent, starts
from crawler.compare.model import Comparison, Result, SceneResult
from crawler.compare.scaling import groups
from crawler.compare.scaling import sentences as scaling
from crawler.compare.statistics import ENOUGH, faster
from crawler.compare.words import listed


def verdict(comparison: Comparison) -> Iterator[str]:
    """Yield what there is to say, scene by scene, each sentence with the scene's name before it."""
    for scene in comparison.scenes:
        for sentence in sentences(scene):
            yield f"{scene_name(scene)}: {sentence}"
    for name, scenes in groups(comparison).items():
        for sentence in scaling(scenes):
            yield f"{name}: {sentence}"


def scene_name(scene: SceneResult) -> str:
    """Return a scene's name for people."""
    workload, consumers, parser = scene.scene
    return f"{workload}, {consumers} consumer{'s' * (consumers != 1)}, {parser}"


def sentences(scene: SceneResult) -> Iterator[str]:
    """Yield what there is to say of a scene, each sentence once."""
    yield from dict.fromkeys(_sentences(scene))


def _sentences(scene: SceneResult) -> Iterator[str]:
    ranked = scene.ranked
    if ranked:
        yield _best(ranked)
        yield from _why(ranked)
        yield from _families(ranked, scene.ideal.bound)
        yield from starts(ranked)
        yield from _starts(ranked)
    else:
        yield "Nothing can be ranked."
    if limited := [result.label for result in ranked if result.limited_by_server]:
        yield (
            f"{listed(limited)} came near the server's own limit of {scene.server_limit:.0f} pages/s: "
            "they may be faster than it could show."
        )
    for result in scene.results:
        if result.problem is not None:
            yield f"{result.label} is wrong: {result.problem}."


def _best(ranked: Sequence[Result]) -> str:
    """Say who is fastest, and of how many that is sure."""
    if len(ranked) == 1:
        return f"{ranked[0].label} made {_speed(ranked[0])}; there is nothing to compare it with."
    if (rounds := len(ranked[0].rounds)) < ENOUGH:
        few = "one round shows" if rounds == 1 else f"{rounds} rounds show"
        return f"{ranked[0].label} came first with {_speed(ranked[0])}, but {few} nothing: it takes {ENOUGH}."
    first = [result for result in ranked if result.rank == 1]
    rest = [result for result in ranked if result.rank != 1]
    if not rest:
        return f"No difference is sure among {listed([r.label for r in first])}, at {_range(first)} pages/s."
    slowest = _slowest(rest)
    ratio = _median(first[0]) / _median(slowest)
    end = f"{first[0].label} is {ratio:.1f} times as fast as the slowest, {slowest.label}, with {_speed(slowest)}"
    if len(first) == 1:
        others = "the other" if len(rest) == 1 else f"each of the {len(rest)} others"
        start = f"{first[0].label} is faster than {others}, with {_speed(first[0])}"
    else:
        start = f"{listed([r.label for r in first])} lead and cannot be told apart, at {_range(first)} pages/s"
    return f"{start}. {end}."


def _why(ranked: Sequence[Result]) -> Iterator[str]:
    """Say on what the first spent its time, and why the last is slower."""
    yield from spent(ranked[0])
    if rest := [result for result in ranked if result.rank != 1]:
        yield from difference(ranked[0], _slowest(rest))


def _families(ranked: Sequence[Result], bound: str) -> Iterator[str]:
    """Say how processes do against threads, where each has one request at a time: the best of each.

    One is called faster only if it is faster than every one of the others.
    """
    alike = [result for result in ranked if BACKENDS[result.case.backend].blocks]
    processes = [result for result in alike if BACKENDS[result.case.backend].family == "processes"]
    threads = [result for result in alike if BACKENDS[result.case.backend].family == "threads"]
    if not processes or not threads or len(ranked[0].rounds) < ENOUGH:
        return
    one, other = max(processes, key=_median), max(threads, key=_median)
    what = f"Processes against threads, one request each ({one.label}, {_speed(one)}; {other.label}, {_speed(other)})"
    ratio = _median(one) / _median(other)
    if _beats(one, threads):
        yield f"{what}: processes are faster, {ratio:.2f} times, {_expected(bound, 'cpu')}."
        yield from difference(one, other)
    elif _beats(other, processes):
        yield f"{what}: threads are faster, {1 / ratio:.2f} times, {_expected(bound, 'latency')}."
        yield from difference(other, one)
    else:
        yield f"{what}: no difference is sure, {_expected(bound, 'latency')}."
    if not _beats(one, threads):
        yield f"For 1,000 pages the processes took {_cost(one)}, and the threads {_cost(other)}."


def _expected(bound: str, expects: str) -> str:
    """Say whether that is what a scene so bound lets expect: processes for work, threads for waiting."""
    work = "waiting for the server" if bound == "latency" else "reading pages"
    return f"{'as is to be expected where' if bound == expects else 'although'} {work} binds"


def _beats(one: Result, others: Sequence[Result]) -> bool:
    return all(faster(one.figures["pages_per_second"], other.figures["pages_per_second"]) for other in others)


def _cost(result: Result) -> str:
    cpu, memory = (result.figures[name].median for name in ("cpu_per_1000", "peak_memory"))
    return f"{cpu:.1f} s of CPU and {memory / 1e6:.0f} MB at most ({result.label})"


def _median(result: Result) -> float:
    return result.figures["pages_per_second"].median


def _slowest(results: Sequence[Result]) -> Result:
    return min(results, key=_median)


def _starts(ranked: Sequence[Result]) -> Iterator[str]:
    """Say from how many pages on a slow start is worth it."""
    for crossing in crossings(ranked):
        starts = [result.figures["startup"].median for result in (crossing.after, crossing.before)]
        yield (
            f"From about {_about(crossing.pages)} pages on {crossing.after.label} overtakes {crossing.before.label}: "
            f"it takes {starts[0]:.2f} s to start instead of {starts[1]:.2f} s, and less for each page."
        )


def _about(number: float) -> str:
    """Return a number as far as it is known: two digits."""
    return f"{max(1.0, float(f'{number:.2g}')):,.0f}"


def _speed(result: Result) -> str:
    speed = result.figures["pages_per_second"]
    interval = f" ({speed.low:.0f} to {speed.high:.0f})" if len(result.rounds) > 1 else ""
    return f"{speed.median:.0f} pages/s{interval}"


def _range(results: Sequence[Result]) -> str:
    speeds = [_median(result) for result in results]
    low, high = f"{min(speeds):.0f}", f"{max(speeds):.0f}"
    return low if low == high else f"{low} to {high}"
