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

BACKENDS = ("queue", "curl-multi", "asyncio", "thread-pool", "process-pool", "sharded")
LIMIT = 60.0
ANSWER = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


def to_first_request(backend: str, folder: Path) -> float:
    """Return the seconds from before the process starts to the first bytes of its first request."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(LIMIT)
        url = f"http://127.0.0.1:{server.getsockname()[1]}/"
        command = [sys.executable, "-m", "crawler", "--backend", backend, "--start-url", url, "--out", str(folder)]
        began = time.perf_counter()
        with subprocess.Popen([*command, "--quiet", "--set=retry.attempts=1"], stderr=subprocess.DEVNULL) as crawl:
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
    options = parser.parse_args(arguments)
    measured: dict[str, list[float]] = {name: [] for name in ("(interpreter)", *options.backends)}
    with TemporaryDirectory() as scratch:
        for number in range(options.rounds + 1):
            for name, seconds in measured.items():
                folder = Path(scratch, f"{name}-{number}")
                took = to_first_request(name, folder) if name in options.backends else interpreter()
                if number:
                    seconds.append(took)
    print(f"{'backend':16}{'median s':>10}{'least s':>10}{'most s':>10}")
    for name, seconds in measured.items():
        print(f"{name:16}{statistics.median(seconds):>10.3f}{min(seconds):>10.3f}{max(seconds):>10.3f}")


if __name__ == "__main__":
    main()
