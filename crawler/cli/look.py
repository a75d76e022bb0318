"""The commands that show something: the backends, the hazards, one page, one robots.txt."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from crawler.backends.registry import BACKENDS
from crawler.cli.base import FAILED, OK, configuration, configured, warn
from crawler.config import Config, nearest
from crawler.console import table


@click.command()
def backends() -> int:
    """List the backends, their primitives and what each is for."""
    rows = [(name, entry.primitive, entry.missing or entry.purpose) for name, entry in BACKENDS.items()]
    table(("backend", "primitive", "what it is for"), rows)
    return OK


@click.command(short_help="Demonstrate what goes wrong in concurrent code.")
@click.argument("name", required=False)
def hazards(name: str | None) -> int:
    """Demonstrate what goes wrong in concurrent code, and its cure: NAME, or `all`. Without NAME, list the hazards."""
    from crawler.hazards.base import HazardError
    from crawler.hazards.registry import HAZARDS
    from crawler.hazards.show import show

    if name is None:
        table(("hazard", "what goes wrong"), [(known, entry.gist) for known, entry in HAZARDS.items()])
        return OK
    if name not in (*HAZARDS, "all"):
        hint = nearest(name, (*HAZARDS, "all"))
        raise click.UsageError(f"there is no hazard {name!r}{hint}; the command `hazards` lists them")
    try:
        told = [show(each) for each in (HAZARDS if name == "all" else [name])]
    except HazardError as error:
        raise click.ClickException(str(error)) from error
    return OK if all(told) else FAILED


@click.command(short_help="Fetch one page and show the result as JSON.")
@configured
@click.argument("url")
def fetch(settings: Sequence[str], config: Path | None, url: str) -> int:
    """Fetch one page as a crawl would, ignoring robots.txt, and show the result as JSON."""
    from crawler import probe

    return _show(probe.fetch, settings, config, url)


@click.command()
@configured
@click.argument("url")
def robots(settings: Sequence[str], config: Path | None, url: str) -> int:
    """Show what robots.txt says about a URL, as JSON."""
    from crawler import probe

    return _show(probe.robots, settings, config, url)


def _show(
    look: Callable[[Config, str], tuple[bool, object]], settings: Sequence[str], config: Path | None, url: str
) -> int:
    warn(url)
    ok, told = look(configuration(config, {}, settings), url)
    click.echo(json.dumps(told, indent=2))
    return OK if ok else FAILED
