"""What a pool of connections does that a single one cannot."""

import asyncio
import socket
import threading

from crawler.model import Role, Task
from crawler.work.addresses import AddressRule
from crawler.work.client_aiohttp import AiohttpClient
from crawler.work.exchange import Exchange
from tests.contract.servers import RawServer, html

CONNECTIONS = 4


def test_what_a_kept_connection_lost_goes_out_on_a_new_one_though_others_are_kept() -> None:
    all_here = threading.Barrier(CONNECTIONS)
    used: set[object] = set()

    def script(connection: socket.socket, head: bytes) -> bool:
        peer = connection.getpeername()
        if peer in used:
            return False  # a server that keeps connections, and lets none of them serve twice
        used.add(peer)
        if b"/first" in head:
            all_here.wait(5)
        connection.sendall(html(b"<h1>Hello</h1>"))
        return True

    async def fetch_all(origin: str) -> list[Exchange]:
        client = AiohttpClient(AddressRule(allow_private=True))
        exchanges = [
            Exchange(Task(f"{origin}/{name}", Role.DETAIL), {}, timeout=5.0, max_bytes=1_000)
            for name in ("first/0", "first/1", "first/2", "first/3", "then")
        ]
        await asyncio.gather(*map(client.fetch, exchanges[:CONNECTIONS]))
        await client.fetch(exchanges[-1])
        await client.close()
        return exchanges

    with RawServer(script) as server:
        *first, then = asyncio.run(fetch_all(server.origin))
        assert server.connections == CONNECTIONS + 1
    assert all(exchange.head is not None for exchange in first)
    assert (then.head is not None and then.head.status, then.kept) == (200, False)
