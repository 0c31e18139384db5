"""A codec that runs the program in its payload. Built with componentize-py, and run on the stand-ins."""

import json

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.codec import Description, Purpose
from wit_world.imports import blobs, http, keys, log, random, secrets, settings, subkeys
from wit_world.imports.buffers import Buffer, Writer
from wit_world.imports.types import Payload

ENCODING = "binary/drill"

# Handles that a program keeps for a later call, which no plugin should.
KEPT = {}

KINDS = {
    "Error_Malformed": "malformed",
    "Error_Misconfigured": "misconfigured",
    "Error_Denied": "denied",
    "Error_NotFound": "not-found",
    "Error_Unavailable": "unavailable",
    "Error_TooLarge": "too-large",
    "Error_Other": "other",
}


class Made:
    """A handle that an operation made, and what it told besides."""

    def __init__(self, handle, told="handle"):
        self.handle, self.told = handle, told


def sealed(made):
    return Made(made.data, made.key)


def subkey(ring, id, purpose, salt, length):
    made = subkeys.derive(ring, id, purpose, salt.encode(), length)
    return [made.id, len(made.bytes)]


def answered(made):
    return Made(made.body, made.status)


def text_of(outcome):
    return outcome.name.lower().replace("_", "-")


OPERATIONS = {
    "buffer": lambda text: Made(Buffer(text.encode())),
    "zeros": lambda count: Made(Buffer(bytes(count))),
    "length": lambda buffer: buffer.length(),
    "read": lambda buffer, offset, count: buffer.read(offset, count),
    "slice": lambda buffer, offset, count: Made(buffer.slice(offset, count)),
    "sha256": lambda buffer: buffer.sha256(),
    "writer": lambda: Made(Writer()),
    "write": lambda writer, text: writer.write(text.encode()),
    "append": lambda writer, buffer: writer.append(buffer),
    "finish": lambda writer: Made(Writer.finish(writer)),
    "payload": lambda metadata, data: Made(
        Payload([(name, value.encode()) for name, value in metadata], data)
    ),
    "parse": lambda envelope: Made(Payload.from_envelope(envelope)),
    "envelope": lambda payload: Made(payload.envelope()),
    "data": lambda payload: Made(payload.data()),
    "metadata": lambda payload: [[name, value.decode()] for name, value in payload.metadata()],
    "entry": lambda payload, name: payload.get(name),
    "namespace": lambda ctx: ctx.namespace(),
    "id": lambda ctx: ctx.id(),
    "setting": settings.get,
    "settings": settings.names,
    "random": lambda count: len(random.draw(count)),
    "log": lambda text: log.write(log.Level.INFO, text),
    "seal": lambda ring, data, bound: sealed(keys.seal(ring, data, bound.encode())),
    "seal_repeatably": lambda ring, data, bound: sealed(
        keys.seal_repeatably(ring, data, bound.encode())
    ),
    "open": lambda ring, key, data, bound: Made(keys.open(ring, key, data, bound.encode())),
    "seal_aes_gcm": lambda ring, data, bound: sealed(keys.seal_aes_gcm(ring, data, bound.encode())),
    "open_aes_gcm": lambda ring, key, data, bound: Made(
        keys.open_aes_gcm(ring, key, data, bound.encode())
    ),
    "subkey": subkey,
    "bucket": lambda name: Made(blobs.open(name)),
    "find_bucket": lambda name: Made(blobs.find(name)),
    "bucket_name": lambda bucket: bucket.name(),
    "put": lambda bucket, key, body, mode: text_of(bucket.put(key, body, blobs.Mode[mode.upper()])),
    "object": lambda bucket, key, limit: Made(bucket.get(key, limit)),
    "size": lambda bucket, key: bucket.size(key),
    "remove": lambda bucket, key: bucket.remove(key),
    "list": lambda bucket, prefix, after: bucket.list(prefix, after),
    "service": lambda name: Made(http.open(name)),
    "request": lambda service, method, path, headers, body, limit: answered(
        service.request(method, path, [tuple(header) for header in headers], body, limit)
    ),
    "secret": secrets.get,
    "drop": lambda handle: handle.__exit__(None, None, None),
}


def plain(value):
    """Returns a result as JSON has it."""
    if isinstance(value, (bytes, bytearray)):
        return value.hex()
    return value


class Program:
    """A program, and the handles that it made in this call."""

    def __init__(self, ctx, payload):
        self.handles = {"ctx": ctx, "payload": payload}

    def step(self, name, operation, *args):
        args = [
            self.handles[arg[1:]] if isinstance(arg, str) and arg.startswith("$") else arg
            for arg in args
        ]
        if operation == "keep":
            KEPT[args[0]] = args[1]
            return None
        if operation == "kept":
            self.handles[name] = KEPT[args[0]]
            return None
        if operation == "fail":
            raise ValueError(args[0])
        if operation in ("hold", "let_go"):
            return self.repeat(operation, *args)
        made = OPERATIONS[operation](*args)
        if isinstance(made, Made):
            self.handles[name] = made.handle
            return made.told
        return plain(made)

    def repeat(self, operation, count, step):
        for number in range(count):
            self.step(f"{operation} {number if operation == 'hold' else 0}", *step)

    def run(self, steps):
        results = []
        for step in steps:
            try:
                results.append(self.step(*step))
            except Err as error:
                results.append({"error": KINDS[type(error.value).__name__]})
        return results


class Codec(exports.Codec):
    def describe(self):
        return Description([ENCODING], Purpose.CONVERSION)

    def encode(self, ctx, payload):
        with payload.data() as data:
            request = json.loads(data.read(0, data.length()))
        if request["steps"] == "nothing":
            return None
        results = Program(ctx, payload).run(request["steps"])
        metadata = [("encoding", request.get("encoding", ENCODING).encode())]
        return Payload(metadata, Buffer(json.dumps(results).encode()))

    def decode(self, ctx, payload):
        return Payload.from_envelope(payload.data())
