"""Why, in words: sentences that are made of the splits, and claim only what the ranking is sure of. Pure."""

from collections.abc import Iterator, Sequence

from crawler.compare.model import Result, Split
from crawler.compare.split import Part, per_page, shares
from crawler.words import listed

WORTH_NAMING = 0.05
"""The share of the time from which a part is named."""
SLOW_START = 0.2
"""The share of the time from which starting is spoken of."""
NAMED = 3
"""Parts, or backends, that a sentence names at most."""
OF_THE_DIFFERENCE = 0.1
"""The share of a difference from which a part's is named."""


def spent(result: Result) -> Iterator[str]:
    """Say what a backend's consumers spent their time on."""
    if result.split is not None:
        found = sorted(shares(result.split).items(), key=lambda item: -item[1])
        told = [f"{share:.0%} was {part.label}" for part, share in found if share >= WORTH_NAMING][:NAMED]
        yield f"Of the time of {result.label}'s consumers {listed(told)}."


def starts(ranked: Sequence[Result]) -> Iterator[str]:
    """Say whose time went into starting, the worst first."""
    found = [(shares(each.split)[Part.START], each) for each in ranked if each.split is not None]
    slow = sorted(((share, each) for share, each in found if share >= SLOW_START), key=lambda item: -item[0])
    if slow:
        told = [f"{share:.0%} of {each.label}'s time" for share, each in slow[:NAMED]]
        more = len(slow) - NAMED
        others = f"{f' and {SLOW_START:.0%} or more of {more} others' if more > 1 else ''}"
        yield f"Starting took {', '.join(told) if others else listed(told)}{others}."


def difference(fast: Result, slow: Result) -> Iterator[str]:
    """Say why one is slower than the other: what a page cost its consumers more, and what less."""
    if fast.split is None or slow.split is None:
        return
    told = changes(fast.split, slow.split)
    if told:
        total = sum(per_page(slow.split).values()) - sum(per_page(fast.split).values())
        yield f"A page took {_ms(total)} more of a consumer's time with {slow.label} than with {fast.label}: {told}."


def changes(one: Split, other: Split) -> str:
    """Return what a page costs more in the other than in the one, part by part; nothing where it costs no more."""
    before, after = per_page(one), per_page(other)
    more = {part: after[part] - before[part] for part in after}
    rise = sum(seconds for seconds in more.values() if seconds > 0)
    if sum(more.values()) <= 0:
        return ""
    named = sorted(
        (item for item in more.items() if abs(item[1]) >= OF_THE_DIFFERENCE * rise), key=lambda item: -item[1]
    )
    risen = [f"{_ms(seconds)} more {part.label}" for part, seconds in named if seconds > 0][:NAMED]
    fallen = [f"{_ms(-seconds)} less {part.label}" for part, seconds in reversed(named) if seconds < 0][:1]
    return listed(risen) + (f", and {fallen[0]}" if fallen else "")


def cause(before: Split | None, after: Split | None) -> str | None:
    """Return what a page has come to cost more since an earlier run; None where that is not known."""
    if before is None or after is None:
        return None
    old, new = per_page(before), per_page(after)
    part = max(new, key=lambda each: new[each] - old[each])
    if new[part] <= old[part]:
        return None
    return f"{part.label} takes {_ms(new[part])} of a consumer's time a page, and took {_ms(old[part])}"


def _ms(seconds: float) -> str:
    milliseconds = seconds * 1000
    return f"{milliseconds:.0f} ms" if milliseconds >= 10 else f"{milliseconds:.2g} ms"
