"""What the crawl costs the machine: CPU and memory of the coordinator and its worker processes."""

from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True, slots=True)
class Usage:
    """The cost of a tree of processes so far."""

    cpu_seconds: float
    peak_memory: int
    """Bytes: the sum of each process's highest resident set, so at least what the tree had at any one time."""


def tree_usage(besides: int | None = None) -> Usage:
    """Return the usage of this process and all below it, except the process `besides` and what is below that."""
    this = psutil.Process()
    left_out = {besides}
    cpu, memory = 0.0, 0
    for process in [this, *this.children(recursive=True)]:
        try:
            if process.pid in left_out or process.ppid() in left_out:
                left_out.add(process.pid)
                continue
            times = process.cpu_times()
            cpu += times.user + times.system
            memory += _high_water(process)
        except psutil.NoSuchProcess:
            continue
    return Usage(cpu, memory)


def _high_water(process: psutil.Process) -> int:
    """Return the highest resident set of a process in bytes; the present one where the system does not keep it."""
    try:
        for line in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return int(process.memory_info().rss)
