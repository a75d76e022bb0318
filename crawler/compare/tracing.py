"""One more run of a case, traced: not to measure it, which tracing would disturb, but to see where its time goes."""

import json
import shutil
from pathlib import Path

from crawler.compare.model import Case, Ideal, Split
from crawler.compare.runs import Place, crawl, stage
from crawler.compare.split import split
from crawler.config import Workload
from crawler.store.store import TIMELINE, TRACE
from crawler.trace.split import Sums


def trace(case: Case, workload: Workload, ideal: Ideal, place: Place, timeline: Path | None = None) -> Split | str:
    """Run a case once, traced; return where its time went, or what went wrong.

    Args:
        timeline: the file in which the run's timeline is left; None: it is not kept.

    Raises:
        FixtureError, LoadError: there is no server.
        OSError: the timeline cannot be left there.
    """
    with stage(case, workload, place) as ready:
        measured = crawl(ready, ideal, place, ("--trace",))
        if measured.problem is not None:
            return measured.problem
        told = json.loads((ready.out / TRACE).read_text(encoding="utf-8"))["otherData"]["split"]
        pages = round(measured.pages_per_second * measured.crawl)
        found = split(case, Sums(**told), measured.startup, ready.server.log(), ready.site.site, pages)
        if timeline is not None:
            shutil.copyfile(ready.out / TIMELINE, timeline)
    return found
