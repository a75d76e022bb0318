"""The catalogue by Scrapy: `python by_scrapy.py URL FILE CONCURRENCY [tuned]`. Runs in the rivals' environment."""

import sys

import scrapy
from fields import DETAIL, links, record
from scrapy.crawler import CrawlerProcess


class Shop(scrapy.Spider):
    """Follows list and detail pages, and extracts the latter."""

    name = "shop"
    start_urls = sys.argv[1:2]

    def parse(self, response):
        """Take a page."""
        if DETAIL.search(response.url):
            yield record(response, response.url)
        for link in links(response, response.url):
            yield scrapy.Request(link, callback=self.parse)


settings = {
    "ROBOTSTXT_OBEY": True,
    "CONCURRENT_REQUESTS": int(sys.argv[3]),
    "CONCURRENT_REQUESTS_PER_DOMAIN": int(sys.argv[3]),
    "DOWNLOAD_DELAY": 0,
    "FEEDS": {sys.argv[2]: {"format": "jsonlines", "encoding": "utf8"}},
    "LOG_LEVEL": "ERROR",
    "TELNETCONSOLE_ENABLED": False,
}
if "tuned" in sys.argv:
    settings |= {
        "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
        "ASYNCIO_EVENT_LOOP": "uvloop.Loop",
        "COOKIES_ENABLED": False,
        "RETRY_ENABLED": True,
        "LOGSTATS_INTERVAL": 0,
    }
process = CrawlerProcess(settings)
process.crawl(Shop)
process.start()
