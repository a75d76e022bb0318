"""Which functions of ours a page's time goes to, by py-spy: `python -m tests.benchmarks.profile [--pages N]`.

    crawl by the command line ◀──RATE looks a second── py-spy ──▶ stacks ──▶ the innermost function of ours in each

What C does, or the standard library, counts for the function of ours that called it. Looks are shares of the time on
the CPU; what all of it comes to in microseconds is measured without py-spy, on crawls that take turns with those.
"""

import argparse
import re
import resource
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.document import place, record, table
from tests.benchmarks.rivals.catalogue import served
from tests.benchmarks.rivals.contenders import contenders, environment

RATE = 500
"""Looks a second."""
AT_ONCE = 32
LEAST = 0.01
"""The share below which a module is one of the others."""
NAMED = 1.0
"""Microseconds a page from which on a function is named."""
_FRAME = re.compile(r"(?P<name>.*) \((?P<file>.*):\d+\)")
IMPORTS, OUTSIDE, OTHERS = "imports", "outside of all of these", "others"


def owner(stack: str) -> tuple[str, str]:
    """Return the module and the function of ours to which a stack, `function (file:line);…`, counts."""
    frames = [frame for text in stack.split(";") if (frame := _FRAME.fullmatch(text))]
    if any(frame["name"] == "_find_and_load" for frame in frames):
        return IMPORTS, ""
    for frame in reversed(frames):
        if frame["file"].startswith("crawler/"):
            # Comprehensions and the like belong to the function that they stand in.
            name = frame["name"].partition(".<")[0].removesuffix(".__init__").strip("<>")
            return f"`{frame['file'].removeprefix('crawler/').removesuffix('.py')}`", name
    return OUTSIDE, ""


def read(raw: str) -> Counter[tuple[str, str]]:
    """Return the looks that each function had, by what py-spy wrote: `stack count`, a line each."""
    looks: Counter[tuple[str, str]] = Counter()
    for line in raw.splitlines():
        stack, _, count = line.rpartition(" ")
        looks[owner(stack)] += int(count)
    return looks


def rows(looks: Mapping[tuple[str, str], int], page: float) -> list[tuple[str, str, str, str]]:
    """Return the table's rows, given what a page takes in microseconds: the modules, what costs most first."""
    each = page / sum(looks.values())
    modules: defaultdict[str, dict[str, float]] = defaultdict(dict)
    for (module, function), count in looks.items():
        modules[module][function] = count * each
    small = [module for module, functions in modules.items() if sum(functions.values()) < LEAST * page]
    others = sum(sum(modules.pop(module).values()) for module in small)
    if others:
        modules[OTHERS] = {"": others}
    found = []
    for module in sorted(modules, key=lambda module: (module == OTHERS, -sum(modules[module].values()))):
        functions = modules[module]
        named = sorted((name for name in functions if name and functions[name] >= NAMED), key=functions.__getitem__)
        whole = sum(functions.values())
        told = ", ".join(f"{name} {functions[name]:.0f}" for name in reversed(named))
        found.append((module, f"{whole:.0f}", f"{whole / page:.0%}", told))
    return [*found, ("all", f"{page:.0f}", "100%", "")]


def crawl(url: str, *before: str) -> float:
    """Return the CPU seconds of a crawl by the command line, which is run by `before`."""
    with TemporaryDirectory(prefix="crawler-profile-") as scratch:
        command = contenders(Path(), AT_ONCE)["curl-multi"].command(url, Path(scratch))
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([*before, *command], cwd=scratch, check=True, env=environment(), stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--record", action="store_true", help="write the table into docs/performance.md")
    options = parser.parse_args(arguments)
    spy = shutil.which("py-spy")
    if spy is None:
        sys.exit("profile: there is no py-spy: pip install py-spy")
    looks: Counter[tuple[str, str]] = Counter()
    took = []
    with served(options.pages) as (url, server), TemporaryDirectory() as scratch:
        raw = Path(scratch, "raw")
        for number in range(options.rounds + 1):
            seconds = crawl(url)
            crawl(url, spy, "record", f"--rate={RATE}", "--format=raw", "--function", f"--output={raw}", "--")
            if number:  # the first compiles what is not compiled yet
                took.append(seconds)
                looks += read(raw.read_text(encoding="utf-8"))
    page = 1e6 * min(took) / options.pages
    text = table(("module", "µs a page", "share", "of which"), rows(looks, page))
    counted = f"{sum(looks.values()):,} looks at {options.rounds} crawls of {options.pages:,} pages, by {server}"
    text += f"\n\n{counted}; {place()}."
    print(text)
    if options.record:
        record("profile", text)


if __name__ == "__main__":
    main()
