"""What the crawl costs the machine: CPU, memory and context switches of the coordinator and its worker processes."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

if sys.platform != "win32":
    import resource


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a tree of processes so far."""

    cpu_seconds: float
    peak_memory: int
    """Bytes: the sum of each process's highest resident set, so at least what the tree had at any one time."""
    context_switches: int
    """How often a thread gave up its core or lost it, threads of worker processes that have ended apart."""


def usage() -> Usage:
    """Return the usage of this process alone."""
    if sys.platform == "win32":
        import psutil

        return _usage_of(psutil.Process())
    used = resource.getrusage(resource.RUSAGE_SELF)
    # Where there is no /proc, macOS counts bytes; the others count KB.
    memory = _high_water_mark("self") or used.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Usage(used.ru_utime + used.ru_stime, memory, used.ru_nvcsw + used.ru_nivcsw)


def tree_usage(besides: int | None = None) -> Usage:
    """Return the usage of this process and all below it, except the process `besides` and what is below that."""
    import psutil  # it takes 10 ms to load, and a crawl in one process does without

    total, left_out = usage(), {besides}
    for process in psutil.Process().children(recursive=True):
        try:
            if process.pid in left_out or process.ppid() in left_out:
                left_out.add(process.pid)
                continue
            its = _usage_of(process)
        except psutil.NoSuchProcess:
            continue
        total = Usage(
            total.cpu_seconds + its.cpu_seconds,
            total.peak_memory + its.peak_memory,
            total.context_switches + its.context_switches,
        )
    return total


def _usage_of(process: "psutil.Process") -> Usage:
    times = process.cpu_times()
    memory = _high_water_mark(process.pid) or int(process.memory_info().rss)
    return Usage(times.user + times.system, memory, _switches(process))


def _high_water_mark(pid: int | str) -> int | None:
    """Return the highest resident set of a process in bytes; None where the system does not keep it."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _switches(process: "psutil.Process") -> int:
    """Return the context switches of a process's threads; where they are not told apart, as the system counts them."""
    found = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:  # a thread that has just ended
            continue
        found += sum(int(line.split()[1]) for line in lines if "ctxt_switches:" in line)
    return found or sum(process.num_ctx_switches())
