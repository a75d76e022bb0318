"""What the system lets a process have."""

import math

OPEN_FILES = 65_536
"""As many as anybody needs. Some systems allow a thousand million, for which others make tables."""

FILES_A_REQUEST = 4
"""Files that a request has open: in a thread libcurl has three, and one more while it connects. Others have fewer."""


def raise_open_files() -> float:
    """Let this process, and those that it will start, have as many open files as they may; return how many.

    Each connection is one. Most systems give 1,024 to who does not ask, and many times as many to who does
    (getrlimit(2)).
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return math.inf
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return math.inf
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    return max(soft, most)


def too_few_files(requests: int, files: float) -> str | None:
    """Return a warning if that many requests at once may need more open files than there may be."""
    needed = FILES_A_REQUEST * requests
    if needed <= files:
        return None
    return (
        f"{requests:,} requests at once may need {needed:,} open files, and the system allows {files:,.0f}: "
        "pages may fail for that; raise it by `ulimit -n`, or ask for fewer consumers"
    )
