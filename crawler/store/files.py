"""The files that other programs read: lines appended when they are committed, and the end kept in the database.

committed ──append──▶ [ line … line ]│ what a crash left behind the end is cut off
                                     └ offset, in the same transaction as the lines
"""

import os
from collections.abc import Iterable
from pathlib import Path

CHUNK = 1 << 20


class LineFile:
    """A file of lines, one end of which is known to the database. Unbuffered: what `append` returns from is written."""

    def __init__(self, path: Path, offset: int) -> None:
        self.offset = offset
        """Bytes of it that are committed."""
        self._file = path.open("ab+", buffering=0)

    def mend(self, lines: Iterable[str]) -> None:
        """Make the file hold what is committed, and no more: cut to its end, or written anew from `lines`."""
        if self._is_whole():
            self._file.truncate(self.offset)
            return
        self.empty()
        self.offset = 0
        block = bytearray()
        for line in lines:
            block += f"{line}\n".encode()
            if len(block) >= CHUNK:
                self.offset += len(block)
                self.append(block)
                block.clear()
        self.offset += len(block)
        self.append(block)

    def empty(self) -> None:
        """Cut it to nothing; `mend` then writes it anew."""
        self._file.truncate(0)

    def append(self, block: bytes | bytearray) -> None:
        """Write whole lines at the end; OSError where they cannot be."""
        view = memoryview(block)
        while view:
            view = view[self._file.write(view) :]

    def close(self) -> None:
        """Bring it to the disk and close it."""
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def _is_whole(self) -> bool:
        """Say whether the committed bytes are there: as many, and with a line's end at theirs."""
        if self.offset == 0:
            return True
        if self._file.seek(0, os.SEEK_END) < self.offset:
            return False
        self._file.seek(self.offset - 1)
        return self._file.read(1) == b"\n"
