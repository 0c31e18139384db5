"""A storage driver in Python: one folder, keys made of digests. Built with componentize-py."""

from componentize_py_types import Err
from wit_world import exports
from wit_world.exports.driver import Description
from wit_world.imports import blobs, settings
from wit_world.imports.types import Error_Malformed, Error_Misconfigured


class Driver(exports.Driver):
    def describe(self):
        name = settings.get("bucket")
        if name is None:
            raise Err(Error_Misconfigured("setting `bucket` is needed"))
        blobs.open(name)
        return Description("example.python")

    def store(self, ctx, object):
        key = f"{ctx.namespace()}/{object.sha256().hex()}"
        blobs.open(settings.get("bucket")).put(key, object, blobs.Mode.CREATE)
        return [("key", key)]

    def retrieve(self, ctx, claim):
        key = dict(claim).get("key")
        if key is None:
            raise Err(Error_Malformed("the claim has no `key`"))
        return blobs.open(settings.get("bucket")).get(key, 1 << 30)
