"""What the figures hold for: the machine, its Python, and how they were measured."""

import os
import platform
import sys
from pathlib import Path

import psutil

from crawler.compare.cores import Cores
from crawler.compare.model import Machine
from crawler.compare.tree import HAS_PSS
from crawler.report import versions


def describe(cores: Cores) -> Machine:
    """Return what is known of this machine."""
    return Machine(
        system=f"{platform.system()} {platform.release()}",
        processor=_processor(),
        cores=len(cores.crawl | cores.server),
        memory=psutil.virtual_memory().total,
        python=f"{platform.python_implementation()} {platform.python_version()}",
        gil=_gil(),
        memory_measure="proportional set sizes (PSS), sampled" if HAS_PSS else "each process's highest resident set",
        placement=str(cores),
        versions=versions(),
    )


def load_average() -> float | None:
    """Return how many threads wanted a core in the last minute; None where the system does not say."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _processor() -> str:
    """Return the processor's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _gil() -> str:
    is_enabled = getattr(sys, "_is_gil_enabled", None)
    return "always on" if is_enabled is None else "on" if is_enabled() else "off"
