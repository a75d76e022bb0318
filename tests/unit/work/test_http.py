"""Messages fit for people, and what of a head counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Role, Task
from crawler.urls import canonical
from crawler.work.http import MESSAGE_LENGTH, FetchError, Head, failure, one_line
from crawler.work.verdict import judge


@given(st.text())
def test_a_message_is_one_printable_line(text: str) -> None:
    line = one_line(text)
    assert line.isprintable()
    assert len(line) <= MESSAGE_LENGTH


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\n\tb  c", "a b c"),
        ("red \x1b[31mtext\u202e", "red [31mtext"),
        ("to http://joe:secret@example.com/x@y", "to http://example.com/x@y"),
        ("<urllib3.connection.HTTPConnection object at 0x7f00aa>: failed", "failed"),
        ("x" * 1_000, "x" * MESSAGE_LENGTH),
    ],
)
def test_what_is_not_for_people_goes(text: str, line: str) -> None:
    assert one_line(text) == line


@pytest.mark.parametrize(
    ("kind", "transient"), [("timeout", True), ("connection", True), ("truncated", True), ("tls", False)]
)
def test_only_the_network_is_worth_a_second_try(kind: str, transient: bool) -> None:
    assert failure(kind, "x").transient is transient


def test_a_head_has_what_decides() -> None:
    head = Head.read(
        200,
        [
            ("CONTENT-TYPE", " Text/HTML; charset=x "),
            ("content-type", "image/png"),
            ("Content-Encoding", "gzip"),
            ("content-encoding", "deflate"),
            ("Set-Cookie", "a=1"),
            ("Set-Cookie", "b=2"),
            ("Content-Length", "7"),
            ("X-Other", "x"),
        ],
    )
    assert (head.media_type, head.content_encoding, head.content_length) == ("text/html", "gzip, deflate", 7)
    assert head.set_cookies == ("a=1", "b=2")


@pytest.mark.parametrize(
    "headers",
    [
        [("Content-Length", "1"), ("Content-Length", "1")],
        [("Content-Length", "-1")],
        [("Content-Length", "\u0661")],
        [("Content-Length", "1"), ("Transfer-Encoding", "chunked")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("X", "a\0b")],
    ],
)
def test_a_head_that_does_not_say_where_the_body_ends_is_refused(headers: list[tuple[str, str]]) -> None:
    with pytest.raises(FetchError) as error:
        Head.read(200, headers)
    assert error.value.kind == "protocol"


@pytest.mark.parametrize("value", ["", "html", "text/", "/html", "text html", "\x1b[31m/x"])
def test_a_media_type_that_is_none_is_unknown(value: str) -> None:
    assert Head.read(200, [("Content-Type", value)]).media_type is None


BYTES = st.text(alphabet=st.characters(max_codepoint=255), max_size=40)
HEADERS = st.tuples(
    st.sampled_from(
        [
            *("Content-Type", "content-encoding", "Content-Length", "Transfer-Encoding", "Location", "Retry-After"),
            *("Set-Cookie", "X-Other"),
        ]
    )
    | BYTES,
    BYTES | st.sampled_from(["chunked", "gzip", "7", "text/html; charset=x", "http://[", "//a.test", "javascript:1"]),
)


@given(st.integers(100, 999), st.lists(HEADERS, max_size=6), st.sampled_from(Role))
def test_any_head_is_judged_or_refused(status: int, headers: list[tuple[str, str]], role: Role) -> None:
    try:
        head = Head.read(status, headers)
    except FetchError as error:
        kind, told = error.kind, error.message
        assert kind == "protocol"
        assert told
        return
    verdict = judge(Task("http://a.test/x", role), head, 0.0)
    if verdict is not None and verdict.failure is not None:
        assert verdict.failure.message.isprintable()
    if verdict is not None and verdict.redirect is not None:
        assert canonical(verdict.redirect) == verdict.redirect
