"""timeline.html: whole in itself, and nothing that a web site wrote is markup in it."""

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from crawler.model import Role, Task
from crawler.trace.drawing import picture
from crawler.trace.timeline import timeline
from tests.unit.trace.recordings import recording, trip

HOSTILE = "</script><script>alert(1)</script><!--<img src=x onerror=alert(1)>\u2028]]>&quot;"


def page(url: str = "http://a.test/", title: str = "", heading: str = "queue: 1 page") -> str:
    return timeline(
        picture(recording(trip("w", 0, 1, 2, 3, 4, 5, task=Task(url, Role.DETAIL), title=title))), heading, [HOSTILE]
    )


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def tags(text: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(text)
    return parser.tags


def data(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


@given(st.text(), st.text())
def test_whatever_is_in_the_data_the_markup_stays_the_same(url: str, title: str) -> None:
    plain = tags(page())
    for text in (page(url, title), page(url + HOSTILE, HOSTILE + title)):
        assert tags(text) == plain
    values = dict(zip(data(text)["columns"], data(text)["trips"][0], strict=True))
    assert (values["url"], values["title"]) == (url + HOSTILE, HOSTILE + title)


def test_what_stands_in_the_heading_is_text() -> None:
    text = page(heading=HOSTILE)
    assert tags(text) == tags(page())
    assert "<h1>&lt;/script&gt;" in text


def test_it_can_be_written_whatever_the_titles_hold() -> None:
    page("http://a.test/\udc80", "\ud800\U0001f600").encode()


def test_it_refers_to_nothing_outside_itself() -> None:
    text = page()
    assert not any(name in attributes for _, attributes in tags(text) for name in ("src", "href", "action"))
    assert not re.search(r"@import|url\(|\bfetch\(|\bimport\(|XMLHttpRequest|\binnerHTML|\beval\(", text)


def test_its_policy_lets_its_own_script_run_and_nothing_else() -> None:
    text = page()
    (policy,) = (a["content"] or "" for _, a in tags(text) if a.get("http-equiv") == "Content-Security-Policy")
    assert policy.startswith("default-src 'none';")
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    for kind, source in (("script", script), ("style", style)):
        digest = base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy
    assert "unsafe" not in policy


def test_lengths_add_up_to_the_whole_whatever_the_rounding() -> None:
    made = recording(*(trip("w", n / 7, *(n / 7 + k / 70 for k in range(1, 6))) for n in range(60)), wall=9.123456789)
    told = data(timeline(picture(made), "x", []))
    for lane in told["lanes"]:
        assert sum(lane["lengths"]) == told["wall"]
        assert len({len(lane[name]) for name in ("kinds", "lengths", "trips", "shares")}) == 1


def test_what_is_left_out_is_said() -> None:
    made = recording(*(trip("w", n, n, n, n, n, n + 0.5) for n in range(10)), limit=4)
    assert any("6 in between are not" in note for note in data(timeline(picture(made), "x", []))["notes"])
    assert not any("in between" in note for note in data(page())["notes"])
