"""A codec that writes payloads backwards."""

from componentize_py_types import Err
from reverse import pieces, reverse
from wit_world import exports
from wit_world.exports.codec import Description, Purpose
from wit_world.imports import settings
from wit_world.imports.buffers import Writer
from wit_world.imports.types import Error_Misconfigured, Payload

# It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
ENCODING = "binary/{{name}}"


def least():
    """Returns the smallest envelope that is encoded."""
    text = settings.get("least") or "0"
    if not text.isdecimal():
        raise Err(Error_Misconfigured("setting `least` is not a whole number"))
    return int(text)


def reversed_buffer(buffer):
    """Reverses in pieces, so that memory stays small whatever the payload's size."""
    writer = Writer()
    for offset, size in pieces(buffer.length()):
        writer.write(reverse(buffer.read(offset, size)))
    return Writer.finish(writer)


class Codec(exports.Codec):
    def describe(self):
        for name in settings.names():
            if name != "least":
                raise Err(Error_Misconfigured(f"there is no setting `{name}`; there is `least`"))
        least()
        return Description([ENCODING], Purpose.CONVERSION)

    def encode(self, ctx, payload):
        envelope = payload.envelope()
        # None leaves a payload as it is.
        if envelope.length() < least():
            return None
        return Payload([("encoding", ENCODING.encode())], reversed_buffer(envelope))

    def decode(self, ctx, payload):
        return Payload.from_envelope(reversed_buffer(payload.data()))
