"""trace.json is what its readers expect."""

import json
from collections import defaultdict
from typing import Any

import pytest

from crawler.model import Role, Task
from crawler.trace.chrome import chrome_trace
from crawler.trace.drawing import picture
from crawler.trace.recorder import Deed, Mark
from tests.unit.trace.recordings import crossing, recording, trip

MADE = recording(
    trip("list-0", 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, title="A <title>", task=Task("http://a.test/list", Role.LIST)),
    trip("detail-0", 3.0, 3.1, 3.2, 3.3, 3.4, 3.5, back=crossing(3.6, 3.7, 3.8, 3.9, size=55)),
    trip("detail-0", 3.0, 4.1, 4.2, 4.3, 4.4, 4.5),
    deeds=(Deed("collect", 1.0, 2.0, 0.25), Deed("store", 2.0, 3.0)),
    marks=(Mark("detail-0", "look", 1.0, 1.0), Mark("detail-0", "lock", 1.0, 1.5)),
)


@pytest.fixture
def events() -> list[dict[str, Any]]:
    told = json.loads("".join(chrome_trace(picture(MADE), {"backend": "queue"})))
    assert told["otherData"] == {"backend": "queue"}
    events: list[dict[str, Any]] = told["traceEvents"]
    return events


def test_each_event_has_what_its_phase_needs(events: list[dict[str, Any]]) -> None:
    needed = {"M": {"args"}, "X": {"ts", "dur", "args"}, "i": {"ts", "s"}, "C": {"ts", "args"}}
    for event in events:
        assert {"ph", "name", "pid", "tid", *needed[str(event["ph"])]} <= set(event)


def test_lanes_have_names(events: list[dict[str, Any]]) -> None:
    names = [event["args"]["name"] for event in events if event["name"] == "thread_name"]
    assert names == ["coordinator", "list-0", "detail-0"]


def test_events_of_a_lane_are_one_within_another_or_apart(events: list[dict[str, Any]]) -> None:
    lanes: defaultdict[object, list[tuple[float, float]]] = defaultdict(list)
    for event in events:
        if event["ph"] == "X":
            lanes[event["tid"]].append((event["ts"], event["ts"] + event["dur"]))
    assert len(lanes) == 3
    for stretches in lanes.values():
        within: list[float] = []
        for began, ended in sorted(stretches, key=lambda stretch: (stretch[0], -stretch[1])):
            while within and within[-1] <= began:
                within.pop()
            assert not within or ended <= within[-1] + 0.001
            within.append(ended)


def test_a_task_tells_its_url_and_what_it_cost(events: list[dict[str, Any]]) -> None:
    tasks = [event["args"] for event in events if event["name"] == "detail"]
    assert [(task["outcome_bytes"], task["outcome_pickling_ms"]) for task in tasks if "outcome_bytes" in task] == [
        (55, 200)
    ]
    (producers,) = [event["args"] for event in events if event["name"] == "list"]
    assert (producers["url"], producers["title"]) == ("http://a.test/list", "A <title>")


def test_the_tasks_under_way_are_a_curve_that_ends_at_nothing(events: list[dict[str, Any]]) -> None:
    curve = [event["args"]["tasks"] for event in events if event["ph"] == "C"]
    assert curve == [1, 2, 3, 2, 1, 0]


def test_marks_are_instants(events: list[dict[str, Any]]) -> None:
    marks = [(event["name"], event["ts"], event["args"]) for event in events if event["ph"] == "i"]
    assert marks == [("look", 1e6, {}), ("lock", 1e6, {"waited_ms": 500})]
