"""An `InterpreterPoolExecutor`: threads of one process, each with an interpreter, and so a GIL, of its own.

    coordinator ──submit──▶ [ work items ] ══pickle══▶ detail-1 … detail-n ══pickle══▶ Future ──wait──▶ coordinator
                └─submit──▶ [ work items ] ══pickle══▶ list-…              ══pickle══▶ Future ──┘

What the primitive gives: pages are parsed on all cores at once, as in processes, and there is one process to start, to
look after and to pay for. Interpreters share no objects, though they share the memory: each loads every module anew,
and what goes from one to another is pickled. The globals below exist once in each.

What it asks in return: a module written in C must say that it can be loaded more than once in a process, and many do
not yet (2026). selectolax, lxml and pycurl refuse: pages are fetched by requests, and read by Python's own HTML parser.
ada-url refuses: its library is called without it (`crawler/ada.py`). charset-normalizer refuses where it is compiled,
and is read from its sources. And interpreters, like threads, cannot be killed.
"""

import pickle
import sys
from concurrent.futures import BrokenExecutor, Executor, Future
from importlib import import_module
from importlib.machinery import SOURCE_SUFFIXES, FileFinder, SourceFileLoader
from importlib.util import find_spec

from crawler.backends.base import BackendError
from crawler.backends.pool import PoolBackend, ThreadCrew
from crawler.model import Outcome, Task
from crawler.work.base import Performer, Work

_performer: Performer
_name: str
_problem: str | None = None


def _enter(crew: str, pickled_work: bytes) -> None:
    """Run once in each new interpreter: open what only this one will use."""
    global _performer, _name, _problem
    # By name: before Python 3.14 there is no such module.
    _name = f"{crew}-{import_module('concurrent.interpreters').get_current().id}"
    _prefer_sources("charset_normalizer")
    try:
        work: Work = pickle.loads(pickled_work)  # noqa: S301 - our own; unpickled here, as that is what loads modules
        _performer = work.open()
    except Exception as error:  # raised from here, it would be logged, traceback and all, and break the pool
        _problem = f"worker {_name} cannot work: {error}"


def _prefer_sources(package: str) -> None:
    """Let this interpreter read a package from its sources, where it also comes compiled."""
    spec = find_spec(package)
    for folder in (spec and spec.submodule_search_locations) or ():
        sys.path_importer_cache[folder] = FileFinder(folder, (SourceFileLoader, SOURCE_SUFFIXES))


def _report(_number: int) -> str | None:
    """Return what is wrong with this interpreter."""
    return _problem


def _do(task: Task) -> Outcome:
    return _performer.perform(task, _name)


class PooledInterpreters(ThreadCrew):
    """Pooled interpreters, each with a performer of its own."""

    def _open(self) -> Executor:
        executor: Executor = import_module("concurrent.futures").InterpreterPoolExecutor(
            self.workers, initializer=_enter, initargs=(self.role.value, pickle.dumps(self.plan.work))
        )
        try:
            # As many calls as interpreters: each finds none idle, and so starts one.
            problems = list(executor.map(_report, range(self.workers)))
        except BrokenExecutor as error:
            problems = [f"the interpreters of the pool could not start: {error}"]
        for problem in filter(None, problems):
            executor.shutdown(cancel_futures=True)
            raise BackendError(problem)
        return executor

    def _call(self, executor: Executor, task: Task) -> Future[Outcome]:
        return executor.submit(_do, task)


class InterpretersBackend(PoolBackend):
    """Two pools of interpreters: the producers and the consumers."""

    crew = PooledInterpreters
