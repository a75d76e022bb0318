"""The catalogue by Crawlee with Parsel: `python by_crawlee.py URL FILE CONCURRENCY`, in the rivals' environment."""

import asyncio
import json
import logging
import sys
from pathlib import Path

from crawlee import ConcurrencySettings
from crawlee.crawlers import ParselCrawler, ParselCrawlingContext
from fields import DETAIL, links, record


async def main() -> None:
    """Crawl, and write the dataset as JSON Lines."""
    number = int(sys.argv[3])
    crawler = ParselCrawler(
        concurrency_settings=ConcurrencySettings(
            min_concurrency=number, max_concurrency=number, desired_concurrency=number
        ),
        respect_robots_txt_file=True,
        configure_logging=False,
    )

    @crawler.router.default_handler
    async def handle(context: ParselCrawlingContext) -> None:
        url = context.request.loaded_url or context.request.url
        if DETAIL.search(url):
            await context.push_data(record(context.selector, url))
        await context.add_requests(links(context.selector, url))

    logging.disable(logging.WARNING)
    await crawler.run(sys.argv[1:2])
    data = await crawler.get_data(limit=10**9)
    Path(sys.argv[2]).write_text("".join(json.dumps(item) + "\n" for item in data.items), encoding="utf-8")


asyncio.run(main())
