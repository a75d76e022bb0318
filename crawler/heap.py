"""The heap of C's library: one for all threads.

glibc gives each new thread a heap of its own, up to eight a core, and what it took to read a large page stays with each
of them: 20 MB that nobody needs, where there are 32 threads. Since one thread at a time reads (`work/turns.py`), they
hardly ever have to wait for one another here.
"""

import os

M_ARENA_MAX = -8
"""`mallopt(3)`: how many heaps there may be."""


def share_heap() -> None:
    """Let all threads that are yet to start allocate from one heap, where C's library is glibc; else do nothing."""
    if not _glibc():
        return
    import ctypes  # of use to nobody else who starts

    ctypes.CDLL(None).mallopt(M_ARENA_MAX, 1)


def _glibc() -> bool:
    try:
        return (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (AttributeError, OSError, ValueError):  # Windows, and C libraries that know nothing of the other
        return False
