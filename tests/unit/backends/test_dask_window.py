"""What the backend `dask` asks the frontier for: the window, and what of it may be list pages."""

import pytest

from crawler.backends.base import Cluster, Plan
from crawler.backends.dask.backend import DaskBackend
from crawler.model import Role
from tests.contract.scripted import ScriptedWork


@pytest.mark.parametrize(
    ("producers", "consumers", "window", "lists", "details"),
    [
        (2, 12, 0, 2, 12),  # no window: what is done at once
        (8, 24, 6, 32, 64),  # three times as many: list pages alone keep all 32 busy
        (20, 12, 6, 40, 56),
        (8, 24, 1, 15, 1),
    ],
)
def test_the_window_is_divided_between_list_and_detail_pages(
    producers: int, consumers: int, window: int, lists: int, details: int
) -> None:
    plan = Plan(ScriptedWork(), producers, consumers, cluster=Cluster(batch=16, window=window))
    assert DaskBackend(plan).holds == {Role.LIST: lists, Role.DETAIL: details}
