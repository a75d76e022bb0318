"""What is cut off of an endless site, and that nothing is of a real one."""

from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import islice, permutations, product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crawler.core.traps import TrapLimits, Traps, looks_like_id
from crawler.urls import canonical

A = "http://a.test"
NONE = TrapLimits(0, 0, 0, 0, 0, 0, 0)


class Site:
    """What a crawl would take up of links, one after another."""

    def __init__(self, **limits: int) -> None:
        self.traps = Traps(TrapLimits(**limits))
        self.known: set[str] = set()
        self.left: list[str] = []

    def meet(self, *links: str) -> "Site":
        for link in links:
            url = canonical(link, f"{A}/")
            assert url is not None
            if url not in self.known:
                reason = self.traps.take(url, self.known)
                if reason is None:
                    self.known.add(url)
                else:
                    self.left.append(reason)
        return self


def token(number: int, length: int = 16) -> str:
    return sha256(str(number).encode()).hexdigest()[:length]


def uuid(number: int) -> str:
    return str(UUID(token(number, 32)))


# ---- what must not be cut ------------------------------------------------------------------------------------------

REAL = {
    "a pagination": [f"/list?page={number}" for number in range(1, 50_001)],
    "a pagination of a category": [f"/list?cat=7&page={number}" for number in range(1, 12_000)],
    "a pagination by path": [f"/list/page/{number}/" for number in range(1, 12_000)],
    "a pagination without a name": [f"/list?{number}" for number in range(1, 12_000)],
    "an index page of links": [f"/lib/{name}{n}.html#x" for name in ("os", "re", "sys") for n in range(6_000)],
    "articles by date": [
        f"/{2000 + n // 336}/{n // 28 % 12 + 1:02}/{n % 28 + 1:02}/{what}"
        for n in range(5_000)
        for what in (f"story-{n}", f"{90_000 + n}.html")
    ],
    "issues and their comments": [f"/issues/{number}{end}" for number in range(6_000) for end in ("", "/comments/1")],
    "items known by an id": [f"/item/{uuid(number)}" for number in range(12_000)],
    "a page a version": [f"/{lang}/{v}.{w}/lib/x" for lang in ("en", "fr") for v in range(2, 9) for w in range(20)],
    "videos": [f"/watch?v={token(number, 11)}" for number in range(5_000)],
    "topics": [f"/index.php?title=Topic_{number}_of_many" for number in range(9_000)],
    "forums": [f"/viewtopic.php?f={number % 40}&t={number}" for number in range(12_000)],
    "sorted folders": [f"/pub/{n}/?C={c};O={o}" for n in range(500) for c in "NMSD" for o in "AD"],
    "modules in modules": [f"/pkg/{a}/lib/{b}/lib/{c}/x.js" for a, b, c in permutations("abcdefg", 3)],
    "folders named alike on each level": [
        f"/{'/'.join(path)}/{name}"
        for name in ("", "page.html")
        for depth in range(1, 5)
        for path in product("0123", repeat=depth)
        if len({*path}) > 1 or depth < 4
    ],
    "a mirror": ["/usr/share/doc/x/usr/share/doc/x.html", "/org/acme/app/org/acme/app/App.html"],
    "escaped names": [f"/wiki/%E4%BD%{a:02X}%E5%A5%{b:02X}" for a in range(128, 192) for b in range(128, 192)],
    "some languages": [f"/{lang}{page}" for lang in ("", "en/", "fr/") for page in ("docs/", "docs/x/", "docs/x/y/")],
}  # fmt: skip


@pytest.mark.parametrize("kind", REAL)
def test_a_real_site_is_not_cut(kind: str) -> None:
    site = Site().meet(*REAL[kind])
    assert (site.left, len(site.known)) == ([], len({link.partition("#")[0] for link in REAL[kind]}))


# ---- what must be --------------------------------------------------------------------------------------------------


def calendar(path: str) -> Iterator[str]:
    for year, month in product(range(2026, 2199), range(1, 13)):
        for day in range(1, 29):
            yield path.format(year=year, month=month, day=day)


def growing(*segments: str) -> Iterator[str]:
    path = ""
    while True:
        for segment in segments:
            path += f"/{segment}"
            yield f"{path}/"


ENDLESS: dict[str, tuple[Callable[[], Iterator[str]], str, int]] = {
    "session id in the path": (lambda: (f"/s/{token(n)}/page" for n in range(10**9)), "session-ids", 500),
    "session id in front": (lambda: (f"/(S({token(n)}))/a/b.aspx" for n in range(10**9)), "session-ids", 500),
    "session id, ten pages": (lambda: (f"/s/{token(n // 10)}/{n % 10}" for n in range(10**9)), "session-ids", 5_000),
    "session id as a parameter": (lambda: (f"/{n % 7}?sid={token(n)}" for n in range(10**9)), "session-ids", 500),
    "session id and page": (lambda: (f"/x?page=2&PHPSESSID={token(n, 26)}" for n in range(10**9)), "session-ids", 500),
    "jsessionid": (lambda: (f"/x;jsessionid={token(n, 32).upper()}" for n in range(10**9)), "session-ids", 500),
    "calendar in the query": (lambda: calendar("/c?month={year}-{month:02}&day={day}"), "calendar-pages", 1000),
    "calendar in numbers": (lambda: calendar("/c?y={year}&m={month}&d={day}"), "calendar-pages", 1000),
    "calendar in the path": (lambda: calendar("/c/{year}/{month:02}/{day:02}"), "calendar-pages", 1000),
    "calendar of days": (lambda: calendar("/events/{year}-{month:02}-{day:02}/"), "calendar-pages", 1000),
    "calendar, day first": (lambda: calendar("/events/{day}.{month}.{year}.html"), "calendar-pages", 1000),
    "filters": (lambda: (f"/shop?{'&'.join(p)}" for p in permutations("abcdefgh", 7)), "query-variants", 10_000),
    "searches": (lambda: (f"/search?q=word{chr(97 + n % 26)}{n}" for n in range(10**9)), "query-variants", 10_000),
    "one segment": (lambda: growing("a"), "repeated-segments", 3),
    "two segments": (lambda: growing("a", "b"), "repeated-segments", 6),
    "a path that grows": (lambda: (f"/x{'y' * n}" for n in range(10**9)), "path-length", 1_999),
    "a query that grows": (lambda: (f"/x?q={'y' * n}" for n in range(10**9)), "path-length", 1_996),
}  # fmt: skip


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_endless_site_is_bounded_by_its_own_limit(kind: str) -> None:
    links, reason, most = ENDLESS[kind]
    site = Site().meet(*islice(links(), most + 50))
    assert set(site.left) == {reason}
    assert most <= len(site.known) + 1 <= most + 2


@pytest.mark.parametrize(
    "ways",
    [
        ("a/", "b/", "c/"),
        tuple(f"{n}.x/" for n in range(9)),
        ("x/y/", "z/", "w/"),
        ("shoes/red/", "about/team/", "contact/form/", "news/today/", "help/faq/"),
    ],
)
def test_relative_links_that_lead_ever_deeper_are_left(ways: Sequence[str]) -> None:
    site = Site(circling_paths=1_000)
    pages = [f"{A}/"]
    while pages:
        page = pages.pop(0)
        before = set(site.known)
        site.meet(*(f"{page}{way}" for way in ways))
        pages += sorted(site.known - before)
        assert len(site.known) < 2_100
    assert set(site.left) >= {"circling-paths"}


@pytest.mark.parametrize(
    ("limit", "links"),
    [
        ("path_length", [f"/{'x' * 3000}"]),
        ("repeated_segments", ["/a" * 30]),
        ("session_ids", [f"/s/{token(n)}/page" for n in range(600)]),
        ("calendar_pages", list(islice(calendar("/c/{year}/{month}/{day}"), 1100))),
        ("query_variants", [f"/x?q=w{n}" for n in range(10_100)]),
    ],
)
def test_0_is_no_limit(limit: str, links: list[str]) -> None:
    assert Site().meet(*links).left
    assert Site(**{limit: 0}).meet(*links).left == []


def test_pages_of_an_earlier_run_count() -> None:
    traps = Traps(TrapLimits(numbered_pages=2, circling_paths=1))
    for number in range(2):
        traps.count(f"{A}/{number}", set())
    assert traps.take(f"{A}/3", set()) == "numbered-pages"
    around = {f"{A}/{path}/" for path in ("a/b/c", "b/c/d", "a/c/d", "a/b/d", "b/c/e", "a/c/e", "a/b/e")}
    traps.count(f"{A}/a/b/c/d/", around)
    assert traps.take(f"{A}/a/b/c/e/", around) == "circling-paths"


def test_hosts_and_paths_have_limits_of_their_own() -> None:
    site = Site(session_ids=1, query_variants=1)
    for place in (f"{A}/s", f"{A}/t", "http://b.test/s", "https://a.test/s", "http://a.test:81/s"):
        site.meet(f"{place}/{token(1)}/x", f"{place}?q=a")
    assert site.left == []
    site.meet(f"{A}/s/{token(2)}/x", f"{A}/s?q=b")
    assert site.left == ["session-ids", "query-variants"]


def test_an_id_that_is_known_is_no_new_one() -> None:
    site = Site(session_ids=1).meet(*(f"/s/{token(1)}/{page}" for page in "abc"), f"/s/{token(2)}/a")
    assert (len(site.known), site.left) == (3, ["session-ids"])


@pytest.mark.parametrize(
    "text", ["ab12cd34", "550e8400-e29b-41d4-a716-446655440000", "sess_4f9a8b7c6d", "k3j9x2m1", "B07XJ8C8F5"]
)
def test_ids_look_like_ids(text: str) -> None:
    assert looks_like_id(text)


@pytest.mark.parametrize(
    "text",
    [
        *("", "vases", "python3", "iso8859-1", "2to3-reference", "10-things-to-do-in-2024", "windows10", "20240105"),
        *("deadbeef", "utf8", "%E4%BD%A0%E5%A5%BD", "release-notes-1.2.3", "Title_of_a_Page_(1999)"),
    ],
)
def test_words_do_not(text: str) -> None:
    assert not looks_like_id(text)


def test_pages_with_names_of_their_own_are_not_left_with_those_that_go_round() -> None:
    """Documentation in many languages and versions, each with an overview on each level."""
    site = Site(circling_paths=20)
    overviews, own = [], []
    for language, version in product(("", "de/", "fr/", "ja/", "pl/"), ("", "1.0/", "2.0/", "next/")):
        base = f"/{language}docs/{version}"
        overviews.append(f"{base}overview")
        for topic in ("api", "faq", "guide", "install"):
            overviews.append(f"{base}{topic}/overview")
            own += [f"{base}{topic}/{topic}-{part}" for part in ("alpha", "beta", "gamma")]
    site.meet(*overviews).meet(*own)
    assert set(site.left) == {"circling-paths"}
    assert {f"{A}{path}" for path in own} <= site.known


def test_only_what_is_known_says_that_a_path_goes_round() -> None:
    deep = f"{A}/a/b/c/d/"
    around = {f"{A}/b/c/d/", f"{A}/a/c/d/", f"{A}/a/b/d/"}
    plain = {f"{A}/a/", f"{A}/a/b/", f"{A}/a/b/c/"}
    for known, circling in ((around, 1), (around - {f"{A}/a/c/d/"}, 0), (plain, 0)):
        traps = Traps(TrapLimits(circling_paths=1))
        assert traps.take(deep, known) is None, "one is let in"
        assert traps.take(f"{A}/a/b/c/d/d/", known | around | {deep}) == (circling * "circling-paths" or None)


URLS = st.builds(
    lambda tail: canonical(f"{A}/{tail}") or f"{A}/",
    st.text(alphabet="/?&;=-._%ab12") | st.text() | st.from_regex(r"(\w+/){0,9}\?(\w*=\w*&){0,3}"),
)


@given(st.lists(URLS, max_size=20))
def test_any_url_is_taken_or_left_for_a_reason(urls: list[str]) -> None:
    reasons = {"path-length", *(name.replace("_", "-") for name in TrapLimits.__dataclass_fields__)}
    limited, unlimited = Traps(TrapLimits(9, 1, 1, 1, 1, 1, 1)), Traps(NONE)
    known: set[str] = set()
    for url in urls:
        assert unlimited.take(url, known) is None
        reason = limited.take(url, known)
        assert reason is None or reason in reasons
        known.add(url)
