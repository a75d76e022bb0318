"""The same work with more consumers: who gains how much, and from where on nobody does. Pure."""

from collections.abc import Iterator, Sequence

from crawler.compare.model import Case, Comparison, Result, SceneResult
from crawler.compare.statistics import ENOUGH, faster
from crawler.words import listed

MANY = 4
"""Cases that are all named; of more, only the one that gained most and the one that gained least."""


def groups(comparison: Comparison) -> dict[str, list[SceneResult]]:
    """Return what was measured with several numbers of consumers, the fewest first, by workload and parser."""
    found: dict[str, list[SceneResult]] = {}
    for scene in comparison.scenes:
        if scene.ranked:
            found.setdefault(f"{scene.scene.workload}, {scene.scene.parser}", []).append(scene)
    return {
        name: sorted(scenes, key=lambda scene: scene.scene.consumers)
        for name, scenes in found.items()
        if len(scenes) > 1
    }


def lines(scenes: Sequence[SceneResult]) -> list[list[Result]]:
    """Return each case's results along a group's scenes, of those where it was right."""
    found: dict[Case, list[Result]] = {}
    for scene in scenes:
        for result in scene.ranked:
            same = Case(scenes[0].scene, result.case.backend, result.case.client, result.case.start_method)
            found.setdefault(same, []).append(result)
    return list(found.values())


def sentences(scenes: Sequence[SceneResult]) -> Iterator[str]:
    """Yield what more consumers brought in a group: what is sure of it."""
    few, many = scenes[0].scene.consumers, scenes[-1].scene.consumers
    measured = [line for line in lines(scenes) if len(line) == len(scenes)]
    if not measured or min(len(result.rounds) for line in measured for result in line) < ENOUGH:
        return
    by_gain = sorted(measured, key=_gain, reverse=True)
    told = [f"{line[-1].label} {_gain(line):.1f} times as fast" for line in by_gain]
    if len(told) > MANY:
        told = [told[0], told[-1], f"the {len(told) - 2} others something between"]
    yield f"{many / few:.3g} times as many consumers ({many} instead of {few}) made {listed(told)}."
    ends: dict[int, list[str]] = {}
    for line in by_gain:
        if (end := _end(line)) != many:
            ends.setdefault(end, []).append(line[-1].label)
    for end, labels in sorted(ends.items()):
        yield f"With more than {end} consumers no gain is sure for {listed(labels)}."


def _gain(line: Sequence[Result]) -> float:
    return line[-1].figures["pages_per_second"].median / line[0].figures["pages_per_second"].median


def _end(line: Sequence[Result]) -> int:
    """Return the least number of consumers than which none of the larger ones is faster, beyond doubt."""
    speeds = [result.figures["pages_per_second"] for result in line]
    end = next(at for at, speed in enumerate(speeds) if not any(faster(later, speed) for later in speeds[at:]))
    return line[end].case.scene.consumers
