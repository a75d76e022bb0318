"""robots.txt as strangers write it: whatever they do, it is read, quickly, and as its parser would."""

import gc
import math
import re
import time
import tracemalloc

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from protego import Protego, _protego

from crawler.core import robots
from crawler.core.politeness import MAX_CRAWL_DELAY, Gate, HostRules
from crawler.core.robots import Access, RobotsBook, Rules, product_token
from crawler.model import Role, Task

AGENT = "crawler"
NAMES = st.sampled_from(
    ["a:b", "a: b", "*", "crawler", "Crawler", "crawl", "other", "other*", "craw*", "cra wler", "crawlerbot", "", "-"]
)
NUMBERS = st.sampled_from(
    ["0", "1", "-5", "nan", "inf", "-inf", "1e400", "1e-400", "9" * 400, "\u0665", "0x10", "1 2", "1,5"]
)
PATHS = st.text(alphabet="/ab*$=\u00e9#\x00 ", max_size=12) | st.just("/")
"""Paths that Protego holds for as long as they are, and that have one spelling there and by the RFC."""
LINES = (
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["User-agent", "useragent", "USER AGENT", "user  agent"]),
        st.sampled_from([":", " ", " : ", ""]),
        NAMES,
    )
    | st.builds(
        "{}{}{}".format,
        st.sampled_from(["Disallow", "allow", "disalow", "Sitemap", "Site-map", "Host", "noindex"]),
        st.sampled_from([":", ": ", " ", " :", ""]),
        PATHS,
    )
    | st.builds(
        "{}: {}".format, st.sampled_from(["Crawl-delay", "Request-rate", "Visit-time"]), NUMBERS | st.text(max_size=8)
    )
    | st.text(max_size=20)
)
TEXTS = st.lists(LINES, max_size=12).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n", "\r", "\u2028", "\n\n"]).map(lambda end: end.join(lines))
)
URLS = st.lists(st.sampled_from(["/", "a", "b", "=", "%C3%A9", "%61", "%00"]), max_size=8).map(
    lambda parts: f"http://a.test/{''.join(parts)}"
)


@given(
    st.text(max_size=300) | st.binary(max_size=300).map(lambda data: data.decode("latin-1")) | TEXTS,
    st.text(alphabet="/ab$%?=&;C3A9", max_size=12).map("http://a.test/{}".format),
)
def test_any_text_is_read(text: str, url: str) -> None:
    rules = Rules(text, AGENT)
    assert isinstance(rules.allow(url), bool)
    assert all(isinstance(sitemap, str) for sitemap in rules.sitemaps)
    assert math.isfinite(rules.crawl_delay)
    assert rules.crawl_delay >= 0
    gate = Gate(HostRules())
    gate.slow_to(rules.crawl_delay)
    assert 0 <= gate.delay <= MAX_CRAWL_DELAY


def known(text: str) -> str:
    """Return a text's lines, as RFC 9309 ends them, as far as we heed them: Protego would part groups by all others."""
    plain = re.sub("[\v\f\x1c-\x1e\x85\u2028\u2029]", " ", text)
    lines = [line.partition("#")[0].strip() for line in plain.splitlines()]
    heeded = _protego._ALL_DIRECTIVES - _protego._REQUEST_RATE_DIRECTIVE - _protego._VISIT_TIME_DIRECTIVE
    return "\n".join(line for line in lines if (_protego._extract_directive(line) or ("",))[0] in heeded)


@given(
    TEXTS.filter(lambda text: not re.search(r"craw(?!ler$)|other\*", text, re.IGNORECASE | re.MULTILINE)),
    st.lists(URLS, min_size=1, max_size=5),
    st.sampled_from([AGENT, "other"]),
)
@example("User-agent: *\nDiasllow: /", ["http://a.test/"], AGENT)
@example("user-agent a:b\nuser agent crawler\nDisallow: /", ["http://a.test/"], AGENT)
@example("User-agent: other\nDisallow: /", ["http://a.test/"], AGENT)
@example("User-agent: crawler\nCrawl-delay 5\nUser-agent: *\nDisallow: /", ["http://a.test/"], AGENT)
@example("User-agent: crawler\nSitemap /x\nhost: y\nUser-agent: *\nDisallow: /", ["http://a.test/"], "other")
@example("User-agent: *\na b\nUser-agent: crawler\nDisallow: /", ["http://a.test/"], "other")
@example("User-agent: *\na:b\nUser-agent: crawler\nDisallow: /", ["http://a.test/"], "other")
@example("User-agent: *\nUser-agent:\nDisallow: /a\nUser-agent:\nDisallow: /", ["http://a.test/b"], AGENT)
@example("User-agent: *\nDisallow /a  b\nAllow: /a", ["http://a.test/a%20b"], AGENT)
@example("User-agent: other\nUser-agent: crawler\nDisallow: /a\nUser-agent: *\nDisallow: /", ["http://a.test/b"], AGENT)
def test_it_means_what_protego_says_but_for_names_that_are_parts_of_ours(
    text: str, urls: list[str], agent: str
) -> None:
    rules, whole = Rules(text, agent), Protego.parse(known(text))
    assert [rules.allow(url) for url in urls] == [whole.can_fetch(url, agent) for url in urls]
    assert rules.crawl_delay == (whole.crawl_delay(agent) or 0.0)
    assert list(rules.sitemaps) == list(whole.sitemaps)


@pytest.mark.parametrize(
    ("name", "agent", "ours"),
    [
        ("crawler", "crawler", True),
        ("CRAWLER", "Crawler", True),
        ("crawler/0.1", "crawler", True),
        ("crawler/0.1 (+http://a.test/)", "crawler", True),
        ("crawler 2", "crawler", True),
        ("mybot", "mybot (+http:", True),
        ("mybot", "mybot 1.0", True),
        ("my bot/2", "my bot", True),
        ("acme", "Acme Crawler/1.0", True),
        ("acme images", "Acme Crawler/1.0", True),
        ("acmebot", "Acme Crawler/1.0", False),
        ("crawler", "Acme Crawler/1.0", False),
        ("MJ12bot/v1", "MJ12bot", True),
        ("MJ", "MJ12bot", False),
        ("/1.0", "(x)", False),
        ("(x)", "(x)", False),
        ("(x)", "", False),
        ("crawl", "crawler", False),
        ("crawlers", "crawler", False),
        ("craw*", "crawler", False),
        ("foo", "foo-news", False),
        ("foo-news", "foo", False),
    ],
)
def test_a_group_is_ours_if_it_has_our_name_as_a_whole(name: str, agent: str, ours: bool) -> None:
    text = f"User-agent: {name}\nDisallow: /ours\nCrawl-delay: 3\n\nUser-agent: *\nDisallow: /theirs"
    rules = Rules(text, agent)
    assert rules.allow("http://a.test/ours") is not ours
    assert rules.allow("http://a.test/theirs") is ours
    assert rules.crawl_delay == (3.0 if ours else 0.0)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("Content-Signal: search=yes, ai-train=no", False),
        ("Noindex: /x", False),
        ("Request-rate: 1/5", False),
        ("Visit-time: 0600-0845", False),
        ("Sitemap: http://a.test/s", False),
        ("no record", False),
        ("", False),
        ("# Crawl-delay: 5", False),
        ("Crawl-delay: 5", True),
        ("Allow: /x", True),
        ("Disallow:", True),
    ],
)
def test_only_rules_and_a_crawl_delay_part_two_groups(line: str, parts: bool) -> None:  # section 2.2.4
    text = f"User-agent: {AGENT}\n{line}\nUser-agent: *\nDisallow: /\nCrawl-delay: 7"
    assert Rules(text, AGENT).allow("http://a.test/") is parts
    assert Rules(text, AGENT).crawl_delay == (7.0 if not parts else 5.0 if "delay" in line else 0.0)
    assert not Rules(text, "other").allow("http://a.test/")
    assert Rules(text, "other").crawl_delay == 7.0


@pytest.mark.parametrize("no_end", ["\v", "\f", "\x1c", "\x1d", "\x1e", "\x85", "\u2028", "\u2029"])
def test_a_line_ends_in_a_line_feed_or_a_carriage_return_only(no_end: str) -> None:  # section 2.2
    rest = f"Disallow: /{no_end}Crawl-delay: 9{no_end}Sitemap: http://a.test/s"
    rules = Rules(f"User-agent: *\n# see {no_end}{rest}\nAllow: /x\rDisallow: /y\r\nDisallow: /z\n", AGENT)
    assert (rules.crawl_delay, rules.sitemaps) == (0.0, ())
    assert [rules.allow(f"http://a.test/{path}") for path in "vxyz"] == [True, True, False, False]


@given(st.text(max_size=40))
def test_any_user_agent_has_a_name(user_agent: str) -> None:
    assert "/" not in product_token(user_agent)
    Rules("User-agent: *\nDisallow: /x", product_token(user_agent)).allow("http://a.test/x")


HUGE = {
    "names": "User-agent: {}\n",
    "rules": "Disallow: /{}\n",
    "wildcards": "Disallow: /*{}*\n",
    "groups": "User-agent: a{0}\nDisallow: /{0}\n",
    "our own groups": "User-agent: crawler\nDisallow: /{}\n",
    "sitemaps": "Sitemap: http://a.test/{}\n",
    "noise": "{}\n",
}


@pytest.mark.parametrize("name", HUGE)
def test_half_a_megabyte_is_read_in_a_moment(name: str) -> None:
    text = "User-agent: crawler\n" + "".join(f"User-agent: a{n}\n" for n in range(10_000)) * (name == "rules")
    text += "".join(HUGE[name].format(number) for number in range(500_000 // len(HUGE[name])))
    before = time.process_time()
    rules = Rules(text, AGENT)
    for number in range(20):
        rules.allow(f"http://a.test/page/{number}?x=y")
    assert time.process_time() - before < 10


@pytest.mark.parametrize("line", ["Disallow: /" + "*a" * 250_000, "Disallow: /" + "$" * 250_000, "a" * 500_000])
def test_a_line_of_half_a_megabyte_is_read_in_a_moment(line: str) -> None:
    before = time.process_time()
    Rules(f"User-agent: *\n{line}$\n", AGENT).allow("http://a.test/" + "a" * 5_000 + "b")
    assert time.process_time() - before < 10


@pytest.mark.parametrize(
    "line",
    ["Disallow: /{0:x}", "Disallow:*{0:x}z", "Allow:*{0:04}", "Allow:{1}", "Allow:*{1}*{1}", "Allow:" + "*{1}" * 1_000],
)
def test_rules_take_no_more_memory_than_is_counted(line: str) -> None:
    lines = (line.format(number, chr(0x1F000 + number)) for number in range(min(4_000, 400_000 // len(line))))
    text = "\n".join(("User-agent: *", "Disallow: /x", *lines))
    Rules(text, AGENT)
    tracemalloc.start()
    try:
        rules = Rules(text, AGENT)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] <= rules.cost
    finally:
        tracemalloc.stop()


def test_of_too_many_sites_the_one_not_asked_about_for_longest_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "User-agent: *\nDisallow: /private/"
    monkeypatch.setattr(robots, "MEMORY", 3 * Rules(text, AGENT).cost)
    book = RobotsBook(AGENT)
    sites = [f"http://{name}.test" for name in "abcd"]
    for site in sites[:3]:
        book.learn(site, text)
    assert book.access(f"{sites[0]}/private/x") is Access.FORBIDDEN
    for _ in range(2):
        book.learn(sites[3], text)
    assert [book.access(f"{site}/x") is Access.UNKNOWN for site in sites] == [False, True, False, False]
    task = Task(f"{sites[1]}/x", Role.DETAIL)
    assert book.park(task, 1) == Task(f"{sites[1]}/robots.txt", Role.ROBOTS, referrer=sites[1])
