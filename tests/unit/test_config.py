"""The configuration: what the shipped file says, and what is told of a wrong one."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.config import Config, ConfigError, check, put, read

SHIPPED = Path(__file__).resolve().parents[2] / "config.toml"


def test_the_shipped_file_holds_every_key_with_its_default() -> None:
    tree = read(SHIPPED)
    assert check(tree, "config.toml") == Config()
    for name, table in Config().model_dump().items():
        assert set(table) == set(tree[name]), name


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("crawl.backend=queu", "crawl.backend: there is no backend 'queu' (did you mean queue?)"),
        ("crawl.consumer=3", "crawl.consumer: there is no such key (did you mean consumers?)"),
        ("craw.consumers=3", "craw: there is no such table (did you mean crawl?)"),
        ("crawl.consumers=three", "crawl.consumers: should be a valid integer, not 'three'"),
        ("crawl.consumers=0", "crawl.consumers: should be greater than or equal to 1, not 0"),
        ('crawl.start_urls=["example.com"]', "did you mean https://example.com?"),
        ("extract.fields.x=a[", "extract.fields.x: 'a[' is not a CSS selector"),
        ('extract.fields.x={css="a", typ="int"}', "typ: there is no such key (did you mean type?)"),
        ("http.client=aiohttp", "backend queue cannot use 'aiohttp', only requests"),
        ("fixture.latency=soon", "fixture.latency"),
        ("fixture.faults=['rest']", "did you mean reset?"),
        ("http.timeout=nan", "http.timeout"),
        ("processes.start_method=vfork", "processes.start_method: 'vfork' is not a way to start processes"),
        ("crawl", "write it as TABLE.KEY=VALUE"),
        ("=1", "write it as TABLE.KEY=VALUE"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(setting: str, told: str) -> None:
    tree: dict[str, Any] = {}
    with pytest.raises(ConfigError) as error:
        put(tree, setting)
        check(tree, "--set")
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_start_method_that_the_platform_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.config.get_all_start_methods", lambda: ["spawn"])
    assert check({"processes": {"start_method": "spawn"}}, "--set").processes.start_method == "spawn"
    with pytest.raises(ConfigError, match=r"start_method: 'fork' is not .*, only auto, spawn$"):
        check({"processes": {"start_method": "fork"}}, "--set")


def test_a_value_is_toml_and_else_a_string() -> None:
    tree: dict[str, Any] = {}
    for setting in ("a.b=1", "a.c=[1, 2]", "a.d=h1.title", "a.e=true", "a.f=1\nx=2", "a.g="):
        put(tree, setting)
    assert tree == {"a": {"b": 1, "c": [1, 2], "d": "h1.title", "e": True, "f": "1\nx=2", "g": ""}}


@given(st.text())
def test_any_setting_is_taken_or_refused_in_words(setting: str) -> None:
    tree: dict[str, Any] = {}
    try:
        put(tree, setting)
        check(tree, "--set")
    except ConfigError:
        pass
