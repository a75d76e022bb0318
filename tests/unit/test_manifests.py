"""The files that start a cluster in containers: what they start takes the options that they give it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from distributed.cli.dask_scheduler import main as scheduler
from distributed.cli.dask_worker import main as worker

from crawler.cli import commands
from tests.benchmarks.cluster import QUIET

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "scale-out"


def started(what: Any) -> Iterator[list[str]]:
    """Yield the commands in a document, wherever in it."""
    for key, value in what.items() if isinstance(what, dict) else enumerate(what):
        if key == "command":
            yield value
        elif isinstance(value, dict | list):
            yield from started(value)


@pytest.mark.parametrize("name", ["compose.yaml", "kubernetes.yaml"])
def test_scheduler_worker_and_crawl_are_started_with_options_that_they_have(name: str, tmp_path: Path) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8").replace("/certificates/", f"{tmp_path}/")
    text = text.replace("${START_URL:?the site to crawl}", "https://example.com/")
    for file in ("ca.pem", "me.pem", "me.key"):
        (tmp_path / file).touch()
    programs = {"scheduler": scheduler, "worker": worker, "crawler": commands.commands["crawl"]}
    seen = []
    for _, program, *args in started(list(yaml.safe_load_all(text))):
        which, *args = args if program == "-m" else (program, *args)
        context = programs[which].make_context(which, list(args))
        seen.append(which)
        if which == "crawler":
            settings = dict(setting.split("=", 1) for setting in context.params["settings"])
            assert settings.keys() == {"dask.scheduler", "dask.tls_ca", "dask.tls_cert", "dask.tls_key"}
        else:
            assert str(context.params["tls_ca_file"]).endswith("ca.pem")
    assert sorted(seen) == ["crawler", "scheduler", "worker"]


@pytest.mark.parametrize("name", ["Dockerfile", "../scale-out.md"])
def test_scheduler_and_worker_are_started_without_what_they_keep_for_a_dashboard(name: str) -> None:
    text = (FOLDER / name).read_text(encoding="utf-8")
    assert dict(re.findall(r"\b(DASK_\w+__\w+)=(\S+)", text)) == QUIET
