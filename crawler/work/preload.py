"""What a fork server loads before it forks: the modules that every worker process would otherwise load for itself."""

import crawler.work.parser_selectolax
import crawler.work.perform

try:  # the client that a worker uses unless it is told otherwise
    import crawler.work.client_curl
except ImportError:
    import crawler.work.client_requests

__all__ = ["crawler"]
