"""What the crawl costs the machine: CPU, memory and context switches of the coordinator and its worker processes."""

import sys
from dataclasses import dataclass
from pathlib import Path

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


def tree_usage(besides: int | None = None) -> Usage:
    """Return the usage of this process and all below it, except the process `besides` and what is below that."""
    this = psutil.Process()
    left_out = {besides}
    cpu, memory, switches = 0.0, 0, 0
    for process in [this, *this.children(recursive=True)]:
        try:
            if process.pid in left_out or process.ppid() in left_out:
                left_out.add(process.pid)
                continue
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += _high_water(process)
            switches += _own_switches() if process == this else _switches(process)
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu, memory, switches)


def _high_water(process: psutil.Process) -> int:
    """Return the highest resident set of a process in bytes; the present one where the system does not keep it."""
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return int(process.memory_info().rss)


def _own_switches() -> int:
    """Return the context switches of this process, by all threads that it ever had where the system tells."""
    if sys.platform == "win32":
        return _switches(psutil.Process())
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_nvcsw + usage.ru_nivcsw


def _switches(process: psutil.Process) -> int:
    """Return the context switches of a process's threads; where they are not told apart, as the system counts them."""
    found = 0
    for status in Path(f"/proc/{process.pid}/task").glob("*/status"):
        try:
            lines = status.read_text().splitlines()
        except OSError:  # a thread that has just ended
            continue
        found += sum(int(line.split()[1]) for line in lines if "ctxt_switches:" in line)
    return found or sum(process.num_ctx_switches())
