"""C's heap: how many of them there are."""

import subprocess
import sys

import pytest

from crawler import heap

COUNT_HEAPS = """
import ctypes, threading
from crawler.heap import share_heap
{first}
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
ready = threading.Barrier(8)
def allocate():
    ready.wait(30)
    c.malloc(100_000)
    ready.wait(30)
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
c.fdopen.restype = ctypes.c_void_p
c.fflush.argtypes = [ctypes.c_void_p]
c.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
out = c.fdopen(1, b"w")
c.malloc_info(0, out)
c.fflush(out)
"""


def heaps(first: str) -> int:
    script = COUNT_HEAPS.format(first=first)
    told = subprocess.run([sys.executable, "-c", script], stdout=subprocess.PIPE, check=True, timeout=60).stdout
    return told.count(b"<heap nr=")


@pytest.mark.skipif(not heap._glibc(), reason="only glibc has a heap a thread")
def test_threads_share_one_heap() -> None:
    assert heaps("pass") > 1
    assert heaps("share_heap()") == 1


def test_another_c_library_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("os.confstr", raising=False)
    assert not heap._glibc()
    heap.share_heap()
