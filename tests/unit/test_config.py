"""The configuration: what the shipped file says, and what is told of a wrong one."""

import json
import pickle
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.backends.registry import BACKENDS
from crawler.config import Config, ConfigError, check, check_layers, nearest, put, read
from crawler.config.checks import http_url
from crawler.hazards.registry import HAZARDS

SHIPPED = Path(__file__).resolve().parents[2] / "config.toml"


def test_the_shipped_file_holds_every_key_with_its_default() -> None:
    tree = read(SHIPPED)
    assert check(tree, "config.toml") == Config()
    for name, table in Config().dump().items():
        assert set(table) == set(tree[name]), name


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("crawl.backend=queu", "crawl.backend: there is no backend 'queu' (did you mean queue?)"),
        ("crawl.consumer=3", "crawl.consumer: there is no such key (did you mean consumers?)"),
        ("craw.consumers=3", "craw: there is no such table (did you mean crawl?)"),
        ("crawl.consumers=three", "crawl.consumers: must be a whole number, not 'three'"),
        ("crawl.consumers=0", "crawl.consumers: must be a whole number >= 1, not 0"),
        ("crawl.start_urls=[1]", "crawl.start_urls.0: must be a text, not 1"),
        ("http.client=curly", "http.client: must be 'auto' or 'requests' or 'aiohttp' or 'curl', not 'curly'"),
        ("extract.fields=h1", "extract.fields: must be a table, not 'h1'"),
        ('extract.fields.x={type="int"}', "extract.fields.x: it has no css"),
        (
            'extract.fields.x={css="a", type="whole"}',
            "extract.fields.x.type: must be 'str' or 'int' or 'float' or 'url'",
        ),
        ("http.timeout=" + "9" * 400, "http.timeout: must be smaller"),
        ("compare.io.bulk=0", "compare.io.bulk: must be a whole number >= 1, not 0"),
        ("compare.io.latency=soon", "compare.io.latency: latency 'soon': 'soon' is not a number of seconds"),
        ("\udc80.x=1", "it has a name that is no text"),
        ('crawl.start_urls=["example.com"]', "did you mean https://example.com?"),
        ("extract.fields.url=h1", "extract.fields.url: that is each page's own address: choose another name"),
        ("http.user_agent=*/1.0", "http.user_agent: must begin with a name"),
        ("http.user_agent=/2", "http.user_agent: must begin with a name, by which robots.txt can call it"),
        ("extract.fields.x=a[", "extract.fields.x: 'a[' is not a CSS selector"),
        ('extract.fields.x={css="a", typ="int"}', "typ: there is no such key (did you mean type?)"),
        ("http.client=aiohttp", "backend queue cannot use 'aiohttp', only curl or requests"),
        ("fixture.latency=soon", "fixture.latency: latency 'soon': 'soon' is not a number of seconds"),
        ("fixture.faults=['rest']", "did you mean reset?"),
        ("http.timeout=nan", "http.timeout: must be a number > 0.0, not nan"),
        ("http.timeout=inf", "http.timeout: must be a number <= 1000000000.0, not inf"),
        ("processes.start_method=vfork", "processes.start_method: 'vfork' is not a way to start processes"),
        (
            "dask.scheduler=10.0.0.1:8786",
            "dask.scheduler: '10.0.0.1:8786' is not a scheduler: write it as tcp://host:port",
        ),
        (
            "dask.scheduler=tcp://10.0.0.1:8786",
            "whoever can connect to it can run code; use tls://, or set dask.insecure",
        ),
        ("dask.scheduler=tcp://name:8786", "whoever can connect to it can run code; use tls://, or set dask.insecure"),
        ("dask.scheduler=tls://10.0.0.1:8786", "needs dask.tls_ca, dask.tls_cert and dask.tls_key"),
        ("dask.window=-1", "dask.window: must be a whole number >= 0, not -1"),
        ("dask.window=10001", "dask.window: must be a whole number <= 10000, not 10001"),
        ("dask.batch=1001", "dask.batch: must be a whole number <= 1000, not 1001"),
        ("dask.orphan_timeout=1.9", "dask.orphan_timeout: must be a number >= 2.0, not 1.9"),
        ("dask.tls_ca=ca.pem", "the TLS files are used with a scheduler at tls:// only"),
        ("extract.fields.x=h1[", "--set: extract.fields.x: 'h1[' is not a CSS selector that selectolax understands"),
        ("extract.fields.x=a ::text", ": write 'a', the text is what one gets without attr"),
        ("extract.fields.x=a::attr(href)", ': write { css = "a", attr = "href" }'),
        ("extract.fields.x=//h1", ": XPath is not taken"),
        ("site.link_selector=./a", ": XPath is not taken"),
        ('extract.fields.x={css="a"', ", nor is it TOML: "),
        ("extract.fields.x=3", "extract.fields.x: must be a text, its CSS selector, or a table, not 3"),
        ("site.deny=/src/*", "must be a list, not '/src/*': write it as --set 'site.deny=[\"/src/*\"]'"),
        ('site.deny=["/src/*"', "must be a list, not '[\"/src/*\"', which is no TOML: "),
        ("crawl.per_host=3", "crawl.per_host: there is no such key (it is a key of [politeness])"),
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


@pytest.mark.parametrize(
    ("tree", "told"),
    [
        ({"max_pages": 5}, "max_pages: there is no such table (it is a key of [crawl])"),
        ({"fields": {"title": "h1"}}, "fields: there is no such table (did you mean [extract.fields]?)"),
        ({"io": {"pages": 3}}, "io: there is no such table (did you mean [compare.io]?)"),
        ({"site": {"deny": "/src/*"}}, "site.deny: must be a list, not '/src/*': write it as [\"/src/*\"]"),
        ({"surprise": 1}, "surprise: there is no such table"),
    ],
)
def test_what_stands_in_the_wrong_place_of_a_file_is_told_where_it_belongs(tree: dict[str, Any], told: str) -> None:
    assert complaint(lambda: check(tree, "config.toml")) == f"config.toml: {told}"


@pytest.mark.parametrize("setting", ["extract.fields.x=h1[", "site.link_selector=h1["])
@pytest.mark.parametrize("parser", ["selectolax", "bs4-lxml"])
def test_a_wrong_selector_is_named_once(setting: str, parser: str) -> None:
    tree: dict[str, Any] = {"extract": {"parser": parser}}
    put(tree, setting)
    told = complaint(lambda: check(tree, "--set"))
    assert told is not None
    assert told.count("'h1['") == told.count("is not a CSS selector") == 1


@pytest.mark.parametrize(
    ("wrong", "names", "right"),
    [
        ("crwal", Config.__struct_fields__, "crawl"),
        ("polite", Config.__struct_fields__, "politeness"),
        ("semafore", BACKENDS, "semaphore"),
        ("pipe", BACKENDS, "process-pipe"),
        ("aio", BACKENDS, "asyncio"),
        ("robots", Config().politeness.__struct_fields__, "obey_robots"),
        ("agent", Config().http.__struct_fields__, "user_agent"),
        ("allowed", Config().site.__struct_fields__, "allowed_hosts"),
        ("child", HAZARDS, None),
        ("max_pages", Config.__struct_fields__, None),
    ],
)
def test_a_name_is_found_that_was_meant_and_none_that_was_not(
    wrong: str, names: Sequence[str], right: str | None
) -> None:
    assert nearest(wrong, names) == (f" (did you mean {right}?)" if right else "")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("example.com", "https://example.com"),
        ("127.0.0.1:8931/", "http://127.0.0.1:8931/"),
        ("localhost:81", "http://localhost:81"),
        ("[::1]:81/x", "http://[::1]:81/x"),
    ],
)
def test_a_url_without_its_scheme_is_told_with_it(text: str, meant: str) -> None:
    with pytest.raises(ValueError, match="is not an http or https URL") as error:
        http_url(text)
    assert f"(did you mean {meant}?)" in str(error.value)


@pytest.mark.parametrize("tree", [{"it - at `$.crawl": 1}, {"crawl": {"it - at `$.http": 1}}])
def test_a_name_that_looks_like_a_place_is_not_taken_for_one(tree: dict[str, Any]) -> None:
    told = complaint(lambda: check(tree, "config.toml"))
    assert told is not None
    assert "it - at `$." in told
    assert "there is no such" in told


@pytest.mark.parametrize("address", ["127.0.0.1:8786", "localhost:8786", "[::1]:8786"])
def test_a_scheduler_on_this_machine_needs_no_tls_and_another_may_be_allowed_to_do_without(address: str) -> None:
    assert check({"dask": {"scheduler": f"tcp://{address}"}}, "--set").cluster().scheduler == f"tcp://{address}"
    check({"dask": {"scheduler": "tcp://10.0.0.1:8786", "insecure": True}}, "--set")


def test_the_scheme_of_a_scheduler_may_be_written_in_capitals() -> None:
    assert check({"dask": {"scheduler": "TCP://LocalHost:1"}}, "--set").cluster().scheduler == "tcp://LocalHost:1"


def test_a_window_that_only_list_pages_fit_into_is_refused() -> None:
    check({"dask": {"window": 1, "batch": 3}, "crawl": {"producers": 2}}, "--set")
    with pytest.raises(ConfigError, match=r"dask\.window: window x batch must be more than crawl.producers"):
        check({"dask": {"window": 1, "batch": 2}, "crawl": {"producers": 2}}, "--set")


def test_without_dask_its_backend_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.backends.registry.find_spec", lambda module: None)
    with pytest.raises(ConfigError) as error:
        check({"crawl": {"backend": "dask"}}, "--backend")
    assert (
        str(error.value)
        == "--backend: crawl.backend: dask needs distributed: pip install '.[dask]', or distributed alone"
    )


def test_a_start_method_that_the_platform_lacks_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("multiprocessing.get_all_start_methods", lambda: ["spawn"])
    assert check({"processes": {"start_method": "spawn"}}, "--set").processes.start_method == "spawn"
    with pytest.raises(ConfigError, match=r"start_method: 'fork' is not .*, only auto, spawn$"):
        check({"processes": {"start_method": "fork"}}, "--set")


def test_a_backend_that_cannot_use_the_default_parser_has_its_own_and_refuses_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert check({}, "x").extract.parser == "selectolax"
    monkeypatch.setitem(BACKENDS, "queue", replace(BACKENDS["queue"], parsers=("bs4-html",)))
    config = check({"extract": {"fields": {"title": "h1"}}}, "x")
    assert (config.extract.parser, config.meaning()["extract"]["parser"]) == ("bs4-html", "bs4-html")
    assert list(config.extract.fields) == ["title"]
    with pytest.raises(ConfigError, match=r"^x: extract.parser: backend queue cannot use 'bs4-lxml', only bs4-html$"):
        check({"extract": {"parser": "bs4-lxml"}}, "x")


def test_without_libcurl_the_next_best_client_is_used_and_what_needs_it_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert (check({}, "x").client, check({"crawl": {"backend": "sharded"}}, "x").client) == ("curl", "curl")
    monkeypatch.setattr("crawler.work.clients.find_spec", lambda _module: None)
    assert check({}, "x").client == "requests"
    assert check({"crawl": {"backend": "sharded"}}, "x").client == "aiohttp"
    for tree in ({"crawl": {"backend": "curl-multi"}}, {"http": {"client": "curl"}}):
        with pytest.raises(
            ConfigError, match=r"(curl-multi|client: curl) needs pycurl: pip install '\.\[curl\]', or pycurl alone$"
        ) as error:
            check(tree, "x")
        assert "\n" not in str(error.value)


def test_a_key_may_be_quoted_as_in_toml_and_else_hold_what_it_will() -> None:
    tree: dict[str, Any] = {}
    for setting in (
        'extract.fields."a b"=h1',
        "extract.fields.'c.d'=h2",
        "extract . fields . é€=h3",
        'x."y=1',
        'x."a=b"=2',
    ):
        put(tree, setting)
    assert tree == {"extract": {"fields": {"a b": "h1", "c.d": "h2", "é€": "h3"}}, "x": {'"y': 1, "a=b": 2}}


def test_a_file_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_bytes(b"\xef\xbb\xbf[crawl]\nconsumers = 3\n")
    assert read(file) == {"crawl": {"consumers": 3}}


def test_allowed_hosts_stand_in_the_place_of_the_start_urls_hosts() -> None:
    tree: dict[str, Any] = {"crawl": {"start_urls": ["http://a.test/"]}}
    assert check(tree, "").scope().holds("http://a.test/x")
    assert not check(tree, "").scope().holds("http://a.test:81/x")
    tree["site"] = {"allowed_hosts": ["b.test"]}
    config = check(tree, "")
    assert [config.scope().holds(url) for url in ("http://a.test/x", "http://b.test/x")] == [False, True]
    assert config.named_hosts() == {"a.test", "b.test:*"}


@pytest.mark.parametrize(
    ("pattern", "reason", "way_out"),
    [
        ("shop/*", "each begins with a slash", "/shop/*"),
        (" /x", "each begins with a slash", "/x"),
        ("http://a.test/x/*", "each begins with a slash", "/x/*"),
        ("", "each begins with a slash", "/"),
        ("[a-z]*", "each begins with a slash", "/[a-z]*"),
        ("[!/]x", "each begins with a slash", "/[!/]x"),
        ("/x#y", "none has what follows a #", "/x"),
        ("*#*", "none has what follows a #", "*"),
        ("/a/../b", ". and .. are resolved in each", "/b"),
        ("/é/./%2e/*", ". and .. are resolved in each", "/%C3%A9/*"),
        ("/a\\b", "\\ is /", "/a/b"),
    ],
)
def test_a_pattern_that_no_path_can_match_is_refused_with_the_way_out(pattern: str, reason: str, way_out: str) -> None:
    told = complaint(lambda: check({"site": {"detail": [pattern]}}, "x"))
    assert told.startswith(f"x: site.detail: {pattern!r} matches no path, as ")
    assert reason in told
    assert told.endswith(f": write it as {way_out!r}")
    check({"site": {"detail": [way_out]}}, "x")


def test_what_is_escaped_in_paths_cannot_stand_in_brackets() -> None:
    told = complaint(lambda: check({"site": {"deny": ["/[aé]*"]}}, "x"))
    assert told.endswith("matches no path, as each is ASCII, with é as %C3%A9: write * in the place of [aé]")


def test_a_pattern_is_kept_as_it_was_written() -> None:
    patterns = ["/catégorie/*", '/a b/"q"*', "*..*", "*\\*", "[/]x", "/[#]", "?x", "/a/..*", "/x?y='z'"]
    config = check({"site": {"list": patterns}}, "x")
    assert config.site.list == patterns
    assert config.meaning()["site"]["list"] == patterns, "an unfinished crawl can be resumed"


@pytest.mark.parametrize(
    "host", ["", "a b", "http://a.test/", "[::1", "[ab]", "a.test:99999", "a:b", "1.2.3.256", "a%20b"]
)
def test_what_can_be_no_host_is_refused_with_the_way_out(host: str) -> None:
    told = complaint(lambda: check({"site": {"allowed_hosts": [host]}}, "x"))
    assert told.startswith(f"x: site.allowed_hosts: {host!r} is not a host: write it as example.com, ")


def test_hosts_are_kept_as_they_were_written_and_those_beside_a_wildcard_must_be_ascii() -> None:
    hosts = ["bücher.example", "*.bücher.example:443", "127.1", "[0:0::1]", "example.com:80"]
    assert check({"site": {"allowed_hosts": hosts}}, "x").site.allowed_hosts == hosts
    told = complaint(lambda: check({"site": {"allowed_hosts": ["b?cherü.example"]}}, "x"))
    assert told.endswith(", and what is not ASCII, beside a wildcard, in its form that begins with xn--")


def test_a_value_is_toml_and_else_a_string() -> None:
    tree: dict[str, Any] = {}
    for setting in ("a.b=1", "a.c=[1, 2]", "a.d=h1.title", "a.e=true", "a.f=1\nx=2", "a.g="):
        put(tree, setting)
    assert tree == {"a": {"b": 1, "c": [1, 2], "d": "h1.title", "e": True, "f": "1\nx=2", "g": ""}}


TABLES = Config().dump()
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([0, 1, -1, 2**64, 10**400])
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["requests", "http://a.test/", "h1", "a:b", "a[", "*", "list", "float", "rest", "uniform(0, 1)", "\n"]
    )
    | st.datetimes()
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
FIELDS = st.dictionaries(
    st.text(max_size=6),
    VALUES | st.dictionaries(st.sampled_from(["css", "attr", "type", "many", "typ"]), SCALARS, max_size=4),
    max_size=3,
)
TREES = st.fixed_dictionaries(
    {},
    optional={
        **{
            name: st.fixed_dictionaries({}, optional=dict.fromkeys(table, VALUES))
            | st.dictionaries(st.sampled_from(sorted(table)) | st.text(max_size=6), VALUES, max_size=4)
            | VALUES
            for name, table in TABLES.items()
        },
        "extract": st.fixed_dictionaries({}, optional={"fields": FIELDS, "parser": SCALARS}),
        "crawls": VALUES,
        "": VALUES,
    },
)


def complaint(work: Callable[[], object]) -> str | None:
    """Return what a ConfigError says, one line; None if there was none."""
    try:
        work()
    except ConfigError as error:
        return str(error)
    return None


def use(tree: dict[str, Any]) -> None:
    """Take all that a crawl takes from a document, unless it is refused."""
    told = complaint(lambda: check(tree, "config.toml"))
    if told is not None:
        assert len(told.splitlines()) == 1
        assert told.startswith("config.toml: ")
        return
    config = check(tree, "config.toml")
    settings = config.work_settings({})
    assert settings.timeout > 0
    assert pickle.loads(pickle.dumps(settings)) == settings
    assert config.rules().hosts.per_host > 0
    config.scope().role("http://a.test/x?y")
    assert json.loads(json.dumps(config.meaning())) == config.meaning()


@given(TREES)
def test_any_document_is_taken_or_refused_in_one_line(tree: dict[str, Any]) -> None:
    use(tree)


KEYS = st.sampled_from([f"{name}.{key}" for name, table in TABLES.items() for key in table]) | st.just(
    "extract.fields.x.css"
)


@given(st.lists(st.text() | st.builds("{}={}".format, KEYS, st.text(max_size=20) | SCALARS.map(str)), max_size=3))
def test_any_settings_are_taken_or_refused_in_one_line(settings: list[str]) -> None:
    tree: dict[str, Any] = {}
    for setting in settings:
        told = complaint(partial(put, tree, setting))
        assert told is None or len(told.splitlines()) == 1
    use(tree)


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_file_is_read_or_refused_in_one_line(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.toml"
    path.write_bytes(data)
    told = complaint(partial(read, path))
    if told is None:
        use(read(path))
    else:
        assert len(told.splitlines()) == 1


def test_all_stands_for_the_faults_in_the_file_as_for_the_fixture_server() -> None:
    tree = {"fixture": {"faults": ["all"]}, "compare": {"io": {"faults": ["all"]}}}
    assert check(tree, "a test").fixture.faults == ["all"]


DASK = {"crawl": {"backend": "dask"}, "dask": {"scheduler": "tcp://10.0.0.1:8786"}}


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([{"crawl": {"backend": "asyncio"}, "http": {"client": "curl"}}, {"http": {"client": "auto"}}], None),
        (
            [
                {"crawl": {"backend": "curl-multi"}, "http": {"client": "aiohttp"}},
                {"crawl": {"backend": "asyncio"}},
                {"crawl": {"backend": "curl-multi"}},
            ],
            "2: http.client: backend curl-multi cannot use 'aiohttp', only curl",
        ),
        ([{"crawl": {"backend": "asyncio"}, "http": {"client": "curl"}}, {"http": {"timeout": 1}}], "0: http.client: "),
        ([DASK, {"dask": {"insecure": True}}], None),
        ([DASK, {"dask": {"batch": 2}}], "0: dask.scheduler: tcp://10.0.0.1:8786 is another machine, without TLS"),
        ([{"http": {"timeout": 0}}, {"http": {"timeout": 1}}], "0: http.timeout: must be a number > 0"),
    ],
)
def test_what_does_not_go_together_may_be_put_right_and_else_is_told_with_its_source(
    layers: Sequence[dict[str, dict[str, Any]]], told: str | None
) -> None:
    def documents() -> Iterator[tuple[dict[str, Any], str]]:
        tree: dict[str, Any] = {}
        for number, layer in enumerate(layers):
            for table, values in layer.items():
                tree.setdefault(table, {}).update(values)
            yield tree, str(number)

    found = complaint(lambda: check_layers(documents()))
    assert found is None if told is None else str(found).startswith(told)
