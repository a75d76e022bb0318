"""The client `curl` for many URLs at once, in one thread: libcurl's multi interface, told of each socket that is ready.

    begin ──▶ [ multi handle: an easy handle a URL ] ◀──socket_action── poll ──▶ the exchanges that are through
                └─ "watch this socket", "wake me then" ──▶ [ selector ] ──ready──┘

Handing over only the sockets that are ready costs the same however many are waiting. `multi.perform` looks at all of
them each time: a little cheaper where most are ready, three times as dear where 256 wait for slow answers.
"""

import time
from collections.abc import Sequence
from itertools import takewhile
from selectors import DefaultSelector, SelectorKey

import pycurl

from crawler.work.addresses import AddressRule
from crawler.work.curl import CONNECTIONS, Transfer
from crawler.work.exchange import Exchange
from crawler.work.http import explained

DEAF = 0.05
"""Seconds without listening that count against nobody's deadline, if they are more than this."""


class CurlMultiClient:
    """The client `curl` (see `MultiClient`)."""

    def __init__(self, addresses: AddressRule) -> None:
        self._addresses = addresses
        self._selector = DefaultSelector()
        self._multi = pycurl.CurlMulti()
        self._multi.setopt(pycurl.M_SOCKETFUNCTION, self._watch_socket)
        self._idle: list[Transfer] = []
        self._made = 0
        self._busy: dict[pycurl.Curl, Transfer] = {}
        self._handles: dict[Exchange, pycurl.Curl] = {}
        """In the order in which they were begun, and so in that of their deadlines."""
        self._sockets: set[int] = set()
        """Those of libcurl's that it wants watched."""
        self._watched: set[int] = set()
        self._listened = time.monotonic()

    def begin(self, exchange: Exchange) -> None:
        """Make a request of the exchange's. It goes out in `poll`, and so is not to wait for anything else there."""
        transfer = self._idle.pop() if self._idle else self._make()
        try:
            transfer.begin(exchange)
        except BaseException:
            self._idle.append(transfer)
            raise
        self._busy[transfer.handle] = transfer
        self._handles[exchange] = transfer.handle
        self._multi.add_handle(transfer.handle)

    def poll(self, timeout: float) -> Sequence[tuple[Exchange, Exception | None]]:
        """Feed the exchanges what comes (see `MultiClient`)."""
        end = self._begin_to_listen() + timeout
        woken = False
        while True:
            if self._multi.timeout() == 0:
                # What was just added waits for this. It may be through at once, so that is seen to before any wait.
                self._multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
            ended = self._ended()
            looked = time.monotonic()
            for key, events in self._select(0.0 if ended else self._patience(end, looked)):
                if key.fd in self._watched:
                    woken = True
                else:
                    # EVENT_READ and EVENT_WRITE are libcurl's numbers too.
                    self._multi.socket_action(key.fd, events)
            ended += self._ended()
            ended += self._overdue(looked)
            if ended or woken or looked >= end:
                self._listened = time.monotonic()
                return ended

    def cancel(self, exchange: Exchange) -> None:
        """Leave an exchange where it is, and close its connection."""
        handle = self._handles.pop(exchange, None)
        if handle is not None:
            self._multi.remove_handle(handle)
            self._idle.append(self._busy.pop(handle))

    def watch(self, fileno: int) -> None:
        """Have `poll` return when there is something to be read at `fileno`."""
        self._selector.register(fileno, 1)
        self._watched.add(fileno)

    def close(self) -> None:
        """Close the connections."""
        for exchange in tuple(self._handles):
            self.cancel(exchange)
        for transfer in self._idle:
            transfer.close()
        self._idle.clear()
        self._multi.close()
        self._selector.close()

    def _patience(self, end: float, now: float) -> float:
        """Return the seconds until the next thing that happens by itself."""
        milliseconds = self._multi.timeout()
        if milliseconds >= 0:
            end = min(end, now + milliseconds / 1000)
        if self._handles:
            end = min(end, next(iter(self._handles)).deadline)
        return max(0.0, end - now)

    def _begin_to_listen(self) -> float:
        """Return the time. If it is long since anybody listened, as after a page that was slow to read, nobody is to be
        blamed for it: all deadlines are put off by as much."""
        now = time.monotonic()
        if (deaf := now - self._listened) > DEAF:
            for exchange in self._handles:
                exchange.put_off(deaf)
        return now

    def _overdue(self, now: float) -> list[tuple[Exchange, Exception | None]]:
        """Give up the exchanges whose deadline has passed `now`, all of which have been looked at since.

        libcurl is left to time connecting only: it knows nothing of deadlines that are put off.
        """
        late = list(takewhile(lambda exchange: exchange.deadline <= now, self._handles))
        for exchange in late:
            self.cancel(exchange)
        return [(exchange, explained("timeout", "")) for exchange in late]

    def _select(self, timeout: float) -> Sequence[tuple[SelectorKey, int]]:
        """Return the sockets that are ready, after at most `timeout` seconds for the first."""
        if not self._sockets and not self._watched:
            time.sleep(timeout)  # not every system can wait for no socket at all
            return ()
        return self._selector.select(timeout)

    def _make(self) -> Transfer:
        """Return a new transfer, and let the connections that they share be as many as they are, and some idle ones."""
        self._made += 1
        self._multi.setopt(pycurl.M_MAXCONNECTS, self._made + CONNECTIONS)
        return Transfer(self._addresses, timed=False)

    def _ended(self) -> list[tuple[Exchange, Exception | None]]:
        """Return the exchanges that are through; those whose connection broke before the head begin once more."""
        ended: list[tuple[Exchange, Exception | None]] = []
        more = 1
        while more:
            more, done, failed = self._multi.info_read()
            for handle, code, message in (*((handle, pycurl.E_OK, "") for handle in done), *failed):
                self._multi.remove_handle(handle)
                transfer = self._busy[handle]
                exchange, error = transfer.exchange, None
                try:
                    if not transfer.ended(code, message):
                        self._multi.add_handle(handle)
                        continue
                except Exception as raised:
                    error = raised
                del self._handles[exchange], self._busy[handle]
                self._idle.append(transfer)
                ended.append((exchange, error))
        return ended

    def _watch_socket(self, events: int, fileno: int, _multi: object, _data: object) -> None:
        """Do what libcurl says of one of its sockets: watch it for these events, or no longer."""
        if events == pycurl.POLL_REMOVE:
            if fileno in self._sockets:
                self._sockets.remove(fileno)
                self._selector.unregister(fileno)
        elif fileno in self._sockets:
            self._selector.modify(fileno, events)
        else:
            self._sockets.add(fileno)
            self._selector.register(fileno, events)


def open_client(addresses: AddressRule) -> CurlMultiClient:
    """Return a new client, which connects to what the rule lets it."""
    return CurlMultiClient(addresses)
