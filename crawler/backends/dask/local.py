"""A cluster of this machine, started for one crawl: a scheduler in a thread of this process, and worker processes.

The workers are processes of our own, not `LocalCluster`'s. So they start by the method that the configuration asks for,
end with this process however it ends, need no nanny, and tell how they died.
"""

import asyncio
import logging
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory

import dask.config
from distributed import LocalCluster, Worker

from crawler.backends.base import Plan
from crawler.backends.children import START_LIMIT, context, cores, end, ended, settle_in, starting
from crawler.backends.dask.cluster import silence

THREADS = 4
"""Of each worker that is started here: as many visits as there may be, and more for whoever looks at it."""

LOCAL = {
    "distributed.scheduler.allowed-failures": 0,  # what is tried again is the frontier's decision
    "distributed.scheduler.work-stealing": False,
    "distributed.scheduler.http.routes": [],
    "distributed.worker.http.routes": [],
    "distributed.worker.profile.enabled": False,
    "distributed.admin.system-monitor.interval": "10s",
    "distributed.admin.tick.interval": "500ms",
    "distributed.comm.timeouts.connect": "10s",
}


_loops_were_here = False
"""Whether Dask has had threads in this process: a fork would inherit its pools of threads without the threads."""


class LocalWorkers:
    """Worker processes of this machine, each of which waits to be told where its scheduler is."""

    def __init__(self, plan: Plan) -> None:
        self._method = plan.start_method
        self._preload = (*plan.preload, __name__)
        self._folder = TemporaryDirectory(prefix="crawler-dask-", ignore_cleanup_errors=True)
        self.folder = self._folder.name
        """Where they, and their scheduler, may leave files: it is removed when they are stopped."""
        self._started = 0
        self._address: str | None = None
        self._lines: dict[str, Connection] = {}
        self.processes: dict[str, BaseProcess] = {}
        """By name."""
        self._killed: list[BaseProcess] = []
        for _ in range(min(plan.processes or cores(), plan.consumers)):
            self.start_one()

    def start_one(self) -> None:
        """Start another worker."""
        method = "auto" if self._method == "fork" and _loops_were_here else self._method
        ways = context(method, self._preload)
        name = f"dask-{self._started}"
        self._started += 1
        theirs, ours = ways.Pipe(duplex=False)
        child: BaseProcess = ways.Process(  # type: ignore[attr-defined]
            target=_work, args=(theirs, name, self.folder), name=name, daemon=True
        )
        with theirs, starting():
            child.start()
        self.processes[name] = child
        self._lines[name] = ours
        if self._address is not None:
            self._tell(name)

    def attach(self, address: str) -> None:
        """Tell the workers, and those to come, where the scheduler is."""
        self._address = address
        for name in list(self._lines):
            self._tell(name)

    def dead(self) -> dict[str, BaseProcess]:
        """Return those that have ended, by name. They are then no longer known."""
        gone = ended(self.processes.values())
        return {child.name: self.processes.pop(child.name) for child in gone}

    def replace(self, name: str) -> None:
        """Kill a worker that hangs, and start another in its place."""
        if name in self.processes:
            worker = self.processes.pop(name)
            worker.kill()
            self._killed.append(worker)
            self.start_one()

    def end_one(self, name: str) -> None:
        """Kill a worker, and wait until it has ended."""
        self.processes[name].kill()
        self.processes[name].join(START_LIMIT)

    def stop(self) -> None:
        """Kill all of them: what they were doing is of no use to anybody."""
        end([*self.processes.values(), *self._killed])
        for line in self._lines.values():
            line.close()
        self._folder.cleanup()

    def _tell(self, name: str) -> None:
        with self._lines.pop(name) as line, suppress(OSError):  # it has ended, and is seen to have
            line.send(self._address)


def open_local(plan: Plan) -> tuple[LocalWorkers, LocalCluster]:
    """Start worker processes, then a scheduler in a thread of this one, so that there is none yet when it is forked."""
    global _loops_were_here
    workers = LocalWorkers(plan)
    _loops_were_here = True
    try:
        with dask.config.set({**LOCAL, "temporary-directory": workers.folder}):
            cluster = LocalCluster(
                n_workers=0,
                processes=False,
                protocol="tcp",
                host="127.0.0.1",
                dashboard_address=None,
                scheduler_kwargs={"dashboard_address": "127.0.0.1:0"},  # it is served all the same, by default on 8787
                silence_logs=logging.CRITICAL,
            )
        workers.attach(cluster.scheduler_address)
    except BaseException:
        workers.stop()
        raise
    return workers, cluster


def _work(line: Connection, name: str, folder: str) -> None:
    """Be a worker: this runs in the new process."""
    settle_in()
    try:
        address = line.recv()
    except EOFError:
        return
    line.close()
    silence()
    with dask.config.set(LOCAL):
        asyncio.run(_serve(address, name, folder))


async def _serve(address: str, name: str, folder: str) -> None:
    async with Worker(
        address,
        nthreads=THREADS,
        name=name,
        host="127.0.0.1",
        dashboard=False,
        memory_limit=0,
        local_directory=str(Path(folder, name)),
    ) as worker:
        await worker.finished()
