"""Values that a test gives to a plugin and gets back. They are no handles."""

from dataclasses import dataclass, field


@dataclass
class Payload:
    """A payload: metadata and one body."""

    metadata: dict[str, bytes] = field(default_factory=dict)
    data: bytes = field(default=b"", repr=False)


@dataclass
class Target:
    """The workflow or activity that a call is made for."""

    namespace: str | None = None
    kind: str | None = None
    id: str | None = None
    type_name: str | None = None
    run_id: str | None = None


def payload(data: bytes) -> Payload:
    """Returns a payload with the encoding `binary/plain` and this body."""
    return Payload({"encoding": b"binary/plain"}, data)
