"""What a person sees of a hazard."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from crawler.cli import status
from crawler.hazards import show as showing
from crawler.hazards.base import Facts, Hazard, HazardError, Unavailable
from crawler.hazards.registry import HAZARDS


@dataclass(frozen=True)
class Seen(Facts):
    harm: bool

    @property
    def harmed(self) -> bool:
        return self.harm

    def lines(self) -> Sequence[str]:
        return (f"a finding: {self.harm}", "    as it     stands", "", "and the rest of it")


class Shelf:
    """Stands in for the registry's entry."""

    gist = "it goes wrong"

    def __init__(self, run: Callable[[], Facts], run_cured: Callable[[], Facts]) -> None:
        self._hazard = Hazard("a try\n    of it", run, "the cause", "the cure", run_cured, (status, Shelf))

    def load(self) -> Hazard:
        return self._hazard


def shelve(patch: pytest.MonkeyPatch, run: Callable[[], Facts], run_cured: Callable[[], Facts]) -> None:
    patch.setitem(HAZARDS, "made-up", Shelf(run, run_cured))  # type: ignore[arg-type]


def test_it_is_told_from_the_try_to_the_place_to_read(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelve(monkeypatch, lambda: Seen(True), lambda: Seen(False))
    assert status(["hazards", "made-up"]) == 0
    lines = capsys.readouterr().out.splitlines()
    line = showing.place(status).partition(":")[2]
    assert lines[:-1] == [
        "made-up: it goes wrong",
        "try     a try of it",
        "seen    a finding: True",
        "            as it     stands",
        "        ",
        "        and the rest of it",
        "why     the cause",
        "cure    the cure",
        "seen    a finding: False",
        "            as it     stands",
        "        ",
        "        and the rest of it",
        f"read    crawler/cli/__init__.py:{line}",
        f"        {showing.place(Shelf)}",
    ]


@pytest.mark.parametrize(("harm", "still"), [(False, False), (True, True)])
def test_what_does_not_turn_out_as_told_is_said_and_is_the_exit_status(
    harm: bool, still: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shelve(monkeypatch, lambda: Seen(harm), lambda: Seen(still))
    assert status(["hazards", "made-up"]) == 1
    assert "but     in this run" in capsys.readouterr().out


def test_what_this_system_does_not_have_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run() -> Facts:
        raise Unavailable("there is no fork here")

    shelve(monkeypatch, run, run)
    assert status(["hazards", "made-up"]) == 0
    assert "seen    there is no fork here" in capsys.readouterr().out


def test_what_cannot_be_run_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run() -> Facts:
        raise HazardError("the other process said nothing")

    shelve(monkeypatch, run, run)
    assert status(["hazards", "made-up"]) == 1
    assert capsys.readouterr().err == "crawler: the other process said nothing\n"


def test_without_a_name_they_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["hazards"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in HAZARDS)


@pytest.mark.parametrize(("wrong", "right"), [("dead-lock", "deadlock"), ("al", "all"), ("notify", "lost-notify")])
def test_a_name_that_is_none_gets_the_nearest_right_one(
    wrong: str, right: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["hazards", wrong]) == 2
    assert f"did you mean {right}?" in capsys.readouterr().err


@pytest.mark.parametrize("name", HAZARDS)
def test_each_names_its_cause_its_cure_and_where_to_read(name: str) -> None:
    hazard = HAZARDS[name].load()
    assert hazard.tries.strip()
    assert hazard.cause.strip()
    assert hazard.cure.strip()
    assert hazard.read
    for thing in hazard.read:
        path, _, rest = showing.place(thing).partition(":")
        number = int(rest.split()[0])
        lines = (showing.ROOT / path).read_text(encoding="utf-8").splitlines()
        shown = "\n".join(lines[number - 1 : number + 2])  # a decorator may stand above it
        assert f" {thing.__name__}" in shown
