"""Whether a crawl is traced. Where it is not, nothing is put around anything, and what traces is not even imported."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from crawler.backends.base import Backend, Plan
from crawler.engine import Keeper
from crawler.store.database import explained
from crawler.store.store import TRACES, Store


class Untraced:
    """Puts nothing around anything: what a crawl has if it is not traced. A context manager."""

    def plan(self, plan: Plan) -> Plan:
        """Return the plan for the backend."""
        return plan

    def backend(self, backend: Backend) -> Backend:
        """Return the backend for the loop."""
        return backend

    def keeper(self, store: Store) -> Keeper:
        """Return the store for the loop."""
        return store

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing."""


def tracing(folder: Path, about: Mapping[str, Any]) -> Untraced:
    """Return what traces a crawl into `folder`; `about` is what to say of it, its `backend` among that."""
    traced: Untraced = import_module("crawler.trace.around").Tracing(folder, about)
    return traced


def remove_trace(folder: Path) -> None:
    """Remove what was traced into `folder`: it is of a crawl that is no more. StoreError if that cannot be done."""
    with explained(folder):
        for name in TRACES:
            (folder / name).unlink(missing_ok=True)
