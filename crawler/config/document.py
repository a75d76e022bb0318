"""From a TOML document to a configuration, or to one line that says what is wrong with it."""

import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from msgspec import ValidationError, convert

from crawler.backends.registry import BACKENDS
from crawler.config.checks import http_url
from crawler.config.errors import ConfigError, Tree, explained_as
from crawler.config.explain import explain, not_toml
from crawler.config.tables import Extract, Politeness
from crawler.config.whole import Config
from crawler.work.clients import missing
from crawler.work.parsers import validate_selector

TYPED = "--set"
"""The source of what was put in by `put`."""
_OTHERS = re.compile(r"(.+?)\s*::(?:text|attr\(\s*([\w:-]+)\s*\))\s*")
"""A selector as other programs have them, which say by it what is taken of an element."""
_SETTING = re.compile(r"""((?:"(?:\\.|[^"\\])*"|'[^']*'|[^=])*?)(?:(=)(.*))?""", re.DOTALL)


def read(path: Path) -> Tree:
    """Return the TOML document in a file; ConfigError if there is none or it cannot be read."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from error
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror}") from error


def put(tree: Tree, setting: str) -> None:
    """Put `TABLE.KEY=VALUE` into a document. VALUE is TOML; what does not parse as TOML is a string."""
    path, equals, text = _SETTING.fullmatch(setting).groups("")  # type: ignore[union-attr] # it matches any text
    *tables, key = _parts(path)
    if not equals or not tables or not all((*tables, key)):
        raise ConfigError(f"--set {setting}: write it as TABLE.KEY=VALUE")
    for table in tables:
        tree = tree.setdefault(table, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {setting}: {table} is not a table")
    try:
        parsed = tomllib.loads(f"value = {text}")
    except tomllib.TOMLDecodeError:
        parsed = {}
    tree[key] = parsed["value"] if parsed.keys() == {"value"} else text


def _parts(path: str) -> list[str]:
    """Return the keys of a dotted key. They are TOML where they are quoted; else they may be any characters."""
    try:
        tree = tomllib.loads(f"{path} = 0") if '"' in path or "'" in path else {}
    except tomllib.TOMLDecodeError:
        tree = {}
    parts = []
    while isinstance(tree, dict) and tree:
        ((part, tree),) = tree.items()
        parts.append(part)
    return parts or [part.strip() for part in path.split(".")]


def check(tree: Mapping[str, Any], source: str) -> Config:
    """Return the configuration that a document describes; ConfigError that names `source` if it cannot be used."""
    return check_layers([(tree, source)])


def check_layers(layers: Iterable[tuple[Mapping[str, Any], str]]) -> Config:
    """Return the configuration that a document describes in the end, when one source after another has changed it.

    Each value must be one that there is. Whether they go together is asked of the last document alone: what does not
    may stand in a file, if the command line puts it right.

    Raises:
        ConfigError: it cannot be used; it names the source that made it so.
    """
    sources: dict[str, str] = {}
    for tree, source in layers:
        config, problem = _converted(_with_fields_as_tables(tree), source), ""
        try:
            fitting = _fitting(config)
        except ValueError as error:
            problem = str(error)
        sources = {problem: sources.get(problem, source)}
    if problem:
        raise ConfigError(f"{sources[problem]}: {problem}")
    return fitting


def _fitting(config: Config) -> Config:
    """Return a configuration whose parts go together; ValueError if they do not, or cannot be used here."""
    entry = BACKENDS[config.crawl.backend]
    if entry.missing:
        raise ValueError(f"crawl.backend: {config.crawl.backend} {entry.missing}")
    if config.client not in entry.clients:
        raise ValueError(
            f"http.client: backend {config.crawl.backend} cannot use {config.client!r}, "
            f"only {' or '.join(entry.clients)}"
        )
    with explained_as("dask", "."):
        config.dask.verify_safety()
    if config.dask.window and config.dask.window * config.dask.batch <= config.crawl.producers:
        raise ValueError("dask.window: window x batch must be more than crawl.producers")
    if problem := missing(config.client):
        raise ValueError(f"http.client: {config.client} {problem}")
    config = _with_a_parser_it_can_use(config)
    selectors = {f"extract.fields.{name}": field.css for name, field in config.extract.fields.items()}
    for key, css in {"site.link_selector": config.site.link_selector, **selectors}.items():
        if problem := validate_selector(css, config.extract.parser):
            raise ValueError(f"{key}: {problem}{_meant(css, of_a_field=key in selectors)}")
    return config


def _meant(css: str, *, of_a_field: bool) -> str:
    """Return how to write what was meant by what is no CSS selector, where that can be told; else nothing."""
    if css.startswith(("/", "./", "(/")):
        return ": XPath is not taken"
    if css.startswith("{") and (broken := not_toml(css)):
        return f", nor is it TOML: {broken}"
    other = _OTHERS.fullmatch(css) if of_a_field else None
    if other is None:
        return ""
    element, attribute = other.groups()
    if attribute is None:
        return f": write {element!r}, the text is what one gets without attr"
    return f": write {{ css = {json.dumps(element)}, attr = {json.dumps(attribute)} }}"


def for_fixture_site(config: Config, url: str, per_host: int) -> Config:
    """Return a configuration turned to the fixture site at `url`: its patterns, its fields, its patience.

    What was set to something other than its default stays as it was set.
    """
    from fixtures.site import DETAIL_PATTERNS, FIELDS, LIST_PATTERNS

    tree = config.dump()
    tree["crawl"]["start_urls"] = [url]
    if not config.site.list and not config.site.detail:
        tree["site"] |= {"list": list(LIST_PATTERNS), "detail": list(DETAIL_PATTERNS)}
    if not config.extract.fields:
        tree["extract"]["fields"] = dict(FIELDS)
    if config.politeness.per_host == Politeness().per_host:
        tree["politeness"]["per_host"] = max(per_host, config.politeness.per_host)
    return check(tree, "the fixture site")


def _with_fields_as_tables(tree: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the document, each of its fields a table, where it may be written as its selector alone."""
    match tree:
        case {"extract": {"fields": {**fields}} as extract}:
            tables = {name: {"css": field} if isinstance(field, str) else field for name, field in fields.items()}
            return {**tree, "extract": {**extract, "fields": tables}}
    return tree


def _converted(tree: Mapping[str, Any], source: str) -> Config:
    """Return the configuration: all values of their types, and what the document has of them verified."""
    try:
        config = convert(tree, Config)
    except (ValidationError, UnicodeError) as error:
        raise ConfigError(f"{source}: {explain(error, tree, typed=source == TYPED)}") from None
    try:
        for name in tree:
            with explained_as(name, "."):
                getattr(config, name).verify()
        with explained_as("crawl.start_urls"):
            urls = [http_url(url) for url in config.crawl.start_urls]
    except ValueError as error:
        raise ConfigError(f"{source}: {error}") from None
    return config.changed(crawl=config.crawl.changed(start_urls=urls))


def _with_a_parser_it_can_use(config: Config) -> Config:
    """Return the configuration with the backend's own parser in place of the default, where it cannot use that one."""
    usable, parser = BACKENDS[config.crawl.backend].parsers, config.extract.parser
    if parser in usable:
        return config
    if parser != Extract().parser:
        raise ValueError(
            f"extract.parser: backend {config.crawl.backend} cannot use {parser!r}, only {' or '.join(usable)}"
        )
    return config.changed(extract=config.extract.changed(parser=usable[0]))
