"""How long `python -m crawler` takes to its first request: `python -m tests.benchmarks.startup`.

A server of a few lines notes when the first bytes of a request arrive. The clock runs from before the process is made,
so the interpreter's own start is in it; what that is by itself is shown beside it. The crawls are those of a user: the
command line, a start URL, a folder. Backends take turns, after a round that only fills the file system's cache.
"""

import argparse
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.document import place, record, table
from tests.benchmarks.rivals.contenders import environment

BACKENDS = ("queue", "curl-multi", "asyncio", "thread-pool", "process-pool", "sharded")
INTERPRETER = "an interpreter that does nothing"
LIMIT = 60.0
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def to_first_request(backend: str, folder: Path) -> float:
    """Return the seconds from before the process starts to the first bytes of its first request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        command = [sys.executable, "-m", "crawler", "--backend", backend, "--start-url", url, "--out", str(folder)]
        began = time.perf_counter()
        command += ["--quiet", "--set=retry.attempts=1"]
        with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment()) as crawl:
            try:
                seconds = float("nan")
                for _ in ("robots.txt", "the start page"):
                    connection, _ = server.accept()
                    with connection:
                        connection.settimeout(LIMIT)
                        connection.recv(65536)
                        if seconds != seconds:
                            seconds = time.perf_counter() - began
                        connection.sendall(ANSWER)
                crawl.wait(LIMIT)
            finally:
                crawl.kill()
    return seconds


def interpreter() -> float:
    """Return the seconds that an interpreter takes which does nothing."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", ""], check=True)
    return time.perf_counter() - began


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the backends in turn, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("backends", nargs="*", default=BACKENDS, metavar="BACKEND")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args(arguments)
    measured: dict[str, list[float]] = {name: [] for name in (INTERPRETER, *map(str, options.backends))}
    with TemporaryDirectory() as scratch:
        for number in range(options.rounds + 1):
            for name, seconds in measured.items():
                folder = Path(scratch, f"{name}-{number}")
                took = interpreter() if name == INTERPRETER else to_first_request(name, folder)
                if number:
                    seconds.append(took)
    rows = [
        (name, *(f"{figure(seconds):.2f}" for figure in (statistics.median, min, max)))
        for name, seconds in measured.items()
    ]
    text = f"{table(('backend', 'median s', 'least', 'most'), rows)}\n\n{options.rounds} rounds; {place()}."
    print(text)
    if options.record:
        record("startup", text)


if __name__ == "__main__":
    main()
