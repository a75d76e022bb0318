"""A run's stage: what is put there, so that it goes with it."""

import os
from pathlib import Path
from typing import cast

import pytest

from crawler.compare.runs import SOCKET_NAME, SOCKET_PATH, Stage
from fixtures.faulty import FaultySite
from fixtures.process import FixtureServer
from fixtures.site import Site


def stage(folder: Path) -> Stage:
    return Stage(folder, FaultySite(Site(1)), cast(FixtureServer, None))


def test_a_crawl_has_its_temporary_files_on_its_stage() -> None:
    assert stage(Path("/tmp/here")).temporary == {"TMPDIR": "/tmp/here"}


@pytest.mark.parametrize("letter", ["x", "é"])
def test_unless_a_socket_could_have_no_path_there(letter: str) -> None:
    bytes_each = len(os.fsencode(letter))
    longest = (SOCKET_PATH - SOCKET_NAME - 1) // bytes_each
    assert stage(Path("/" + letter * longest)).temporary
    assert not stage(Path("/" + letter * (longest + 1))).temporary
