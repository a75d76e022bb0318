"""The figures in words. Every sentence is made from them, and none claims what the intervals do not show."""

from collections.abc import Iterator, Sequence

from crawler.backends.registry import BACKENDS
from crawler.compare.crossings import crossings
from crawler.compare.explain import difference, spent, starts
from crawler.compare.model import Comparison, Result, SceneResult
from crawler.compare.statistics import ENOUGH, faster


def verdict(comparison: Comparison) -> Iterator[str]:
    """Yield what there is to say, scene by scene, each sentence with the scene's name before it."""
    for scene in comparison.scenes:
        for sentence in sentences(scene):
            yield f"{scene_name(scene)}: {sentence}"


def scene_name(scene: SceneResult) -> str:
    """Return a scene's name for people."""
    workload, consumers, parser = scene.scene
    return f"{workload}, {consumers} consumer{'s' * (consumers != 1)}, {parser}"


def sentences(scene: SceneResult) -> Iterator[str]:
    """Yield what there is to say of a scene."""
    ranked = scene.ranked
    if ranked:
        yield _best(ranked)
        yield from _why(ranked)
        yield from _families(ranked)
        yield from starts(ranked)
        yield from _starts(ranked)
    else:
        yield "Nothing can be ranked."
    if limited := [result.label for result in ranked if result.limited_by_server]:
        yield (
            f"{_and(limited)} came near the server's own limit of {scene.server_limit:.0f} pages/s: "
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
        return f"No difference is sure among {_and([r.label for r in first])}, at {_range(first)} pages/s."
    slowest = rest[-1]
    ratio = first[0].figures["pages_per_second"].median / slowest.figures["pages_per_second"].median
    end = f"{first[0].label} is {ratio:.1f} times as fast as the slowest, {slowest.label}, with {_speed(slowest)}"
    if len(first) == 1:
        others = "the other" if len(rest) == 1 else f"each of the {len(rest)} others"
        start = f"{first[0].label} is faster than {others}, with {_speed(first[0])}"
    else:
        start = f"{_and([r.label for r in first])} lead and cannot be told apart, at {_range(first)} pages/s"
    return f"{start}. {end}."


def _why(ranked: Sequence[Result]) -> Iterator[str]:
    """Say on what the first spent its time, and why the last is slower."""
    yield from spent(ranked[0])
    if ranked[-1].rank != 1:
        yield from difference(ranked[0], ranked[-1])


def _families(ranked: Sequence[Result]) -> Iterator[str]:
    """Say how processes do against threads: the best of each."""
    processes = [result for result in ranked if BACKENDS[result.case.backend].family == "processes"]
    threads = [result for result in ranked if BACKENDS[result.case.backend].family == "threads"]
    if not processes or not threads or len(ranked[0].rounds) < ENOUGH:
        return
    one, other = processes[0], threads[0]
    speeds = one.figures["pages_per_second"], other.figures["pages_per_second"]
    ratio = speeds[0].median / speeds[1].median
    what = f"Processes ({one.label}, {_speed(one)}) against threads ({other.label}, {_speed(other)})"
    if faster(*speeds):
        yield f"{what}: processes are faster, {ratio:.2f} times."
        yield from difference(one, other)
    elif faster(speeds[1], speeds[0]):
        yield f"{what}: threads are faster, {1 / ratio:.2f} times."
        yield from difference(other, one)
    else:
        yield f"{what}: no difference is sure."


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
    speeds = [result.figures["pages_per_second"].median for result in results]
    low, high = f"{min(speeds):.0f}", f"{max(speeds):.0f}"
    return low if low == high else f"{low} to {high}"


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
