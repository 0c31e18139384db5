"""`blobs`: buckets of an object store."""

from __future__ import annotations

import builtins
from enum import Enum

from ..handle import Handle
from ..instance import running
from .buffers import Buffer
from .errors import Error_Denied, Error_NotFound, Error_Other, Error_TooLarge, not_granted
from .results import Err

# Most keys that one `list` returns.
LISTED = 1000


class Mode(Enum):
    """What to do if an object is there."""

    CREATE = 0
    OVERWRITE = 1


class Outcome(Enum):
    """What became of a `put`."""

    WRITTEN = 0
    ALREADY_THERE = 1


class Bucket(Handle):
    """One bucket, within its grant."""

    def name(self) -> str:
        """Returns the name that its store has for it."""
        return self._get().store_name

    def put(self, key: str, body: Buffer, mode: Mode) -> Outcome:
        """Writes an object."""
        objects, contents = self._objects(key), body._get()
        if mode == Mode.CREATE and key in objects:
            if len(objects[key]) != len(contents):
                self._refuse_another()
            return Outcome.ALREADY_THERE
        objects[key] = contents
        return Outcome.WRITTEN

    def get(self, key: str, limit: int) -> Buffer:
        """Reads an object of at most `limit` bytes."""
        contents = self._objects(key).get(key)
        if contents is None:
            raise Err(Error_NotFound("no object has this key"))
        if len(contents) > limit:
            raise Err(Error_TooLarge(f"the object is larger than {limit} bytes"))
        running().count_output(len(contents))
        return Buffer._of(contents)

    def size(self, key: str) -> int | None:
        """Returns the size of an object, or None if it is not there."""
        contents = self._objects(key).get(key)
        return None if contents is None else len(contents)

    def remove(self, key: str) -> None:
        """Removes an object, which need not be there."""
        self._objects(key).pop(key, None)

    def list(self, prefix: str, after: str | None) -> builtins.list[str]:
        """Returns some keys under `prefix` in their order, those after `after`."""
        bucket = self._get()
        _check_time()
        found = sorted(key for key in bucket.objects if key.startswith(prefix))
        return [key for key in found if after is None or key > after][:LISTED]

    def _objects(self, key: str) -> dict[str, bytes]:
        bucket = self._get()
        _check_time()
        # Not every store tells such keys apart.
        if any(segment in ("", ".", "..") for segment in key.split("/")):
            raise Err(Error_Denied("the key has an empty, `.` or `..` segment"))
        return bucket.objects

    def _refuse_another(self) -> None:
        # A codec that took another object for its own would lose a part of the payload. The host asks for
        # the size alone.
        if running().moves_parts:
            raise Err(Error_Other("another object is there: make keys of the content"))


def _check_time() -> None:
    if running().describing:
        raise Err(Error_Denied("buckets cannot be used while loading"))


def open(name: str) -> Bucket:
    """Opens a bucket by the name that it was granted under."""
    bucket = running().grants.buckets.get(name)
    if bucket is None:
        raise Err(not_granted("bucket", name))
    return Bucket._of(bucket)


def find(name: str) -> Bucket:
    """Finds the granted bucket that its store calls `name`."""
    for bucket in running().grants.buckets.values():
        if bucket.store_name == name:
            return Bucket._of(bucket)
    raise Err(not_granted("bucket", name))
