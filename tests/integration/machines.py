"""A Dask scheduler and its workers, started by the command line as on machines of their own, on 127.0.0.1."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from distributed import Client, Security

LIMIT = 50.0
"""Seconds in which what must happen has happened, on the slowest machine."""


class Machines:
    """A scheduler and some workers without nannies. A context manager: leaving kills all of them, by their ids."""

    def __init__(
        self,
        folder: Path,
        workers: int = 2,
        tls: Mapping[str, Path] | None = None,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start them, and wait until they can work.

        Args:
            folder: is theirs.
            workers: how many.
            tls: the TLS files, by Dask's names.
            options: more options of the workers.
            environment: more variables of the environment of all.
        """
        folder.mkdir(exist_ok=True)
        self._file = folder / "scheduler.json"
        self._tls = tls or {}
        self._options = options
        self._environment = {**os.environ, **(environment or {})}
        self.workers: list[subprocess.Popen[bytes]] = []
        protocol = "tls" if tls else "tcp"
        self.scheduler = self._start(
            "scheduler",
            "--port=0",
            "--no-dashboard",
            "--dashboard-address=127.0.0.1:0",
            f"--protocol={protocol}",
            f"--scheduler-file={self._file}",
        )
        try:
            self.address = self._address()
            for _ in range(workers):
                self.add_worker()
            self.wait()
        except BaseException:
            self.stop()
            raise

    def add_worker(self, version: str | None = None, options: Sequence[str] = ()) -> None:
        """Start another worker, which joins when it can; it says that it has that version of this package, "": none.

        `options` are more options of its.
        """
        name = f"machine-{len(self.workers)}"
        place = f"--local-directory={self._file.parent / name}"
        nanny = () if "--nanny" in self._options else ("--no-nanny",)
        usual = (f"--name={name}", *nanny, "--no-dashboard", "--nthreads=4", "--memory-limit=0", place)
        options = (self.address, *usual, *self._options, *options)
        self.workers.append(self._start("worker", *options, start=_of_version(version)))

    def wait(self) -> None:
        """Wait until all workers have joined."""
        if not self.workers:
            return
        security = Security(
            **{
                key.replace("cert", "client_cert").replace("key", "client_key"): str(file)
                for key, file in self._tls.items()
            }
        )
        with Client(self.address, security=security, set_as_default=False) as client:
            client.wait_for_workers(len(self.workers), timeout=LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Kill all of them, frozen ones too. A nanny's worker ends when it is alone."""
        for process in (*self.workers, self.scheduler):
            process.kill()
        for process in (*self.workers, self.scheduler):
            process.wait(LIMIT)

    def _start(self, what: str, *options: str, start: Sequence[str] = ("-m", "dask")) -> "subprocess.Popen[bytes]":
        command = [sys.executable, *start, what, "--host=127.0.0.1", *options]
        command += [f"--{key.replace('_', '-')}={file}" for key, file in self._tls.items()]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=self._environment)

    def _address(self) -> str:
        end = time.monotonic() + LIMIT
        while True:
            try:
                return str(json.loads(self._file.read_text(encoding="utf-8"))["address"])
            except (OSError, ValueError):  # it is not written yet, or not to its end
                assert time.monotonic() < end
                time.sleep(0.05)


def _of_version(version: str | None) -> Sequence[str]:
    """Return how Python is told to be Dask, with another version of this package."""
    if version is None:
        return ("-m", "dask")
    if not version:
        lie = "import sys; sys.modules['crawler'] = None; known = metadata.version; metadata.version = "
        lie += "lambda name: known(f'no-{name}' if name == 'crawler' else name)"
        return ("-c", f"from importlib import metadata; {lie}; from dask.__main__ import main; main()")
    lie = f"known = metadata.version; metadata.version = lambda name: {version!r} if name == 'crawler' else known(name)"
    return ("-c", f"from importlib import metadata; {lie}; from dask.__main__ import main; main()")
