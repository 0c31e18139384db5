"""`buffers`: bytes that stay in the host."""

from __future__ import annotations

import hashlib

from ..handle import Handle
from ..instance import running


class Buffer(Handle):
    """Immutable bytes."""

    def __init__(self, contents: bytes) -> None:
        running().count_output(len(contents))
        self._own(bytes(contents))

    def length(self) -> int:
        """Returns the number of bytes."""
        return len(self._get())

    def read(self, offset: int, count: int) -> bytes:
        """Copies at most `count` bytes from `offset` on."""
        return self._get()[offset : offset + count]

    def slice(self, offset: int, count: int) -> Buffer:
        """Returns what `read` would, as a buffer."""
        return Buffer._of(self._get()[offset : offset + count])

    def sha256(self) -> bytes:
        """Returns the SHA-256 of all bytes."""
        return hashlib.sha256(self._get()).digest()


class Writer(Handle):
    """Builds a buffer piece by piece."""

    def __init__(self) -> None:
        self._own(bytearray())

    def write(self, contents: bytes) -> None:
        """Appends a copy of `contents`."""
        written = self._get()
        running().count_output(len(contents))
        written += contents

    def append(self, contents: Buffer) -> None:
        """Appends a buffer, whose bytes do not pass through the plugin."""
        self.write(contents._get())

    @classmethod
    def finish(cls, this: Writer) -> Buffer:
        """Returns what was written. The writer is gone."""
        return Buffer._of(bytes(this._take()))
