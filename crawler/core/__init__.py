"""The decisions of a crawl: pure, without I/O, clock or lock."""
