"""One crawl, many concurrency backends."""

__version__ = "0.1.0"
