"""Do comparisons agree? `python -m tests.benchmarks.agreement REPORT…`: of each claim, whether the others make it too.

A claim is that of two cases of a scene one is faster: that their intervals keep apart. Every two reports are held
against each other, both ways; they should be of the same comparison, repeated.
"""

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from itertools import permutations
from pathlib import Path

from crawler.compare.baseline import case_name, read
from crawler.compare.model import Case, Comparison, Estimate
from crawler.compare.statistics import ENOUGH, faster

Speeds = Mapping[Case, Estimate]
Claim = tuple[Case, Case]
"""The faster one, and the other."""


class Answer(Enum):
    """What another comparison says of a claim."""

    SAME = "made by the other, too"
    NONE = "not made by the other"
    OPPOSITE = "contradicted by the other"


def speeds(comparison: Comparison) -> Speeds:
    """Return the pages a second of each case that is ranked."""
    return {each.case: each.figures["pages_per_second"] for scene in comparison.scenes for each in scene.ranked}


def claims(found: Speeds) -> Iterator[Claim]:
    """Yield what is claimed of cases of the same scene."""
    for one, other in permutations(found, 2):
        if one.scene == other.scene and faster(found[one], found[other]):
            yield one, other


def answer(claim: Claim, others: Speeds) -> Answer:
    """Return what others say of a claim."""
    one, other = claim
    if one not in others or other not in others:
        return Answer.NONE
    if faster(others[one], others[other]):
        return Answer.SAME
    return Answer.OPPOSITE if faster(others[other], others[one]) else Answer.NONE


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the reports and print how far they agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reports", nargs="+", type=Path, metavar="REPORT", help="a report.json of `compare --out`")
    comparisons = [read(path) for path in parser.parse_args(arguments).reports]
    if len(comparisons) < 2 or min(comparison.rounds for comparison in comparisons) < ENOUGH:
        parser.error(f"it takes two reports or more, of {ENOUGH} rounds or more each")
    every = [speeds(comparison) for comparison in comparisons]
    found: Counter[Answer] = Counter()
    for these, those in permutations(every, 2):
        for claim in claims(these):
            found[answer(claim, those)] += 1
            if answer(claim, those) is Answer.OPPOSITE:
                print(f"contradicted: {' faster than '.join(case_name(case) for case in claim)}")
    total = found.total()
    print(f"{len(every)} reports, {total} claims held against another report:")
    for each in Answer:
        print(f"  {found[each]:6} ({found[each] / max(total, 1):.1%}) {each.value}")
    print("Processes against threads, report by report:")
    for comparison in comparisons:
        for sentence in comparison.verdict:
            if "Processes against threads" in sentence:
                print(f"  {sentence}")


if __name__ == "__main__":
    main()
