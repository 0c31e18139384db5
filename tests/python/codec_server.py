"""A codec server in the shape of the samples of Temporal's Python SDK: one process, aiohttp, the SDK's
own messages, and AES-256-GCM over the whole payload with the nonce before it.

codec_server.py PORT KEY_ID KEY     the key in hexadecimal
"""

import os
import sys

from aiohttp import web
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.json_format import MessageToJson, Parse
from temporalio.api.common.v1 import Payload, Payloads
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"


class Encryption(PayloadCodec):
    def __init__(self, key_id, key):
        self.key_id, self.cipher = key_id, AESGCM(key)

    async def encode(self, payloads):
        return [self.seal(payload) for payload in payloads]

    async def decode(self, payloads):
        return [self.open(p) if p.metadata.get("encoding") == ENCODING else p for p in payloads]

    def seal(self, payload):
        nonce = os.urandom(12)
        sealed = nonce + self.cipher.encrypt(nonce, payload.SerializeToString(), None)
        return Payload(metadata={"encoding": ENCODING, "encryption-key-id": self.key_id}, data=sealed)

    def open(self, payload):
        if payload.metadata.get("encryption-key-id") != self.key_id:
            raise ValueError("sealed under another key")
        nonce, sealed = payload.data[:12], payload.data[12:]
        return Payload.FromString(self.cipher.decrypt(nonce, sealed, None))


def route(change):
    async def handle(request):
        if request.content_type != "application/json":
            raise web.HTTPUnsupportedMediaType()
        payloads = Parse(await request.read(), Payloads())
        changed = Payloads(payloads=await change(payloads.payloads))
        return web.Response(text=MessageToJson(changed), content_type="application/json")

    return handle


def main():
    port, key_id, key = sys.argv[1:]
    codec = Encryption(key_id.encode(), bytes.fromhex(key))
    app = web.Application()
    app.add_routes([web.post("/encode", route(codec.encode)), web.post("/decode", route(codec.decode))])
    web.run_app(app, host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main()
