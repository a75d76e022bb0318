"""What a hazard is: something to try, what it does, why, and what cures it."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass


class Unavailable(Exception):  # noqa: N818 - nothing is wrong
    """This system, or this Python, does not have what the hazard is about: one line that says what is missing."""


class HazardError(Exception):
    """A hazard could not be run to its end: one line that says why."""


class Facts(ABC):
    """What was seen in one run, and nothing else."""

    @property
    @abstractmethod
    def harmed(self) -> bool:
        """Whether what the hazard warns of has happened in this run."""

    @abstractmethod
    def lines(self) -> Sequence[str]:
        """Return the facts for people: one a line, those that are to be printed as they stand indented."""


@dataclass(frozen=True, slots=True)
class Hazard:
    """A hazard and its cure. Both runs end by themselves within seconds, and leave no thread and no process behind."""

    tries: str
    """What is about to be tried."""
    run: Callable[[], Facts]
    """Runs into the hazard; raises Unavailable where there is none."""
    cause: str
    cure: str
    run_cured: Callable[[], Facts]
    """Does the same with the cure."""
    read: tuple[Callable[..., object], ...]
    """The functions and classes to read."""
