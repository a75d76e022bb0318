"""The rules of a group: what RFC 9309 says of a URL, at once."""

import random
import re
import time
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crawler.core import robots_rules
from crawler.core.robots import Rules
from crawler.core.robots_rules import RuleSet, even
from crawler.urls import canonical, path_and_query


def allowed(text: str, href: str, agent: str = "crawler") -> bool:
    """Say what a robots.txt allows of an href."""
    url = canonical(href, "http://a.test/")
    assert url is not None
    return Rules(text, agent).allow(url)


def rule_set(*lines: str) -> RuleSet:
    """Return the rules of lines like `Allow: /x`."""
    return RuleSet([(name == "Allow", pattern) for name, pattern in (line.split(": ", 1) for line in lines)])


SIMPLE = """
User-Agent: *
Disallow: *.gif$
Disallow: /example/
Allow: /publications/

User-Agent: foobot
Disallow:/
Allow:/example/page.html
Allow:/example/allowed.gif

User-Agent: barbot
User-Agent: bazbot
Disallow: /example/page.html

User-Agent: quxbot

"""


@pytest.mark.parametrize(
    ("agent", "path", "may"),
    [
        ("other", "/x.gif", False),
        ("other", "/x.gif?y", True),
        ("other", "/example/page.html", False),
        ("other", "/publications/x", True),
        ("other", "/publications/x.gif", True),
        ("other", "/", True),
        ("foobot", "/", False),
        ("FooBot", "/publications/", False),
        ("foobot", "/example/page.html", True),
        ("foobot", "/example/allowed.gif", True),
        ("barbot", "/example/page.html", False),
        ("barbot", "/example/", True),
        ("bazbot", "/example/page.html", False),
        ("quxbot", "/example/page.html", True),
    ],
)
def test_the_simple_example_of_the_rfc(agent: str, path: str, may: bool) -> None:  # section 5.1
    assert allowed(SIMPLE, path, agent) is may


def test_the_longest_match_of_the_rfc() -> None:  # section 5.2
    text = "User-Agent: foobot\nAllow: /example/page/\nDisallow: /example/page/disallowed.gif"
    assert not allowed(text, "/example/page/disallowed.gif", "foobot")
    assert allowed(text, "/example/page/", "foobot")


def test_groups_of_a_name_are_one() -> None:  # section 2.2.1
    text = "User-agent: a\nDisallow: /b\n\nUser-agent: *\nDisallow: /d\n\nUser-agent: A\nDisallow: /c"
    assert [allowed(text, path, "a") for path in ("/b", "/c", "/d")] == [False, False, True]


@pytest.mark.parametrize(
    ("rules", "href", "may"),
    [
        # The most octets, of which an escape that is none in the file is one (section 2.2.2).
        (("Allow: /*?page=", "Disallow: /private/"), "/private/?page=2", False),
        (("Allow: /*?pages=", "Disallow: /private/"), "/private/?pages=2", True),
        (("Disallow: /private", "Allow: /*(x)"), "/private(x)", False),
        (("Disallow: /cat/secret", "Allow: /cat/s;"), "/cat/secret", False),
        (("Disallow: /\u00e9", "Allow: /%C3%A9"), "/\u00e9", True),
        (("Disallow: /p", "Allow: /p"), "/p", True),
        (("Allow: /p", "Disallow: /p"), "/p", True),
        (("Disallow: /*a", "Allow: /aa"), "/aa", True),
        (("Disallow: /aa", "Allow: /*a"), "/aa", True),
        (("Disallow: /a*$", "Allow: /ab"), "/ab", False),
        (("Disallow: /a*b", "Allow: /ab"), "/ab", False),
        (("Allow: /$", "Disallow: /"), "/", True),
        (("Allow: /$", "Disallow: /"), "/a", False),
        (("Disallow: /$", "Allow: /"), "/", False),
        (("Disallow: /*ab*$", "Allow: /*ab**"), "/ab", True),
        # That a page may be had does not mean that the folder may.
        (("Disallow: /", "Allow: /index.html"), "/", False),
        (("Disallow: /", "Allow: /index.html"), "/index.html", True),
        (("Disallow: /shop/", "Allow: /shop/index.html"), "/shop/", False),
        # The octets of a path, its case too.
        (("Disallow: /a/B",), "/a/b", True),
        (("Disallow: /a/B",), "/a/Bc", False),
        (("Disallow: a",), "/a", True),
        (("Disallow: http://a.test/x",), "/x", True),
        (("Disallow: /",), "/robots.txt", True),
        (("Disallow: /",), "/robots.txts", False),
        (("Disallow: /",), "/a/robots.txt", False),
        # One spelling for what is not reserved.
        (("Disallow: /foo/bar?baz=quz",), "/foo/bar?baz=quz", False),
        (("Disallow: /foo/bar?baz=https://foo.bar",), "/foo/bar?baz=https://foo.bar", False),
        (("Disallow: /foo/bar/\u30c4",), "/foo/bar/%E3%83%84", False),
        (("Disallow: /foo/bar/%e3%83%84",), "/foo/bar/\u30c4", False),
        (("Disallow: /foo/bar/%62%61%7A",), "/foo/bar/baz", False),
        (("Disallow: /foo/bar/baz",), "/foo/bar/%62%61%7a", False),
        (("Disallow: /~joe",), "/%7Ejoe", False),
        (("Disallow: /a b|c",), "/a%20b%7Cc", False),
        (("Disallow: /a b|c",), "/a b|c", False),
        (("Disallow: /%FF",), "/%ff", False),
        (("Disallow: /%FF",), "/%FE", True),
        (("Disallow: /100%",), "/100%", False),
        (("Disallow: /%2561",), "/%61", True),
        # Of what is reserved, an escape is another thing.
        (("Disallow: /", "Allow: /a%3Db"), "/a=b", False),
        (("Disallow: /", "Allow: /a%3Db"), "/a%3db", True),
        (("Disallow: /", "Allow: /a=b"), "/a%3Db", False),
        (("Disallow: /", "Allow: /s?a%26b"), "/s?a&b", False),
        (("Disallow: /", "Allow: /s%3Bb"), "/s;b", False),
        (("Disallow: /", "Allow: /s%3Fb"), "/s?b", False),
        (("Disallow: /", "Allow: /s?b"), "/s%3Fb", False),
        (("Disallow: /a/b",), "/a%2Fb", True),
        # But URLs have no `'` in a query, whatever the href.
        (("Disallow: /s?q='x'",), "/s?q='x'", False),
        (("Disallow: /it's",), "/it's", False),
        # Special characters (section 2.2.3).
        (("Disallow: /this/path/exactly$",), "/this/path/exactly", False),
        (("Disallow: /this/path/exactly$",), "/this/path/exactly/", True),
        (("Disallow: /this/*/exactly",), "/this/path/exactly", False),
        (("Disallow: /this/*/exactly",), "/this/exactly", True),
        (("Disallow: /path/file-with-a-%2A.html",), "/path/file-with-a-*.html", False),
        (("Disallow: /path/file-with-a-%2A.html",), "/path/file-with-a-b.html", True),
        (("Disallow: /path/foo-%24",), "/path/foo-$", False),
        (("Disallow: /a$b",), "/a$b", False),
        (("Disallow: /a$b",), "/a", True),
        (("Disallow: /*.gif$",), "/x.gif.gif", False),
        (("Disallow: /a*ab$",), "/ab", True),
        (("Disallow: *",), "/", False),
    ],
)
def test_what_is_allowed(rules: tuple[str, ...], href: str, may: bool) -> None:
    assert allowed("\n".join(("User-agent: *", *rules)), href) is may


UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
RESERVED = ":/?#[]@!&()+,;="


def octets(text: str) -> list[str]:
    """Return what of a path is compared: single octets, and escapes."""
    found = []
    while text:
        try:
            char, size = chr(bytes.fromhex(text[1:3])[0]) if text[0] == "%" else "", 3
        except (ValueError, IndexError):
            char, size = "", 1
        if char:
            found.append(char if char in UNRESERVED else text[:3].upper())
        else:
            size = 1
            escaped = text[0] if text[0] in UNRESERVED + RESERVED + "%" else quote(text[0], safe="")
            found += [escaped] if len(escaped) == 1 else [f"%{part}" for part in escaped.split("%")[1:]]
        text = text[size:]
    return found


def naive(rules: list[tuple[bool, str]], target: str) -> bool:
    """Say what of a target is allowed: by every rule in turn, letter by letter."""
    best = (0, True)
    for allow, pattern in rules:
        ends = pattern.endswith("$")
        parts = [list("".join(octets(part))) for part in pattern.removesuffix("$").split("*")]
        wanted = [part for literal in parts for part in (*literal, "")][:-1]
        # Where in the target the pattern may have come to, of all ways.
        letters = "".join(octets(target))
        places = {0}
        for letter in wanted:
            if letter:
                places = {place + 1 for place in places if letters[place : place + 1] == letter}
            else:
                places = set(range(min(places), len(letters) + 1)) if places else set()
        if (len(letters) in places) if ends else places:
            best = max(best, (len(wanted) + ends, allow))
    return best[1]


PATTERNS = st.text(alphabet="/ab*$%?=&;'6126\u00e9", max_size=10).map("/{}".format) | st.text(
    "*$a/", min_size=1, max_size=6
)
TARGETS = st.text(alphabet="/ab*$%?=&;'612\u00e9", max_size=12).map("/{}".format)


@given(st.lists(st.tuples(st.booleans(), PATTERNS), max_size=6), TARGETS)
@example([(False, "/*a*a")], "/a")
@example([(False, "/*a*a$"), (True, "/**a*")], "/aa")
@example([(True, "/a%"), (False, "/%61*")], "/%61%")
def test_the_quick_way_says_what_the_naive_one_does(rules: list[tuple[bool, str]], target: str) -> None:
    assert RuleSet(rules).allow(target) is naive(rules, target)


@given(TARGETS)
def test_a_rule_for_a_url_matches_it(target: str) -> None:
    url = canonical("http://a.test" + target.replace("*", "").replace("$", ""))
    assert url is not None
    written = path_and_query(url)
    assert not RuleSet([(False, written)]).allow(written)


LETTERED = st.text(alphabet="ab*", max_size=12) | st.lists(
    st.sampled_from(["/shop", "/a/", "?sort=", "sort", ".css", ".js", "*", "$", "-1", "-2", "x"]), max_size=5
).map("".join)
"""Patterns that have letters in common, in twos and fours."""


@pytest.mark.parametrize("few", [0, 256])
@given(
    rules=st.lists(st.tuples(st.booleans(), LETTERED.map("/{}".format) | LETTERED.filter(bool)), max_size=30),
    target=LETTERED.map(lambda text: f"/{text}".replace("*", "a").replace("$", "/")),
)
def test_the_quick_way_finds_the_rule_that_a_search_through_all_finds(
    few: int, rules: list[tuple[bool, str]], target: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(robots_rules, "_FEW", few)
        assert RuleSet(rules).allow(target) is searched(rules, target)


def searched(rules: list[tuple[bool, str]], target: str) -> bool:
    """Say whether a target is allowed, by a regular expression a rule."""
    best = (0, True)
    for allow, pattern in rules:
        body = pattern.removesuffix("$")
        ends = r"\Z" if body != pattern else ""
        written = ".*".join(re.escape(even(part)) for part in body.split("*"))
        if re.match(written + ends, target, re.DOTALL):
            octets = sum(len(even(part)) for part in body.split("*")) + body.count("*") + bool(ends)
            best = max(best, (octets, allow))
    return best[1]


SECTIONS = [f"{first}{second}" for first in "abcdefghijklmnopqrstuvwxyz" for second in "abcdefghijklmnopqrstuvwxyz"]
SHOPS = {
    "products": ([f"/*/catalogue/category/product-{n:05}" for n in range(5_000)], "/x/catalogue/category/product-{}"),
    "endings": ([f"/catalogue/*-{n:05}.html$" for n in range(5_000)], "/catalogue/things-{}.html"),
    "facets": ([f"/*?*size={n}&" for n in range(1_000)], "/shop/shirts?color=red&size={}&sort=price"),
    "languages": ([f"/{name}/*/print" for name in SECTIONS], "/{}/a-page-about-printers/print"),
    "last letters": ([f"/special-pages/index*{letter}$" for letter in UNRESERVED], "/special-pages/index-to-{}"),
}


@pytest.mark.parametrize("name", SHOPS)
def test_of_thousands_of_like_patterns_each_url_finds_its_own(name: str) -> None:
    patterns, target = SHOPS[name]
    rules = [(number % 3 == 0, pattern) for number, pattern in enumerate(patterns)] + [(False, "/*/01")]
    quick = RuleSet(rules)
    for value in ("00777", "01234", "7", "en", "q", "9", "zzz", "x/01"):
        assert quick.allow(target.format(value)) is searched(rules, target.format(value)), value


MEGABYTE = 500_000
CROWDS = {
    "numbers": "*{:x}z",
    "numbers after a letter": "*a*{:x}",
    "letters before a number": "*a*a*a*a*a*a*a*a*{:x}",
    "an end that few have": "*a*a*a*{:x}*b$",
    "long parts": "*" + "a" * 900 + "{:x}",
    "nothing in common but stars": "{:*<600}",
}


@pytest.mark.parametrize("crowd", CROWDS)
@pytest.mark.parametrize("letters", ["a", "0123456789abcdef", "abz", "0123456789abcdefz"])
def test_a_url_is_held_against_few_rules_however_many_there_are(
    crowd: str, letters: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pattern = CROWDS[crowd]
    numbers = range(MEGABYTE // len(f"Disallow:{pattern}".format(10_000)))
    rules = RuleSet([(False, "/q"), *((number % 2 == 0, pattern.format(number)) for number in numbers)])
    tried: list[int] = []
    matches = robots_rules._Wild.matches

    def counted(rule: robots_rules._Wild, target: str) -> bool:
        tried.append(rule.steps)
        return matches(rule, target)

    monkeypatch.setattr(robots_rules._Wild, "matches", counted)
    draw = random.Random(1)
    for length in (10, 100, 1_900):
        tried.clear()
        rules.allow("/" + "".join(draw.choice(letters) for _ in range(length)))
        assert sum(tried) <= robots_rules._STEPS


def test_a_url_that_too_many_patterns_are_like_is_left_alone() -> None:
    crowd = [(True, f"/{'*a' * number}*Q") for number in range(100)]
    like = "/" + "a" * 100 + "Q"
    assert RuleSet(crowd[:20]).allow(like)
    assert not RuleSet(crowd).allow(like)
    assert RuleSet([(True, f"/{'*a' * 1_000}*Q"), *crowd[:20]]).allow(like)  # too long to match it
    assert RuleSet(crowd).allow("/other/1")


@pytest.mark.parametrize(
    "rules",
    [
        rule_set(*(f"Disallow: *{number:x}z" for number in range(35_000))),
        rule_set("Disallow: /" + "*a" * 50 + "b"),
        rule_set("Disallow: /" + "*a" * 50 + "*b$"),
        rule_set(*(f"Disallow: /*a*a*a*{number}b" for number in range(2_000))),
        rule_set(*(f"Disallow: /{'a' * number}" for number in range(1_000)), "Allow: /x"),
    ],
)
def test_no_pattern_takes_long(rules: RuleSet) -> None:
    before = time.process_time()
    for _ in range(10):
        rules.allow("/" + "a" * 20_000)
        rules.allow("/" + "0123456789abcdef" * 1_250)
    assert time.process_time() - before < 2


def test_whether_anything_is_forbidden_is_known() -> None:
    assert not RuleSet([]).forbids
    assert not rule_set("Allow: /a").forbids
    assert rule_set("Allow: /a", "Disallow: /b").forbids
