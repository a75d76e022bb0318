"""What a visit to a worker brings home."""

from collections.abc import Sequence
from dataclasses import dataclass

from crawler.backends.plain import Plain

Message = Sequence[Plain]
"""Of a task: its number, the name under which it is done, and its values. Of an outcome: the number, and its values."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is done, and how many tasks are being done."""

    outcomes: list[Message]
    doing: int = 0


@dataclass(frozen=True, slots=True)
class Ended:
    """The performer has ended, and so has all that was left there and not taken home."""


@dataclass(frozen=True, slots=True)
class Unopened:
    """A performer cannot be opened there, so nothing was begun."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The performer has ended as none should, and nobody knows with what."""

    reason: str


Answer = Done | Ended | Unopened | Broken
