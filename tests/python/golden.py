"""Writes tests/golden/sealed.json: payloads sealed by formats.py, with fixed salts.

Run it only when a format gets a new version; old vectors stay.
"""

import base64
import json

from google.protobuf.json_format import MessageToDict
from temporalio.api.common.v1 import Payload

import formats

KEY = b"a key that every test may know!!"
SALT = bytes(range(24))


def vector(name, plain, sealed):
    metadata, data = sealed
    return {
        "name": name,
        "payload": MessageToDict(plain),
        "sealed": MessageToDict(Payload(metadata=metadata, data=data)),
    }


def main():
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"hi"')
    empty = Payload()
    vectors = [
        vector("sealed, with a namespace", plain, formats.encode_sealed(plain, KEY, SALT)),
        vector("sealed, without a namespace", plain, formats.encode_sealed(plain, KEY, SALT, None)),
        vector("sealed, with an empty namespace", plain, formats.encode_sealed(plain, KEY, SALT, b"")),
        vector("sealed, an empty payload", empty, formats.encode_sealed(empty, KEY, SALT)),
        vector("chacha20-poly1305", plain, formats.encode_chacha(plain, KEY, SALT)),
    ]
    whole = {"key-id": formats.KEY_ID, "key": base64.b64encode(KEY).decode(), "vectors": vectors}
    print(json.dumps(whole, indent=1))


if __name__ == "__main__":
    main()
