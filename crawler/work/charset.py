"""From a page's bytes to its text, the way browsers do it (WHATWG: HTML section 13.2.3, Encoding).

Byte order mark, header, `<meta>`, then a guess: UTF-8 if it is that, else what charset-normalizer makes of a sample,
else windows-1252. Only the encodings of the Encoding Standard are ever used: a label comes from a stranger, and some
codecs of Python are no character sets at all.
"""

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from encodings.aliases import aliases
from functools import lru_cache

from crawler.work.legacy import decoded

PRESCAN = 1_024
"""Bytes in which a `<meta>` has to name the charset."""
SAMPLE = 4_096
"""Bytes that are looked at to guess; more costs tens of milliseconds and tells little."""

# Python's name of an encoding ──▶ the codec that does what the Encoding Standard wants of it, with what `legacy` adds.
_CODECS = {
    **dict.fromkeys(("ascii", "latin_1", "cp1252"), "cp1252"),
    **dict.fromkeys(("gb2312", "gbk"), "gbk"),
    **dict.fromkeys(("shift_jis", "cp932"), "cp932"),
    **dict.fromkeys(("euc_kr", "cp949"), "cp949"),
    **dict.fromkeys(("big5", "big5hkscs", "cp950"), "big5hkscs"),
    **dict.fromkeys(("iso8859_9", "cp1254"), "cp1254"),
    **dict.fromkeys(("tis_620", "iso8859_11", "cp874"), "cp874"),
    **dict.fromkeys(("utf_16", "utf_16_le"), "utf_16_le"),
    **{
        name: name
        for name in ("utf_8", "utf_16_be", "gb18030", "euc_jp", "iso2022_jp", "koi8_r", "koi8_u", "cp866", "mac_roman")
    },
    **{name: name for name in ("mac_cyrillic", *(f"cp{page}" for page in (1250, 1251, 1253, 1255, 1256, 1257, 1258)))},
    **{name: name for name in (f"iso8859_{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16))},
}
# Labels of the standard that Python has no alias for.
_LABELS = {
    **dict.fromkeys(("unicode_1_1_utf_8", "unicode11utf8", "unicode20utf8"), "utf_8"),
    **dict.fromkeys(("unicode", "ucs_2", "iso_10646_ucs_2", "csunicode", "unicodefeff"), "utf_16_le"),
    "unicodefffe": "utf_16_be",
    **dict.fromkeys(("gb_2312", "gb_2312_80", "csgb2312", "iso_ir_58"), "gbk"),
    **dict.fromkeys(("cn_big5", "x_x_big5"), "big5hkscs"),
    **dict.fromkeys(("windows_874", "dos_874"), "cp874"),
    **dict.fromkeys(("iso_8859_8_i", "logical", "visual"), "iso8859_8"),
    **dict.fromkeys(("koi", "koi8"), "koi8_r"),
    "mac_ukrainian": "mac_cyrillic",
    "windows_31j": "cp932",
    "windows_949": "cp949",
}
# What a page that does not say is likely to be. Of the western ones only the common: their texts look all alike.
_GUESSES = (
    *("cp1252", "cp1250", "cp1254", "cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"),
    *("gb18030", "big5hkscs", "cp932", "euc_jp", "cp949"),
)

_COMMENT = re.compile(rb"<!--.*?(?:-->|\Z)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]*)>", re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"""([^\s/>="']+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
_CHARSET = re.compile(rb"""charset\s*=\s*["']?\s*([^\s"';,>]+)""", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"""\s*<\?xml\s[^>]*?encoding\s*=\s*["']([^"']+)["']""")


def decode(body: bytes, content_type: str | None = None) -> str:
    """Return the text of a page; `content_type` is the header's whole value. Never raises, whatever the bytes.

    What the encoding does not know becomes U+FFFD. A byte order mark is removed.
    """
    return as_utf8(body, content_type)[0].decode("utf-8")


def as_utf8(body: bytes, content_type: str | None = None) -> tuple[bytes, str]:
    """Return the text of a page (see `decode`) as UTF-8, and the codec of what it was in.

    Most pages are UTF-8, and then it is the very body.
    """
    for mark, encoding in ((BOM_UTF8, "utf_8"), (BOM_UTF16_LE, "utf_16_le"), (BOM_UTF16_BE, "utf_16_be")):
        if body.startswith(mark):
            return _recoded(body[len(mark) :], encoding), encoding
    if (declared := _declared(body, content_type)) is not None:
        return _recoded(body, declared), declared
    if (wrong := _first_not_utf8(body)) is None:
        return body, "utf_8"
    guess = _guess(body, wrong)
    return _recoded(body, guess), guess


@lru_cache(maxsize=64)
def codec(label: str) -> str | None:
    """Return the Python codec for a charset label, or None if it is not one of the web's."""
    plain = re.sub(r"[^a-z0-9]+", "_", label.lower()).strip("_")
    for name in (plain, plain.removeprefix("x_")):
        known = _LABELS.get(name, name)
        if found := _CODECS.get(aliases.get(known, known)):
            return found
    return None


def _recoded(body: bytes, encoding: str) -> bytes:
    """Return as UTF-8 what is in some encoding, mistakes replaced."""
    if encoding == "utf_8" and _first_not_utf8(body) is None:
        return body
    return decoded(body, encoding).encode("utf-8")


def _first_not_utf8(body: bytes) -> int | None:
    """Return where a text is not UTF-8 any more, or None if all of it is."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return None


def _declared(body: bytes, content_type: str | None) -> str | None:
    """Return the codec that the header or else the page names."""
    if content_type and (match := _CHARSET.search(content_type.encode("latin-1", "replace"))):
        found = codec(match[1].decode("latin-1"))
        if found:
            return found
    start = body[:PRESCAN]
    if found := _meta_codec(_COMMENT.sub(b"", start)):
        return found
    xml = _XML_ENCODING.match(start)
    return _no_utf16(codec(xml[1].decode("latin-1"))) if xml else None


def _meta_codec(start: bytes) -> str | None:
    """Return the codec that the first `<meta>` with a known charset names."""
    for tag in _META.finditer(start):
        attributes: dict[bytes, bytes] = {}
        for name, *values in _ATTRIBUTE.findall(tag[1]):
            attributes.setdefault(name.lower(), b"".join(values))
        label = attributes.get(b"charset")
        if label is None and attributes.get(b"http-equiv", b"").strip().lower() == b"content-type":
            match = _CHARSET.search(attributes.get(b"content", b""))
            label = match[1] if match else None
        if label is not None and (found := codec(label.decode("latin-1"))):
            return _no_utf16(found)
    return None


def _no_utf16(encoding: str | None) -> str | None:
    """Return UTF-8 for UTF-16: where these ASCII bytes could be read, it cannot be UTF-16 (HTML section 13.2.3.2)."""
    return "utf_8" if encoding and encoding.startswith("utf_16") else encoding


def _guess(body: bytes, first: int) -> str:
    """Return the likely codec of text that is not UTF-8 from byte `first` on."""
    # Imported here because few pages need it, and every start-up would pay for it.
    from charset_normalizer import from_bytes

    start = max(0, first - SAMPLE // 4)
    matches = list(from_bytes(body[start : start + SAMPLE], cp_isolation=list(_GUESSES)))
    likely = [match.encoding for match in matches if match.chaos == matches[0].chaos]
    return "cp1252" if "cp1252" in likely or not likely else likely[0]
