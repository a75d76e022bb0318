"""The split: where the time of a backend's consumers went, from the start of the process to the last outcome. Pure.

    consumers x wall time = waiting for the network + CPU + waiting for a turn + hand-off + pickling + starting + idle

A consumer is what fetches one page at a time: a thread, a process, or a place in an event loop. Where many of these
share a thread, one of them is on the CPU at a time, and the others wait: for the network or for their turn.
"""

from collections.abc import Mapping, Sequence
from enum import Enum

from crawler.backends.registry import BACKENDS
from crawler.compare.model import Case, Split
from crawler.model import Role
from crawler.trace.split import Sums
from fixtures.hitlog import Hit
from fixtures.site import Site

SPLIT_NOTE = (
    "Shares of the consumers' time: all of them, from the start of the process to the last page, in one run that was "
    "traced and is not among the rounds. Where many consumers share a thread (asyncio, curl-multi, sharded), one of "
    "them is a place for a request, and while a page is read the others wait for their turn. What a shard's loop does "
    "besides reading pages is not told apart from that wait, and what crosses to and from it counts as hand-off."
)
"""What the shares are shares of."""


class Part(Enum):
    """What a consumer's time goes to: a name for report.json, what it is called, and what is meant."""

    NETWORK = ("network", "waiting for the network", "the server had the request and not yet answered, by its own log")
    CPU = ("cpu", "CPU under the GIL", "fetching and reading pages, on the CPU; C code may let go of the GIL meanwhile")
    TURN = ("turn", "waiting for the GIL or a core", "it could go on, and another had the GIL, the core or the loop")
    HAND_OFF = ("hand_off", "hand-off and locks", "a task was there or being handed over, and not begun")
    PICKLING = ("pickling", "pickling and pipes", "tasks and outcomes, on their way between processes")
    START = ("startup", "starting", "the interpreter, its imports, and the workers")
    IDLE = ("idle", "idle", "there was no task for it")

    def __init__(self, key: str, label: str, meaning: str) -> None:
        self.key = key
        self.label = label
        self.meaning = meaning


def split(case: Case, traced: Sums, startup: float, hits: Sequence[Hit], site: Site, pages: int) -> Split:
    """Return the split of a run.

    Args:
        case: what was run.
        traced: what its trace comes to.
        startup: seconds from the start of its process until the first page could be asked for.
        hits: the server's log of it.
        site: what was served.
        pages: how many were fetched.
    """
    consumers = max(case.scene.consumers, traced.lanes)
    everything = traced.wall * traced.lanes
    known = everything - traced.unknown
    scale = everything / known if known > 0 else 1.0
    fetch_cpu = _fetch_cpu(case, traced)
    off_cpu = traced.fetching - fetch_cpu
    # One thread hands over and does all the rest: what has been handed over waits for the loop, not for a hand-off.
    in_loop = traced.taking - traced.taking_held_up if _is_one_loop(case) else 0.0
    network = min(off_cpu, _served(traced.requests, hits, site))
    seconds = {
        Part.NETWORK: network * scale,
        Part.CPU: (fetch_cpu + traced.parsing) * scale,
        Part.TURN: (off_cpu - network + traced.stalled + in_loop) * scale,
        Part.HAND_OFF: (traced.taking - in_loop + traced.held_up) * scale,
        Part.PICKLING: traced.crossing * scale,
        Part.START: startup * consumers,
        Part.IDLE: traced.idle * scale + traced.wall * (consumers - traced.lanes),
    }
    return Split(consumers, pages, startup + traced.wall, {part.key: value for part, value in seconds.items()})


def shares(found: Split) -> dict[Part, float]:
    """Return what share of the time each part had, from 0 to 1."""
    total = sum(found.seconds.values()) or 1.0
    return {part: found.seconds.get(part.key, 0.0) / total for part in Part}


def per_page(found: Split) -> dict[Part, float]:
    """Return the seconds of a consumer's time that a page took, part by part, starting apart."""
    return {part: found.seconds.get(part.key, 0.0) / found.pages for part in Part if part is not Part.START}


def _fetch_cpu(case: Case, traced: Sums) -> float:
    """Return the CPU seconds of fetching, as far as they are known.

    A thread's clock tells them where the thread has one fetch at a time. Where the coordinator's own thread runs the
    loop, they are what that thread spent in it besides reading pages. Of loops in other processes nothing is known, and
    their work counts as waiting for a turn.
    """
    if traced.fetch_cpu is not None:
        return traced.fetch_cpu
    if not _is_one_loop(case):
        return 0.0
    return min(max(0.0, traced.served - traced.read), traced.fetching)


def _is_one_loop(case: Case) -> bool:
    """Say whether an event loop in the coordinator's own thread does everything."""
    return BACKENDS[case.backend].family == "event loop"


def _served(requests: Mapping[str, int], hits: Sequence[Hit], site: Site) -> float:
    """Return the seconds that the server took for so many requests of each role."""
    took: dict[str, list[float]] = {role.value: [] for role in Role}
    for hit in hits:
        took[_role(hit.path, site).value].append(hit.end - hit.start)
    return sum(sum(took[role]) / max(1, len(took[role])) * number for role, number in requests.items())


def _role(path: str, site: Site) -> Role:
    if path == "/robots.txt":
        return Role.ROBOTS
    return Role.LIST if site.item_at(path) is None else Role.DETAIL
