"""The command line. `crawl` is the default command: `python -m crawler --backend queue` crawls.

What only another command needs is imported by that command: a crawl's first request does not wait for it.
"""

import json
import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from threading import enumerate as enumerate_threads
from threading import main_thread
from typing import Any

import click

from crawler import __version__
from crawler.advise import MOST_PAGES
from crawler.backends.base import BackendError
from crawler.backends.registry import BACKENDS
from crawler.config import Config, ConfigError, Tree, check, nearest, put, read
from crawler.console import Console, printable, table
from crawler.engine import Interrupts
from crawler.job import Mode, Watcher, fresh_folder, run
from crawler.store.database import FolderInUseError, StoreError
from crawler.trace.switch import TIMELINE
from crawler.urls import has_credentials, quotable
from fixtures.process import FixtureError

OK, FAILED, BAD_USAGE, INTERRUPTED = 0, 1, 2, 130

CONFIG_FILE = Path("config.toml")
"""What is read where no --config is given, if it is there."""

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
            raise click.UsageError(f"there is no command {quotable(args[0])!r}{hint}; --help lists them")
        return super().resolve_command(context, args)


def _configured(command: Any) -> Any:
    """Add the options by which every command is configured."""
    for option in (
        click.option("--set", "settings", metavar="TABLE.KEY=VALUE", multiple=True, help="Set any key of the file."),
        click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Read this, not ./config.toml."),
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
    check(tree, str(source or "defaults"))
    for key, value in options.items():
        tree.setdefault("crawl", {})[key] = value
    if options:
        check(tree, "the command line")
    for setting in settings:
        put(tree, setting)
    config = check(tree, "--set") if settings else check(tree, str(source or "the command line"))
    if any(map(has_credentials, tree.get("crawl", {}).get("start_urls", ()))):
        say(NOT_SENT)
    return config


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="crawler %(version)s")
def commands() -> None:
    """Crawl a web site with the concurrency backend of your choice.

    Without a command, `crawl` is meant: `python -m crawler --backend queue`. Without a start URL, a fixture
    site is served and crawled.
    """


@commands.command()
@_configured
@click.option("--backend", metavar="NAME", help=f"One of {', '.join(BACKENDS)}.")
@click.option("--start-url", "start_urls", metavar="URL", multiple=True, help="Where to begin; may be repeated.")
@click.option("--out", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Default: crawls/TIME-BACKEND.")
@click.option("--resume", is_flag=True, help="Go on with the crawl in --out, or begin it.")
@click.option("--retry-failed", is_flag=True, help="Resume, and take up failed pages again.")
@click.option("--overwrite", is_flag=True, help="Begin anew where --out holds a crawl.")
@click.option("--producers", metavar="N", type=int, help="Workers that fetch list pages.")
@click.option("--consumers", metavar="N", type=int, help="Workers that fetch detail pages.")
@click.option("--max-pages", metavar="N", type=int, help="Stop after so many pages; 0: no limit.")
@click.option("--max-depth", metavar="N", type=int, help="Follow links so far from the start; 0: no limit.")
@click.option("--trace", is_flag=True, help="Leave a timeline of what each worker did when.")
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
    """Crawl a site and leave what was found in a folder."""
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
    return shlex.join(["python", "-m", "crawler", *args, "--resume"])


@commands.command()
def backends() -> int:
    """List the backends: their primitive and what they are for."""
    rows = [(name, entry.primitive, entry.missing or entry.purpose) for name, entry in BACKENDS.items()]
    table(("backend", "primitive", "what it is for"), rows)
    return OK


@commands.command()
@click.argument("name", required=False)
def hazards(name: str | None) -> int:
    """Run into what goes wrong in concurrent code, and see what cures it: NAME, or `all`; without it, list them."""
    from crawler.hazards.base import HazardError
    from crawler.hazards.registry import HAZARDS
    from crawler.hazards.show import show

    if name is None:
        table(("hazard", "what goes wrong"), [(known, entry.gist) for known, entry in HAZARDS.items()])
        return OK
    if name not in (*HAZARDS, "all"):
        hint = nearest(name, (*HAZARDS, "all"))
        raise click.UsageError(f"there is no hazard {name!r}{hint}; `crawler hazards` lists them")
    try:
        told = [show(each) for each in (HAZARDS if name == "all" else [name])]
    except HazardError as error:
        raise click.ClickException(str(error)) from error
    return OK if all(told) else FAILED


@commands.command()
@_configured
@click.argument("url")
def fetch(settings: Sequence[str], config: Path | None, url: str) -> int:
    """Fetch one page as a crawl would, and show what came of it, as JSON."""
    from crawler import probe

    _warn(url)
    ok, told = probe.fetch(configuration(config, {}, settings), url)
    click.echo(json.dumps(told, indent=2))
    return OK if ok else FAILED


@commands.command()
@_configured
@click.argument("url")
def robots(settings: Sequence[str], config: Path | None, url: str) -> int:
    """Show what robots.txt says of a URL, as JSON."""
    from crawler import probe

    _warn(url)
    ok, told = probe.robots(configuration(config, {}, settings), url)
    click.echo(json.dumps(told, indent=2))
    return OK if ok else FAILED


@commands.command()
@_configured
@click.option("--workloads", metavar="NAME,…", default="io,cpu", show_default=True, help="Also mixed and flaky.")
@click.option(
    "--backends", metavar="NAME,…", default="", help="Which backends; default: all but those for several machines."
)
@click.option("--consumers", metavar="N,…", default="8", show_default=True, help="Several, for a scaling curve.")
@click.option("--parsers", metavar="NAME,…", default="", help="Which parsers; default: the workload's.")
@click.option(
    "--clients", metavar="NAME,…", default="", help="Which clients; default: requests, or the backend's best."
)
@click.option("--start-methods", metavar="NAME,…", default="", help="How processes are started; default: auto.")
@click.option("--pages", metavar="N", type=click.IntRange(1), help="Detail pages; default: the workload's.")
@click.option("--latency", metavar="S", type=click.FloatRange(0), help="Seconds a page; default: the workload's.")
@click.option("--producers", metavar="N", type=click.IntRange(1), default=4, show_default=True)
@click.option("--rounds", metavar="N", type=click.IntRange(1), default=3, show_default=True, help="Runs of each.")
@click.option("--within", metavar="S", type=click.FloatRange(0), help="Begin no round that would end later.")
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Shuffles the order of the runs.")
@click.option("--limit", metavar="S", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Kill a run.")
@click.option("--explain/--no-explain", default=True, help="Run each once before, traced, to see where its time goes.")
@click.option(
    "--baseline", metavar="FILE", type=click.Path(path_type=Path), help="Exit 1 if a run is slower than there."
)
@click.option(
    "--out", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Leave report.html, .md and .json there."
)
@click.option("--json", "machine", is_flag=True, help="Print report.json instead of tables.")
def compare(
    settings: Sequence[str],
    config: Path | None,
    folder: Path | None,
    machine: bool,
    baseline: Path | None,
    **options: Any,
) -> int:
    """Run the same crawl on each backend, on the fixture site, and compare.

    The workloads' parameters are in [compare.NAME] of the configuration: --set compare.io.latency=0.1.
    """
    from crawler.compare import command as comparison
    from crawler.compare.baseline import read as read_baseline
    from crawler.compare.load import LoadError
    from crawler.compare.table import COLUMNS, cells, narrow, notes, title

    before = read_baseline(baseline) if baseline else None
    say = Console().say
    try:
        made = comparison.run(configuration(config, {}, settings), comparison.Options(**options), folder, say, before)
    except LoadError as error:
        raise click.ClickException(str(error)) from error
    if folder is not None:
        comparison.leave(made, folder)
    if machine:
        click.echo(comparison.as_json(made), nl=False)
    else:
        for scene in made.scenes:
            click.echo(f"\n{printable(title(made, scene))}")
            table(narrow(COLUMNS), [narrow(cells(result)) for result in scene.results])
        click.echo("\n" + "\n".join(map(printable, [*made.verdict, "", *notes(made)])))
    slower = before is not None and comparison.hold_against(before, made, say)
    wrong = any(result.problem for scene in made.scenes for result in scene.results)
    return FAILED if slower or wrong else OK


@commands.command()
@_configured
@click.argument("url")
@click.option("--pages", metavar="N", type=click.IntRange(1, MOST_PAGES), default=MOST_PAGES, show_default=True)
@click.option("--backends", metavar="NAME,…", default="", help="Which to compare; default: the best of each kind.")
@click.option("--rounds", metavar="N", type=click.IntRange(1), default=3, show_default=True, help="Runs of each.")
@click.option("--limit", metavar="S", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Kill a run.")
@click.option("--out", "folder", metavar="DIR", type=click.Path(path_type=Path), help="Leave the comparison there.")
def advise(settings: Sequence[str], config: Path | None, url: str, folder: Path | None, **options: Any) -> int:
    """Recommend backend, consumers and parser for a site, as a piece of config.toml.

    A few of its pages are fetched, one at a time; what is compared is crawled on a fixture site that is like it.
    """
    _warn(url)
    from crawler.advise.command import Options
    from crawler.advise.command import advise as recommend
    from crawler.advise.sample import SampleError
    from crawler.compare.load import LoadError

    try:
        told = recommend(configuration(config, {}, settings), url, Options(**options), folder, Console().say)
    except (LoadError, SampleError) as error:
        raise click.ClickException(str(error)) from error
    if told is None:
        return INTERRUPTED
    click.echo(told, nl=False)
    return OK


def _warn(url: str) -> None:
    if has_credentials(url):
        click.echo(NOT_SENT, err=True)


def status(arguments: Sequence[str]) -> int:
    """Run the command line; return the exit status. What a user or a site can cause is told in one line."""
    try:
        return commands.main(list(arguments), "python -m crawler", standalone_mode=False) or OK
    except click.UsageError as error:
        return _complain(error.format_message(), BAD_USAGE)
    except click.ClickException as error:
        return _complain(error.format_message(), FAILED)
    except ConfigError as error:
        return _complain(str(error), BAD_USAGE)
    except FolderInUseError as error:
        return _complain(str(error), BAD_USAGE)
    except (StoreError, BackendError, FixtureError) as error:
        return _complain(str(error), FAILED)
    except click.Abort:
        return INTERRUPTED
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - whoever read us has gone; let Python close in peace
        return OK


def _complain(message: str, code: int) -> int:
    click.echo(f"crawler: {printable(message)}", err=True)
    return code


def main() -> None:
    """Run the command line and leave, even if a thread hangs: a thread cannot be killed, and must not keep us here."""
    code = status(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    if any(thread is not main_thread() and not thread.daemon for thread in enumerate_threads()):
        os._exit(code)
    sys.exit(code)
