"""`crawl`, the default command."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from crawler.backends.registry import BACKENDS
from crawler.cli.base import INTERRUPTED, OK, Folder, commands, configuration, configured, program
from crawler.console import Console
from crawler.engine import Interrupts
from crawler.job import Mode, Watcher, fresh_folder, run
from crawler.store.store import TIMELINE
from crawler.urls import quotable


class Crawl(click.Command):
    """A command of options alone."""

    allow_extra_args = True

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Refuse what is no option, and say which one is missing before it."""
        extra = super().parse_args(context, args)
        if extra and not context.resilient_parsing:
            stray = f"{quotable(extra[0])!r}"
            if extra[0] in commands.commands:
                raise click.UsageError(f"{stray} is a command: put it first, before any option")
            raise click.UsageError(
                f"{stray} belongs to no option: write --start-url before a URL, --out before a folder"
            )
        return extra


@click.command(cls=Crawl)
@configured
@click.option("--backend", metavar="NAME", help=f"One of {', '.join(BACKENDS)}.")
@click.option("--start-url", "start_urls", metavar="URL", multiple=True, help="URL to start from; may be repeated.")
@click.option("--out", "folder", metavar="DIR", type=Folder(), help="Output folder (default: crawls/TIME-BACKEND).")
@click.option("--resume", is_flag=True, help="Resume the crawl in --out; start one if there is none.")
@click.option("--retry-failed", is_flag=True, help="Resume, and try failed pages again.")
@click.option("--overwrite", is_flag=True, help="Replace the crawl in --out.")
@click.option("--producers", metavar="N", type=int, help="Number of workers that fetch list pages.")
@click.option("--consumers", metavar="N", type=int, help="Number of workers that fetch detail pages.")
@click.option("--max-pages", metavar="N", type=int, help="Stop after N pages; 0: no limit.")
@click.option("--max-depth", metavar="N", type=int, help="Maximum link depth from a start URL; 0: no limit.")
@click.option("--trace", is_flag=True, help="Write a timeline of what each worker did when.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def crawl(
    settings: Sequence[str],
    config: Path | None,
    folder: Path | None,
    resume: bool,
    retry_failed: bool,
    overwrite: bool,
    trace: bool,
    quiet: bool,
    **options: Any,
) -> int:
    """Crawl a site and write what was found into a folder."""
    going_on = "--retry-failed" if retry_failed else "--resume" if resume else None
    if going_on and overwrite:
        raise click.UsageError(f"{going_on} and --overwrite exclude each other")
    if going_on and folder is None:
        raise click.UsageError(f"{going_on} needs --out: the folder of the crawl to go on with")
    given = {key: value for key, value in options.items() if value is not None and value != ()}
    if "start_urls" in given:
        given["start_urls"] = list(given["start_urls"])
    modes = ((retry_failed, Mode.RETRY_FAILED), (resume, Mode.RESUME), (overwrite, Mode.OVERWRITE))
    mode = next((mode for told, mode in modes if told), Mode.FRESH)
    console = Console(quiet=quiet)
    chosen = configuration(config, given, settings, console.say)
    with Interrupts() as interrupts:
        with console:
            watcher = Watcher(console.say, console.watch)
            folder = folder or fresh_folder(chosen.crawl.backend)
            result = run(chosen, folder, mode, watcher, interrupts, trace=trace)
        if result.report:
            console.summary(result.report, result.folder)
        if trace and (timeline := result.folder / TIMELINE).exists():
            console.say(f"what each worker did when: {timeline}")
        if result.interrupted:
            console.say(f"interrupted; the state is saved. To go on: {_resume_command(result.folder)}")
            return INTERRUPTED
        if result.problem:
            raise click.ClickException(result.problem)
        return OK


def _resume_command(folder: Path) -> str:
    """Return this command with what takes the crawl up again."""
    args = [arg for arg in sys.argv[1:] if arg not in ("--overwrite", "--resume", "--retry-failed")]
    if not any(arg == "--out" or arg.startswith("--out=") for arg in args):
        args += ["--out", str(folder)]
    return f"{program()} {shlex.join([*args, '--resume'])}"
