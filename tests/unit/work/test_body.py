"""Bodies in pieces: decoded whatever the pieces, and bounded."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.body import PIECE, Body
from crawler.work.http import FetchError


def bare(data: bytes) -> bytes:
    """Compress without zlib's header, as some servers send `deflate`."""
    stream = zlib.compressobj(wbits=-15)
    return stream.compress(data) + stream.flush()


CODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": bare,
}


def pieces(data: bytes, sizes: list[int]) -> list[bytes]:
    """Cut the data into pieces of these sizes, and the rest."""
    parts = []
    for size in sizes:
        parts.append(data[:size])
        data = data[size:]
    return [*parts, data]


@given(
    st.binary(max_size=3_000) | st.binary(min_size=1, max_size=3).map(lambda unit: unit * PIECE),
    st.lists(st.sampled_from(sorted(CODERS)), max_size=3),
    st.lists(st.integers(0, 20), max_size=30),
)
def test_what_was_coded_comes_back_whatever_the_pieces(data: bytes, codings: list[str], sizes: list[int]) -> None:
    coded = data
    for coding in codings:
        coded = CODERS[coding](coded)
    body = Body(", ".join(codings), limit=len(data) + 4_000)
    for piece in pieces(coded, sizes):
        body.feed(piece)
    body.end()
    assert body.content() == data
    assert body.size == len(data)


@given(st.binary(max_size=500), st.lists(st.sampled_from(sorted(CODERS)), max_size=3), st.integers(0, 1_000))
def test_any_bytes_decode_or_fail_as_documented(data: bytes, codings: list[str], limit: int) -> None:
    body = Body(", ".join(codings), limit=limit)
    kinds = {"too-large", "content-encoding", "truncated"}
    try:
        body.feed(data)
        body.end()
    except FetchError as error:
        kinds.remove(error.kind)
    assert body.size <= limit


@given(st.lists(st.binary(min_size=1, max_size=50), min_size=1, max_size=5), st.binary(max_size=20))
def test_gzip_members_are_joined_and_padding_is_passed_over(members: list[bytes], padding: bytes) -> None:
    body = Body("gzip", limit=10_000)
    body.feed(b"".join(map(gzip.compress, members)) + b"\0" + padding)
    body.end()
    assert body.content() == b"".join(members)


@given(st.binary(min_size=1, max_size=200), st.sampled_from(sorted(CODERS)), st.data())
def test_a_coded_body_that_breaks_off_is_truncated(data: bytes, coding: str, draw: st.DataObject) -> None:
    coded = CODERS[coding](data)
    body = Body(coding, limit=10_000)
    body.feed(coded[: draw.draw(st.integers(1, len(coded) - 1))])
    with pytest.raises(FetchError) as error:
        body.end()
    assert error.value.kind == "truncated"


def test_the_limit_is_noticed_in_the_first_piece_too_many() -> None:
    body = Body("gzip", limit=1_000)
    with pytest.raises(FetchError) as error:
        body.feed(gzip.compress(bytes(10**7)))
    assert error.value.kind == "too-large"
    assert body.size <= 1_000


def test_a_bomb_within_a_bomb_is_noticed_at_the_first_stage() -> None:
    inner = gzip.compress(b"")
    body = Body("gzip, gzip", limit=100_000)
    with pytest.raises(FetchError) as error:
        body.feed(gzip.compress(inner * 10_000))
    assert error.value.kind == "too-large"


@pytest.mark.parametrize("coding", ["", "gzip"])
def test_a_cut_body_is_full_at_its_limit(coding: str) -> None:
    body = Body(coding, limit=1_000, cut=True)
    assert not body.full
    body.feed(gzip.compress(b"x" * 10**6) if coding else b"x" * 5_000)
    assert body.full
    assert body.content() == b"x" * 1_000


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, br", "nonsense", "gzip, gzip, gzip, gzip"])
def test_codings_that_were_not_asked_for_are_refused(coding: str) -> None:
    with pytest.raises(FetchError) as error:
        Body(coding, limit=1_000)
    assert error.value.kind == "content-encoding"
