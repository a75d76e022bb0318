"""Comparisons made of nothing but the speeds of their rounds."""

from collections.abc import Mapping, Sequence

from crawler.compare.model import Case, Comparison, Ideal, Machine, Measurement, Scene, WorkloadFacts
from crawler.compare.results import scene_result

SCENE = Scene("io", 8, "selectolax")


def case(backend: str, scene: Scene = SCENE, client: str = "requests", method: str | None = None) -> Case:
    return Case(scene, backend, client, method)


def rounds(*speeds: float | str) -> list[Measurement]:
    """Return runs of these speeds in pages a second; a text is a run that went wrong."""
    return [
        Measurement(1.0, speed) if isinstance(speed, str) else Measurement(1.0, pages_per_second=speed)
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
