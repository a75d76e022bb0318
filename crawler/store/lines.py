"""The lines of pages.jsonl and items.jsonl: one JSON object each, as other programs read them."""

import json
import re
from collections.abc import Mapping

from msgspec.json import Encoder

from crawler.model import Outcome, Role, Settled, Task, Timings, Verdict

_encode = Encoder().encode

_APART = re.compile("[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
"""Written as escapes: what some readers take for the end of a line, what steers a terminal (C1 controls) or turns what
it shows (bidirectional ones), and what no file can hold."""


def json_line(row: Mapping[str, object]) -> bytes:
    """Return a JSON object on one line, for whatever reader, with nothing in it that acts on who looks at it."""
    try:
        line = _encode(row)
        text = line.decode()
    except UnicodeEncodeError:
        line, text = b"", json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    # All that is to be written as escapes is unprintable, and next to no line has anything of it.
    if line and text.isprintable():
        return line
    return _APART.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text).encode()


def page_line(settled: Settled) -> bytes:
    """Return the line of pages.jsonl for a settled URL."""
    task, outcome = settled.task, settled.outcome
    elapsed = None if outcome is None else outcome.timings.fetched - outcome.timings.started
    row = {
        "url": task.url,
        "role": task.role.value,
        "outcome": settled.verdict.value,
        "status": outcome.status if outcome else None,
        "reason": settled.reason,
        "attempts": settled.attempts,
        "depth": task.depth,
        "referrer": task.referrer,
        "redirect": outcome.redirect if outcome else None,
        "content_type": outcome.content_type if outcome else None,
        "bytes": outcome.size if outcome else 0,
        "elapsed_ms": None if elapsed is None else round(elapsed * 1000, 1),
        "worker": outcome.worker if outcome else None,
    }
    return json_line(row)


def read_page(line: str | bytes) -> Settled:
    """Return the settled URL that a line of pages.jsonl tells of; its links and its record are not in it."""
    row = json.loads(line)
    task = Task(row["url"], Role(row["role"]), row["depth"], attempt=row["attempts"], referrer=row["referrer"])
    outcome = None
    if row["worker"] is not None:
        timings = Timings(0.0, row["elapsed_ms"] / 1000, row["elapsed_ms"] / 1000)
        outcome = Outcome(
            task,
            row["worker"],
            timings,
            row["status"],
            row["content_type"],
            row["bytes"],
            redirect=row["redirect"],
        )
    return Settled(task, Verdict(row["outcome"]), row["reason"], row["attempts"], outcome)


def item_line(settled: Settled) -> bytes | None:
    """Return the line of items.jsonl for a settled URL: its address and record; None if it is no item."""
    if settled.verdict is not Verdict.OK or settled.task.role is not Role.DETAIL or settled.outcome is None:
        return None
    return json_line({"url": settled.task.url, **(settled.outcome.record or {})})
