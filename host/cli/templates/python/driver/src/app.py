"""A driver that stores objects in a bucket. The bytes pass from the host to the store, and never
through the plugin."""

from componentize_py_types import Err
from object_keys import object_key
from wit_world import exports
from wit_world.exports.driver import Description
from wit_world.imports import blobs, settings
from wit_world.imports.types import Error_Malformed, Error_Misconfigured

LARGEST = (1 << 64) - 1


def bucket():
    """Returns the bucket, by the name that it was granted under."""
    name = settings.get("bucket")
    if not name:
        raise Err(Error_Misconfigured("setting `bucket` is needed: the name of a granted bucket"))
    return blobs.open(name)


class Driver(exports.Driver):
    def describe(self):
        for name in settings.names():
            if name != "bucket":
                raise Err(Error_Misconfigured(f"there is no setting `{name}`; there is `bucket`"))
        # Buckets can be opened when the plugin is loaded, but neither read nor written.
        bucket()
        return Description("{{name}}")

    def store(self, ctx, object):
        # The same object has the same key, so a call that is repeated stores nothing twice.
        key = object_key(ctx.namespace(), object.sha256().hex())
        bucket().put(key, object, blobs.Mode.CREATE)
        return [("key", key)]

    def retrieve(self, ctx, claim):
        key = dict(claim).get("key")
        if not key:
            raise Err(Error_Malformed("the claim has no `key`"))
        # The host holds the key against the grant, and checks size and digest of what comes back.
        return bucket().get(key, LARGEST)
