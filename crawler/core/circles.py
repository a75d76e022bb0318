"""Paths that repeat themselves, or look as if relative links had led in circles to them."""

from collections.abc import Callable, Container, Sequence

from crawler.core.sketch import Sketch

ROUND = 3
"""Folders of which each can be left out, for a path to go round."""
WIDTHS = (1, 2)
"""Folders that a link may lead down, to go round: `a/`, or `a/b/`."""


class Circles:
    """What is met of a crawl's paths that go round."""

    def __init__(self) -> None:
        self._left = Sketch()
        """Those that were left: a longer one is known by them, too."""

    def leave(self, url: str) -> None:
        """Take in that a path which goes round is not taken up."""
        self._left.add(url)

    def lead_to(self, url: str, known: Container[str], too_many: Callable[[], bool]) -> bool:
        """Say whether a canonical URL's path goes round.

        Folders that are named alike on each level, `/0/3/1/2/`, look the same, and so do pages of many languages and
        versions: so it takes many to tell. Once there are too many, it is enough that the page above has that link,
        too: else longer paths would slip through the gaps that are left.
        """
        for width in WIDTHS:
            shorter = shortened(url, width)
            if not shorter:
                return False
            if self._enough_met(shorter, known) or (too_many() and self._met(shorter[-1], known)):
                return True
        return False

    def _enough_met(self, shorter: Sequence[str], known: Container[str]) -> bool:
        """Say whether ROUND of them are: whatever leads to the circles need not be."""
        spare = len(shorter) - ROUND
        for url in shorter:
            if not self._met(url, known):
                spare -= 1
                if spare < 0:
                    return False
        return True

    def _met(self, url: str, known: Container[str]) -> bool:
        return url in known or self._left.count(url) > 0


def repeats(url: str, most: int) -> bool:
    """Say whether a segment stands more often than `most` times in a path: `/a/b/a/b/a/b/a`."""
    if url.count("/") - 3 < most:
        return False
    segments = _segments(url)
    return len({*segments}) < len(segments) and any(segments.count(segment) > most for segment in {*segments})


def shortened(url: str, width: int = 1) -> list[str]:
    """Return a URL without each of its folders in turn, or each `width` of them; none where there are too few of these.

    Where a page has the links `a/`, `b/` and `c/` whatever its path, all of their sequences are paths, and they give
    themselves away by this: any folder can be left out of `/a/b/c/d/`, and there is such a URL.
    """
    if url.count("/") - 3 < ROUND:
        return []
    places = len(_segments(url)) - width
    if places < ROUND:
        return []
    start = url.index("/", 8) + 1
    head, tail = url[:start], url[start:].split("/")
    return [head + "/".join(tail[:at] + tail[at + width :]) for at in range(places)]


def _segments(url: str) -> list[str]:
    """Return the segments of a canonical URL's path."""
    start = url.index("/", 8) + 1
    return url[start : url.find("?", start) % (len(url) + 1)].rstrip("/").split("/")
