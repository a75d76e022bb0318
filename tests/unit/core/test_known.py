"""What is known is known, and nothing else is."""

from hypothesis import given
from hypothesis import strategies as st

from crawler.core.known import KnownURLs, digest


@given(st.lists(st.text(max_size=6)))
def test_it_holds_what_a_set_of_the_urls_would(urls: list[str]) -> None:
    known, plain = KnownURLs(), set[str]()
    for url in urls:
        assert (url in known) == (url in plain)
        known.add(url)
        plain.add(url)
        assert len(known) == len(plain)
    assert all(url in known for url in urls)


def test_digests_have_128_bits_and_differ_in_all_of_them() -> None:
    digests = [digest(f"http://a.test/{number}") for number in range(2000)]
    for bit in range(128):
        assert 800 < sum(number >> bit & 1 for number in digests) < 1200
