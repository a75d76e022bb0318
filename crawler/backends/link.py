"""Messages between two processes of this program: plain values over a socket pair, and nobody waits to send.

    send ──▶ [ frames not sent yet ] ──▶ socket ══▶ socket ──▶ [ bytes of a frame that is not whole ] ──▶ receive

A `multiprocessing.Pipe` sends one message a write, and waits until all of it is taken. Two processes that send to each
other at the same time may then wait for each other without end. Here what does not fit is kept until it does.

`marshal` takes plain values only, in the shape of this very Python: half of what pickling instances costs, and nothing
that comes out of it is ever called.
"""

import marshal
import socket
import struct
from collections.abc import Iterator
from select import select
from typing import Any

from crawler.backends.plain import Plain

_LENGTH = struct.Struct("!I")
_BUFFER = 1 << 20


class Link:
    """One end of a socket pair. Not for use by two threads."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end
        self._socket.setblocking(False)
        self._unsent = bytearray()
        self._received = bytearray()

    def fileno(self) -> int:
        """Return what to wait at until there is something to receive."""
        return self._socket.fileno()

    @property
    def unsent(self) -> int:
        """How many bytes are left to send."""
        return len(self._unsent)

    def send(self, message: Plain) -> None:
        """Send a message, now or, as far as it does not fit, in `flush`."""
        data = marshal.dumps(message)  # type: ignore[arg-type] # typeshed knows lists and dicts only
        self._unsent += _LENGTH.pack(len(data)) + data
        self.flush()

    def flush(self) -> None:
        """Send as much as fits. Where the peer is gone, nothing is left to send; `receive` tells."""
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self._unsent.clear()

    def drain(self) -> None:
        """Wait until everything is sent, or the peer is gone."""
        while self._unsent:
            select([], [self._socket], [])
            self.flush()

    def receive(self) -> list[Any]:
        """Return the messages that have come.

        Raises:
            EOFError: the peer is gone, and all that it had sent has been taken.
        """
        gone = False
        try:
            while data := self._socket.recv(_BUFFER):
                self._received += data
            gone = True
        except BlockingIOError:
            pass
        except ConnectionResetError:
            gone = True
        messages = list(self._take_messages())
        if gone and not messages:
            raise EOFError
        return messages

    def _take_messages(self) -> Iterator[Any]:
        begin = 0
        while len(self._received) - begin >= _LENGTH.size:
            start = begin + _LENGTH.size
            end = start + _LENGTH.unpack_from(self._received, begin)[0]
            if end > len(self._received):
                break
            yield marshal.loads(self._received[start:end])  # noqa: S302 - what our own process wrote
            begin = end
        del self._received[:begin]

    def close(self) -> None:
        """Close this end; the other sees the end of it."""
        self._socket.close()
