"""Text in the legacy encodings of the web, as the Encoding Standard reads and writes them.

    body ──decoded──▶ text ──encoded──▶ the bytes of a query

Python's codecs do the work; here is what they lack. Their windows-125x leave undefined what the Standard takes for
control characters (section 9), their EUC-JP and ISO-2022-JP lack the rows of NEC and IBM that their cp932 has, and they
write more characters, or others, than the Standard, which reads many that it never writes.
"""

import re
import threading
from codecs import charmap_decode, register_error
from collections.abc import Callable, Mapping
from functools import cache

MISTAKES = 100_000
"""What of a body may be lacking or wrong; one with more is read by Python's codec alone, as each costs 5 µs."""

_JAPANESE = ("cp932", "euc_jp", "iso2022_jp")
_OF_SEVERAL_BYTES = {*_JAPANESE, "gbk", "gb18030", "big5hkscs", "cp949"}
_CODECS = {"gbk": "gb18030", "iso2022_jp": "iso2022_jp_ext"}
_UNDEFINED = "\ufffe"
"""What `charmap_decode` takes for no character."""
_PATCHES: Mapping[str, Mapping[int, str]] = {"cp1255": {0xCA: "\u05ba"}, "koi8_u": {0xAE: "ў", 0xBE: "Ў"}}
_EUROS = {"gbk": b"\x80", "big5hkscs": b"\xa3\xe1"}
# Characters of Python's that are others in the Standard: in GB18030 as of 2022, in JIS as Windows has them.
_OF_2000, _OF_2022 = "\ue78d\ue78e\ue78f\ue790\ue791\ue792\ue793\ue794\ue795\ue796\ue7c7", "︐︒︑︓︔︕︖︗︘︙ḿ"
_OTHERS = {
    **dict.fromkeys(("gbk", "gb18030"), (f"{_OF_2000}\ue5e5", f"{_OF_2022}\u3000")),
    **dict.fromkeys(("euc_jp", "iso2022_jp"), ("\u301c\u2016\u2212¢£¬", "～∥－￠￡￢")),
}
_TO_2000 = str.maketrans(_OF_2022, _OF_2000)
_TO_JIS, _TO_ASCII, _TO_ROMAN = b"\x1b$B", b"\x1b(B", b"\x1b(J"
_LACKING = "crawler.lacking"
_patience = threading.local()


def decoded(body: bytes, encoding: str) -> str:
    """Return the text that is in an encoding, one that `charset.codec` names; what it does not know is U+FFFD."""
    if encoding.startswith("utf_"):
        return body.decode(encoding, "replace")
    if encoding not in _OF_SEVERAL_BYTES:
        return charmap_decode(body, "replace", _table(encoding))[0]
    codec, _patience.left = _CODECS.get(encoding, encoding), MISTAKES
    try:
        text = body.decode(codec, _LACKING)
    except UnicodeDecodeError:
        text = body.decode(codec, "replace")
    for pythons, standards in zip(*_OTHERS.get(encoding, ("", "")), strict=True):
        text = text.replace(pythons, standards)
    return text


def encoded(text: str, encoding: str, unknown: Callable[[str], bytes]) -> bytes:
    """Return the bytes of a text without ASCII in a legacy encoding; `unknown` writes the characters that it lacks."""
    written = b"".join(_bytes(char, encoding) or unknown(char) for char in text)
    return written.replace(_TO_ASCII + _TO_JIS, b"")


@cache
def _table(encoding: str) -> str:
    """Return the 256 characters of an encoding of single bytes."""
    chars = [bytes((byte,)).decode(encoding, "ignore") for byte in range(256)]
    for byte, char in enumerate(chars):
        chars[byte] = _PATCHES.get(encoding, {}).get(byte, char) or (chr(byte) if byte < 0xA0 else _UNDEFINED)
    return "".join(chars)


def _lacking(error: UnicodeError) -> tuple[str, int]:
    """Read what a codec of Python cannot: a character that it lacks, or else U+FFFD in the place of its bytes."""
    _patience.left -= 1
    if not isinstance(error, UnicodeDecodeError) or _patience.left < 0:
        raise error
    encoding, start, pair = error.encoding, error.start, error.object[error.start : error.start + 2]
    if encoding == "gb18030" and pair.startswith(_EUROS["gbk"]):
        return "€", start + 1
    if encoding == "big5hkscs" and pair == _EUROS["big5hkscs"]:
        return "€", start + 2
    if encoding == "iso2022_jp_ext":
        return (error.end == start + 2 and _of_jis(pair)) or "\ufffd", error.end
    if encoding == "euc_jp" and (char := _of_jis(pair)):
        return char, start + 2
    found = _unknown(encoding).match(error.object, start)
    return "\ufffd", found.end() if found else error.end


register_error(_LACKING, _lacking)


@cache
def _unknown(encoding: str) -> re.Pattern[bytes]:
    """Return what is no character as a whole: a lead byte takes with it what is not ASCII (sections 10 to 13)."""
    in_euc_jp = rb"\x8f[\xa1-\xfe]{2}|[\x8e\xa1-\xfe][\x80-\xff]|."
    return re.compile(in_euc_jp if encoding == "euc_jp" else rb"[\x81-\xfe][\x80-\xff]|.", re.DOTALL)


def _of_jis(pair: bytes) -> str:
    """Return the character of a row and a cell (index jis0208), in 7 bits or in 8; "" if there is none."""
    row, cell = ((byte & 0x7F) - 0x21 for byte in pair.ljust(2, b"\0"))
    if not (0 <= row < 94 and 0 <= cell < 94 and pair[0] ^ pair[1] < 0x80):  # both of 7 bits, or of 8
        return ""
    lead, trail = divmod(row * 94 + cell, 188)
    shifted = bytes((lead + (0x81 if lead < 0x1F else 0xC1), trail + (0x40 if trail < 0x3F else 0x41)))
    char = shifted.decode("cp932", "replace")
    return char if len(char) == 1 and char != "\ufffd" else ""


def _bytes(char: str, encoding: str) -> bytes:
    """Return the bytes of a character as the Standard's encoder writes it, none if it has none."""
    if encoding in _JAPANESE:
        return _japanese(char, encoding)
    if encoding not in _OF_SEVERAL_BYTES:
        byte = _table(encoding).find(char, 0x80)
        return b"" if byte < 0 or char == _UNDEFINED else bytes((byte,))
    if char == "€" and encoding in _EUROS:
        return _EUROS[encoding]
    if encoding.startswith("gb"):
        char = char.translate(_TO_2000)
    found = char.encode(_CODECS.get(encoding, encoding), "ignore")
    # GBK has no four bytes (section 10.2.2); those of Hong Kong that stand before Big5's own are only read (section 5).
    only_read = {"gbk": len(found) > 2, "big5hkscs": found < b"\xa1"}
    return b"" if only_read.get(encoding) else found


def _japanese(char: str, encoding: str) -> bytes:
    """Return the bytes of a character (section 12): those of one table, written in three ways."""
    if char in "¥‾":
        ascii_byte = b"\\" if char == "¥" else b"~"
        return _TO_ROMAN + ascii_byte + _TO_ASCII if encoding == "iso2022_jp" else ascii_byte
    char = char.replace("\u2212", "－")
    found = char.encode("cp932", "ignore")
    if found.decode("cp932") != char or found in (b"\xa0", b"\xfd", b"\xfe", b"\xff"):
        return b""  # characters that Python alone writes
    if encoding == "cp932":
        return _of_ibm().get(char, found)
    if len(found) == 1:
        return b"\x8e" + found if encoding == "euc_jp" and found != b"\x80" else b""
    lead = found[0] - (0x81 if found[0] < 0xA0 else 0xC1)
    row, cell = divmod(lead * 188 + found[1] - (0x40 if found[1] < 0x7F else 0x41), 94)
    if row >= 94:
        return b""
    if encoding == "euc_jp":
        return bytes((row + 0xA1, cell + 0xA1))
    return _TO_JIS + bytes((row + 0x21, cell + 0x21)) + _TO_ASCII


@cache
def _of_ibm() -> dict[str, bytes]:
    """Return the characters that Python writes as NEC's copies (lead bytes ED, EE), with IBM's bytes (section 5)."""
    pairs = (bytes((lead, trail)) for lead in (0xFA, 0xFB, 0xFC) for trail in range(0x40, 0xFD))
    chars = {pair.decode("cp932", "replace"): pair for pair in pairs}
    return {char: pair for char, pair in chars.items() if char.encode("cp932", "ignore")[:1] in (b"\xed", b"\xee")}
