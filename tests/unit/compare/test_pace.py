"""What a comparison still has time for."""

from crawler.compare.pace import Pace


class Clock:
    """A clock that is put forward by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def begun(within: float | None, seconds: float, most: int = 5) -> tuple[list[int], list[str]]:
    """Return the rounds that are begun if each takes so many seconds, and what is said."""
    clock, said = Clock(), list[str]()
    numbers = []
    for number in Pace(within, clock).rounds(most, said.append):
        numbers.append(number)
        clock.now += seconds
    return numbers, said


def test_no_round_is_begun_that_would_not_be_done_in_time_and_that_is_said() -> None:
    assert begun(30.0, 10.0) == ([1, 2, 3], ["3 of 5 rounds: another one would take 10 s, and last too long"])
    assert begun(29.0, 10.0)[0] == [1, 2]


def test_the_first_round_always_is_and_without_a_limit_all_are() -> None:
    assert begun(1.0, 10.0)[0] == [1]
    assert begun(None, 1e6) == ([1, 2, 3, 4, 5], [])


def test_what_went_before_the_rounds_counts() -> None:
    clock = Clock()
    pace = Pace(40.0, clock)
    clock.now += 25.0
    numbers = []
    for number in pace.rounds(5, lambda _: None):
        numbers.append(number)
        clock.now += 10.0
    assert numbers == [1]


def test_as_many_are_explained_as_leave_time_for_the_runs_that_it_takes() -> None:
    clock = Clock()
    pace, free = Pace(40.0, clock), Pace(None, clock)
    assert pace.may_explain(0.0, 0, 1000)
    clock.now += 10.0
    assert pace.may_explain(0.0, 5, 12)  # 2 s, and 12 runs of 2.2 s, in 30 s
    assert not pace.may_explain(0.0, 5, 13)
    clock.now += 100.0
    assert not pace.may_explain(0.0, 0, 0)
    assert free.may_explain(0.0, 5, 1000)


def test_there_is_room_for_what_would_be_done_in_time() -> None:
    clock = Clock()
    pace = Pace(40.0, clock)
    clock.now += 30.0
    assert pace.has_room(10.0)
    assert not pace.has_room(10.1)
    assert Pace(None, clock).has_room(1e6)
