"""The configuration: one TOML file, checked as a whole before anything starts.

    file ──read──▶ document ◀──put── --set          document ──check──▶ Config

Every key, its type and its default stand in `tables.py` and `workloads.py`; `config.toml` ships the same, with a line
of comment each. What is wrong with a file is told in one line that names the key, the reason and, for a misspelt name,
the nearest right one.

What a crawl of somebody's site does not need is imported where it is used: the first request does not wait for it.
"""

from crawler.config.checks import ParserName
from crawler.config.document import TYPED, check, check_layers, for_fixture_site, put, read
from crawler.config.errors import ConfigError, Tree, nearest
from crawler.config.whole import Config
from crawler.config.workloads import Compare, Workload

__all__ = [
    "TYPED",
    "Compare",
    "Config",
    "ConfigError",
    "ParserName",
    "Tree",
    "Workload",
    "check",
    "check_layers",
    "for_fixture_site",
    "nearest",
    "put",
    "read",
]
