"""`types`: payloads, contexts and errors."""

from __future__ import annotations

from ..handle import Handle
from ..instance import Trap, running
from . import protobuf
from .buffers import Buffer
from .errors import (  # noqa: F401
    Error_Denied,
    Error_Malformed,
    Error_Misconfigured,
    Error_NotFound,
    Error_Other,
    Error_TooLarge,
    Error_Unavailable,
)
from .results import Err


def _check_entries(count: int) -> None:
    most = running().limits.entries
    if count > most:
        raise Trap("limit", f"made a payload of more than {most} metadata entries")


class Payload(Handle):
    """A payload, which stays in the host."""

    def __init__(self, metadata: list[tuple[str, bytes]], data: Buffer) -> None:
        body = data._get()
        running().count_output(sum(len(name.encode()) + len(value) for name, value in metadata))
        _check_entries(len(metadata))
        distinct = {name: bytes(value) for name, value in metadata}
        if len(distinct) != len(metadata):
            raise Trap("protocol", "built a payload with two metadata entries of one name")
        self._own(protobuf.Message(distinct, body))

    @classmethod
    def from_envelope(cls, envelope: Buffer) -> Payload:
        """Reads a payload from its protobuf message."""
        message = envelope._get()
        try:
            read = protobuf.read(message)
        except ValueError:
            raise Err(Error_Malformed("not a payload message")) from None
        _check_entries(len(read.metadata))
        return cls._of(read)

    def envelope(self) -> Buffer:
        """Returns the payload as its protobuf message."""
        message = self._get()
        written = protobuf.write(message)
        running().count_output(len(written) - len(message.data))
        return Buffer._of(written)

    def data(self) -> Buffer:
        """Returns the body."""
        return Buffer._of(self._get().data)

    def metadata(self) -> list[tuple[str, bytes]]:
        """Returns all metadata, in the order of the names."""
        return sorted(self._get().metadata.items(), key=lambda entry: entry[0].encode())

    def get(self, name: str) -> bytes | None:
        """Returns one metadata entry."""
        return self._get().metadata.get(name)


class Context(Handle):
    """For whom a call is made."""

    def namespace(self) -> str | None:
        """Returns the namespace of the workflow engine."""
        return self._get().namespace

    def kind(self) -> str | None:
        """Returns `workflow`, `activity` or another word."""
        return self._get().kind

    def id(self) -> str | None:
        """Returns the id of the workflow or activity."""
        return self._get().id

    def type_name(self) -> str | None:
        """Returns the type of the workflow or activity."""
        return self._get().type_name

    def run_id(self) -> str | None:
        """Returns the id of the run."""
        return self._get().run_id

    def time_left(self) -> int:
        """Returns the milliseconds until the host ends the call. Here always 5,000."""
        self._get()
        return 5000
