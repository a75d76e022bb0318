"""The fixture site as files behind nginx where it is installed, else behind its own server."""

import os
import resource
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from crawler.compare.runs import paths
from fixtures.process import FixtureServer
from fixtures.site import Site

LIMIT = 30.0
OPEN_FILES = 20_000
"""Files that nginx keeps open at most, where the system lets it: opening them is no part of what is measured."""
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1;
events {{ worker_connections 4096; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; open_file_cache max={open_files};
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port}; root {folder}/pages; default_type "text/html; charset=utf-8";
    location = /robots.txt {{ default_type text/plain; try_files /robots.txt@ =404; }}
    location / {{ try_files $uri@$args =404; }}
  }}
}}
"""


@contextmanager
def served(pages: int) -> Iterator[tuple[str, str]]:
    """Serve the site of so many detail pages while the block runs; yield its URL, and what serves it."""
    if (nginx := shutil.which("nginx")) is None:
        with FixtureServer(pages=pages) as server:
            yield server.url, "the fixture server"
        return
    with TemporaryDirectory(prefix="crawler-bench-") as scratch, socket.create_server(("127.0.0.1", 0)) as chosen:
        folder, port = Path(scratch), chosen.getsockname()[1]
        folder.chmod(0o755)
        url = f"http://127.0.0.1:{port}/"
        _write_all(pages, url, folder / "pages")
        open_files = min(OPEN_FILES, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2)
        configuration = CONFIGURATION.format(folder=folder, port=port, open_files=open_files)
        (folder / "nginx.conf").write_text(configuration, encoding="utf-8")
        chosen.close()
        with subprocess.Popen([nginx, "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")]) as server:
            try:
                _await(port)
                yield url, "nginx"
            finally:
                server.terminate()


def _write_all(pages: int, url: str, folder: Path) -> None:
    """Write every page of a site into a folder: 50,000 of them take 600 MB, and all cores a few seconds."""
    workers = os.cpu_count() or 1
    with ProcessPoolExecutor(workers) as pool:
        for share in [pool.submit(_write, pages, url, folder, worker, workers) for worker in range(workers)]:
            share.result()


def _write(pages: int, url: str, folder: Path, worker: int, workers: int) -> None:
    site = Site(pages)
    for path in ["/robots.txt", *paths(site)][worker::workers]:
        reply = site.reply(path, url)
        assert reply is not None
        name, _, query = path.partition("?")
        file = folder / f"{name[1:]}@{query}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(reply.body)


def _await(port: int) -> None:
    end = time.monotonic() + LIMIT
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1.0).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.02)
