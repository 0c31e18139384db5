"""The protobuf message of a payload: `metadata = 1 (map<string, bytes>)`, `data = 2 (bytes)`.

Other fields are kept as they are, and written after the body.
"""

from __future__ import annotations

from dataclasses import dataclass, field

METADATA, DATA = 1 << 3 | 2, 2 << 3 | 2
NAME, VALUE = METADATA, DATA


@dataclass
class Message:
    """A payload, as its message has it."""

    metadata: dict[str, bytes] = field(default_factory=dict)
    data: bytes = b""
    rest: bytes = b""


def read(message: bytes) -> Message:
    """Reads a message.

    Raises ValueError if it is none.
    """
    found, fields = Message(), _Fields(message)
    while fields.offset < len(message):
        start = fields.offset
        tag = fields.varint()
        if tag == METADATA:
            name, value = _entry(fields.delimited())
            found.metadata[name] = value
        elif tag == DATA:
            found.data = fields.delimited()
        else:
            fields.skip(tag)
            found.rest += message[start : fields.offset]
    return found


def write(message: Message) -> bytes:
    """Writes a message: metadata in the order of its names, an empty body left out."""
    out = bytearray()
    for name, value in sorted(message.metadata.items(), key=lambda entry: entry[0].encode()):
        entry = _field(NAME, name.encode()) + _field(VALUE, value)
        out += _field(METADATA, entry)
    if message.data:
        out += _field(DATA, message.data)
    return bytes(out + message.rest)


def _entry(entry: bytes) -> tuple[str, bytes]:
    name, value, fields = "", b"", _Fields(entry)
    while fields.offset < len(entry):
        tag = fields.varint()
        if tag == NAME:
            name = fields.delimited().decode()
        elif tag == VALUE:
            value = fields.delimited()
        else:
            fields.skip(tag)
    return name, value


class _Fields:
    """Fields of a message from an offset on."""

    def __init__(self, message: bytes) -> None:
        self.message, self.offset = message, 0

    def varint(self) -> int:
        value = 0
        for shift in range(0, 64, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (1 << 64) - 1
        raise ValueError("a number has more than ten bytes")

    def take(self, length: int) -> bytes:
        end = self.offset + length
        if end > len(self.message):
            raise ValueError("the message is cut short")
        taken, self.offset = self.message[self.offset : end], end
        return taken

    def delimited(self) -> bytes:
        return self.take(self.varint())

    def skip(self, tag: int) -> None:
        if tag >> 3 == 0:
            raise ValueError("no field has the number 0")
        kind = tag & 7
        if kind == 0:
            self.varint()
        elif kind in (1, 5):
            self.take(8 if kind == 1 else 4)
        elif kind == 2:
            self.delimited()
        else:
            raise ValueError("a kind of field that is not known")


def _field(tag: int, contents: bytes) -> bytes:
    return _varint(tag) + _varint(len(contents)) + contents


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
