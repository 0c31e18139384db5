"""A codec that moves fields of JSON documents into objects of a bucket, and puts them back."""

from componentize_py_types import Err
from fields import Fields
from keys import is_digest, object_key
from parts import Malformed, divide, join
from scan import NotJson, TooLarge
from wit_world import exports
from wit_world.exports.about import Facts, Setting, SettingKind_Lines, SettingKind_NameOf
from wit_world.exports.codec import Description, Purpose
from wit_world.imports import blobs, random, settings
from wit_world.imports.buffers import Buffer
from wit_world.imports.types import (
    Error_Malformed,
    Error_Misconfigured,
    Error_TooLarge,
    Payload,
)

# It is written into every payload, and a history keeps it for years. Never reuse it for other bytes.
ENCODING = b"json/moved-fields"

# Metadata with the SHA-256 of the object. A payload without it has all of its fields.
OBJECT = "moved-fields-object"

# Encodings of JSON documents. Payloads of any other are left as they are.
JSON = (b"json/plain", b"json/protobuf")

# A document is read in the memory of the plugin, of which an instance has 64 MiB.
LARGEST = 2 << 20

# Escapes in the object can double a value, and each has a place besides. A document whose shortest
# values are gone is longer than it was.
LARGEST_OBJECT = 3 * LARGEST

SALT = 32


def bucket():
    """Returns the bucket, by the name that it was granted under."""
    return blobs.open(settings.get("bucket") or "")


def moved_fields():
    try:
        return Fields(settings.get("fields") or "")
    except ValueError as error:
        raise Err(Error_Misconfigured(str(error)))


def read(buffer, most=LARGEST_OBJECT):
    """Returns the bytes of a buffer, if they are no more than this."""
    if buffer.length() > most:
        raise Err(Error_TooLarge(f"a JSON document of more than {most >> 20} MiB"))
    return buffer.read(0, most)


def wrapped(payload, *entries):
    """Returns a payload whose body is another one, with its metadata."""
    return Payload([("encoding", ENCODING), *entries], payload.envelope())


class Codec(exports.Codec):
    def describe(self):
        # A codec has no buckets while it is loaded.
        moved_fields()
        return Description([ENCODING.decode()], Purpose.CONVERSION)

    def encode(self, ctx, payload):
        encoding = payload.get("encoding")
        if encoding == ENCODING:
            # Somebody else's payload with this name: decoding must give it back.
            return wrapped(payload)
        if encoding not in JSON:
            return None
        try:
            document = read(payload.data(), LARGEST)
            parts = divide(document, moved_fields(), random.draw(SALT))
        except NotJson:
            return None
        except TooLarge as error:
            raise Err(Error_TooLarge(str(error)))
        if parts is None:
            return None
        kept, moved = parts
        if len(moved) > LARGEST_OBJECT:
            raise Err(Error_TooLarge("values that take more than 6 MiB in an object"))
        moved = Buffer(moved)
        digest = moved.sha256().hex()
        bucket().put(object_key(ctx.namespace(), digest), moved, blobs.Mode.CREATE)
        rest = Payload(payload.metadata(), Buffer(kept))
        return wrapped(rest, (OBJECT, digest.encode()))

    def decode(self, ctx, payload):
        rest = Payload.from_envelope(payload.data())
        digest = payload.get(OBJECT)
        if digest is None:
            return rest
        if not is_digest(digest):
            raise Err(Error_Malformed(f"`{OBJECT}` is not a SHA-256"))
        # The namespace of the caller and not one of the payload: another's objects are not found.
        moved = bucket().get(object_key(ctx.namespace(), digest.decode()), LARGEST_OBJECT)
        if moved.sha256() != bytes.fromhex(digest.decode()):
            raise Err(Error_Malformed("the object is not the one that was stored"))
        try:
            document = join(read(rest.data()), read(moved))
        except Malformed as error:
            raise Err(Error_Malformed(str(error)))
        return Payload(rest.metadata(), Buffer(document))


class About(exports.About):
    def describe(self):
        summary = "Moves fields of JSON documents into a bucket, and puts them back."
        return Facts("json-fields-codec", "0.1.0", "Apache-2.0", summary, None)

    def settings(self):
        fields = "names of the fields, or JSON pointers to them"
        return [
            Setting("bucket", "bucket to move into", SettingKind_NameOf("buckets"), None, True),
            Setting("fields", fields, SettingKind_Lines(), None, True),
        ]

    def metadata_names(self):
        return []
