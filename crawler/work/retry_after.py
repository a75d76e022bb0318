"""The Retry-After header (RFC 9110 section 10.2.3)."""

from datetime import UTC


def retry_after(value: str | None, now: float) -> float | None:
    """Return for how many seconds from `now` (Unix time) a server asks to be left alone; None if it does not say.

    Both forms are read, delay-seconds and HTTP-date; a date that has passed is 0. Huge values are returned as they
    are: how long to wait at most is not decided here.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value) if len(value) <= 18 else float("1e18")
    from email.utils import parsedate_to_datetime  # it takes 8 ms to load, and next to no server sends a date

    try:
        moment = parsedate_to_datetime(value)
        # An HTTP-date is always GMT, whatever is written in its place (RFC 9110 section 5.6.7).
        return max(0.0, (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
