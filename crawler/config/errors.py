"""What is said of a wrong configuration."""

import difflib
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

Tree = dict[str, Any]
"""A TOML document."""


class ConfigError(Exception):
    """The configuration cannot be used: one line that names the key, the reason and the way out."""

    def __init__(self, message: str) -> None:
        # What it quotes may have been written on several.
        super().__init__(" ".join(message.splitlines()))


@contextmanager
def explained_as(key: str, mark: str = ": ") -> Iterator[None]:
    """Put a key before what a ValueError says."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{key}{mark}{error}") from None


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean …?)` with the name that has `name` as a word, or else looks most like it; or nothing."""
    known = list(names)
    with_it = [each for each in known if name in re.split("[-_]", each)]
    close = difflib.get_close_matches(name, with_it or known, 1, cutoff=0.0 if with_it else 0.6)
    return f" (did you mean {close[0]}?)" if close else ""
