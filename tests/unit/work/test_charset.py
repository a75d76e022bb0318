"""From bytes to text: whatever the bytes, and as browsers do it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.work.charset import as_utf8, codec, decode

RUSSIAN = "<title>Привет</title>"
LABELS = st.sampled_from(["utf-8", "utf-16", "gbk", "shift_jis", "iso-2022-jp", "zlib", "idna", "\0", "x" * 999, "é"])


@given(st.binary(max_size=3_000), st.none() | st.text(max_size=60) | LABELS.map("text/html; charset={}".format))
def test_any_bytes_become_text_that_can_be_written(body: bytes, content_type: str | None) -> None:
    decode(body, content_type).encode("utf-8")


@given(LABELS, st.binary(max_size=200))
def test_any_declaration_is_survived(label: str, rest: bytes) -> None:
    decode(b'<meta charset="' + label.encode() + b'">' + rest).encode("utf-8")


@given(st.text())
def test_utf_8_comes_back(text: str) -> None:
    assert decode(text.encode("utf-8", "replace"), "text/html; charset=utf-8").removeprefix("\ufeff") == text.encode(
        "utf-8", "replace"
    ).decode().removeprefix("\ufeff")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (RUSSIAN.encode("utf-8-sig"), "text/html; charset=koi8-r"),
        (RUSSIAN.encode("utf-16"), None),
        (b"\xfe\xff" + RUSSIAN.encode("utf-16-be"), "text/html; charset=utf-8"),
        (RUSSIAN.encode("utf-16-le"), "text/html; charset=utf-16"),
        (RUSSIAN.encode("koi8-r"), 'text/html; CHARSET = "KOI8-R"'),
        (RUSSIAN.encode("cp1251"), "text/html;charset=windows-1251;x=y"),
        (RUSSIAN.encode(), "text/html"),
        (RUSSIAN.encode(), "text/html; charset=nonsense"),
    ],
)
def test_mark_then_header_then_utf_8(body: bytes, content_type: str | None) -> None:
    assert decode(body, content_type) == RUSSIAN


@pytest.mark.parametrize(
    "meta",
    [
        '<meta charset="koi8-r">',
        "<META CHARSET=koi8-r />",
        "<meta name=x charset='koi8-r'>",
        '<meta http-equiv="Content-Type" content="text/html; charset=koi8-r">',
        "<meta content='text/html;charset=koi8-r' http-equiv=content-type>",
        '<!-- <meta charset="utf-8"> --><meta charset="koi8-r">',
        '<meta name="charset" content="charset=utf-8"><meta charset="koi8-r">',
        '<meta charset="nonsense"><meta charset="koi8-r">',
        '<?xml version="1.0" encoding="koi8-r"?>',
    ],
)
def test_meta_names_the_charset(meta: str) -> None:
    assert decode((meta + RUSSIAN).encode("koi8-r")) == meta + RUSSIAN


def test_meta_counts_in_the_first_1024_bytes_only() -> None:
    late = " " * 1_024 + '<meta charset="koi8-r">é'
    assert decode(late.encode()) == late


def test_utf_16_in_a_meta_is_utf_8() -> None:
    page = '<meta charset="utf-16">é'
    assert decode(page.encode()) == page


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("gb18030", "<p>这是一个测试页面，我们希望它能被正确地识别出来。"),
        ("shift_jis", "<p>これはテストページです。正しく認識されることを願っています。"),
        ("cp1251", "<p>Это тестовая страница, мы надеемся, что она будет распознана."),
        ("cp1252", "<p>Voilà une page d'épreuve, où l'on espère être reconnu."),
    ],
)
def test_a_page_that_does_not_say_is_guessed(encoding: str, text: str) -> None:
    assert decode((text * 5).encode(encoding)) == text * 5


@pytest.mark.parametrize(
    ("label", "name"),
    [
        *((label, "cp1252") for label in ("iso-8859-1", "latin1", "ASCII", " us-ascii ", "windows-1252")),
        *((label, "gbk") for label in ("gb2312", "GBK", "x-gbk", "gb_2312-80")),
        ("gb18030", "gb18030"),
        *((label, "cp932") for label in ("shift_jis", "sjis", "x-sjis", "windows-31j")),
        *((label, "cp949") for label in ("euc-kr", "ks_c_5601-1987")),
        ("big5", "big5hkscs"),
        ("iso-8859-9", "cp1254"),
        ("tis-620", "cp874"),
        ("utf8", "utf_8"),
        ("iso-8859-15", "iso8859_15"),
    ],
)
def test_labels_mean_what_browsers_mean(label: str, name: str) -> None:
    assert codec(label) == name


NO_CHARSETS = ("zlib", "bz2", "hex", "base64", "quopri", "uu", "rot13", "idna", "punycode", "unicode_escape", "utf-7")


@pytest.mark.parametrize("label", [*NO_CHARSETS, "raw_unicode_escape", "utf-32", "mbcs", "cp037", "", "\0", "../os"])
def test_codecs_that_are_no_web_charset_are_unknown(label: str) -> None:
    assert codec(label) is None


def test_nul_bytes_are_text() -> None:
    assert decode(b"a\0b") == "a\0b"


@pytest.mark.parametrize("content_type", [None, "text/html; charset=utf-8"])
def test_a_page_in_utf8_is_not_copied(content_type: str | None) -> None:
    page = "<p>naïve 🍵".encode()
    text, codec = as_utf8(page, content_type)
    assert text is page
    assert codec == "utf_8"


@pytest.mark.parametrize(
    ("body", "content_type", "text", "codec"),
    [
        (b"\xef\xbb\xbfa", None, "a", "utf_8"),
        (b"\xff\xfea\0", None, "a", "utf_16_le"),
        (b"caf\xe9", "text/html; charset=latin-1", "café", "cp1252"),
        (b"caf\xe9", "text/html; charset=utf-8", "caf\ufffd", "utf_8"),
        (b'<meta charset="koi8-r">\xf0', None, '<meta charset="koi8-r">П', "koi8_r"),
    ],
)
def test_every_other_page_becomes_utf8(body: bytes, content_type: str | None, text: str, codec: str) -> None:
    assert as_utf8(body, content_type) == (text.encode(), codec)
