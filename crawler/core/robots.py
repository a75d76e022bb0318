"""robots.txt (RFC 9309): what a site lets us fetch, learned by an ordinary task a site.

A site here is what one robots.txt speaks for: scheme, host and port. Until it has answered, its URLs are parked.
"""

import re
from collections import OrderedDict
from enum import Enum, auto

from protego import Protego

from crawler.core.backlog import Backlog, Shelf
from crawler.core.robots_rules import RuleSet
from crawler.model import ADDRESS_FORBIDDEN, Failure, Role, Task
from crawler.urls import origin, path_and_query

MAX_HOPS = 5
"""Redirects that are followed to a robots.txt (RFC 9309 section 2.3.1.2)."""


MEMORY = 64_000_000
"""Bytes that the rules of all sites may take; the site that was not asked about for longest is forgotten first."""
_RULES_COST, _CHARACTER_COST = 2_000, 36
"""Bytes that rules take at most, as measured: in any case, and for each character of their robots.txt. So much
takes `*` in turn with a character whose escapes are twelve letters; rules without `*` take 5 to 13."""

# What a line's first words make of it, as Protego reads them. All else parts no groups (RFC 9309 section 2.2.4).
_KINDS = {
    **dict.fromkeys(("user-agent", "useragent", "user agent"), "agent"),
    **dict.fromkeys(("disallow", "dissallow", "dissalow", "disalow", "diasllow", "disallaw"), "disallow"),
    "allow": "allow",
    **dict.fromkeys(("sitemap", "sitemaps", "site-map", "host"), "site"),
    **dict.fromkeys(("crawl-delay", "crawl delay"), "delay"),
}

_OURS, _OTHERS = "(ours)", "(others)"
"""What crawlers are called when Protego reads it. By itself it gives the rules for `craw` to `crawler`, too."""

_LINE_END = re.compile(r"\r\n?|\n")
"""RFC 9309 section 2.2."""
_OTHER_ENDS = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")
"""Where Python, and so Protego, ends a line too."""

_WORD_END = re.compile(r"[/(;\s]")


class Access(Enum):
    """What robots.txt says of a URL."""

    ALLOWED = auto()
    FORBIDDEN = auto()
    UNKNOWN = auto()
    """robots.txt has not answered yet."""
    BARRED = auto()
    """The site is at an address that is not to be connected to: neither are its pages."""


class Rules:
    """What one site's robots.txt says, to us."""

    def __init__(self, text: str, agent: str) -> None:
        rules, rest = _read(text, agent.lower())
        self._rules = RuleSet(rules)
        # Most sites forbid us nothing: then there is no need to look, URL by URL.
        self._open = not self._rules.forbids
        others = Protego.parse(rest)
        self.cost = _RULES_COST + _CHARACTER_COST * len(text)
        """Bytes of memory, roughly."""
        self.crawl_delay: float = others.crawl_delay(_OURS) or 0.0
        """Seconds between requests that the site asks for."""
        self.sitemaps: tuple[str, ...] = tuple(others.sitemaps)
        """The sitemaps that the site names."""

    def allow(self, url: str) -> bool:
        """Say whether we may fetch a canonical URL."""
        return self._open or self._rules.allow(path_and_query(url))


def _read(text: str, agent: str) -> tuple[list[tuple[bool, str]], str]:
    """Return the rules that are for us (whether each allows, and its pattern), and a robots.txt of all else.

    In that we have one name, and all other crawlers another: our name is ours as a whole, whatever its case, and with
    a version too (RFC 9309 section 2.2.1). Protego keeps what a group says once for each of its names: 130 KB of names
    and rules took a GB and 20 seconds.
    """
    ours = product_token(agent)
    rules: dict[str, list[tuple[bool, str]]] = {}
    group: set[str] = set()
    kind_before = ""
    lines = _LINE_END.split(text)
    for index, line in enumerate(lines):
        kind, value = _directive(line.partition("#")[0].strip())
        if not kind:
            lines[index] = ""
        if kind in ("", "site"):
            continue
        if kind == "agent":
            if kind_before != "agent":
                group = set()
            name = value.lower()
            if name and name != "*":
                name = _OURS if ours and product_token(name) == ours else _OTHERS
                lines[index] = f"User-agent: {name}"
            if name in ("*", _OURS):
                group.add(name)
                rules.setdefault(name, [])
        elif kind != "delay":
            lines[index] = "Allow:"
            for name in group if value else ():
                rules[name].append((kind == "allow", value))
        kind_before = kind
    return rules.get(_OURS, rules.get("*", [])), "\n".join(_OTHER_ENDS.sub(" ", line) for line in lines)


def _directive(line: str) -> tuple[str, str]:
    """Return what kind of line it is, "" if it is none of ours, and its value; like Protego, without a colon too."""
    name, colon, value = line.partition(":")
    if colon and (kind := _KINDS.get(name.strip().lower())):
        return kind, value.strip()
    if not colon or value[:1].strip():
        words = line.split(None, 2)
        for count in (1, 2):
            if kind := _KINDS.get(" ".join(words[:count]).lower()):
                return kind, " ".join(line.split()[count:])
    return "", ""


def product_token(user_agent: str) -> str:
    """Return the name by which robots.txt knows us: the user agent's first word, without a version or a comment.

    That of `Acme Crawler/1.0` is `Acme`, since a space parts a product from the next (RFC 9110 section 10.1.5). Of the
    name of a group that word counts, too, and is ours as a whole or not at all (RFC 9309 section 2.2.1): `acme images`
    is, `acmebot` is not. The RFC has only letters, `_` and `-` in it; ours may have digits, as names in use do.

    Returns:
        "" where there is none: then no group is ours but that of `*`.
    """
    return _WORD_END.split(user_agent.strip(), maxsplit=1)[0]


def is_missing(failure: Failure) -> bool:
    """Say whether a failure means that a site has no robots.txt (RFC 9309 section 2.3.1.3): all 4xx but 429."""
    return failure.kind.startswith("status-4") and failure.kind != "status-429"


def rules_without_file(failure: Failure, agent: str) -> Rules:
    """Return the rules where robots.txt could not be had.

    RFC 9309 section 2.3.1: a 4xx means that there is none and all is allowed; anything else, an overloaded server (429)
    among it, that it is not known, and so nothing is.
    """
    return Rules("" if is_missing(failure) or failure.kind == "redirect-limit" else "User-agent: *\nDisallow: /", agent)


class RobotsBook:
    """The rules of the sites met so far, and the tasks parked until theirs are known.

    Where there are too many, a site's are forgotten, and asked for once more when they are needed.
    """

    def __init__(self, user_agent: str, shelf: Shelf | None = None) -> None:
        """Obey what robots.txt says to `user_agent`; keep on `shelf` what of a site is parked, if that is much."""
        self._agent = product_token(user_agent)
        self._shelf = shelf or Shelf()
        self._rules: OrderedDict[str, Rules] = OrderedDict()
        self._cost = 0
        self._parked: dict[str, Backlog] = {}
        self._barred: set[str] = set()
        self.parked = 0
        """How many tasks wait for a robots.txt."""

    def access(self, url: str) -> Access:
        """Say what is known of a URL."""
        site = origin(url)
        if site in self._barred:
            return Access.BARRED
        rules = self._rules.get(site)
        if rules is None:
            return Access.UNKNOWN
        self._rules.move_to_end(site)
        return Access.ALLOWED if rules.allow(url) else Access.FORBIDDEN

    def park(self, task: Task, number: int) -> Task | None:
        """Keep a task until its site's robots.txt answers; return the task that asks for it, the first time.

        Args:
            number: its place among all that the crawl took up; see `Backlog`.
        """
        site = origin(task.url)
        self.parked += 1
        parked, first = self._parked.get(site), None
        if parked is None:
            parked = self._parked[site] = Backlog(self._shelf)
            first = Task(f"{site}/robots.txt", Role.ROBOTS, referrer=site)
        parked.append(task, number)
        return first

    def learn(self, site: str, text: str) -> tuple[Rules, Backlog]:
        """Take in a site's robots.txt; return its rules and the tasks that waited for it."""
        return self._settle(site, Rules(text, self._agent))

    def give_up(self, site: str, failure: Failure, *, hops: int = 0) -> tuple[Rules, Backlog]:
        """Take in that a site's robots.txt could not be had; return the rules that then hold, and the tasks.

        `hops` is how many redirects led to where it failed: with none, that is the site itself.
        """
        if failure.kind == ADDRESS_FORBIDDEN and not hops:
            self._barred.add(site)
        return self._settle(site, rules_without_file(failure, self._agent))

    def _settle(self, site: str, rules: Rules) -> tuple[Rules, Backlog]:
        if (before := self._rules.pop(site, None)) is not None:
            self._cost -= before.cost
        self._rules[site] = rules
        self._cost += rules.cost
        while self._cost > MEMORY and len(self._rules) > 1:
            self._cost -= self._rules.popitem(last=False)[1].cost
        tasks = self._parked.pop(site, None) or Backlog(self._shelf)
        self.parked -= len(tasks)
        return rules, tasks
