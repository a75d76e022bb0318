"""A body as it arrives: decoded piece by piece, and never more of it than is allowed.

    raw bytes ──▶ gzip ──▶ deflate ──▶ content      at most `limit` bytes out of each stage

Decompression is bounded in each step (`max_length`), so that a bomb costs what the limit allows and not what it
holds. The stages between are bounded like the last one: a bomb that decodes to another bomb is seen at the first.
"""

import zlib
from collections.abc import Iterator, Sequence

from crawler.work.http import FetchError

PIECE = 65_536
"""Bytes that a stage hands on at a time."""
MAX_CODINGS = 3
"""Content codings on top of each other; more is an attack, not a page."""
START = 512
"""Bytes at the beginning that tell what a body without a type is."""
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_GZIP_MAGIC = b"\x1f\x8b"


def too_large(limit: int) -> FetchError:
    """Return the error of a body that is longer than `limit` bytes."""
    return FetchError("too-large", f"the body is longer than {limit:,} bytes")


class Inflate:
    """A content coding undone: `gzip` (RFC 1952, any number of members), or `deflate` (RFC 1950, or bare RFC 1951)."""

    def __init__(self, coding: str, limit: int) -> None:
        self._coding = coding
        self._limit = limit
        self._produced = 0
        self._members = 0
        self._start = b""
        self._stream: zlib._Decompress | None = None
        self._over = False

    @property
    def complete(self) -> bool:
        """Whether what came so far ends where a member ends."""
        return self._members > 0 and self._stream is None

    def decode(self, data: bytes) -> Iterator[bytes]:
        """Yield what the data decodes to, at most `PIECE` bytes at a time.

        Raises:
            FetchError: `content-encoding`, the data is not what it claims to be; `too-large`.
        """
        pending = False
        while (data or pending) and not self._over:
            if self._stream is None:
                data = self._open(data)
                if self._stream is None:
                    return
            try:
                piece = self._stream.decompress(data, PIECE)
            except zlib.error as error:
                raise FetchError("content-encoding", f"the body is not {self._coding}: {error}") from None
            data = self._stream.unconsumed_tail
            pending = len(piece) == PIECE
            if self._stream.eof:
                data, pending = self._stream.unused_data, False
                self._stream = None
                self._members += 1
            self._produced += len(piece)
            if self._produced > self._limit:
                raise too_large(self._limit)
            yield piece

    def _open(self, data: bytes) -> bytes:
        """Begin a member, if there is one and its first two bytes are here, and return the data to decode."""
        data = self._start + data
        if len(data) < 2:
            self._start = data
            return b""
        self._start = b""
        if self._members and (self._coding == "deflate" or not data.startswith(_GZIP_MAGIC)):
            # What follows the last member is padding; gzip(1) and browsers pass over it too.
            self._over = True
            return b""
        if self._coding == "gzip":
            wbits = 16 + zlib.MAX_WBITS
        else:
            # "deflate" means zlib (RFC 9110 section 8.4.1.2), but some servers send it bare.
            has_header = data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0
            wbits = zlib.MAX_WBITS if has_header else -zlib.MAX_WBITS
        self._stream = zlib.decompressobj(wbits=wbits)
        return data


class Body:
    """What is read of a response's body.

    Args:
        content_encoding: the header's value; a coding that was not asked for is an error.
        limit: bytes after decoding that are allowed.
        cut: at the limit, be content with what is there instead of failing.

    Raises:
        FetchError: `content-encoding`.
    """

    def __init__(self, content_encoding: str, limit: int, *, cut: bool = False) -> None:
        names = [name.strip().lower() for name in content_encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        unknown = [name for name in names if name not in _CODINGS]
        if unknown:
            raise FetchError("content-encoding", f"the body's coding {unknown[0]!r} was not asked for")
        if len(names) > MAX_CODINGS:
            raise FetchError("content-encoding", f"the body has {len(names)} codings on top of each other")
        allowed = limit + PIECE if cut else limit
        self._stages = [Inflate(_CODINGS[name], allowed) for name in reversed(names)]
        self._limit = limit
        self._cut = cut
        self._raw = 0
        self._parts: list[bytes] = []
        self.size = 0
        """Bytes after decoding, so far."""

    @property
    def coded(self) -> bool:
        """Whether bytes are decoded at all, so that their number says nothing of the content's."""
        return bool(self._stages)

    @property
    def full(self) -> bool:
        """Whether the limit is reached, and the rest of no interest."""
        return self._cut and self.size >= self._limit

    def feed(self, data: bytes) -> None:
        """Take raw bytes as they came.

        Raises:
            FetchError: `too-large`, `content-encoding`.
        """
        self._raw += len(data)
        if not self._stages:
            self._keep(data)
            return
        try:
            for piece in _decoded(self._stages, data):
                self._keep(piece)
        except FetchError:
            if not self.full:
                raise

    def end(self) -> None:
        """Say that no more bytes come.

        Raises:
            FetchError: `truncated`, a compressed stream is not whole.
        """
        if self._raw and not all(stage.complete for stage in self._stages):
            raise FetchError("truncated", "the compressed body is cut off")

    def start(self) -> bytes:
        """Return what is there of the first `START` bytes."""
        return self.content()[:START]

    def content(self) -> bytes:
        """Return what was read, decoded."""
        if len(self._parts) > 1:
            self._parts = [b"".join(self._parts)]
        return self._parts[0] if self._parts else b""

    def _keep(self, piece: bytes) -> None:
        if self.size + len(piece) > self._limit:
            if not self._cut:
                raise too_large(self._limit)
            piece = piece[: self._limit - self.size]
        self.size += len(piece)
        self._parts.append(piece)


def _decoded(stages: Sequence[Inflate], data: bytes) -> Iterator[bytes]:
    """Yield what the data is after all stages."""
    if not stages:
        yield data
        return
    for piece in stages[0].decode(data):
        yield from _decoded(stages[1:], piece)
