"""The commands that measure backends: `compare`, and `advise` for a user's own site."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from crawler.advise import MOST_PAGES
from crawler.cli.base import FAILED, INTERRUPTED, OK, Folder, configuration, configured, warn
from crawler.console import Console, printable, table
from crawler.engine import stopping_signals


@contextmanager
def _ended_as_by_ctrl_c() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP where it is heeded, do as Ctrl-C does: no crawl goes on, and no folder of it stays."""
    heard = False

    def hear(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal heard
        if not heard:  # a terminal that closes says so twice, and what is cleared away then is to be cleared whole
            heard = True
            raise KeyboardInterrupt

    before = {number: signal.signal(number, hear) for number in stopping_signals()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@click.command(short_help="Measure the backends on the fixture site.")
@configured
@click.option(
    "--workloads", metavar="NAME,…", default="io,cpu", show_default=True, help="Any of io, cpu, mixed, flaky."
)
@click.option(
    "--backends",
    metavar="NAME,…",
    default="",
    help="Backends to compare (default: all but those for several machines).",
)
@click.option(
    "--consumers",
    metavar="N,…",
    default="8",
    show_default=True,
    help="Numbers of consumers; several give a scaling curve.",
)
@click.option("--parsers", metavar="NAME,…", default="", help="Parsers to compare (default: the workload's).")
@click.option(
    "--clients",
    metavar="NAME,…",
    default="",
    help="HTTP clients to compare (default: requests). A backend that supports none of them uses its own best.",
)
@click.option(
    "--start-methods", metavar="NAME,…", default="", help="Ways of starting processes to compare (default: auto)."
)
@click.option("--pages", metavar="N", type=click.IntRange(1), help="Number of detail pages (default: the workload's).")
@click.option(
    "--latency",
    metavar="S",
    type=click.FloatRange(0),
    help="Seconds the server takes per page (default: the workload's).",
)
@click.option(
    "--producers",
    metavar="N",
    type=click.IntRange(1),
    default=4,
    show_default=True,
    help="Number of workers that fetch list pages.",
)
@click.option(
    "--rounds", metavar="N", type=click.IntRange(1), default=3, show_default=True, help="Number of runs of each."
)
@click.option(
    "--within", metavar="S", type=click.FloatRange(0), help="Start no round that would not finish within S seconds."
)
@click.option("--seed", metavar="N", type=int, default=1, show_default=True, help="Seed for the order of the runs.")
@click.option(
    "--limit",
    metavar="S",
    type=click.FloatRange(0.1),
    default=120.0,
    show_default=True,
    help="Kill a run that takes longer than S seconds.",
)
@click.option("--explain/--no-explain", default=True, help="First run each once, traced, to see where its time goes.")
@click.option(
    "--baseline",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Exit 1 if a run is slower than in FILE, a report.json.",
)
@click.option(
    "--out",
    "folder",
    metavar="DIR",
    type=Folder(),
    help="Write report.html, .md and .json there, and timelines/ of the explained runs.",
)
@click.option("--json", "machine", is_flag=True, help="Print report.json instead of tables.")
@_ended_as_by_ctrl_c()
def compare(
    settings: Sequence[str],
    config: Path | None,
    folder: Path | None,
    machine: bool,
    baseline: Path | None,
    **options: Any,
) -> int:
    """Run the same crawl of the fixture site on each backend, and compare.

    Each workload is defined in the table [compare.NAME] of the configuration: --set compare.io.latency=0.1.
    """
    from crawler.compare import command as comparison
    from crawler.compare.baseline import read as read_baseline
    from crawler.compare.load import LoadError
    from crawler.compare.table import COLUMNS, cells, narrow, notes, title

    before = read_baseline(baseline) if baseline else None
    if baseline and folder and baseline.resolve() == (folder / "report.json").resolve():
        raise click.UsageError(f"--out {folder}: would replace the baseline: choose another")
    say = Console().say
    try:
        made = comparison.run(configuration(config, {}, settings), comparison.Options(**options), folder, say, before)
    except LoadError as error:
        raise click.ClickException(str(error)) from error
    except KeyboardInterrupt:
        say("interrupted before a round was whole: there is no report")
        return INTERRUPTED
    if made.interrupted:
        say("interrupted: what follows is of the rounds that were whole")
    if folder is not None:
        comparison.leave(made, folder)
        say(f"the report is in {folder}")
    if machine:
        click.echo(comparison.as_json(made), nl=False)
    else:
        for scene in made.scenes:
            click.echo(f"\n{printable(title(made, scene))}")
            table(narrow(COLUMNS), [narrow(cells(result)) for result in scene.results])
        click.echo("\n" + "\n".join(map(printable, [*made.verdict, "", *notes(made)])))
    well = before is None or comparison.hold_against(before, made, say)
    wrong = any(result.problem for scene in made.scenes for result in scene.results)
    if made.interrupted:
        return INTERRUPTED
    return OK if well and not wrong else FAILED


@click.command(short_help="Recommend backend, consumers and parser for a site.")
@configured
@click.argument("url")
@click.option(
    "--pages",
    metavar="N",
    type=click.IntRange(1, MOST_PAGES),
    default=MOST_PAGES,
    show_default=True,
    help="Most pages to fetch from the site.",
)
@click.option("--backends", metavar="NAME,…", default="", help="Backends to compare (default: the best of each kind).")
@click.option(
    "--rounds", metavar="N", type=click.IntRange(1), default=3, show_default=True, help="Number of runs of each."
)
@click.option(
    "--limit",
    metavar="S",
    type=click.FloatRange(0.1),
    default=120.0,
    show_default=True,
    help="Kill a run that takes longer than S seconds.",
)
@click.option("--out", "folder", metavar="DIR", type=Folder(), help="Write the report of the comparison there.")
@_ended_as_by_ctrl_c()
def advise(settings: Sequence[str], config: Path | None, url: str, folder: Path | None, **options: Any) -> int:
    """Recommend backend, consumers and parser for a site, as a fragment of config.toml.

    A few of its pages are fetched, one at a time. The backends are then compared on a fixture site that resembles
    it: by default up to six of them, with all and with half of the connections that a host may have, three times.
    That is 36 runs of some seconds, fewer where slow ones are dropped, and takes two to five minutes. For a quicker
    answer: --rounds 1 --backends queue,asyncio.
    """
    warn(url)
    from crawler.advise.command import Options
    from crawler.advise.command import advise as recommend
    from crawler.advise.sample import SampleError
    from crawler.compare.load import LoadError

    say = Console().say
    try:
        told = recommend(configuration(config, {}, settings), url, Options(**options), folder, say)
    except KeyboardInterrupt:
        told = None
    except (LoadError, SampleError) as error:
        raise click.ClickException(str(error)) from error
    if told is None:
        say("interrupted: there is no advice")
        return INTERRUPTED
    click.echo(told, nl=False)
    return OK
