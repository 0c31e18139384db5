"""The format of temporal-proxy under a key of AWS, written again from its source with AWS's own client.

Reads one JSON request on standard input and writes one JSON answer:
{"op": "encode" | "decode", "url": ..., "region": ..., "key": ..., "uri": ..., "payloads": [Payload as JSON]}
"""

import base64
import json
import os
import sys

import boto3
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload


def encode(payload, kms, request):
    data_key, nonce = os.urandom(32), os.urandom(12)
    wrapped = kms.encrypt(KeyId=request["key"], Plaintext=data_key)["CiphertextBlob"]
    metadata = {
        "encoding": b"binary/encrypted",
        "encryption-key-id": request["uri"].encode(),
        "encryption-dek": base64.b64encode(wrapped),
    }
    data = nonce + AESGCM(data_key).encrypt(nonce, payload.SerializeToString(), None)
    return Payload(metadata=metadata, data=data)


def decode(payload, kms, request):
    assert payload.metadata["encoding"] == b"binary/encrypted"
    # This is how temporal-proxy looks up the key: the whole text must be equal.
    assert payload.metadata["encryption-key-id"] == request["uri"].encode()
    wrapped = base64.b64decode(payload.metadata["encryption-dek"], validate=True)
    data_key = kms.decrypt(CiphertextBlob=wrapped)["Plaintext"]
    nonce, data = payload.data[:12], payload.data[12:]
    return Payload.FromString(AESGCM(data_key).decrypt(nonce, data, None))


def main():
    request = json.load(sys.stdin)
    kms = boto3.client(
        "kms",
        endpoint_url=request["url"],
        region_name=request["region"],
        aws_access_key_id="id",
        aws_secret_access_key="secret",
    )
    change = {"encode": encode, "decode": decode}[request["op"]]
    payloads = [ParseDict(entry, Payload()) for entry in request["payloads"]]
    answers = [MessageToDict(change(payload, kms, request)) for payload in payloads]
    json.dump({"payloads": answers}, sys.stdout)


if __name__ == "__main__":
    main()
