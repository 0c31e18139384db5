"""A codec in Python: turns envelopes round. Built with componentize-py."""

from wit_world import exports
from wit_world.exports.codec import Description, Purpose
from wit_world.imports.buffers import Writer
from wit_world.imports.types import Payload

ENCODING = "binary/reversed-by-python"
PIECE = 1 << 16


def turned(buffer):
    writer, end = Writer(), buffer.length()
    while end:
        start = max(0, end - PIECE)
        writer.write(buffer.read(start, end - start)[::-1])
        end = start
    return Writer.finish(writer)


class Codec(exports.Codec):
    def describe(self):
        return Description([ENCODING], Purpose.CONVERSION)

    def encode(self, ctx, payload):
        return Payload([("encoding", ENCODING.encode())], turned(payload.envelope()))

    def decode(self, ctx, payload):
        return Payload.from_envelope(turned(payload.data()))
