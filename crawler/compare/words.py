"""How lists are written out."""

from collections.abc import Sequence


def listed(names: Sequence[str]) -> str:
    """Return names as they stand in a sentence: `a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else "".join(names)
