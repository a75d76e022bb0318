"""The figures of a picture, and what is said of them."""

import pytest

from crawler.trace.drawing import picture
from crawler.trace.lanes import Kind
from crawler.trace.recorder import Deed, Mark
from crawler.trace.story import duration, figures, sentences
from tests.unit.trace.recordings import crossing, recording, trip


def test_where_the_workers_time_went() -> None:
    found = figures(picture(recording(trip("w", 0.0, 0.0, 1.0, 7.0, 7.0, 10.0, parse_cpu=1.0), wall=10.0)))
    assert found.shares == {
        Kind.WAIT: pytest.approx(0.6),
        Kind.STALL: pytest.approx(0.2),
        Kind.CONNECT: pytest.approx(0.1),
        Kind.PARSE: pytest.approx(0.1),
    }
    assert list(found.shares)[:2] == [Kind.WAIT, Kind.STALL]
    assert found.stalled == pytest.approx(2 / 3)


def test_a_worker_that_waited_and_a_task_that_waited_are_told_apart() -> None:
    found = figures(
        picture(
            recording(
                trip("w", 1.0, 1.5, 1.5, 1.5, 1.5, 3.0),  # handed over at 1, begun at 1.5
                trip("w", 2.0, 3.25, 3.5, 3.5, 3.5, 4.0),  # waited for its worker, which was free at 3
            )
        )
    )
    assert (found.woken, found.onward) == (pytest.approx(0.5), pytest.approx(0.25))


def test_looks_locks_and_crossings_are_counted() -> None:
    marks = (
        *(Mark("w", "look", n, n) for n in range(3)),
        Mark("w", "lock", 1.0, 1.5),
        Mark("MainThread", "look", 1, 1),
    )
    way = crossing(0.0, 0.1, 0.2, 0.4, size=70)
    found = figures(
        picture(recording(trip("w", 0, 1, 1, 1, 1, 2, there=way, back=way), trip("w", 2, 3, 3, 3, 3, 4), marks=marks))
    )
    assert (found.looks, found.locks, found.locked) == (2.0, 1, pytest.approx(0.5))
    assert (found.crossing, found.crossed) == (pytest.approx(0.6), 140)


def test_cores_are_told_only_where_each_worker_has_a_thread_of_its_own() -> None:
    alone = trip("w", 0, 0, 0, 0, 0, 2, parse_cpu=1.0)
    assert figures(picture(recording(alone, wall=2.0))).cores == pytest.approx(0.5, abs=0.01)
    shared = trip("w", 0, 0, 0, 0, 0, 2, timings=alone.timings._replace(fetch_cpu=None))
    assert figures(picture(recording(alone, shared))).cores is None


def test_the_sentences_say_the_figures() -> None:
    said = " ".join(
        sentences(
            figures(
                picture(
                    recording(
                        trip("a", 0.0, 0.002, 0.1, 0.9, 0.9, 1.0, parse_cpu=0.05),
                        trip("b", 0.0, 0.002, 0.1, 0.9, 0.9, 1.0, parse_cpu=0.05),
                        deeds=(Deed("collect", 0.0, 1.0, 0.5),),
                        wall=1.0,
                    )
                )
            )
        )
    )
    assert "2 requests by 2 workers in 1.00 s: 2 a second." in said
    assert "80 % waiting for the server, 10 % getting a connection and 5 % parsing" in said
    assert "A worker that was waiting began 2 ms after its task was handed over" in said
    assert "off the CPU 50 % of the time" in said
    assert "pickle" not in said
    assert "lock" not in said


def test_of_nothing_there_is_nothing_to_be_said() -> None:
    assert len(sentences(figures(picture(recording())))) == 1
    assert len(sentences(figures(picture(recording(wall=0.0))))) == 1


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(12.345, "12.35 s"), (1, "1.00 s"), (0.5, "500 ms"), (0.0123, "12 ms"), (0.00123, "1.2 ms"), (0.00003, "0.03 ms")],
)
def test_a_duration_is_told_in_its_own_unit(seconds: float, text: str) -> None:
    assert duration(seconds) == text
