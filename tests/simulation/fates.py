"""What befalls the cells: they crash, freeze, are cut off, join and leave, one after another, at random times."""

from collections import Counter
from collections.abc import Callable
from random import Random

from tests.simulation.cell import Cell, Surroundings
from tests.simulation.network import REGISTRY

LONGEST = 60.0
"""Seconds that a cell is down, frozen or cut off, at most: six times its lease."""


class Fates:
    """Disturbs a crawl, and keeps between half and twice as many cells as it began with."""

    def __init__(self, around: Surroundings, cells: dict[str, Cell]) -> None:
        """Begin with the cells of the settings; `cells` is kept up to date with those that live."""
        self._around, self._cells = around, cells
        self._settings, self._loop = around.settings, around.loop
        self._random = Random(self._settings.seed * 7 + 3)
        self._named = 0
        self.counts: Counter[str] = Counter()
        for _ in range(self._settings.cells):
            self._add()
        self._loop.after(self._pause(), self._strike)

    def _strike(self) -> None:
        self._loop.after(self._pause(), self._strike)
        for name in [name for name, cell in self._cells.items() if not cell.alive]:
            del self._cells[name]  # it has left
        fates: list[Callable[[Cell], None]] = [self._freeze, self._cut_from_registry, self._cut_from_others]
        staying = [cell for cell in self._cells.values() if not cell.leaving]
        if len(staying) > self._settings.cells / 2:
            fates += [self._crash, self._crash, self._leave]
        if len(staying) < 2 * self._settings.cells:
            fates.append(self._join)
        self._random.choice(fates)(self._random.choice(staying))

    def _crash(self, cell: Cell) -> None:
        self.counts["crashes"] += 1
        cell.die()
        del self._cells[cell.name]
        self._loop.after(self._while(), self._restart, cell)

    def _restart(self, cell: Cell) -> None:
        if not cell.leaving:
            self._cells[cell.name] = self._live(cell.name, cell.life + 1)

    def _freeze(self, cell: Cell) -> None:
        self.counts["freezes"] += 1
        cell.frozen_until = self._loop.now + self._while()

    def _cut_from_registry(self, cell: Cell) -> None:
        self.counts["cells cut off from the registry"] += 1
        self._around.network.cut(cell.name, REGISTRY, self._while())

    def _cut_from_others(self, cell: Cell) -> None:
        self.counts["cells cut off from half of the others"] += 1
        for other in self._random.sample(sorted(self._cells), len(self._cells) // 2):
            self._around.network.cut(cell.name, other, self._while())

    def _join(self, _: Cell) -> None:
        self.counts["cells added"] += 1
        self._add()

    def _leave(self, cell: Cell) -> None:
        self.counts["cells removed"] += 1
        cell.leaving = True

    def _add(self) -> None:
        self._named += 1
        name = f"cell-{self._named}"
        self._cells[name] = self._live(name, 1)

    def _live(self, name: str, life: int) -> Cell:
        return Cell(name, life, self._random.uniform(-1, 1), self._around)

    def _pause(self) -> float:
        return self._random.expovariate(1 / self._settings.calm)

    def _while(self) -> float:
        return self._random.uniform(0.5, LONGEST)
