"""The one TLS configuration of all clients: certificates are verified, always."""

import os
from functools import lru_cache
from typing import TYPE_CHECKING

import certifi

from crawler.work.http import FetchError

if TYPE_CHECKING:
    import ssl


@lru_cache(maxsize=4)
def _context(ca_file: str) -> "ssl.SSLContext":
    import ssl  # not before: libcurl has its own TLS, and a crawl without any needs no second one in memory

    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


@lru_cache(maxsize=4)
def _holds_certificates(ca_file: str) -> bool:
    with open(ca_file, "rb") as file:
        return b"CERTIFICATE-----" in file.read()


def authorities() -> str:
    """Return the file of the authorities that are trusted: SSL_CERT_FILE if that is set, else certifi's.

    Raises:
        FetchError: `tls`, it cannot be read or holds no certificates.
    """
    ca_file = os.environ.get("SSL_CERT_FILE") or certifi.where()
    try:
        if _holds_certificates(ca_file):
            return ca_file
    except OSError as error:
        raise FetchError("tls", f"no certificate authorities in {ca_file}: {error.strerror}") from error
    raise FetchError("tls", f"no certificate authorities in {ca_file}")


def ssl_context() -> "ssl.SSLContext":
    """Return the context to connect with.

    Shared by all threads of the process, since loading the authorities costs milliseconds and megabytes.

    Raises:
        FetchError: `tls`, there are no certificate authorities (see `authorities`).
    """
    ca_file = authorities()
    try:
        return _context(ca_file)
    except OSError as error:
        raise FetchError("tls", f"no certificate authorities in {ca_file}: {error.strerror}") from error
