"""A list in a module of its own, shared by all who import the module (see `stale_name`)."""

from collections.abc import Sequence

detail_urls: list[str] = []
"""The detail pages that have been found and not yet fetched."""


def replace(urls: Sequence[str]) -> None:
    """Put another list in place of this one: the name `detail_urls` of this module is bound anew."""
    global detail_urls
    detail_urls = list(urls)
