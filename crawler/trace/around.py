"""What is put around a backend and a store while a crawl is traced, so that neither knows, and nor does the loop.

pump ──▶ TracedBackend ──▶ backend    when each task was handed over, and when its outcome was collected
     ──▶ TracedStore ────▶ store      how long that took
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

from crawler.backends.base import Backend, Plan
from crawler.engine import Keeper
from crawler.model import Changes, Outcome, Role, Task
from crawler.store.database import explained
from crawler.store.store import Counters, Store
from crawler.trace.crossing import Sent, TracedWork
from crawler.trace.files import write
from crawler.trace.recorder import Recorder
from crawler.trace.switch import Untraced


class Tracing(Untraced):
    """Traces a crawl, and writes the trace into its folder at the end, however the crawl ended."""

    def __init__(self, folder: Path, about: Mapping[str, Any]) -> None:
        """Trace a crawl into `folder`; `about` is what to say of it, its `backend` among that."""
        self._folder = folder
        self._about = about
        self.recorder = Recorder()

    def plan(self, plan: Plan) -> Plan:
        """Return the plan, its work and its primitives watched."""
        return replace(plan, work=TracedWork(plan.work), watch=self.recorder)

    def backend(self, backend: Backend) -> Backend:
        """Return the backend, watched."""
        return TracedBackend(backend, self.recorder)

    def keeper(self, store: Store) -> Keeper:
        """Return the store, watched."""
        return TracedStore(store, self.recorder)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write the files, if there is something to be seen; StoreError if they cannot be written."""
        if self.recorder.recording.ended:
            with explained(self._folder):
                write(self.recorder.recording, self._folder, self._about)


class TracedBackend(Backend):
    """A backend, and someone who takes down what goes in and what comes out."""

    def __init__(self, backend: Backend, recorder: Recorder) -> None:
        super().__init__(backend.plan)
        self._backend = backend
        self._recorder = recorder

    @property
    def holds(self) -> Mapping[Role, int]:
        """What the backend holds."""
        return self._backend.holds

    @property
    def orphans(self) -> float:
        """For how long the backend's workers may go on by themselves."""
        return self._backend.orphans

    def turns(self, crew: Role) -> float:
        """How many turns a task of the backend's may take."""
        return self._backend.turns(crew)

    def start(self) -> None:
        """Start the backend."""
        self._backend.start()

    def submit(self, task: Task) -> None:
        """Hand the task over, as one that notes how it crosses to another process."""
        began = time.monotonic()
        self._backend.submit(Sent.of(task))
        self._recorder.handed_over(task, began, time.monotonic())

    def collect(self, timeout: float) -> Sequence[Outcome]:
        """Collect the backend's outcomes."""
        began, cpu = time.monotonic(), time.thread_time()
        outcomes = [_plain(outcome) for outcome in self._backend.collect(timeout)]
        now = time.monotonic()
        self._recorder.did("collect", began, now, time.thread_time() - cpu)
        for outcome in outcomes:
            self._recorder.collected(outcome, now)
        return outcomes

    def recall(self) -> Sequence[Task]:
        """Take back what the backend's workers have not begun."""
        tasks = [task.plain if isinstance(task, Sent) else task for task in self._backend.recall()]
        for task in tasks:
            self._recorder.recalled(task)
        return tasks

    def abandon(self, task: Task) -> None:
        """Have the backend write off the worker that has the task."""
        self._backend.abandon(task)

    def stop(self) -> None:
        """Stop the backend."""
        self._backend.stop()


class TracedStore:
    """A store, and someone with a watch."""

    def __init__(self, store: Store, recorder: Recorder) -> None:
        self._store = store
        self._recorder = recorder

    def save(self, changes: Changes, counters: Callable[[], Counters]) -> None:
        """Have the store take in what the frontier decided."""
        began = time.monotonic()
        self._store.save(changes, counters)
        self._recorder.did("store", began, time.monotonic())


def _plain(outcome: Outcome) -> Outcome:
    return replace(outcome, task=outcome.task.plain) if isinstance(outcome.task, Sent) else outcome
