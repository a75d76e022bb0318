"""How figures are written out."""

from crawler.compare.model import Result


def speed_of(result: Result) -> str:
    """Return a result's speed, with its interval if there is one: `235 pages/s (230 to 236)`."""
    speed = result.figures["pages_per_second"]
    interval = f" ({speed.low:.0f} to {speed.high:.0f})" if len(result.rounds) > 1 else ""
    return f"{speed.median:.0f} pages/s{interval}"


def about(number: float) -> str:
    """Return a number as far as it is known: two digits, and at least 1."""
    return f"{max(1.0, float(f'{number:.2g}')):,.0f}"
