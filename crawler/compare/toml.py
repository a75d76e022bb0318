"""Values as TOML."""

import json
from collections.abc import Mapping


def toml(value: object) -> str:
    """Return a value as TOML on one line: JSON, but for tables. None stands in no table."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(key)} = {toml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def document(tree: Mapping[str, Mapping[str, object]]) -> str:
    """Return tables of keys as a TOML document."""
    lines: list[str] = []
    for name, table in tree.items():
        lines += [f"[{name}]", *(f"{json.dumps(key)} = {toml(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"
