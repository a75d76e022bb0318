"""Which rule of a robots.txt speaks for a URL: of those that match, the one of most octets (RFC 9309 section 2.2.2).

It takes time by the length of a URL, whatever the rules: about a microsecond an octet, and 50 more at most. Of rules
with `*` only those are tried that have letters in common with it, up to a number, and none of them takes going back.
"""

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from sys import maxsize
from typing import NamedTuple
from urllib.parse import quote

# Compared as they stand. Not `*` and `$`, which a pattern means literally where it writes `%2A` and `%24` (section
# 2.2.3); nor `'`, of which the URL Standard makes `%27` in queries.
_PLAIN = r"A-Za-z0-9\-._~/?=&+,;:@!()\[\]"
_IS_PLAIN = re.compile(f"[{_PLAIN}]*").fullmatch
_UNEVEN = re.compile(f"%[0-9A-Fa-f]{{2}}|[^{_PLAIN}%]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")

_Rank = tuple[int, bool]
"""Octets of a pattern, and whether its rule allows: of two rules that match, the greater counts."""

_LENGTHS = (0, 1, 2, 4)
"""How many letters a pattern may be looked up by."""
_FEW = 256
"""Keys of a length up to which each is looked for in a URL; above that it is quicker to look up what the URL has."""
_STEPS = 500
"""What a URL is held against, at most, in steps of some 100 ns: 60 to 100 patterns that have letters in common with
it. No real file has more: they are there to hold us up."""
_TOO_MANY: _Rank = (maxsize, False)
"""What counts where there are more: it is forbidden, which is the site's own doing."""


class _Wild(NamedTuple):
    """A rule whose pattern has `*` in it."""

    rank: _Rank
    head: str
    parts: tuple[str, ...]
    tail: str | None
    """What it ends in, if it ends in `$`."""

    least: int
    """Octets of the shortest that it matches."""
    steps: int
    """What it takes to try it, of `_STEPS`."""

    def keys(self) -> set[str]:
        """Return what it may be looked up by: all letters of its literal parts, a few at a time."""
        found: set[str] = set()
        for text in {self.head, *self.parts, self.tail or ""}:
            length = max(length for length in _LENGTHS if length <= len(text))
            last = len(text) - length
            found.update(text[start : start + length] for start in (*range(0, last, length or 1), last))
        return found

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


class _Index:
    """The rules with `*`, each under a few letters that whatever it matches must have.

        Disallow: /*?sort=    ─▶  "?sor" ─┐
        Disallow: /*.pdf$     ─▶  ".pdf" ─┼◀─ which of these are in a URL: for /a.pdf, /*.pdf$ alone is tried
        Allow: /s*/a/         ─▶  "/a"   ─┘

    Of a rule's letters those are taken that the fewest rules have: it is they that tell it from the others.
    """

    def __init__(self, rules: Collection[_Wild]) -> None:
        common = Counter(chain.from_iterable(rule.keys() for rule in rules))
        self._rules: dict[int, dict[str, list[_Wild]]] = {}
        """By the length of their key, and by that."""
        for rule in rules:
            # In URLs a letter more makes it four times as rare, at least.
            key = min(rule.keys(), key=lambda key: (common[key] / 4 ** len(key), key))
            self._rules.setdefault(len(key), {}).setdefault(key, []).append(rule)

    def best(self, target: str, best: _Rank) -> _Rank:
        """Return the greatest rank of those that match a target, but at least `best`; or `_TOO_MANY`."""
        steps = 0
        for rule in self._like(target):
            fits = rule.least <= len(target)
            steps += rule.steps if fits else 1
            if steps > _STEPS:
                return _TOO_MANY
            if fits and rule.rank > best and rule.matches(target):
                best = rule.rank
        return best

    def _like(self, target: str) -> Iterator[_Wild]:
        """Yield the rules whose letters are in a target."""
        for length, rules in self._rules.items():
            keys: Iterable[str]
            if len(rules) <= _FEW:
                keys = [key for key in rules if key in target]
            else:
                keys = rules.keys() & {target[start : start + length] for start in range(len(target) - length + 1)}
            for key in keys:
                yield from rules[key]


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
        self._lengths = sorted(set(map(len, self._prefixes)))
        self._wild = _Index(wild)
        self.forbids = not all(allow for allow, _ in rules)
        """Whether there is a rule that forbids anything."""

    def allow(self, target: str) -> bool:
        """Say whether a URL's path and query (with the `/` that they begin with) may be asked for."""
        target = even(target)
        return target == "/robots.txt" or self._wild.best(target, self._literal(target))[1]

    def _literal(self, target: str) -> _Rank:
        """Return the rank of the longest match that has no `*`: if there is none, one that anything else is above."""
        if (allow := self._wholes.get(target)) is not None:
            return len(target) + 1, allow
        for length in reversed(self._lengths[: bisect_right(self._lengths, len(target))]):
            if (allow := self._prefixes.get(target[:length])) is not None:
                return length, allow
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
    stars, least = len(parts), len(head) + sum(map(len, parts))
    tail = parts.pop() if ends else None
    found = tuple(filter(None, parts))
    return _Wild((least + stars + ends, allow), head, found, tail, least, steps=4 + len(found) + least // 16)
