"""A bare load generator: what can the fixture server deliver, if the client costs next to nothing?

Raw GET requests on connections that are kept alive, each with one request in flight; nothing is decoded or kept.
"""

import asyncio
import re
import time
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_END = b"\r\n\r\n"

LIMIT = 60.0
"""Seconds after which the server is given up."""


class LoadError(Exception):
    """The server does not answer: one line."""


def load(url: str, paths: Sequence[str], connections: int, *, method: str = "GET") -> float:
    """Ask for every path once; return the answers a second. LoadError if the server does not answer.

    With HEAD no answer has a body, so that none can be cut short.
    """
    return asyncio.run(_load(url, paths, connections, method))


class _Asker(asyncio.Protocol):
    """Asks for one path after another on its connection."""

    def __init__(self, paths: Iterator[str], method: str, host: str, done: asyncio.Future[None]) -> None:
        self._paths = paths
        self._method = method
        self._host = host
        self.done = done
        self._buffer = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(_END)
        if head < 0:
            return
        length = _LENGTH.search(self._buffer, 0, head)
        body = 0 if self._method == "HEAD" else int(length[1]) if length else None
        if body is None:
            self._end(LoadError("the fixture server sent an answer without Content-Length"))
        elif len(self._buffer) >= head + len(_END) + body:
            self._buffer.clear()
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(
            LoadError(f"the fixture server does not answer: the connection broke: {error or 'the server closed it'}")
        )

    def _ask(self) -> None:
        path = next(self._paths, None)
        if path is None:
            self._end()
            self._transport.close()
        else:
            self._transport.write(f"{self._method} {path} HTTP/1.1\r\nHost: {self._host}\r\n\r\n".encode())

    def _end(self, error: LoadError | None = None) -> None:
        if self.done.done():
            return
        if error is None:
            self.done.set_result(None)
        else:
            self.done.set_exception(error)


async def _load(url: str, paths: Sequence[str], connections: int, method: str) -> float:
    address = urlsplit(url)
    left = iter(paths)
    loop = asyncio.get_running_loop()
    askers = [_Asker(left, method, address.netloc, loop.create_future()) for _ in range(min(connections, len(paths)))]
    began = time.monotonic()
    try:
        async with asyncio.timeout(LIMIT):
            await asyncio.gather(*(_run(asker, str(address.hostname), address.port or 80) for asker in askers))
    except (OSError, TimeoutError) as error:
        raise LoadError(f"the fixture server does not answer: {error or 'it takes too long'}") from error
    return len(paths) / (time.monotonic() - began)


async def _run(asker: _Asker, host: str, port: int) -> None:
    await asyncio.get_running_loop().create_connection(lambda: asker, host, port)
    await asker.done
