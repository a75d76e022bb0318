"""A web as a pure function of a seed: hosts of Zipf-like sizes, and pages that link to each other.

    page p of a host ──▶ its pages 3p+1, 3p+2, 3p+3, its root, two others        so each page is reached, unless
    root of host h   ──▶ the roots of hosts 3h+1, 3h+2, 3h+3                     what leads there is dead or closed
    one page in three ─▶ some page of the web, or the root of some host

A page is a number, 0 to `pages` - 1; its URL holds letters alone, since digits would make families of URLs, whose
limits (`crawler.core.traps`) are not what is looked at here.
"""

from array import array
from collections.abc import Sequence
from itertools import accumulate

_MASK = (1 << 64) - 1
_LETTERS = str.maketrans("0123456789", "ghijklmnop")
_DIGITS = str.maketrans("ghijklmnop", "0123456789")


def mix(seed: int, number: int) -> int:
    """Return 64 bits that look random: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014)."""
    bits = (seed * 0xD1342543DE82EF95 + number * 0x9E3779B97F4A7C15 + 1) & _MASK
    bits = (bits ^ bits >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    bits = (bits ^ bits >> 27) * 0x94D049BB133111EB & _MASK
    return bits ^ bits >> 31


class Web:
    """The hosts, their pages and their links."""

    def __init__(self, pages: int, hosts: int, seed: int, delays: Sequence[float]) -> None:
        """Make a web of exactly so many pages; about a quarter of the hosts ask for one of the `delays`."""
        self.pages = pages
        self.hosts = hosts
        self._seed = seed
        self.sizes = _zipf(pages, hosts)
        self.roots = [0, *accumulate(self.sizes)][:-1]
        """The first page of each host."""
        self.host_of = array("L", (host for host, size in enumerate(self.sizes) for _ in range(size)))
        """Which host a page is of."""
        self.names = [f"{_letters(host)}.test" for host in range(hosts)]
        self._by_name = {name: host for host, name in enumerate(self.names)}
        # Big ones ask for none: the crawl would wait for them alone.
        self.delays = [self._delay(host, delays) for host in range(hosts)]
        """Seconds that a host wants between two requests."""
        self._closing = [mix(seed + 1, host) % 5 == 0 for host in range(hosts)]
        self.urls = [self._url(page) for page in range(pages)]

    def robots(self, host: int) -> str:
        """Return a host's robots.txt."""
        delay = f"Crawl-delay: {self.delays[host]:g}\n" if self.delays[host] else ""
        return f"User-agent: *\n{delay}{'Disallow: /closed/' if self._closing[host] else ''}\n"

    def page(self, url: str) -> int:
        """Return which page a URL is of."""
        _, _, name, path = url.split("/", 3)
        place = path.rpartition("/")[2]
        return self.roots[self.host(name)] + (int(place.translate(_DIGITS), 16) if place else 0)

    def host(self, name: str) -> int:
        """Return which host has a name."""
        return self._by_name[name]

    def dead(self, page: int) -> bool:
        """Say whether a page answers 404."""
        return mix(self._seed, page) % 64 == 0 and self.roots[self.host_of[page]] != page

    def closed(self, page: int) -> bool:
        """Say whether a page is forbidden by its robots.txt."""
        host = self.host_of[page]
        return self._closing[host] and page != self.roots[host] and mix(self._seed + 2, page) % 16 == 0

    def links(self, page: int) -> list[int]:
        """Return where a page links to, each once."""
        host = self.host_of[page]
        root, size = self.roots[host], self.sizes[host]
        place, bits = page - root, mix(self._seed, page)
        found = [root, root + (bits >> 16) % size, root + (bits >> 24) % size]
        found += range(root + min(3 * place + 1, size), root + min(3 * place + 4, size))
        if not place:
            found += [self.roots[other] for other in range(3 * host + 1, min(3 * host + 4, self.hosts))]
        if bits % 3 == 0:
            some = (bits >> 32) % self.pages
            found.append(some if bits & 8 else self.roots[some % self.hosts])
        return list(dict.fromkeys(found))

    def reachable(self) -> bytearray:
        """Return a byte a page: 1 if links lead to it from page 0, by pages that may be had."""
        seen = bytearray(self.pages)
        seen[0] = 1
        waiting = [0]
        while waiting:
            page = waiting.pop()
            if not self.dead(page) and not self.closed(page):
                for link in self.links(page):
                    if not seen[link]:
                        seen[link] = 1
                        waiting.append(link)
        return seen

    def _url(self, page: int) -> str:
        host = self.host_of[page]
        place = page - self.roots[host]
        folder = "closed/" if self.closed(page) else ""
        return f"http://{self.names[host]}/{folder}{_letters(place) if place else ''}"

    def _delay(self, host: int, delays: Sequence[float]) -> float:
        bits = mix(self._seed + 3, host)
        delay = delays[(bits >> 8) % len(delays)]
        return delay if bits % 4 == 0 and self.sizes[host] * delay < 1_000 else 0.0


def _zipf(pages: int, hosts: int) -> list[int]:
    """Return sizes that fall with the rank, to the power 0.8, each at least 1, whose sum is `pages`."""
    weights = [(rank + 1) ** -0.8 for rank in range(hosts)]
    scale = (pages - hosts) / sum(weights)
    sizes = [1 + int(weight * scale) for weight in weights]
    for host in range(pages - sum(sizes)):  # what was cut off, less than one a host
        sizes[host] += 1
    return sizes


def _letters(number: int) -> str:
    return format(number, "x").translate(_LETTERS)
