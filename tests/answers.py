"""Outcomes made by hand, for tests that need no network."""

from crawler.model import Failure, Outcome, Role, Task, Timings

TIMINGS = Timings(0.0, 0.01, 0.02)


def page(task: Task, *links: str, worker: str = "w") -> Outcome:
    """Return a page that is ok, with these links."""
    record = {"title": task.url} if task.role is Role.DETAIL else None
    return Outcome(task, worker, TIMINGS, 200, "text/html", 100, links, record)


def robots(task: Task, text: str = "") -> Outcome:
    """Return a robots.txt."""
    return Outcome(task, "w", TIMINGS, 200, "text/plain", len(text), robots=text)


def redirect(task: Task, target: str) -> Outcome:
    """Return a redirect."""
    return Outcome(task, "w", TIMINGS, 302, redirect=target)


def skip(task: Task, reason: str = "content-type") -> Outcome:
    """Return a page that was left on purpose."""
    return Outcome(task, "w", TIMINGS, 200, "image/png", skip=reason)


def failure(
    task: Task, kind: str = "status-404", *, transient: bool = False, retry_after: float | None = None
) -> Outcome:
    """Return a failure."""
    return Outcome(task, "w", TIMINGS, failure=Failure(kind, kind, transient, retry_after))
