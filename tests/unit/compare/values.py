"""Comparisons made of nothing but the speeds of their rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from crawler.compare.model import Case, Comparison, Ideal, Machine, Measurement, Scene, Split, WorkloadFacts
from crawler.compare.results import scene_result
from crawler.compare.split import Part

SCENE = Scene("io", 8, "selectolax")


def case(backend: str, scene: Scene = SCENE, client: str = "requests", method: str | None = None) -> Case:
    return Case(scene, backend, client, method)


def rounds(*speeds: float | str, startup: float = 0.2) -> list[Measurement]:
    """Return runs of these speeds in pages a second; a text is a run that went wrong."""
    return [
        Measurement(1.0, speed)
        if isinstance(speed, str)
        else Measurement(1.0, None, startup, 0.7, 0.1, speed, 0.8, 2.5, 50_000_000, 20.0, 40.0, 1000)
        for speed in speeds
    ]


def comparison(
    runs: Mapping[str, Sequence[float | str]], *, pages: int = 100, server_limit: float = 10_000.0
) -> Comparison:
    """Return a comparison of one scene: the speeds of each backend's rounds."""
    measured = {case(backend): rounds(*speeds) for backend, speeds in runs.items()}
    scene = scene_result(SCENE, Ideal(1.0, "latency", 1.0, 0.1), server_limit, measured)
    return Comparison(
        started_at="2026-01-01T00:00:00+00:00",
        seconds=1.0,
        seed=1,
        producers=4,
        rounds=3,
        machine=Machine("Linux", "a processor", 2, 2**30, "CPython 3.11", "always on", "PSS", "shared", {"a": "1"}),
        workloads={"io": WorkloadFacts(pages, 0.02, 1, "selectolax", (), 0.5, 12_000)},
        scenes=(scene,),
    )


def scaled(runs: Mapping[int, Mapping[str, Sequence[float | str]]]) -> Comparison:
    """Return a comparison with a scene for each number of consumers."""
    scenes = []
    for consumers, measured in runs.items():
        scene = SCENE._replace(consumers=consumers)
        of_scene = {case(backend, scene): rounds(*speeds) for backend, speeds in measured.items()}
        scenes.append(scene_result(scene, Ideal(1.0, "latency", 1.0, 0.1), 10_000.0, of_scene))
    return replace(comparison({"queue": [1]}), scenes=tuple(scenes))


def invented(**seconds: float) -> Split:
    """Return a split of ten pages."""
    wall = sum(seconds.values())
    return Split(1, 10, wall, {part.key: seconds.get(part.key, 0.0) for part in Part})


def with_splits(base: Comparison, **splits: Split) -> Comparison:
    """Return the comparison, the results of its first scene with splits, by their labels."""
    scene = base.scenes[0]
    results = tuple(replace(each, split=splits.get(each.label.replace("-", "_"))) for each in scene.results)
    return replace(base, scenes=(replace(scene, results=results), *base.scenes[1:]))
