"""Which runs there are, and the least that each takes."""

from dataclasses import replace

import pytest

from crawler.backends.registry import BACKENDS
from crawler.compare.cases import Choice, cases, ideal, mean_latency
from crawler.compare.cores import split
from crawler.config import Config, check

IO = ("io", Config().compare.io)
CPU = ("cpu", Config().compare.cpu)


def test_every_backend_meets_every_workload_once_with_the_same_workers_and_parser() -> None:
    backends = [name for name in BACKENDS if name != "interpreters"]
    found = cases([IO, CPU], Choice(backends, consumers=(4, 16)))
    assert len(found) == len(set(found)) == 4 * len(backends)
    assert {case.scene.parser for case in found if case.scene.workload == "cpu"} == {"bs4-lxml"}


def test_a_backend_has_those_of_the_clients_that_it_can_use() -> None:
    found = cases([IO], Choice(["queue", "asyncio"], clients=("requests", "aiohttp")))
    assert [(case.backend, case.client) for case in found] == [("queue", "requests"), ("asyncio", "aiohttp")]


def test_a_backend_is_not_compared_with_a_parser_that_it_cannot_use() -> None:
    found = cases([IO], Choice(["queue", "interpreters"], parsers=("selectolax", "bs4-html")))
    assert [(case.backend, case.scene.parser) for case in found] == [
        ("queue", "selectolax"),
        ("queue", "bs4-html"),
        ("interpreters", "bs4-html"),
    ]


def test_the_best_client_is_the_best_of_those_that_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BACKENDS, "queue", replace(BACKENDS["queue"], clients=("none-such", "requests")))
    monkeypatch.setattr("crawler.backends.registry.missing", lambda name: "is gone" if name == "none-such" else None)
    (found,) = cases([IO], Choice(["queue"], clients=("aiohttp",)))
    assert found.client == "requests"


def test_start_methods_are_tried_where_there_are_processes_to_start() -> None:
    found = cases([IO], Choice(["queue", "process-pool"], start_methods=("fork", "spawn")))
    assert [(case.backend, case.start_method) for case in found] == [
        ("queue", None),
        ("process-pool", "fork"),
        ("process-pool", "spawn"),
    ]


def test_the_ideal_is_what_binds() -> None:
    workload = check({"compare": {"io": {"pages": 100, "latency": 0.1}}}, "test").compare.io
    assert ideal(workload, 10, cpu_per_page=0.01, cores=2).seconds == pytest.approx(1.0)
    assert ideal(workload, 10, cpu_per_page=0.01, cores=2).bound == "latency"
    assert ideal(workload, 50, cpu_per_page=0.01, cores=2).seconds == pytest.approx(0.5)
    assert ideal(workload, 50, cpu_per_page=0.01, cores=2).bound == "cpu"


def test_a_distribution_has_a_mean() -> None:
    assert mean_latency("uniform(0.1, 0.3)") == pytest.approx(0.2)
    assert mean_latency("exponential(0.2)") == pytest.approx(0.2, rel=0.01)


def test_a_setting_leaves_the_rest_of_its_workload_as_it_was() -> None:
    changed = check({"compare": {"cpu": {"pages": 7}}}, "test").compare.cpu
    assert changed == Config().compare.cpu.changed(pages=7)


@pytest.mark.parametrize("cores", [{0}, {0, 1}])
def test_few_cores_are_shared(cores: set[int]) -> None:
    divided = split(cores)
    assert divided.crawl == divided.server == cores
    assert "share" in str(divided)


@pytest.mark.parametrize("number", [3, 4, 5, 64])
def test_more_cores_are_divided_and_all_used(number: int) -> None:
    divided = split(range(number))
    assert not divided.crawl & divided.server
    assert divided.crawl | divided.server == set(range(number))
    assert len(divided.server) <= 2 <= len(divided.crawl)
    assert "share" not in str(divided)
