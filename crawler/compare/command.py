"""What `python -m crawler compare` does with its options: check them, measure, leave the files."""

import json
import math
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import get_args

from crawler.backends.registry import BACKENDS, Entry
from crawler.compare.baseline import case_name, comparable, drifts, other_machine, read
from crawler.compare.bench import TIMELINES, Plan
from crawler.compare.cases import CLIENT, Choice, cases, without_any
from crawler.compare.cores import divide
from crawler.compare.measure import compare
from crawler.compare.model import Comparison
from crawler.compare.page import page
from crawler.compare.runs import Place
from crawler.compare.statistics import ENOUGH
from crawler.compare.table import markdown
from crawler.config import Compare, Config, ConfigError, ParserName, Workload, check, nearest
from crawler.store.database import DATABASE
from crawler.work.clients import missing


@dataclass(frozen=True, slots=True)
class Options:
    """The options as they were given: lists are names with commas between, empty for the default."""

    workloads: str = "io,cpu"
    backends: str = ""
    consumers: str = "8"
    parsers: str = ""
    clients: str = ""
    start_methods: str = ""
    pages: int | None = None
    latency: float | None = None
    producers: int = 4
    rounds: int = 3
    seed: int = 1
    within: float | None = None
    limit: float = 120.0
    explain: bool = True


def _left_out(entry: Entry) -> str | None:
    """Return why a backend is not compared unless it is asked for; None if it is."""
    return entry.missing or ("is for several machines, and compared here if it is named" if entry.machines else None)


def choose(options: Options) -> tuple[Choice, dict[str, str]]:
    """Return what is to be compared, and the backends that are left out, with the reason.

    ConfigError for a name that there is not, and for a backend that is asked for and cannot be used here.
    """
    names = _names(options.backends)
    for name in names:
        check({"crawl": {"backend": name}}, "--backends")
    skipped = {} if names else {name: reason for name, entry in BACKENDS.items() if (reason := _left_out(entry))}
    clients = {client for entry in BACKENDS.values() for client in entry.clients}
    chosen = _known("--clients", options.clients, clients)
    for client in chosen:
        if problem := missing(client):
            raise ConfigError(f"--clients: {client} {problem}")
    methods = _names(options.start_methods)
    for method in methods:
        check({"processes": {"start_method": method}}, "--start-methods")
    choice = Choice(
        backends=names or [name for name in BACKENDS if name not in skipped],
        consumers=_numbers("--consumers", options.consumers),
        parsers=_known("--parsers", options.parsers, get_args(ParserName)),
        clients=chosen or (CLIENT,),
        start_methods=methods or ("auto",),
    )
    return choice, skipped


def _unread(choice: Choice, chosen: Collection[Workload], *, named: bool) -> dict[str, str]:
    """Return the backends that can use none of the parsers, and why; ConfigError if they are asked for by name."""
    parsers = set(choice.parsers) or {workload.parser for workload in chosen}
    unread = {name: BACKENDS[name].parsers for name in choice.backends if parsers.isdisjoint(BACKENDS[name].parsers)}
    reasons = {
        name: f"reads pages with {' or '.join(usable)}: add --parsers {usable[0]}" for name, usable in unread.items()
    }
    for name, reason in reasons.items() if named else ():
        raise ConfigError(f"--backends: {name} {reason}")
    return reasons


def workloads(config: Config, options: Options) -> dict[str, Workload]:
    """Return the workloads of the configuration that are asked for, with what the options change in all of them."""
    names = _known("--workloads", options.workloads, Compare.names())
    changes = {"pages": options.pages, "latency": options.latency}
    given = {key: value for key, value in changes.items() if value is not None}
    return {name: config.compare.workload(name).changed(**given) for name in names}


def run(
    config: Config,
    options: Options,
    folder: Path | None,
    say: Callable[[str], None],
    before: Comparison | None = None,
) -> Comparison:
    """Measure what the options say and return the comparison.

    The timelines are left below `folder`, which is made.

    Raises:
        ConfigError: the options are wrong, or nothing could be held against `before`. Nothing has been started then.
    """
    choice, skipped = choose(options)
    chosen = workloads(config, options)
    skipped |= _unread(choice, chosen.values(), named=bool(_names(options.backends)))
    if before is not None:
        comparable(before, cases(chosen.items(), choice), chosen, options.producers, options.rounds)
    if options.clients:
        for name, client in without_any(choice):
            say(f"{name} can use none of {options.clients}: it has {client}")
    place = Place(config, divide(), options.producers, options.limit)
    if folder is not None:
        prepare(folder, timelines=options.explain)
    plan = Plan(rounds=options.rounds, seed=options.seed, within=options.within, explain=options.explain, folder=folder)
    return compare(chosen, choice, place, plan, skipped=skipped, say=say)


def as_json(comparison: Comparison) -> str:
    """Return the comparison as report.json holds it: `model.Comparison`, every figure to six digits."""
    return json.dumps(_rounded(asdict(comparison)), indent=1, ensure_ascii=False) + "\n"


def prepare(folder: Path, *, timelines: bool) -> None:
    """Make the folder of a report, before anything is measured for it; ConfigError if it could not be written into.

    A crawl's folder is refused: its report has the same name.
    """
    with _writing(folder):
        if (folder / DATABASE).exists():
            raise ConfigError(f"--out {folder}: holds a crawl, of which report.json would be lost: choose another")
        (folder / TIMELINES if timelines else folder).mkdir(parents=True, exist_ok=True)
        TemporaryFile(dir=folder).close()


def leave(comparison: Comparison, folder: Path) -> None:
    """Write report.json, report.md and report.html into a folder, which is made; ConfigError if that cannot be done.

    What a report that is replaced had of timelines goes with it.
    """
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name in _timelines_of_report(folder) - _timelines(comparison):
            (folder / TIMELINES / name).unlink(missing_ok=True)
        (folder / "report.json").write_text(as_json(comparison), encoding="utf-8")
        (folder / "report.md").write_text(markdown(comparison), encoding="utf-8")
        (folder / "report.html").write_text(page(comparison), encoding="utf-8")


def _timelines_of_report(folder: Path) -> set[str]:
    """Return the names of the timelines that the report in a folder leads to, if there is one."""
    try:
        return _timelines(read(folder / "report.json"))
    except ConfigError:
        return set()


def _timelines(comparison: Comparison) -> set[str]:
    splits = [result.split for scene in comparison.scenes for result in scene.results]
    return {Path(split.timeline).name for split in splits if split is not None and split.timeline}


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigError(f"--out {folder}: cannot be written: {error.strerror}") from error


def hold_against(before: Comparison, after: Comparison, say: Callable[[str], None]) -> bool:
    """Tell what has become of each case since the baseline; return whether that is well.

    It is not if a case is slower beyond doubt, or if none was run often enough to tell.
    """
    for line in other_machine(before, after):
        say(f"the baseline was measured elsewhere: {line}")
    found = drifts(before, after)
    slower = [drift for drift in found if drift.slower]
    for drift in slower:
        say(f"slower than the baseline: {drift}")
    told = [drift for drift in found if drift.rounds >= ENOUGH or drift.slower]
    if told and not slower:
        say(f"no run is slower than the baseline beyond doubt ({len(told)} compared)")
    if few := len(found) - len(told):
        say(f"of {few} nothing can be told: they were not run {ENOUGH} times, here or for the baseline")
    held = {drift.case for drift in found}
    new = [result.case for scene in after.scenes for result in scene.results if result.case not in held]
    if new:
        say(f"not in the baseline, or not in the same way: {', '.join(map(case_name, new))}")
    return bool(told) and not slower


def _names(text: str) -> list[str]:
    """Return the names between the commas, each once."""
    return list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _known(option: str, text: str, known: Collection[str]) -> list[str]:
    names = _names(text)
    for name in names:
        if name not in known:
            raise ConfigError(f"{option}: there is no {name!r}{nearest(name, known)}, only {', '.join(sorted(known))}")
    return names


def _numbers(option: str, text: str) -> Sequence[int]:
    try:
        numbers = [int(name) for name in _names(text)]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise ConfigError(f"{option} {text}: write numbers from 1 up, with commas between")
    return numbers


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(item) for item in value]
    return value
