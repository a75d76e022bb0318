"""What a fork server loads before it forks: the modules that every worker process would otherwise load for itself."""

import requests
import selectolax.lexbor

__all__ = ["requests", "selectolax"]
