"""What a picture says, in figures and in a few sentences made from them. Pure."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from crawler.trace.lanes import Kind, Picture
from crawler.words import counted, listed


@dataclass(frozen=True, slots=True)
class Figures:
    """What the trace comes to. Times are seconds; what was not to be seen is None."""

    requests: int
    workers: int
    wall: float
    shares: dict[Kind, float]
    """Of all the workers' time, the most first."""
    woken: float | None
    """The median time from the hand-over of a task, for which a worker was waiting, until that worker began."""
    woken_slow: float | None
    """What 95 % of them were within."""
    onward: float | None
    """The median time from the end of a task until the worker began its next one, where that was waiting."""
    looks: float | None
    """Looks at the hand-off for each task, the coordinator's among them."""
    locks: int
    """How often somebody had to wait for a lock."""
    locked: float
    """For how long, in all."""
    crossing: float | None
    """The median time spent on pickling and unpickling a task and its outcome."""
    crossed: float | None
    """The median of the bytes that a task and its outcome came to."""
    cores: float | None
    """CPUs in use by workers that fetch and parse, on average; None where their time cannot be told from others'."""
    stalled: float | None
    """The part of parsing that was spent waiting for the GIL or a core."""
    coordinator: float
    """The part of the time for which the coordinator's thread was on the CPU."""

    def largest(self, number: int = 3) -> list[tuple[Kind, float]]:
        """Return what took most of the workers' time."""
        return [(kind, share) for kind, share in self.shares.items() if share >= 0.01][:number]


def figures(picture: Picture) -> Figures:
    """Return the figures of a picture."""
    total: defaultdict[Kind, float] = defaultdict(float)
    for lane in picture.workers:
        for kind, seconds in lane.seconds().items():
            total[kind] += seconds
    known = sum(seconds for kind, seconds in total.items() if kind is not Kind.UNKNOWN)
    shares = {kind: seconds / known for kind, seconds in total.items() if kind is not Kind.UNKNOWN and known}
    meetings = list(_meetings(picture))
    woken = sorted(seconds for seconds, waited in meetings if waited)
    onward = [seconds for seconds, waited in meetings if not waited]
    trips = picture.trips
    looks = sum(mark.what == "look" for lane in picture.lanes for mark in lane.marks)
    waits = [mark.ended - mark.began for lane in picture.lanes for mark in lane.marks if mark.what == "lock"]
    both_ways = [(trip.there, trip.back) for trip in trips if trip.there and trip.back]
    cpu = [(trip.timings.fetch_cpu, trip.timings.parse_cpu) for trip in trips]
    alone = trips and all(fetch is not None for fetch, _ in cpu)
    parsing = total[Kind.PARSE] + total[Kind.STALL]
    return Figures(
        requests=len(trips),
        workers=len(picture.workers),
        wall=picture.wall,
        shares=dict(sorted(shares.items(), key=lambda item: -item[1])),
        woken=median(woken) if woken else None,
        woken_slow=woken[int(0.95 * (len(woken) - 1))] if woken else None,
        onward=median(onward) if onward else None,
        looks=looks / len(trips) if looks and trips and not picture.marks_left_out else None,
        locks=len(waits),
        locked=sum(waits),
        crossing=median(there.effort + back.effort for there, back in both_ways) if both_ways else None,
        crossed=median(there.size + back.size for there, back in both_ways) if both_ways else None,
        cores=sum((fetch or 0.0) + (parse or 0.0) for fetch, parse in cpu) / picture.wall if alone else None,
        stalled=total[Kind.STALL] / parsing if parsing else None,
        coordinator=picture.cpu / picture.wall if picture.wall else 0.0,
    )


def sentences(found: Figures) -> list[str]:
    """Return what the figures say, for people."""
    if not found.requests:
        return ["No request came back while the crawl was traced."]
    said = [
        f"{found.requests:,} requests by {counted(found.workers, 'worker')} in {duration(found.wall)}: "
        f"{found.requests / found.wall:,.0f} a second.",
        f"The workers' time: {listed([f'{percent(share)} {kind.label}' for kind, share in found.largest()])}.",
    ]
    if found.woken is not None and found.woken_slow is not None:
        said.append(
            f"A worker that was waiting began {duration(found.woken)} after its task was handed over "
            f"(median; 95 % within {duration(found.woken_slow)})."
        )
    if found.onward is not None:
        said.append(f"Where a task was waiting, it was begun {duration(found.onward)} after the one before (median).")
    if found.looks is not None:
        said.append(f"There were {found.looks:.1f} looks at the hand-off for each task.")
    if found.locks:
        said.append(f"A lock was waited for {counted(found.locks, 'time')}, {duration(found.locked)} in all.")
    if found.crossing is not None and found.crossed is not None:
        said.append(
            f"To pickle and unpickle a task and its outcome, {found.crossed:,.0f} bytes, took "
            f"{duration(found.crossing)} (medians)."
        )
    if found.cores is not None:
        said.append(f"Fetching and parsing kept {found.cores:.2f} CPUs busy.")
    if found.stalled is not None and found.stalled >= 0.01:
        said.append(f"While parsing, a worker was off the CPU {percent(found.stalled)} of the time.")
    said.append(f"The coordinator's thread was on the CPU {percent(found.coordinator)} of the time.")
    return said


def duration(seconds: float) -> str:
    """Return a time for people: `1.32 s`, `17 ms`, `0.08 ms`."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"


def percent(share: float) -> str:
    """Return a share of 1 for people."""
    return f"{100 * share:.0f} %"


def _meetings(picture: Picture) -> Iterator[tuple[float, bool]]:
    """Yield how long each task and its worker took to come together once both were there, and if the worker waited."""
    for lane in picture.workers:
        before, free_at = None, 0.0
        for span in lane.spans:
            if span.kind is Kind.UNKNOWN:
                free_at = float("inf")
            if span.trip is not None and span.trip != before:
                trip, before = picture.trips[span.trip], span.trip
                if free_at < float("inf"):
                    yield max(0.0, trip.timings.started - max(trip.submitted, free_at)), trip.submitted >= free_at
                free_at = trip.timings.finished
