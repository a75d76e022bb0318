"""Where the time of a crawl's consumers went, as sums that others can go on with. Pure.

They stand in trace.json, under `otherData.split`. A lane is a consumer here if it fetched a detail page: so producers,
which have little to do by their nature, do not count as idle.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crawler.model import Role
from crawler.trace.lanes import Kind, Lane, Picture, Span
from crawler.trace.recorder import Trip

_FETCHING = (Kind.CONNECT, Kind.WAIT, Kind.BODY)


@dataclass(frozen=True, slots=True)
class Sums:
    """Seconds, of all consumers together.

    `fetching`, `parsing`, `stalled`, `taking`, `crossing`, `idle`, `held_up` and `unknown` come to `wall` x `lanes`.
    """

    wall: float
    """From the first task to the last outcome."""
    lanes: int
    """Consumers that had anything to do."""
    requests: dict[str, int]
    """What they fetched, by role."""
    fetching: float
    """From the beginning of a fetch to the end of its body."""
    fetch_cpu: float | None
    """What of that was on the CPU; None where a thread is not one fetch's alone."""
    parsing: float
    """Reading pages, on the CPU."""
    stalled: float
    """The same, off it."""
    taking: float
    """A task was there and was not begun; pickling and pipes apart."""
    crossing: float
    """Pickling, unpickling and the way between."""
    idle: float
    """There was no task, or the worker was dead."""
    held_up: float
    """There was none since the coordinator was still handing one over."""
    taking_held_up: float
    """What of `taking` passed while the coordinator was handing another one over."""
    unknown: float
    """More tasks than a trace holds."""
    served: float
    """CPU that the coordinator's thread spent in collecting. An event loop of its own does all of its work there."""
    read: float
    """CPU spent on reading pages by all, producers among them."""


def sums(picture: Picture) -> Sums:
    """Return the sums of a picture."""
    trips = picture.trips
    lanes = [lane for lane in picture.workers if any(trip.task.role is Role.DETAIL for trip in _done(lane, trips))]
    total: defaultdict[Kind, float] = defaultdict(float)
    for lane in lanes:
        for kind, seconds in lane.seconds().items():
            total[kind] += seconds
    done = [trip for lane in lanes for trip in _done(lane, trips)]
    cpu = [trip.timings.fetch_cpu for trip in done]
    piped = sum(_piped(lane, trips) for lane in lanes)
    held_up = _held_up(lanes, Kind.IDLE, picture.coordinator)
    fetching = sum(total[kind] for kind in _FETCHING)
    alone = [seconds for seconds in cpu if seconds is not None]
    return Sums(
        wall=picture.wall,
        lanes=len(lanes),
        requests=dict(Counter(trip.task.role.value for trip in done)),
        fetching=fetching,
        fetch_cpu=min(sum(alone), fetching) if len(alone) == len(cpu) else None,
        parsing=total[Kind.PARSE],
        stalled=total[Kind.STALL],
        taking=total[Kind.TAKE] - piped,
        crossing=total[Kind.CROSS] + piped,
        idle=total[Kind.IDLE] + total[Kind.LOST] - held_up,
        held_up=held_up,
        taking_held_up=min(_held_up(lanes, Kind.TAKE, picture.coordinator), total[Kind.TAKE] - piped),
        unknown=total[Kind.UNKNOWN],
        served=picture.coordinator.seconds().get(Kind.SERVE, 0.0),
        read=sum(lane.seconds().get(Kind.PARSE, 0.0) for lane in picture.workers),
    )


def _done(lane: Lane, trips: Sequence[Trip]) -> Iterator[Trip]:
    """Iterate over a lane's trips."""
    before: int | None = None
    for span in lane.spans:
        if span.trip is not None and span.trip != before:
            before = span.trip
            yield trips[span.trip]


def _piped(lane: Lane, trips: Sequence[Trip]) -> float:
    """Return the seconds of a lane's taking for which the task was being pickled, or in the pipe."""
    found = 0.0
    taking: list[Span] = []
    for span in lane.spans:
        if span.kind is Kind.TAKE:
            taking.append(span)
        elif span.trip is not None:
            there = trips[span.trip].there
            if there is not None:
                found += sum(_overlap(take, there.began, there.arrived) for take in taking)
            taking.clear()
    return found


def _held_up(lanes: Sequence[Lane], kind: Kind, coordinator: Lane) -> float:
    """Return the seconds that lanes spent so while the coordinator was handing something over."""
    handing = [span for span in coordinator.spans if span.kind is Kind.HAND_OVER]
    ends = [span.ended for span in handing]
    found = 0.0
    for span in (span for lane in lanes for span in lane.spans if span.kind is kind):
        for other in handing[bisect_left(ends, span.began) :]:
            if other.began >= span.ended:
                break
            found += _overlap(span, other.began, other.ended)
    return found


def _overlap(span: Span, began: float, ended: float) -> float:
    return max(0.0, min(span.ended, ended) - max(span.began, began))
