"""Handles, as the bindings of componentize-py make them."""

from __future__ import annotations

import weakref

from .instance import Instance, running


class Handle:
    """A number that stands for a value in the host."""

    _handle: int | None
    _instance: Instance

    @classmethod
    def _of(cls, value: object):
        """Returns a handle for a value."""
        self = cls.__new__(cls)
        self._own(value)
        return self

    @classmethod
    def _lent(cls, number: int):
        """Returns a borrowed handle, which does not release what it stands for."""
        self = cls.__new__(cls)
        self._instance, self._handle, self._finalizer = running(), number, None
        return self

    def _own(self, value: object) -> None:
        self._instance = running()
        self._handle = self._instance.put(value)
        # Reference counting finds a handle that nothing holds, in a component as well.
        self._finalizer = weakref.finalize(self, self._instance.release, self._handle)

    def _get(self):
        """Returns the value that it stands for."""
        if self._handle is None:
            raise TypeError("the handle was released, or passed on")
        return self._instance.get(self._handle)

    def _take(self):
        """Returns the value, and releases the handle: it is passed on."""
        value = self._get()
        self._release()
        return value

    def _release(self) -> None:
        if self._handle is None or (self._finalizer is not None and not self._finalizer.alive):
            raise TypeError("the handle was released already, or passed on")
        number, self._handle = self._handle, None
        if self._finalizer is not None:
            self._finalizer.detach()
            self._instance.release(number)

    def __enter__(self):
        return self

    def __exit__(self, exc_type, exc_value, traceback) -> None:
        self._release()
