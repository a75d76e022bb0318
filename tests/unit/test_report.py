"""What report.json says besides what was counted."""

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from crawler.report import LIBRARIES, versions


def test_versions_are_those_that_are_installed() -> None:
    found = {name: number for name, number in versions().items() if name in LIBRARIES}
    assert found["selectolax"]
    assert found == {name: version(name) for name in found}


def test_what_is_found_first_counts_and_what_is_not_installed_has_no_version(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for folder in ("first/Ada_URL-2.0.dist-info", "second/ada_url-1.0.dist-info", "second/lxml"):
        (tmp_path / folder).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(tmp_path / name) for name in ("none", "first", "second")])
    assert {name: version for name, version in versions().items() if name in LIBRARIES} == {"ada-url": "2.0"}
