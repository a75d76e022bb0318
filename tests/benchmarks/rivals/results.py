"""What was measured, as values, and what follows from them: medians, ratios paired in a round, growth."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Literal

from msgspec import json

from crawler.compare.model import Estimate, Machine
from crawler.compare.statistics import estimate

MB, KB = 2**20, 2**10


class Kind(StrEnum):
    """What a contender is."""

    OURS = "ours"
    RIVAL = "rival"
    BARE = "bare"
    """It only downloads, or only does the bare work: no robots.txt, no second try, nothing kept."""


@dataclass(frozen=True, slots=True)
class Figures:
    """What a run took: seconds on the wall and of CPU, and the most bytes, of the whole tree of processes."""

    wall: float
    cpu: float
    memory: int
    problem: str | None = None
    """Why they do not count."""


@dataclass(frozen=True, slots=True)
class System:
    """A contender's runs."""

    name: str
    kind: Kind
    rounds: tuple[Figures, ...]
    grown: Figures | None = None
    """Its run of the larger catalogue."""

    @property
    def problem(self) -> str | None:
        """Why its figures do not count: one wrong run is enough."""
        runs = (*self.rounds, self.grown) if self.grown else self.rounds
        return next((run.problem for run in runs if run.problem), None)

    @property
    def memory(self) -> Estimate:
        """Its peak in bytes."""
        return estimate([float(run.memory) for run in self.rounds])

    def speed(self, pages: int) -> Estimate:
        """Return the pages a second."""
        return estimate([pages / run.wall for run in self.rounds])

    def cpu(self, pages: int) -> Estimate:
        """Return the milliseconds of CPU a page."""
        return estimate([1000 * run.cpu / pages for run in self.rounds])

    def ratio(self, reference: "System", figure: Literal["wall", "cpu"]) -> Estimate:
        """Return how many times as much of a figure the reference takes, paired in a round."""
        pairs = zip(reference.rounds, self.rounds, strict=True)
        return estimate([getattr(theirs, figure) / getattr(this, figure) for theirs, this in pairs])


@dataclass(frozen=True, slots=True)
class Results:
    """A whole measurement, those that count first, the fastest at the top."""

    day: str
    pages: int
    list_pages: int
    grown_to: int
    """The pages of the larger catalogue; 0 if there was none."""
    concurrency: int
    server: str
    machine: Machine
    versions: dict[str, str]
    """Of the others and the server; ours are in `machine`."""
    reference: str
    by_hand: str
    systems: tuple[System, ...]

    @property
    def right(self) -> tuple[System, ...]:
        """Those that count, the fastest first."""
        found = [system for system in self.systems if system.problem is None]
        return tuple(sorted(found, key=lambda system: -system.speed(self.pages).median))

    @property
    def scale(self) -> System | None:
        """The system that ratios are to; None if it was not measured or was wrong."""
        return next((system for system in self.right if system.name == self.reference), None)

    @property
    def bare(self) -> System | None:
        """The bare work, by hand, with the libraries that ours stand on; None if it was not measured or was wrong."""
        return next((system for system in self.right if system.name == self.by_hand), None)

    def growth(self, system: System) -> float | None:
        """Return the bytes that a page more costs a system, by its peaks; None if that was not measured."""
        if system.grown is None:
            return None
        return (system.grown.memory - system.memory.median) / (self.grown_to - self.pages)


def save(results: Results, file: Path) -> None:
    """Write results to a file, for `load`."""
    file.write_bytes(json.format(json.encode(results), indent=1) + b"\n")


def load(file: Path) -> Results:
    """Return what `save` wrote."""
    return json.decode(file.read_bytes(), type=Results)
