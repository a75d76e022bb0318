"""Which rule of a robots.txt speaks for a URL: of those that match, the one of most octets (RFC 9309 section 2.2.2).

It takes time by the length of a URL, whatever the rules: no pattern makes it go back and try again.
"""

import re
from collections.abc import Collection
from operator import itemgetter
from typing import NamedTuple
from urllib.parse import quote

# Compared as they stand. Not `*` and `$`, which a pattern means literally where it writes `%2A` and `%24` (section
# 2.2.3); nor `'`, of which the URL Standard makes `%27` in queries.
_PLAIN = r"A-Za-z0-9\-._~/?=&+,;:@!()\[\]"
_IS_PLAIN = re.compile(f"[{_PLAIN}]*").fullmatch
_UNEVEN = re.compile(f"%[0-9A-Fa-f]{{2}}|[^{_PLAIN}%]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")


class _Wild(NamedTuple):
    """A rule whose pattern has `*` in it."""

    octets: int
    allow: bool
    longest: str
    """The longest of its literal parts: most URLs do not have it, and are done with."""
    head: str
    parts: tuple[str, ...]
    tail: str | None
    """What it ends in, if it ends in `$`."""

    def matches(self, target: str) -> bool:
        """Say whether a target in the one spelling begins with what the pattern stands for (RFC 9309 section 2.2.3)."""
        # The first place where a part stands leaves the most for those after it, so no other need be tried.
        if not target.startswith(self.head):
            return False
        end = len(self.head)
        for part in self.parts:
            start = target.find(part, end)
            if start < 0:
                return False
            end = start + len(part)
        return self.tail is None or target.endswith(self.tail, end)


class RuleSet:
    """The rules of one group."""

    def __init__(self, rules: Collection[tuple[bool, str]]) -> None:
        """Take in rules: whether each allows, and its pattern as robots.txt has it."""
        self._prefixes: dict[str, bool] = {}
        self._wholes: dict[str, bool] = {}
        wild: list[_Wild] = []
        for allow, pattern in dict.fromkeys(rules):
            body = pattern.removesuffix("$")
            head, *parts = map(even, body.split("*"))
            if parts:
                wild.append(_wild(allow, head, parts, ends=body != pattern))
            else:
                same = self._prefixes if body == pattern else self._wholes
                same[head] = allow or same.get(head, False)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes}, reverse=True)
        self._wild = sorted(wild, key=itemgetter(0, 1), reverse=True)
        self.forbids = not all(allow for allow, _ in rules)
        """Whether there is a rule that forbids anything."""

    def allow(self, target: str) -> bool:
        """Say whether a URL's path and query (with the `/` that they begin with) may be asked for."""
        target = even(target)
        if target == "/robots.txt":
            return True
        octets, allow = self._literal(target)
        for rule in [rule for rule in self._wild if rule.longest in target]:
            if (rule.octets, rule.allow) <= (octets, allow):
                break
            if rule.matches(target):
                return rule.allow
        return allow

    def _literal(self, target: str) -> tuple[int, bool]:
        """Return the octets of the longest match that has no `*`, none if there is none, and whether it allows."""
        if (allow := self._wholes.get(target)) is not None:
            return len(target) + 1, allow
        for length in self._lengths:
            start = target[:length]
            if (allow := self._prefixes.get(start)) is not None:
                return len(start), allow
        return 0, True


def even(text: str) -> str:
    """Return a path or a pattern in the one spelling in which they are compared (RFC 9309 section 2.2.2).

    An escaped octet is decoded if it is unreserved (RFC 3986 section 2.3): `%3D` and `=` are two. What may not stand
    in a URL as it is, is escaped, as UTF-8.
    """
    return text if _IS_PLAIN(text) else _UNEVEN.sub(_evened, text)


def _evened(match: re.Match[str]) -> str:
    found = match[0]
    if found[0] != "%":
        return quote(found, safe="", errors="replace")
    char = chr(int(found[1:], 16))
    return char if _UNRESERVED.fullmatch(char) else found.upper()


def _wild(allow: bool, head: str, parts: list[str], *, ends: bool) -> _Wild:
    octets = len(head) + sum(map(len, parts)) + len(parts) + ends
    longest = max(head, *parts, key=len)
    tail = parts.pop() if ends else None
    return _Wild(octets, allow, longest, head, tuple(filter(None, parts)), tail)
