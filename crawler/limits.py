"""What the system lets a process have."""

OPEN_FILES = 65_536
"""As many as anybody needs. Some systems allow a thousand million, for which others make tables."""


def raise_open_files() -> None:
    """Let this process, and those that it will start, have as many open files as it may: each connection is one.

    Most systems give 1,024 to who does not ask, and a hundred times as many to who does (getrlimit(2)).
    """
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = OPEN_FILES if hard == resource.RLIM_INFINITY else min(hard, OPEN_FILES)
    if soft != resource.RLIM_INFINITY and soft < most:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
