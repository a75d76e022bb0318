"""What is wrong with a document, in the words of those who write one: the key, what it must be, and what it is.

Expected `int` >= 1 - at `$.crawl.consumers`  ──▶  crawl.consumers: must be a whole number >= 1, not 0
"""

import json
import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Any, TypeGuard, get_args, get_origin, get_type_hints

from msgspec import ValidationError, convert

from crawler.config.errors import nearest
from crawler.config.tables import FieldTable, Table
from crawler.config.whole import Config
from crawler.words import listed

_STEP = re.compile(r"\w+|\.\.\.")
_TYPES = re.compile("`(.*?)`")
_ANY_KEY = "..."
"""How msgspec writes a key of which it knows no name in advance."""
_WORDS = {
    "int": "a whole number",
    "float": "a number",
    "str": "a text",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}


def explain(error: ValidationError | UnicodeError, tree: Mapping[str, Any], *, typed: bool = False) -> str:
    """Return the first thing that is wrong with a document as `table.key: reason`.

    Args:
        error: what msgspec has to say.
        tree: the document.
        typed: whether the last that came to it was typed, as `--set TABLE.KEY=VALUE`.
    """
    if isinstance(error, UnicodeError):
        return "it has a name that is no text"
    # Of a table that there is not, msgspec names no place; and its name could look like one.
    if (stranger := _stranger(tree, Config)) is not None:
        return f"{stranger}: there is no such table{_home(stranger) or nearest(stranger, Config.__struct_fields__)}"
    problem, _, place = str(error).rpartition(" - at `$.")
    keys, kind, value = _follow(_STEP.findall(place), tree)
    where = ".".join(keys)
    if _is_table(kind) and isinstance(value, Mapping):
        if (stranger := _stranger(value, kind)) is not None:
            hint = nearest(stranger, kind.__struct_fields__) or _home(stranger)
            return f"{where}.{stranger}: there is no such key{hint}"
        return f"{where}: it has no {problem.split('`')[1]}"
    return f"{where}: {_reason(problem, kind)}, not {value!r}{_way_out(where, problem, value, typed=typed)}"


def not_toml(text: str) -> str | None:
    """Return what is wrong with a value as TOML; None if nothing is."""
    try:
        tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError as error:
        return str(error).partition(" (at ")[0]
    return None


def _home(name: str) -> str:
    """Return in which tables there is a key of this name, as a hint; nothing if there is none."""
    kinds = get_type_hints(Config)
    homes = [table for table in Config.__struct_fields__ if name in kinds[table].__struct_fields__]
    if not homes:
        return ""
    kind = get_type_hints(kinds[homes[0]])[name]
    if _is_table(kind) or get_origin(kind) is dict:
        return f" (did you mean [{homes[0]}.{name}]?)"
    return f" (it is a key of {listed([f'[{table}]' for table in homes])})"


def _way_out(where: str, problem: str, value: object, *, typed: bool) -> str:
    """Return how to write what was meant by a text, where that can be said; else nothing."""
    if not isinstance(value, str):
        return ""
    if typed and value.lstrip().startswith(("[", "{")) and (broken := not_toml(value)):
        return f", which is no TOML: {broken}"
    if "`array`" in problem and value.isprintable():
        written = json.dumps([value], ensure_ascii=False)
        return f": write it as {'--set ' + shlex.quote(f'{where}={written}') if typed else written}"
    return ""


def _stranger(values: Mapping[str, Any], kind: type[Table]) -> str | None:
    """Return the first key that a table does not have."""
    return next((key for key in values if key not in kind.__struct_fields__), None)


def _reason(problem: str, kind: object) -> str:
    """Return what a value must be, in words."""
    if problem.startswith("Invalid enum value"):
        choices: Iterable[object] = get_args(kind)
        if isinstance(kind, type) and issubclass(kind, Enum):
            choices = [each.value for each in kind]
        return f"must be {' or '.join(map(repr, choices))}"
    if not problem.startswith("Expected "):
        return "must be smaller"
    if kind is FieldTable:
        return "must be a text, its CSS selector, or a table"
    expected = problem.partition(", got ")[0].removeprefix("Expected ")
    return f"must be {_TYPES.sub(_in_words, expected)}"


def _in_words(types: re.Match[str]) -> str:
    return " or ".join(_WORDS.get(name, name) for name in types[1].split(" | "))


def _follow(steps: list[str], tree: Mapping[str, Any]) -> tuple[list[str], object, Any]:
    """Return the keys on the way to a place in a document, and the type and the value that are there."""
    keys: list[str] = []
    kind: object = Config
    value: Any = tree
    for step in steps:
        if _is_table(kind):
            kind, key = get_type_hints(kind, include_extras=True)[step], step
        else:
            kind = get_args(kind)[-1]
            key = step if step != _ANY_KEY else next(name for name in value if not _fits(value[name], kind))
        value = value[int(key) if isinstance(value, list) else key]
        keys.append(key)
    return keys, kind, value


def _is_table(kind: object) -> TypeGuard[type[Table]]:
    return isinstance(kind, type) and issubclass(kind, Table)


def _fits(value: object, kind: Any) -> bool:
    try:
        convert(value, kind)
    except ValidationError:
        return False
    return True
