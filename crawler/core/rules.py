"""What a crawl decides by: the part of the configuration that the core reads."""

from dataclasses import dataclass, field

from crawler.core.politeness import HostRules
from crawler.core.retry import RetryPolicy
from crawler.core.traps import TrapLimits


@dataclass(frozen=True, slots=True)
class CrawlRules:
    """The part of the configuration that the frontier decides by."""

    user_agent: str = "crawler"
    obey_robots: bool = True
    hosts: HostRules = field(default_factory=HostRules)
    max_pages: int = 0
    max_depth: int = 0
    max_redirects: int = 5
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    traps: TrapLimits = field(default_factory=TrapLimits)
    consumers: int = 10
    capacity: int = 10
    """Detail URLs that may wait, here or in the hand-off, before list pages are withheld."""
    widen_scope: bool = True
    """Whether a start URL's redirect brings its target's host into scope."""
