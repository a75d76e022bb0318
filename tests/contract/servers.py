"""Servers that say exactly what a test wants, byte for byte, and remember what they were asked."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from typing import Self

Script = Callable[[socket.socket, bytes], bool]
"""Answers one request (its head is given) and says whether the connection stays open."""


class RawServer:
    """A threaded server on 127.0.0.1 that runs a script for each request.

    Attributes:
        requests: the heads that came, in order.
        connections: how many connections were accepted.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None) -> None:
        self.requests: list[bytes] = []
        self.connections = 0
        self._script = script
        self._tls = tls
        self._stopped = threading.Event()
        self._open: set[socket.socket] = set()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def origin(self) -> str:
        """`scheme://host:port`"""
        return f"{'http' if self._tls is None else 'https'}://127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        """The canonical URL of its root."""
        return f"{self.origin}/"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for connection in tuple(self._open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)

    def wait(self, seconds: float) -> bool:
        """Wait that long, or until the server is stopped; say whether it is."""
        return self._stopped.wait(seconds)

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            with contextlib.suppress(OSError):
                if self._tls is not None:
                    self._open.discard(connection)
                    connection = self._tls.wrap_socket(connection, server_side=True)
                    self._open.add(connection)
                while head := _read_head(connection):
                    self.requests.append(head)
                    if not self._script(connection, head):
                        break
        finally:
            self._open.discard(connection)
            connection.close()


def _read_head(connection: socket.socket) -> bytes:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        data = connection.recv(65_536)
        if not data:
            return b""
        head += data
    return head


def answer(status: str = "200 OK", body: bytes = b"", *headers: str, length: int | None = None) -> bytes:
    """Return an answer with the headers, and a Content-Length: the body's own unless another is given."""
    lines = (f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}", *headers, "", "")
    return "\r\n".join(lines).encode("latin-1") + body


def html(body: bytes, *headers: str, length: int | None = None) -> bytes:
    """Return a page."""
    return answer("200 OK", body, "Content-Type: text/html", *headers, length=length)


def always(data: bytes) -> Script:
    """Answer every request with the same bytes, and keep the connection."""

    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        return True

    return script


def once(data: bytes) -> Script:
    """Answer with the bytes and close the connection."""

    def script(connection: socket.socket, _head: bytes) -> bool:
        connection.sendall(data)
        return False

    return script


def silence(connection: socket.socket, _head: bytes) -> bool:
    """Say nothing until the client hangs up."""
    connection.recv(1)
    return False


def reset(connection: socket.socket) -> bool:
    """Break the connection so that the peer sees a reset, not an end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()
    return False
