"""Recordings made by hand: times in seconds, on a clock that began at 100."""

from crawler.model import Role, Task, Timings
from crawler.trace.crossing import Crossing
from crawler.trace.recorder import Deed, Ends, Mark, Recording, Trip

ORIGIN = 100.0


def trip(worker: str, submitted: float, *times: float, collected: float | None = None, **more: object) -> Trip:
    """Return a trip; `times` are started, connected, answered, fetched, finished."""
    started, connected, answered, fetched, finished = (ORIGIN + time for time in times)
    task = more.pop("task", Task(f"http://a.test/{worker}/{submitted}", Role.DETAIL))
    cpu = more.pop("parse_cpu", finished - fetched)
    values: dict[str, object] = {
        "task": task,
        "worker": worker,
        "result": "ok",
        "title": "",
        "submitted": ORIGIN + submitted,
        "handed_over": ORIGIN + submitted,
        "timings": Timings(started, fetched, finished, connected, answered, 0.001, cpu),  # type: ignore[arg-type]
        "collected": finished + 0.01 if collected is None else ORIGIN + collected,
    }
    return Trip(**{**values, **more})  # type: ignore[arg-type]


def crossing(*times: float, size: int = 100) -> Crossing:
    """Return a crossing: when pickling began and ended, when it arrived and was unpickled."""
    began, pickled, arrived, unpickled = (ORIGIN + time for time in times)
    return Crossing(began, pickled, arrived, unpickled, size)


def recording(
    *trips: Trip, deeds: tuple[Deed, ...] = (), marks: tuple[Mark, ...] = (), wall: float = 10.0, limit: int = 1000
) -> Recording:
    """Return a recording of these."""
    made = Recording("MainThread", ORIGIN, ORIGIN + wall, 1.0, Ends(limit), Ends(limit), Ends(limit))
    for each in trips:
        made.trips.add(each)
    for deed in deeds:
        made.deeds.add(Deed(deed.what, ORIGIN + deed.began, ORIGIN + deed.ended, deed.cpu))
    for mark in marks:
        made.marks.add(Mark(mark.thread, mark.what, ORIGIN + mark.began, ORIGIN + mark.ended))
    return made
