"""What other programs do on our cores while a run is measured: not much, or its figures are of them as well."""

import time
from collections.abc import Collection
from contextlib import suppress

import psutil

DISTURBING = 0.4
"""The cores that others have during a run from which it is called disturbed. On an idle machine up to 0.2 are seen: a
crawl tells what it took before its processes end, and nothing of those that help to start them."""


class Others:
    """Watches cores from when this is made."""

    def __init__(self, cores: Collection[int], server: int) -> None:
        """Begin.

        Args:
            cores: those to be watched, by number.
            server: the process id of the fixture server, which is none of the others; nor is this process.
        """
        self._cores = cores
        self._server = psutil.Process(server)
        self._served = 0.0
        self._began = time.monotonic()
        self._before = self._strangers()

    def cores(self, ours: float) -> float:
        """Return how many cores others have had since then, on average.

        Args:
            ours: seconds of CPU that what was measured has taken meanwhile.
        """
        taken = self._strangers() - self._before - ours
        return max(0.0, taken / max(1e-6, time.monotonic() - self._began))

    def _strangers(self) -> float:
        """Return the CPU seconds of the cores that are neither this process's nor the server's."""
        with suppress(psutil.Error):  # it has just ended: what it had taken before is what counts
            server = self._server.cpu_times()
            self._served = server.user + server.system
        return _busy(self._cores) - time.process_time() - self._served


def _busy(cores: Collection[int]) -> float:
    """Return the seconds that cores have been busy, or another machine on the same processor has had them (`steal`)."""
    every = psutil.cpu_times(percpu=True)
    kinds = ("user", "nice", "system", "irq", "softirq", "steal")
    return sum(getattr(every[core], kind, 0.0) for core in cores if core < len(every) for kind in kinds)
