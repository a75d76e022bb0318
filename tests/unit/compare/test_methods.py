"""How long it takes to start processes by one method or another."""

from crawler.compare.methods import start_methods
from crawler.compare.model import Ideal, Measurement
from crawler.compare.results import scene_result
from tests.unit.compare.values import SCENE, case, rounds


def told(starts: dict[str | None, list[float]], backend: str = "process-pool") -> list[str]:
    """Return what is said of methods by which processes started in so many seconds, round by round."""
    runs: dict[str | None, list[Measurement]] = {
        method: [run for start in seconds for run in rounds(10, startup=start)] for method, seconds in starts.items()
    }
    measured = {case(backend, method=method): each for method, each in runs.items()}
    return list(start_methods(scene_result(SCENE, Ideal(1.0, "cpu", 0.1, 1.0), 1e6, measured).ranked))


def test_the_quickest_is_named_and_those_that_are_sure_to_be_slower() -> None:
    assert told({"spawn": [3.0, 3.1, 3.2], "fork": [0.8, 0.9, 1.3], "forkserver": [0.9, 1.2, 1.4]}) == [
        "process-pool started in 0.90 s (0.80 to 1.30) by fork, 1.20 s (0.90 to 1.40) by forkserver and "
        "3.10 s (3.00 to 3.20) by spawn: fork is quicker than spawn."
    ]


def test_starts_that_overlap_are_not_called_different() -> None:
    assert told({"fork": [0.8, 0.9, 1.3], "spawn": [0.9, 1.2, 1.4]})[0].endswith("by spawn: no difference is sure.")


def test_nothing_is_said_of_one_method_or_of_few_rounds() -> None:
    assert told({"auto": [0.8, 0.9, 1.3]}) == []
    assert told({None: [0.8, 0.9, 1.3]}, "queue") == []
    assert told({"fork": [0.8, 0.9], "spawn": [2.0, 2.1]}) == []
