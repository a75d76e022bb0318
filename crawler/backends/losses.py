"""What is to be said of the tasks that a worker process had when it ended, and how one that hangs is made to."""

import signal
import time
from collections.abc import Collection, Iterable, Mapping
from multiprocessing.process import BaseProcess

from crawler.model import WORKER_DIED, WORKER_STOPPED, Failure, Outcome, Task, Timings

STOPPED = "the worker process was ended because another one had died"


def write_off(task: Task, flying: dict[int, Task], taken: Mapping[int, int], workers: Iterable[BaseProcess]) -> bool:
    """Kill the process that hangs in `task`; what follows is what follows any death. Or forget the task, if none does.

    Return whether no process has begun it. As it is late, and could not be recalled, the way to them is stuck then: one
    that is frozen there may hold a lock that all need.

    Args:
        flying: the tasks that are not back, by number.
        taken: the number of the last task that each process has begun, by process id.
    """
    stuck = False
    for number in [number for number, its in flying.items() if its == task]:
        if number not in taken.values():
            del flying[number]
            stuck = True
        for worker in workers:
            if worker.pid is not None and taken.get(worker.pid) == number:
                worker.kill()
    return stuck


def sort_losses(
    lost_tasks: Mapping[int, Task], taken: Mapping[int, int], dead: Collection[BaseProcess], names: Mapping[int, str]
) -> tuple[list[Outcome], list[Task]]:
    """Part the tasks that were lost with some processes into what is to be reported and what no worker had begun.

    Tasks are numbered as they are handed over, and taken in that order: what is above the highest number taken is not
    begun. `taken` is what each process took last, by process id; `names` are the workers' names. `dead` are the
    processes that ended by themselves; those that were ended for their sake are not among them.
    """
    culprits = {taken[child.pid]: child for child in dead if child.pid is not None and child.pid in taken}
    holders = {number: names.get(pid, "process") for pid, number in taken.items()}
    last = max(taken.values(), default=0)
    outcomes = [
        died(task, holders[number], culprits[number])
        if number in culprits
        else lost(task, holders.get(number, "process"), WORKER_STOPPED, STOPPED)
        for number, task in lost_tasks.items()
        if number <= last
    ]
    return outcomes, [task for number, task in lost_tasks.items() if number > last]


def died(task: Task, worker: str, child: BaseProcess) -> Outcome:
    """Return what is to be said of a task that a worker process had when it ended by itself."""
    return lost(task, worker, WORKER_DIED, f"the worker process {how_it_ended(child)} while it had this page")


def how_it_ended(child: BaseProcess) -> str:
    """Return how a process that has ended did: `was killed by SIGKILL`, `ended with status 7`."""
    code = child.exitcode or 0
    return f"was killed by {_signal_name(-code)}" if code < 0 else f"ended with status {code}"


def lost(task: Task, worker: str, kind: str, message: str) -> Outcome:
    """Return what is to be said of a task that was lost with its worker: a failure of this kind, now."""
    now = time.monotonic()
    return Outcome(task, worker, Timings(now, now, now), failure=Failure(kind, message, transient=True))


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
