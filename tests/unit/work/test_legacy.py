"""The legacy encodings: what the Encoding Standard has is read and written, where Python's codecs differ from it."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.charset import as_utf8
from crawler.work.legacy import MISTAKES, decoded, encoded

OF_SEVERAL_BYTES = ("cp932", "euc_jp", "iso2022_jp", "gbk", "gb18030", "big5hkscs", "cp949")
OF_ONE_BYTE = (
    *(f"cp{page}" for page in (866, 874, *range(1250, 1259))),
    *(f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
    *("koi8_r", "koi8_u", "mac_roman", "mac_cyrillic"),
)


def written(text: str, encoding: str) -> bytes:
    return encoded(text, encoding, lambda char: b"?")


@pytest.mark.parametrize(
    ("encoding", "body", "text"),
    [
        ("cp1252", b"\x81\x80\x9d", "\x81€\x9d"),
        ("cp1253", b"\x98\xaa\xd2\xff", "\x98\ufffd\ufffd\ufffd"),
        ("cp874", b"\x80\x81\xdb", "€\x81\ufffd"),
        ("cp1255", b"\xc9\xca\xd9", "\u05b9\u05ba\ufffd"),
        ("koi8_u", b"\xae\xbe\xad", "ўЎґ"),
        ("iso8859_8", b"\xca\x9d", "\ufffd\x9d"),
        # Rows of NEC and IBM, and what stands behind them.
        ("euc_jp", b"\xad\xa1\xa4\xa2 \xad\xea\xfc\xe2\xf9\xa1", "①あ ㈱髙纊"),
        ("euc_jp", b"\xa1\xc1\xa1\xdd\xa1\xf1\x8e\xb1\x8f\xab\xb1", "～－￠ｱé"),
        ("iso2022_jp", b'a\x1b$B-!$"\x1b(Ba\x1b(I1\x1b(J\\\x1b$B!A\x1b(B', "a①あaｱ¥～"),
        ("cp932", b"\x87\x40\xfb\xfc\xee\xe0\xed\x40\xa1\x80", "①髙髙纊｡\x80"),
        ("gbk", b"\x80\xd6\xd0\xa2\xe3\xa6\xd9\xa3\xa0", "€中€︐\u3000"),
        ("gb18030", b"\x80\xff\x81\x37\xa3\x30", "€\ufffd☃"),
        ("big5hkscs", b"\xa3\xe1\xa4\xa4\xf9\xf9\x88\x62", "€中═Ê̄"),
        # A lead byte takes with it what is no ASCII, and leaves what is.
        ("euc_jp", b"\xa9\xa1\xa4\xa2\xa9<b>\x92\xa4\xa2\xa4", "\ufffdあ\ufffd<b>\ufffdあ\ufffd"),
        ("cp949", b"\xc9\xa1\xb0\xa1\xc9<", "\ufffd가\ufffd<"),
        ("iso2022_jp", b'\xa4\x1b$B)!$"\x1b(B<', "\ufffd\ufffdあ<"),
    ],
)
def test_bytes_are_read_as_the_standard_does(encoding: str, body: bytes, text: str) -> None:
    assert decoded(body, encoding) == text


@pytest.mark.parametrize(
    ("encoding", "text", "body"),
    [
        ("cp1252", "\x81€☃", b"\x81\x80?"),
        ("koi8_u", "ўЎ╝", b"\xae\xbe?"),
        ("iso8859_8", "\ufffe\ufffd", b"??"),
        # What IBM's rows have and NEC's too is IBM's; what is older than both is that.
        ("cp932", "髙纊ⅰⅠ①∵￢￤", b"\xfb\xfc\xfa\x5c\xfa\x40\x87\x54\x87\x40\x81\xe6\x81\xca\xfa\x55"),
        ("cp932", "¥‾−ｱ\x80\xa0¢\uf8f0é", b"\\~\x81\x7c\xb1\x80????"),
        ("euc_jp", "髙①¥‾−ｱ¢é\ue000\x80", b"\xfc\xe2\xad\xa1\\~\xa1\xdd\x8e\xb1????"),
        ("iso2022_jp", "①あ☃髙¥", b'\x1b$B-!$"\x1b(B?\x1b$B|b\x1b(B\x1b(J\\\x1b(B'),
        ("gbk", "中€︐🍵☃\u01f9", b"\xd6\xd0\x80\xa6\xd9??\xa8\xbf"),
        ("gb18030", "€☃", b"\xa2\xe3\x81\x37\xa3\x30"),
        ("big5hkscs", "功€═十Ê", b"\xa5\\\xa3\xe1\xf9\xf9\xa4\x51?"),
        ("cp949", "가¥", b"\xb0\xa1?"),
    ],
)
def test_a_query_is_written_as_the_standard_does(encoding: str, text: str, body: bytes) -> None:
    assert written(text, encoding) == body


@pytest.mark.parametrize("encoding", OF_ONE_BYTE)
def test_single_bytes_come_back(encoding: str) -> None:
    for byte in range(0x80, 0x100):
        char = decoded(bytes((byte,)), encoding)
        assert char == "\ufffd" or written(char, encoding) == bytes((byte,))
        assert char != "\ufffd" or byte >= 0xA0


@pytest.mark.parametrize("encoding", OF_SEVERAL_BYTES)
def test_what_is_written_is_read_as_it_was(encoding: str) -> None:
    others = "¥‾−\ue5e5" + "".join(map(chr, range(0xE78D, 0xE797))) + "\ue7c7"
    for char in map(chr, (*range(0x80, 0xD800), *range(0xE000, 0x10000))):
        body = written(char, encoding)
        assert body == b"?" or char in others or decoded(body, encoding) == char


@given(st.binary(max_size=200), st.sampled_from([*OF_SEVERAL_BYTES, "cp1252"]))
def test_ascii_between_mistakes_is_never_lost(body: bytes, encoding: str) -> None:
    assert decoded(body.replace(b"\x1b", b"") + b"\x1b(B<end>", encoding).endswith("<end>")


@pytest.mark.parametrize("encoding", OF_SEVERAL_BYTES)
def test_what_is_no_text_is_read_all_the_same_and_soon(encoding: str) -> None:
    began = time.process_time()
    text, codec = as_utf8(b"\xff\xa9" * 2_000_000, f"text/html; charset={encoding.replace('hkscs', '')}")
    assert time.process_time() - began < 10, "each mistake costs 5 µs, and there may be a few million"
    assert len(text) > MISTAKES
    assert codec == encoding
