"""What a fork server loads before it forks: the modules that every worker process would otherwise load for itself."""

import crawler.work.client_requests
import crawler.work.parser_selectolax
import crawler.work.perform

__all__ = ["crawler"]
