"""Bounds against sites without end: calendars, session ids, paths that grow, a page of a million links.

    link ──▶ too long? repeats itself? ──▶ which families is it of? one of them full? ──▶ taken up, and counted in each
                   │                                                │
                   └──────────────── left, for a reason ◀───────────┘

A family is what a site can go on making for ever: the URLs that differ only in a date, a session id, a query, a number.
Each has a limit of its own, tight where the sign of a trap is plain and wide where a real site may look the same: the
pages of a list (`?page=2`) are numbers and nothing else. A reason is the name of the limit, as in [traps].

Families are counted in a sketch, so that they take no more memory however many there are.
"""

import re
from collections.abc import Container
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from crawler.core.circles import Circles, repeats
from crawler.core.sketch import Sketch
from crawler.urls import origin


@dataclass(frozen=True, slots=True)
class TrapLimits:
    """How far a site is followed. 0: without limit."""

    path_length: int = 2_000
    """Characters of a URL's path and query."""
    repeated_segments: int = 3
    """How often a segment may stand in a path."""
    session_ids: int = 500
    """Ids that may stand in one place: within a path, or in a parameter that is named like a session."""
    calendar_pages: int = 1_000
    """URLs that differ only in a date: in the query, or at the end of the path."""
    circling_paths: int = 10_000
    """URLs of a site whose paths go round, as relative links do that lead in circles."""
    query_variants: int = 10_000
    """URLs that differ only in the query. One that holds numbers alone, as the pages of a list do, is not counted."""
    numbered_pages: int = 1_000_000
    """URLs that differ only in numbers."""


class _Member(NamedTuple):
    """That a URL is of a family."""

    limit: str
    key: str
    """The family's name, the limit's before it."""
    variant: str = ""
    """What makes it another member than the last; with none, every URL is one."""


class Traps:
    """What of a crawl's URLs may be endless, and how much of it was taken up."""

    def __init__(self, limits: TrapLimits) -> None:
        self._limits = limits
        self._most = {
            "session-ids": limits.session_ids,
            "calendar-pages": limits.calendar_pages,
            "circling-paths": limits.circling_paths,
            "query-variants": limits.query_variants,
            "numbered-pages": limits.numbered_pages,
        }
        self._sketch = Sketch()
        self._circles = Circles()

    def take(self, url: str, known: Container[str]) -> str | None:
        """Count a canonical URL as taken up, or return the reason for which it is to be left.

        Args:
            known: the URLs that are taken up so far.
        """
        if self.too_long(url):
            return "path-length"
        if self._limits.repeated_segments and repeats(url, self._limits.repeated_segments):
            return "repeated-segments"
        members = self._members(url, known)
        for member in members:
            if self._full(member):
                if member.limit == "circling-paths":
                    self._circles.leave(url)
                return member.limit
        self._add(members)
        return None

    def too_long(self, url: str) -> bool:
        """Say whether a canonical URL is longer than any that is taken up."""
        return 0 < self._limits.path_length < len(url) - url.index("/", 8)

    def count(self, url: str, known: Container[str]) -> None:
        """Count a URL that is taken up whatever the limits say: a start, or a page of an earlier run."""
        self._add(self._members(url, known))

    def _members(self, url: str, known: Container[str]) -> list[_Member]:
        members = []
        if _SUSPECT.search(url, 8):
            members = [member for member in families(url) if self._most[member.limit]]
        if self._most["circling-paths"] and self._circles.lead_to(url, known, lambda: self._full(_circling(url))):
            members.append(_circling(url))
        return members

    def _full(self, member: _Member) -> bool:
        if self._sketch.count(member.key) < self._most[member.limit]:
            return False
        return not (member.variant and self._sketch.count(f"{member.key} {member.variant}"))

    def _add(self, members: list[_Member]) -> None:
        for member in members:
            if member.variant:
                variant = f"{member.key} {member.variant}"
                if self._sketch.count(variant):
                    continue
                self._sketch.add(variant)
            self._sketch.add(member.key)


def _circling(url: str) -> _Member:
    return _Member("circling-paths", f"circling-paths {origin(url)}")


def families(url: str) -> list[_Member]:
    """Return the families that a canonical URL is a member of."""
    site = origin(url)
    path, _, query = url[len(site) :].partition("?")
    parameters: list[tuple[str, str]] = []
    if ";" in path:
        path, parameters = _path_parameters(path)
    if query:
        parameters += [_parameter(text) for text in re.split("[&;]", query) if text]
    above, slash, name = path.rstrip("/").rpartition("/")
    folder = _folder(above)
    members = [_Member("session-ids", f"session-ids {site}{place}/", segment) for place, segment in folder.ids]
    path = f"{folder.path}{slash}{name}"
    if parameters:
        sessions = [(key, value) for key, value in parameters if _SESSION.fullmatch(key) and looks_like_id(value)]
        members += [_Member("session-ids", f"session-ids {site}?{key}", value) for key, value in sessions]
        parameters = [parameter for parameter in parameters if parameter not in sessions]
    dated = _DATE_AT_END.search(path, max(0, len(path) - _DATE_AT_END_LENGTH))
    if dated is not None:
        members.append(_Member("calendar-pages", f"calendar-pages {site}{_numbers_masked(path[: dated.start()])}"))
    elif parameters and _is_dated(parameters):
        members.append(_Member("calendar-pages", f"calendar-pages {site}{path}"))
    if parameters and any(not _is_number(value) for _, value in parameters):
        members.append(_Member("query-variants", f"query-variants {site}{path}"))
    # Masked piece by piece, as the number of a page's name stands between what cannot be part of it.
    end = _id_masked(name)
    if parameters:
        end += "".join(f"&{key}={_id_masked(value)}" for key, value in parameters)
    masked = _numbers_masked(end)
    if masked != end or folder.masked != folder.path or "*" in masked or "*" in folder.masked:
        members.append(_Member("numbered-pages", f"numbered-pages {site}{folder.masked}{slash}{masked}"))
    return members


class _Folder(NamedTuple):
    """What the path above a page's name says, the same for all that are in it."""

    path: str
    """The path, an `*` for each segment that is an id."""
    masked: str
    """The same, a `#` for each number."""
    ids: tuple[tuple[str, str], ...]
    """The segments that are ids: the masked path above each, and it."""


@lru_cache(maxsize=1024)
def _folder(path: str) -> _Folder:
    segments = path.split("/")
    ids = []
    for at, segment in enumerate(segments):
        if looks_like_id(segment):
            ids.append((_numbers_masked("/".join(segments[:at])), segment))
            segments[at] = "*"
    path = "/".join(segments)
    return _Folder(path, _numbers_masked(path), tuple(ids))


def looks_like_id(text: str) -> bool:
    """Say whether a text holds what only a machine writes: 8 or more letters and digits, hexadecimal or well mixed."""
    return len(text) >= 8 and any(_HEXADECIMAL.fullmatch(word) or _MIXED.search(word) for word in _WORD.findall(text))


# Where there is neither a digit, nor a query, nor parameters, there is no family.
_SUSPECT = re.compile("[0-9?;]")
_WORD = re.compile("[0-9A-Za-z]{8,}")
_HEXADECIMAL = re.compile("(?=.*[0-9])(?=.*[a-f])[0-9a-f]+", re.IGNORECASE)
_MIXED = re.compile("[a-z][0-9]+[a-z]|[0-9][a-z]+[0-9]", re.IGNORECASE)
_SESSION = re.compile(r"s|.*sid|.*sess(?:ion)?(?:[-_]?(?:id|key))?|.*token|cfid|zenid", re.IGNORECASE)
_NUMBER = re.compile("[0-9]+")
# The digits of a percent-escape are no number.
_NUMBER_WITHIN = re.compile("(?<!%)(?<!%[0-9A-Fa-f])[0-9]+")
_YEAR = r"(?:19|20|21)[0-9]{2}"
_DATE = (
    rf"(?<![0-9A-Za-z])(?:{_YEAR}[-/_.]W?[0-9]{{1,2}}(?:[-/_.][0-9]{{1,2}})?"
    rf"|[0-9]{{1,2}}[-/_.](?:[0-9]{{1,2}}[-/_.])?{_YEAR})(?![0-9A-Za-z])"
)
_DATE_WITHIN = re.compile(_DATE, re.IGNORECASE)
_DATE_AT_END = re.compile(rf"{_DATE}(?:\.[a-z]{{2,5}})?/?$", re.IGNORECASE)
_DATE_AT_END_LENGTH = len("2026-W01-01.xhtml/")
"""Characters that a date at the end of a path takes at most: no others need be looked at."""


def _path_parameters(path: str) -> tuple[str, list[tuple[str, str]]]:
    """Return a path without its segments' parameters (`/page;jsessionid=…`), and them."""
    if ";" not in path:
        return path, []
    parts = [segment.split(";") for segment in path.split("/")]
    parameters = [_parameter(text) for _, *texts in parts for text in texts if text]
    return "/".join(segment for segment, *_ in parts), parameters


def _parameter(text: str) -> tuple[str, str]:
    """Return the name and the value of a parameter; one that is a value alone has no name."""
    name, equals, value = text.partition("=")
    return (name, value) if equals else ("", name)


def _is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def _is_dated(parameters: list[tuple[str, str]]) -> bool:
    """Say whether there is a date among them: in one, or a year in one and a number in another."""
    values = [value for _, value in parameters]
    if any(_DATE_WITHIN.search(value) for value in values):
        return True
    return any(re.fullmatch(_YEAR, value) for value in values) and sum(map(_is_number, values)) > 1


def _numbers_masked(text: str) -> str:
    return _NUMBER_WITHIN.sub("#", text)


def _id_masked(text: str) -> str:
    return "*" if looks_like_id(text) else text
