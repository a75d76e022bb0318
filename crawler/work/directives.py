"""What a page asks of robots beside robots.txt: `<meta name="robots">`, X-Robots-Tag and rel=nofollow.

There is no standard but the search engines' own documents, Google's "Robots meta tag, data-nosnippet, and X-Robots-Tag
specifications" first. As there, what is said to all robots and what is said to us are added up, `none` stands for both,
and what is not known is passed over.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple, Self

NOINDEX, NOFOLLOW, NONE = "noindex", "nofollow", "none"
_ALL = ("robots", "*")
# Rules with a value: what stands before their colon is no robot's name.
_VALUED = re.compile(r"unavailable_after|max-[a-z-]+", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*([\w*][\w.*-]*)\s*:(.*)", re.ASCII | re.DOTALL)


class Directives(NamedTuple):
    """What is asked of us."""

    noindex: bool = False
    """Not to keep what the page says."""
    nofollow: bool = False
    """Not to follow any of its links."""

    @classmethod
    def of(cls, rules: Iterable[str]) -> Self:
        """Return what rules such as `noindex` come to."""
        asked = {rule.strip().lower() for rule in rules}
        return cls(bool(asked & {NOINDEX, NONE}), bool(asked & {NOFOLLOW, NONE}))


def header_rules(values: Iterable[str], agent: str) -> list[str]:
    """Return the rules for `agent` in the values of the X-Robots-Tag headers.

    A value is a list of rules. One that has `name:` before it, and all that follow it, are for that robot alone.
    """
    rules = []
    for value in values:
        for_us = True
        for item in value.split(","):
            rule = item
            address = _ADDRESS.fullmatch(item)
            if address is not None and not _VALUED.fullmatch(address[1]):
                for_us = _is_ours(address[1], agent)
                rule = address[2]
            if for_us:
                rules.append(rule)
    return rules


def meta_rules(metas: Iterable[tuple[str | None, str | None]], agent: str) -> list[str]:
    """Return the rules for `agent` in a page's `<meta>` elements, given the name and the content of each."""
    return [
        rule
        for name, content in metas
        if name is not None and content is not None and _is_ours(name.strip(), agent)
        for rule in content.split(",")
    ]


def is_nofollow(rel: str | None) -> bool:
    """Say whether a link's `rel`, a list of words, has `nofollow` among them."""
    return rel is not None and NOFOLLOW in rel.lower().split()


def _is_ours(name: str, agent: str) -> bool:
    return bool(name) and name.lower() in (*_ALL, agent.lower())
