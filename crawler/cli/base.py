"""What all commands share: the group that they are in, and how they are configured."""

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from crawler import __version__
from crawler.config import TYPED, Config, Tree, check_layers, nearest, put, read
from crawler.urls import has_credentials, quotable

OK, FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

CONFIG_FILE = Path("config.toml")
"""What is read where no --config is given, if it is there."""

SET_HELP = "Set any key of the configuration: crawl.max_pages=5, extract.fields.title=h1, 'site.deny=[\"/src/*\"]'."

CONFIG_HELP = "Configuration file (default: ./config.toml if it is there)."

NOT_SENT = "the credentials in a URL are left out: this crawler does not send any"


class Commands(click.Group):
    """A group whose default command is `crawl`."""

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Put `crawl` before arguments that begin with one of its options."""
        own = {"--help", "-h", "--version"}
        if not args or (args[0].startswith("-") and args[0] not in own):
            args = ["crawl", *args]
        return super().parse_args(context, args)

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Name the nearest command where there is none of this name."""
        if self.get_command(context, args[0]) is None:
            hint = nearest(args[0], self.commands)
            way_out = "write --start-url before a URL" if "://" in args[0] else "--help lists them"
            raise click.UsageError(f"there is no command {quotable(args[0])!r}{hint}; {way_out}")
        return super().resolve_command(context, args)


class Folder(click.Path):
    """The name of a folder. Not an empty one, as a shell's variable may be: that would be the current folder."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return it as a path."""
        return self.fail("it names no folder", param, ctx) if value == "" else super().convert(value, param, ctx)


def configured(command: Any) -> Any:
    """Add the options by which every command is configured."""
    for option in (
        click.option("--set", "settings", metavar="TABLE.KEY=VALUE", multiple=True, help=SET_HELP),
        click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help=CONFIG_HELP),
    ):
        command = option(command)
    return command


def configuration(
    file: Path | None, options: Tree, settings: Sequence[str], say: Callable[[str], None] = lambda _: None
) -> Config:
    """Return the configuration of a file (else ./config.toml, else the defaults), options and settings on top.

    `say` takes a line about what is not wrong, but will not be as it looks.
    """
    source = file or (CONFIG_FILE if CONFIG_FILE.exists() else None)
    tree = read(source) if source else {}

    def layers() -> Iterator[tuple[Tree, str]]:
        yield tree, str(source or "defaults")
        if options:
            tree.setdefault("crawl", {}).update(options)
            yield tree, "the command line"
        for setting in settings:
            put(tree, setting)
        if settings:
            yield tree, TYPED

    config = check_layers(layers())
    if any(map(has_credentials, tree.get("crawl", {}).get("start_urls", ()))):
        say(NOT_SENT)
    return config


def program() -> str:
    """Return how this program can be started again, typed in the current folder."""
    script = _script()
    return f"{_as_typed(Path(sys.executable))} -m crawler" if script is None else _as_typed(script)


def program_name() -> str:
    """Return what the help calls this program: the name of the script that started it, or `python -m crawler`."""
    script = _script()
    return "python -m crawler" if script is None else script.name


def _script() -> Path | None:
    """Return the script that this program was started by, as an installation makes one; None with `python -m`."""
    command = Path(sys.argv[0])
    is_module = command.name == "__main__.py" or command.suffix in (".py", ".pyz")
    return command if not is_module and os.access(command, os.X_OK) else None


def _as_typed(file: Path) -> str:
    """Return a program by its name if that leads to it, else by its path, from here if it is below."""
    file = Path(os.path.abspath(file))  # not resolved: an environment's Python is a link to another
    if shutil.which(file.name) == str(file):
        return file.name
    return shlex.quote(
        os.path.join(".", file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)
    )


def warn(url: str) -> None:
    """Say so if a URL has credentials."""
    if has_credentials(url):
        click.echo(NOT_SENT, err=True)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="crawler %(version)s")
def commands() -> None:
    """Crawl a web site with the concurrency backend of your choice.

    `crawl` is the default command. Without a start URL, it serves a fixture site and crawls that.
    """
