"""How numbers of things, and lists of them, are written out in sentences."""

from collections.abc import Sequence


def counted(number: int, thing: str) -> str:
    """Return a number of things: `1 page`, `2,000 pages`."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence: `a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
