"""The figures in words. Every sentence is made from them, and none claims what the intervals do not show."""

from collections.abc import Iterator, Sequence

from crawler.compare.crossings import crossings, overtakes
from crawler.compare.explain import difference, spent, starts
from crawler.compare.families import processes_against_threads
from crawler.compare.methods import start_methods
from crawler.compare.model import Comparison, Result, SceneResult
from crawler.compare.scaling import groups
from crawler.compare.scaling import sentences as scaling
from crawler.compare.statistics import ENOUGH
from crawler.compare.words import speed_of
from crawler.words import counted, listed

NAMED = 4
"""Of more that cannot be told apart, only so many are named: the table has all."""


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
    return f"{workload}, {counted(consumers, 'consumer')}, {parser}"


def sentences(scene: SceneResult) -> Iterator[str]:
    """Yield what there is to say of a scene, each sentence once."""
    yield from dict.fromkeys(_sentences(scene))


def _sentences(scene: SceneResult) -> Iterator[str]:
    ranked = scene.ranked
    if ranked:
        yield _best(ranked)
        yield from _why(ranked)
        yield from processes_against_threads(ranked, scene.ideal.bound)
        yield from start_methods(ranked)
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
        return f"{ranked[0].label} made {speed_of(ranked[0])}; there is nothing to compare it with."
    if (rounds := len(ranked[0].rounds)) < ENOUGH:
        few = "one round shows" if rounds == 1 else f"{rounds} rounds show"
        return f"{ranked[0].label} came first with {speed_of(ranked[0])}, but {few} nothing: it takes {ENOUGH}."
    first = [result for result in ranked if result.rank == 1]
    rest = [result for result in ranked if result.rank != 1]
    if not rest:
        return f"No difference is sure among {_some(first)}, at {_range(first)} pages/s."
    slowest = _slowest(rest)
    ratio = _median(first[0]) / _median(slowest)
    end = f"{first[0].label} is {ratio:.1f} times as fast as the slowest, {slowest.label}, with {speed_of(slowest)}"
    if len(first) == 1:
        others = "the other" if len(rest) == 1 else f"each of the {len(rest)} others"
        start = f"{first[0].label} is faster than {others}, with {speed_of(first[0])}"
    else:
        start = f"{_some(first)} lead and cannot be told apart, at {_range(first)} pages/s"
    return f"{start}. {end}."


def _some(results: Sequence[Result]) -> str:
    """Return the names of some results, or where they are many of the first few."""
    labels = [result.label for result in results]
    more = len(labels) - NAMED
    return listed(labels if more <= 1 else [*labels[:NAMED], f"{more} more"])


def _why(ranked: Sequence[Result]) -> Iterator[str]:
    """Say on what the first spent its time, and why the last is slower."""
    yield from spent(ranked[0])
    if rest := [result for result in ranked if result.rank != 1]:
        yield from difference(ranked[0], _slowest(rest))


def _median(result: Result) -> float:
    return result.figures["pages_per_second"].median


def _slowest(results: Sequence[Result]) -> Result:
    return min(results, key=_median)


def _starts(ranked: Sequence[Result]) -> Iterator[str]:
    """Say from how many pages on a slow start is worth it."""
    for crossing in crossings(ranked):
        yield overtakes(crossing)


def _range(results: Sequence[Result]) -> str:
    speeds = [_median(result) for result in results]
    low, high = f"{min(speeds):.0f}", f"{max(speeds):.0f}"
    return low if low == high else f"{low} to {high}"
