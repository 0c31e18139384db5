"""A codec that has the host encrypt payloads. It never sees a key."""

from componentize_py_types import Err
from labels import ENCODING, KEY, key_of, metadata
from wit_world import exports
from wit_world.exports.codec import Description, Purpose
from wit_world.imports import keys, settings
from wit_world.imports.types import Error_Malformed, Error_Misconfigured, Payload


def ring():
    """Returns the ring of keys that the operator granted."""
    name = settings.get("ring")
    if not name:
        raise Err(Error_Misconfigured("setting `ring` is needed: the name of a granted ring"))
    return name


class Codec(exports.Codec):
    def describe(self):
        for name in settings.names():
            if name != "ring":
                raise Err(Error_Misconfigured(f"there is no setting `{name}`; there is `ring`"))
        ring()
        return Description([ENCODING], Purpose.ENCRYPTION)

    def encode(self, ctx, payload):
        # The host draws fresh randomness for each call, so equal payloads give different bytes.
        sealed = keys.seal(ring(), payload.envelope(), ENCODING.encode())
        return Payload(metadata(sealed.key), sealed.data)

    def decode(self, ctx, payload):
        key = key_of(payload.get(KEY))
        if key is None:
            raise Err(Error_Malformed(f"metadata `{KEY}` is not a key's id"))
        # The host refuses bytes that were changed, or sealed with other associated bytes.
        return Payload.from_envelope(keys.open(ring(), key, payload.data(), ENCODING.encode()))
