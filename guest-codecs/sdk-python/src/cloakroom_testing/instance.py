"""The instance that a plugin runs in: its handles, and what its calls have used."""

from __future__ import annotations

import itertools
from contextlib import contextmanager
from dataclasses import dataclass

MIB = 1 << 20


@dataclass
class Limits:
    """Limits of one call. The defaults are those of the host."""

    handles: int = 1024
    output: int = 128 * MIB
    log: int = 16 << 10
    entries: int = 4096


class Trap(BaseException):
    """The end of a call and of its instance.

    It is no `Exception`: in a component no code of the plugin runs after it.
    """

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        # `protocol`, `limit` or `trapped`.
        self.kind = kind


class Instance:
    """Handles and meters of one instance. Numbers of handles are never used again."""

    def __init__(self, grants, limits: Limits) -> None:
        self.grants, self.limits = grants, limits
        self.numbers = itertools.count(1)
        self.alive = True
        # True while a codec encodes: what it finds in a bucket must be its own.
        self.moves_parts = False
        self._begin()

    def _begin(self) -> None:
        self.values: dict[int, object] = {}
        self.output = self.log = self.uncounted = 0
        self.describing = False

    @contextmanager
    def call(self, describing: bool = False):
        """Runs a call of the plugin. All its handles are void when it ends."""
        if not self.alive:
            raise RuntimeError("the instance ended with a Trap: make another with the host")
        self._begin()
        self.describing = describing
        outer = _running.copy()
        _running[:] = [self]
        try:
            yield
        except Trap:
            self.alive = False
            raise
        finally:
            _running[:] = outer
            self.values = {}

    def put(self, value: object) -> int:
        """Adds a value, and returns the number of its handle."""
        if len(self.values) - self.uncounted >= self.limits.handles:
            raise Trap("limit", f"held more than {self.limits.handles} handles")
        number = next(self.numbers)
        self.values[number] = value
        return number

    def put_context(self, target: object) -> int:
        """Adds the context of the call, which does not count as a handle."""
        self.uncounted = 1
        number = next(self.numbers)
        self.values[number] = target
        return number

    def get(self, number: int) -> object:
        """Returns the value of a handle."""
        if number not in self.values:
            raise Trap("protocol", "used a handle that is not of this call")
        return self.values[number]

    def release(self, number: int) -> None:
        """Drops a handle. One of an earlier call is gone already, which is no fault."""
        self.values.pop(number, None)

    def count_output(self, size: int) -> None:
        """Counts bytes that the plugin has the host make."""
        self.output += size
        if self.output > self.limits.output:
            raise Trap("limit", f"produced more than {size_text(self.limits.output)} in one call")

    def count_log(self, size: int) -> None:
        """Counts a line. An empty one costs a byte."""
        self.log += size + 1
        if self.log > self.limits.log:
            raise Trap("limit", f"logged more than {size_text(self.limits.log)} in one call")


def size_text(size: int) -> str:
    """Returns a size in the largest unit that has no fraction."""
    for unit, name in ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")):
        if size and size % unit == 0:
            return f"{size // unit}{name}"
    return f"{size}B"


# The instance whose call runs. One at a time: a plugin has no threads.
_running: list[Instance] = []


def running() -> Instance:
    """Returns the instance whose call runs."""
    if not _running:
        raise RuntimeError("only a call of a plugin can use the contract: call it with Host")
    return _running[0]
