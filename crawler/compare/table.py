"""A comparison as rows of text: for the terminal, and for report.md."""

from collections.abc import Iterator, Sequence
from html import escape
from statistics import median

from crawler.compare.model import Comparison, Measurement, Result, SceneResult
from crawler.compare.others import DISTURBING
from crawler.compare.split import SPLIT_NOTE, Part, shares
from crawler.compare.verdict import scene_name
from crawler.words import counted

COLUMNS = (
    "rank",
    "backend",
    "client",
    "pages/s",
    "95% interval",
    "of the ideal",
    "CPU s/1000",
    "peak MB",
    "p50 ms",
    "p99 ms",
    "hand-off p50 ms",
    "hand-off p99 ms",
    "start s",
    "stop s",
    "switches",
    "",
)
"""The columns of report.md."""

MEANINGS = {
    "rank": "1, and one more for every other that is faster beyond doubt: whose intervals do not overlap",
    "pages/s": "list and detail pages a second of the crawl, start and stop apart: the median of the rounds",
    "95% interval": "of that median, by the bootstrap: with few rounds, all that was seen",
    "of the ideal": "the least time that waiting or parsing allows, against the time that the crawl took",
    "CPU s/1000": "CPU seconds of all processes for 1,000 pages, their start included",
    "peak MB": "the most memory that all processes together were seen to have, by ten looks a second at most",
    "p50 ms, p99 ms": "within how long half of all fetches were done, and 99% of them",
    "hand-off": "from when a task and its worker were both there until the worker began: half of them, and 99%",
    "start s, stop s": "before the first page could be asked for, and after the last",
    "switches": "context switches, of all processes",
}
"""What the columns are, for those who read the report."""

NARROW = (1, 0, 3, 4, 5, 6, 7, 12, 15)
"""Those of them that a terminal has room for."""


def cells(result: Result) -> tuple[str, ...]:
    """Return a result as a row of the table."""
    name = (result.label, result.case.client)
    if result.rank is None:
        return ("-", *name, *("" for _ in COLUMNS[4:]), f"wrong: {result.problem}")
    median = {figure: estimate.median for figure, estimate in result.figures.items()}
    speed = result.figures["pages_per_second"]
    return (
        str(result.rank),
        *name,
        f"{speed.median:.0f}",
        f"{speed.low:.0f}–{speed.high:.0f}" if len(result.rounds) > 1 else "",
        f"{median['efficiency']:.0%}",
        f"{median['cpu_per_1000']:.1f}",
        f"{median['peak_memory'] / 1e6:.0f}",
        f"{median['latency_p50_ms']:.0f}",
        f"{median['latency_p99_ms']:.0f}",
        f"{median['handoff_p50_ms']:.2f}",
        f"{median['handoff_p99_ms']:.1f}",
        f"{median['startup']:.2f}",
        f"{median['shutdown']:.2f}",
        f"{median['context_switches']:.0f}",
        "limited by the server" if result.limited_by_server else "",
    )


def narrow(row: Sequence[str]) -> list[str]:
    """Return the cells of a row that a terminal has room for; why a result is wrong is left to the verdict."""
    return [row[column].partition(":")[0] for column in NARROW]


def title(comparison: Comparison, scene: SceneResult) -> str:
    """Return a scene's name, and in one line what it is."""
    return f"{scene_name(scene)}: {describe(comparison, scene)}"


def describe(comparison: Comparison, scene: SceneResult) -> str:
    """Return in one line what a scene is, and the least that it takes."""
    facts, ideal = comparison.workloads[scene.scene.workload], scene.ideal
    binds = "waiting for the server" if ideal.bound == "latency" else "parsing"
    latency = facts.latency if isinstance(facts.latency, str) else f"{facts.latency * 1000:g} ms"
    faults = f", faults {' '.join(facts.faults)}" if facts.faults else ""
    return (
        f"{facts.pages} pages of {facts.page_bytes / 1000:.0f} KB, latency {latency}{faults}; "
        f"ideally {ideal.seconds:.2f} s, bound by {binds}"
    )


def notes(comparison: Comparison) -> Iterator[str]:
    """Yield what the figures hold for, a line each."""
    machine, end = comparison.machine, ", then interrupted" if comparison.interrupted else " in all"
    yield (
        f"{counted(comparison.rounds, 'round')} in shuffled order (seed {comparison.seed}), "
        f"{comparison.producers} producers, {comparison.seconds:.0f} s{end}"
    )
    cores = counted(machine.cores, "core")
    yield f"{machine.python}, GIL {machine.gil}; {machine.system}; {machine.processor}; {cores}"
    yield f"{machine.placement}; memory: {machine.memory_measure}"
    if comparison.repeated:
        runs = "run was" if comparison.repeated == 1 else "runs were"
        yield f"{comparison.repeated} {runs} done once more, since other programs were at work"
    yield from _disturbed([each for scene in comparison.scenes for result in scene.ranked for each in result.rounds])
    for scene in {scene.scene.workload: scene for scene in comparison.scenes}.values():
        yield f"The server's own limit on {scene.scene.workload}: {scene.server_limit:.0f} pages/s"
    for name, reason in comparison.skipped.items():
        yield f"{name} is left out: it {reason}"


def _disturbed(runs: Sequence[Measurement]) -> Iterator[str]:
    """Say how many runs others disturbed, if any."""
    taken = [each.others for each in runs if each.others >= DISTURBING]
    if taken:
        yield (
            f"During {len(taken)} of {len(runs)} runs other programs had {median(taken):.1f} cores (median), "
            "by which their figures differ more than they would"
        )


def markdown(comparison: Comparison) -> str:
    """Return the comparison in Markdown. What is told in a site's words becomes neither HTML nor another cell."""
    parts = ["# Comparison", _bullets(comparison.verdict)]
    for scene in comparison.scenes:
        rows = [COLUMNS, tuple("---" for _ in COLUMNS), *map(cells, scene.results)]
        table = "\n".join(f"| {' | '.join(_plain(cell) for cell in row)} |" for row in rows)
        parts += [f"## {_plain(title(comparison, scene))}", table, *_splits(scene)]
    split = [SPLIT_NOTE] if any(result.split for scene in comparison.scenes for result in scene.results) else []
    parts += ["## What it holds for", _bullets([*notes(comparison), *split])]
    parts += ["## What the columns are", _bullets([f"{name}: {meaning}" for name, meaning in MEANINGS.items()])]
    versions = ", ".join(f"{name} {number}" for name, number in comparison.machine.versions.items())
    return "\n\n".join([*parts, _plain(versions)]) + "\n"


def _splits(scene: SceneResult) -> Iterator[str]:
    """Yield a scene's splits as a table, if it has any."""
    rows = [
        (_linked(result), f"{result.split.wall:.2f}", *(f"{share:.1%}" for share in shares(result.split).values()))
        for result in scene.ranked
        if result.split is not None
    ]
    if rows:
        columns = ("backend", "s", *(part.label for part in Part))
        lines = [columns, tuple("---" for _ in columns), *rows]
        yield "\n".join(f"| {' | '.join(row)} |" for row in lines)


def _linked(result: Result) -> str:
    """Return a result's name, as a link to its timeline where there is one."""
    name, timeline = _plain(result.label), result.split.timeline if result.split else None
    return f"[{name}]({timeline})" if timeline else name


def _bullets(lines: Sequence[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    """Return a text that Markdown leaves as it is."""
    escaped = escape(" ".join(text.split()), quote=False)
    for mark in "\\|`*_[]":
        escaped = escaped.replace(mark, f"\\{mark}")
    return escaped
