"""`python -m tests.simulation`: crawl a simulated web with many cells, and print what happened."""

import argparse
import gc
import resource
import sys
from collections.abc import Sequence
from dataclasses import fields

from tests.simulation.settings import Flaw, Settings
from tests.simulation.world import Report, simulate

NAMED = ("pages", "hosts", "cells", "buckets", "seed", "calm", "in_flight")


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate, print a report, and return 1 if anything was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=(__doc__ or "").splitlines()[0])
    for field in fields(Settings):
        if field.name in NAMED:
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=type(field.default), default=field.default)
    flaws = [flaw.name.lower().replace("_", "-") for flaw in Flaw]
    parser.add_argument("--flaw", choices=flaws, help="leave something out of the design")
    options = vars(parser.parse_args(arguments))
    if not options["pages"] >= options["hosts"] > 0 < options["cells"]:
        parser.error("there must be a cell, a host, and a page a host")
    flaw = options.pop("flaw")
    settings = Settings(**options, flaw=Flaw[flaw.upper().replace("-", "_")] if flaw else None)
    gc.set_threshold(100_000, 20, 50)  # nearly all that is made is kept: to look for what is not is dear
    report = simulate(settings)
    print("\n".join(lines(settings, report)))
    return 1 if report.violations or not report.ended else 0


def lines(settings: Settings, report: Report) -> list[str]:
    """Return a report as text."""
    counts = report.counts
    rows = [
        ("pages that can be reached", report.reachable),
        ("pages settled", report.settled),
        ("requests, robots.txt among them", counts["requests"]),
        ("answers for a page that had been answered", report.fetched_again),
        *((name, counts[name]) for name in _TOLD),
    ]
    text = [
        f"{settings.hosts:,} hosts in {settings.buckets} buckets, {settings.cells} cells at the beginning, "
        f"seed {settings.seed}",
        *(f"  {name:<52}{count:>12,}" for name, count in rows),
        f"  {'violations':<52}{report.violations.total():>12,}",
        *(f"    {name}: {count:,}" for name, count in sorted(report.violations.items())),
        *(f"      {example}" for example in report.examples),
    ]
    if not report.ended:
        text.append("  the crawl did not come to its end")
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    text.append(
        f"{report.simulated:,.0f} simulated seconds; "
        f"{report.events:,} events, {report.events / report.cpu:,.0f} a second of CPU; "
        f"{report.cpu:.0f} s of CPU, {report.cpu / max(report.settled, 1) * 1e6:.0f} us a page; "
        f"{report.elapsed:.0f} s in all, {megabytes:,.0f} MB"
    )
    return text


_TOLD = (
    "outcomes lost",
    "outcomes late",
    "crashes",
    "freezes",
    "cells cut off from the registry",
    "cells cut off from half of the others",
    "cells added",
    "cells removed",
    "re-shardings",
    "leases ended",
    "cells that found themselves expelled",
    "buckets given back",
    "buckets orphaned",
    "commits",
    "commits refused by a fence",
    "grants refused by a fence",
    "links sent",
    "batches of links",
    "links found that were sent before",
    "links sent again",
    "links to a bucket that was elsewhere",
    "messages",
    "messages lost",
    "messages doubled",
)


if __name__ == "__main__":
    sys.exit(main())
