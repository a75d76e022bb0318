"""From measurements to results: summed up, ranked, and put into words. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from crawler.compare.model import FIGURES, Case, Estimate, Ideal, Measurement, Result, Scene, SceneResult, Split
from crawler.compare.statistics import ENOUGH, estimate, ranks

NEAR = 0.8
"""From this share of the server's own limit on, it is the server that was measured."""


def scene_result(
    scene: Scene,
    ideal: Ideal,
    server_limit: float,
    runs: Mapping[Case, Sequence[Measurement]],
    splits: Mapping[Case, Split] | None = None,
) -> SceneResult:
    """Return a scene's cases by rank, and then by pages a second. One that was wrong in any round is not ranked.

    Their splits are put to them, where there are any. With fewer than ENOUGH rounds all share the first rank.
    """
    labels = _labels(runs)
    figures = {case: _figures(rounds) for case, rounds in runs.items() if rounds and not _problem(rounds)}
    ranked = sorted(figures, key=lambda case: figures[case]["pages_per_second"].median, reverse=True)
    speeds = [figures[case]["pages_per_second"] for case in ranked]
    places = ranks(speeds) if all(len(runs[case]) >= ENOUGH for case in ranked) else [1] * len(ranked)
    results = sorted(
        (
            Result(
                labels[case],
                case,
                rank,
                figures[case],
                tuple(runs[case]),
                limited_by_server=figures[case]["pages_per_second"].median >= NEAR * server_limit,
                split=(splits or {}).get(case),
            )
            for case, rank in zip(ranked, places, strict=True)
        ),
        key=lambda result: result.rank or 0,  # it is stable: within a rank the fastest stays first
    )
    wrong = [
        Result(labels[case], case, None, {}, tuple(rounds), problem=_problem(rounds) or "not run")
        for case, rounds in runs.items()
        if case not in figures
    ]
    return SceneResult(scene, ideal, server_limit, (*results, *wrong))


def _figures(rounds: Sequence[Measurement]) -> dict[str, Estimate]:
    return {name: estimate([getattr(measured, name) for measured in rounds]) for name in FIGURES}


def _problem(rounds: Sequence[Measurement]) -> str | None:
    problems = [measured.problem for measured in rounds if measured.problem is not None]
    if not problems:
        return None
    return problems[0] if len(rounds) == 1 else f"{problems[0]} (in {len(problems)} of {len(rounds)} rounds)"


def _labels(cases: Iterable[Case]) -> dict[Case, str]:
    """Return what tells each case from the others of its scene; a client that is not what most have is named."""
    every = list(cases)
    usual = Counter(case.client for case in every).most_common(1)
    clients: dict[str, set[str]] = {}
    methods: dict[str, set[str | None]] = {}
    for case in every:
        clients.setdefault(case.backend, {client for client, _ in usual}).add(case.client)
        methods.setdefault(case.backend, set()).add(case.start_method)
    return {
        case: case.label(client=len(clients[case.backend]) > 1, start_method=len(methods[case.backend]) > 1)
        for case in every
    }
