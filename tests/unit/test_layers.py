"""Who may import whom: read from the sources, so that nobody has to remember it."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

FORBIDDEN = {
    "core": ("work", "backends", "store", "engine", "job", "cli", "config", "hazards", "trace"),
    "backends": ("core", "store", "engine", "job", "cli", "config", "hazards", "trace"),
    "work": ("core", "backends", "store", "engine", "job", "cli", "config", "hazards", "trace"),
    "store": ("core", "work", "backends", "engine", "job", "cli", "config", "hazards", "trace"),
    "hazards": ("store", "engine", "job", "cli", "config", "trace"),
    "trace": ("core", "job", "cli", "config", "hazards"),
}


def imports(path: Path) -> set[str]:
    """Return the modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize("layer", sorted(FORBIDDEN))
def test_a_layer_imports_only_what_is_below_it(layer: str) -> None:
    sources = sorted((ROOT / "crawler" / layer).rglob("*.py"))
    assert sources
    for path in sources:
        for name in imports(path):
            for other in FORBIDDEN[layer]:
                assert name != f"crawler.{other}", path
                assert not name.startswith(f"crawler.{other}."), path


def test_dask_is_imported_by_its_backend_alone_and_that_by_the_registry() -> None:
    home = ROOT / "crawler" / "backends" / "dask"
    for path in [path for folder in ("crawler", "fixtures") for path in (ROOT / folder).rglob("*.py")]:
        if path.parent != home:
            tops = {name.partition(".")[0] for name in imports(path)}
            assert not tops & {"dask", "distributed"}, path
            assert not any(name.startswith("crawler.backends.dask") for name in imports(path)), path


def test_each_backend_is_imported_by_the_registry_alone() -> None:
    backends = {path.stem for path in (ROOT / "crawler" / "backends").glob("*.py")}
    shared = {"__init__", "base", "channel", "pool", "children", "losses", "board", "link", "plain", "registry", "fake"}
    for path in (ROOT / "crawler").rglob("*.py"):
        if path.parent.name == "hazards":
            continue  # their subject is what backends are made of, and they too are imported only when they are run
        for name in imports(path):
            assert name.removeprefix("crawler.backends.").partition(".")[
                0
            ] not in backends - shared or not name.startswith("crawler.backends."), path
