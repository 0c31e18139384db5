"""Every bundled format, written again from its documentation with other people's libraries.

Reads one JSON request on standard input and writes one JSON answer:
{"op": "encode" | "decode", "codec": ..., "key": base64, "payloads": [Payload as proto3 JSON]}
"""

import base64
import gzip
import hashlib
import json
import os
import sys
import zlib

import cramjam
import zstandard
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload

KEY_ID = "test-key"


def hkdf(key: bytes, label: str, info: bytes) -> bytes:
    return HKDF(hashes.SHA256(), 64, label.encode(), info).derive(key)


def compressor(name, compress, decompress):
    def encode(payload, key):
        return {"encoding": name.encode()}, compress(payload.SerializeToString())

    def decode(payload, key):
        return decompress(payload.data)

    return encode, decode


def encode_temporal(payload, key):
    nonce = os.urandom(12)
    data = nonce + AESGCM(key).encrypt(nonce, payload.SerializeToString(), None)
    return {"encoding": b"binary/encrypted", "encryption-key-id": KEY_ID.encode()}, data


def decode_temporal(payload, key):
    assert payload.metadata["encryption-key-id"] == KEY_ID.encode()
    return AESGCM(key).decrypt(payload.data[:12], payload.data[12:], None)


def sealed_aad(key_id: bytes, namespace) -> bytes:
    aad = len(key_id).to_bytes(4, "big") + key_id + b"binary/sealed\x01"
    if namespace is None:
        return aad + b"\x00"
    return aad + b"\x01" + len(namespace).to_bytes(4, "big") + namespace


def encode_sealed(payload, key, salt=None, namespace=b"payments prod"):
    salt = salt or os.urandom(24)
    derived = hkdf(key, "cloakroom/box/1", salt)
    aad = sealed_aad(KEY_ID.encode(), namespace)
    ciphertext = AESGCM(derived[:32]).encrypt(bytes(12), payload.SerializeToString(), aad)
    metadata = {"encoding": b"binary/sealed", "sealed-format": b"1", "sealed-key": KEY_ID.encode()}
    if namespace is not None:
        metadata["sealed-namespace"] = namespace
    return metadata, salt + derived[32:] + ciphertext


def decode_sealed(payload, key):
    assert payload.metadata["sealed-format"] == b"1"
    salt, commitment, ciphertext = payload.data[:24], payload.data[24:56], payload.data[56:]
    derived = hkdf(key, "cloakroom/box/1", salt)
    assert derived[32:] == commitment
    namespace = payload.metadata["sealed-namespace"] if "sealed-namespace" in payload.metadata else None
    aad = sealed_aad(payload.metadata["sealed-key"], namespace)
    return AESGCM(derived[:32]).decrypt(bytes(12), ciphertext, aad)


# Version 2: under data keys that a key service wraps. Here the service is AES-256-GCM under `key`, as the
# tests have it.
RING, SERVICE = b"payments", b"test://kek"


def base64url(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def tag(text: bytes) -> bytes:
    return base64url(hashlib.sha256(text).digest()[:6])


def text(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def key_context(namespace) -> bytes:
    named = [b"cloakroom-namespace", namespace] if namespace is not None else []
    entries = [*named, b"cloakroom-ring", RING, b"cloakroom-use", b"data-key"]
    return b"".join(map(text, entries))


def data_key_aad(wrapped: bytes, namespace) -> bytes:
    scope = b"\x00" if namespace is None else b"\x01" + text(namespace)
    digest = hashlib.sha256(wrapped).digest()
    return b"cloakroom/data-key/2" + text(RING) + scope + digest + sealed_aad(b"", namespace)[4:]


def encode_sealed_2(payload, key, salt=None, namespace=b"payments prod", data_key=None, nonce=None):
    salt, nonce, data_key = salt or os.urandom(24), nonce or os.urandom(12), data_key or os.urandom(32)
    wrapped = nonce + AESGCM(key).encrypt(nonce, data_key, key_context(namespace))
    scope = b"-" if namespace is None else tag(namespace)
    key_id = b".".join([b"ck2", tag(RING + b"\x00" + SERVICE), scope, base64url(wrapped)])
    derived = hkdf(data_key, "cloakroom/box/1", salt)
    aad = data_key_aad(wrapped, namespace)
    ciphertext = AESGCM(derived[:32]).encrypt(bytes(12), payload.SerializeToString(), aad)
    metadata = {"encoding": b"binary/sealed", "sealed-format": b"2", "sealed-key": key_id}
    if namespace is not None:
        metadata["sealed-namespace"] = namespace
    return metadata, salt + derived[32:] + ciphertext


def decode_sealed_2(payload, key):
    assert payload.metadata["sealed-format"] == b"2"
    namespace = payload.metadata["sealed-namespace"] if "sealed-namespace" in payload.metadata else None
    version, service, scope, wrapped = payload.metadata["sealed-key"].split(b".")
    assert version == b"ck2" and service == tag(RING + b"\x00" + SERVICE)
    assert scope == (b"-" if namespace is None else tag(namespace))
    wrapped = base64.urlsafe_b64decode(wrapped + b"=" * (-len(wrapped) % 4))
    data_key = AESGCM(key).decrypt(wrapped[:12], wrapped[12:], key_context(namespace))
    salt, commitment, ciphertext = payload.data[:24], payload.data[24:56], payload.data[56:]
    derived = hkdf(data_key, "cloakroom/box/1", salt)
    assert derived[32:] == commitment
    return AESGCM(derived[:32]).decrypt(bytes(12), ciphertext, data_key_aad(wrapped, namespace))


def subkey(key: bytes, salt: bytes) -> bytes:
    purpose = b"chacha20-poly1305/1"
    return hkdf(key, "cloakroom/subkey/1", len(purpose).to_bytes(4, "big") + purpose + salt)


def encode_chacha(payload, key, salt=None):
    salt = salt or os.urandom(24)
    derived = subkey(key, salt)
    cipher = ChaCha20Poly1305(derived[:32])
    data = derived[32:] + cipher.encrypt(bytes(12), payload.SerializeToString(), KEY_ID.encode())
    metadata = {
        "encoding": b"binary/chacha20-poly1305",
        "sealed-key": KEY_ID.encode(),
        "sealed-salt": salt,
    }
    return metadata, data


def decode_chacha(payload, key):
    derived = subkey(key, payload.metadata["sealed-salt"])
    assert derived[32:] == payload.data[:32]
    cipher = ChaCha20Poly1305(derived[:32])
    return cipher.decrypt(bytes(12), payload.data[32:], payload.metadata["sealed-key"])


CODECS = {
    "zstd": compressor("binary/zstd", zstandard.compress, lambda data: zstandard.ZstdDecompressor().decompressobj().decompress(data)),
    "zlib": compressor("binary/zlib", zlib.compress, zlib.decompress),
    "gzip": compressor("binary/gzip", gzip.compress, gzip.decompress),
    "snappy": compressor(
        "binary/snappy",
        lambda data: bytes(cramjam.snappy.compress_raw(data)),
        lambda data: bytes(cramjam.snappy.decompress_raw(data)),
    ),
    "temporal": (encode_temporal, decode_temporal),
    "sealed": (encode_sealed, decode_sealed),
    "sealed-2": (encode_sealed_2, decode_sealed_2),
    "chacha20-poly1305": (encode_chacha, decode_chacha),
}


def main():
    request = json.load(sys.stdin)
    encode, decode = CODECS[request["codec"]]
    key = base64.b64decode(request["key"])
    answers = []
    for entry in request["payloads"]:
        payload = ParseDict(entry, Payload())
        if request["op"] == "encode":
            metadata, data = encode(payload, key)
            answer = Payload(metadata=metadata, data=data)
        else:
            answer = Payload.FromString(decode(payload, key))
        answers.append(MessageToDict(answer))
    json.dump({"payloads": answers}, sys.stdout)


if __name__ == "__main__":
    main()
