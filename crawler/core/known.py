"""The URLs that a crawl knows: each once, by a digest, so that a million of them take 80 MB and not 250.

The digest is BLAKE2b's, of 128 bits. Two URLs that have the same would be taken for one, and a page be lost: with a
thousand million URLs the odds are one in 10^20, and to make such a pair on purpose takes 2^64 tries.
"""

from functools import lru_cache
from hashlib import blake2b


class KnownURLs:
    """A set of canonical URLs, which can tell whether one is in it, but not what is in it."""

    def __init__(self) -> None:
        self._digests: set[int] = set()

    def add(self, url: str) -> None:
        """Know the URL from now on."""
        self._digests.add(digest(url))

    def __contains__(self, url: object) -> bool:
        return isinstance(url, str) and digest(url) in self._digests

    def __len__(self) -> int:
        return len(self._digests)


@lru_cache(maxsize=1024)
def digest(url: str) -> int:
    """Return what stands for a URL: a number of 128 bits. The links that come on every page are remembered."""
    return int.from_bytes(blake2b(url.encode("utf-8", "surrogatepass"), digest_size=16).digest())
