"""What a traced crawl leaves in its folder besides: trace.json and timeline.html."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from crawler.model import Role
from crawler.store.store import TIMELINE, TRACE
from crawler.trace.chrome import chrome_trace
from crawler.trace.drawing import picture
from crawler.trace.lanes import Picture
from crawler.trace.recorder import Recording
from crawler.trace.split import sums
from crawler.trace.story import duration, figures, sentences
from crawler.trace.timeline import timeline
from crawler.words import counted


def write(recording: Recording, folder: Path, about: Mapping[str, Any]) -> None:
    """Write both files, each whole or not at all.

    Args:
        about: what is to be said of it besides its `split`; `backend` is in the title.

    Raises:
        OSError: they cannot be written.
    """
    drawn = picture(recording)
    story = sentences(figures(drawn))
    _put(folder / TRACE, chrome_trace(drawn, {**about, "split": asdict(sums(drawn))}))
    _put(folder / TIMELINE, [timeline(drawn, _title(drawn, str(about["backend"])), story)])


def _title(drawn: Picture, backend: str) -> str:
    pages = len({trip.task.url for trip in drawn.trips if trip.task.role is not Role.ROBOTS})
    return f"{backend}: {counted(pages, 'page')} in {duration(drawn.wall)}"


def _put(path: Path, text: Iterable[str]) -> None:
    whole = path.with_name(f"{path.name}.part")
    with whole.open("w", encoding="utf-8") as file:
        file.writelines(text)
    whole.replace(path)
