"""The text form of payloads in Dapr's messages, written again from its documentation.

Reads one JSON request on standard input and writes one JSON answer:
{"texts": [text, ...], "payloads": [Payload as proto3 JSON, ...]} gives
{"payloads": [Payload as proto3 JSON, null or {"error": true}, ...], "texts": [text, ...]}
"""

import base64
import json
import re
import sys

from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload

FORM = re.compile(r'"cloakroom:v([0-9]+):([A-Za-z0-9_-]*)"')


def read(text):
    match = FORM.fullmatch(text)
    if match is None:
        return None
    version, letters = match.groups()
    try:
        assert version == "1"
        message = base64.b64decode(letters + "=" * (-len(letters) % 4), altchars=b"-_", validate=True)
        assert encode(message) == letters, "letters with bits that mean nothing"
        return MessageToDict(Payload.FromString(message))
    except Exception:
        return {"error": True}


def encode(message):
    return base64.urlsafe_b64encode(message).rstrip(b"=").decode()


def write(payload):
    is_text = dict(payload.metadata) == {"encoding": b"json/plain"} and not payload.external_payloads
    if is_text and not payload.data.startswith(b'"cloakroom:'):
        return payload.data.decode()
    return f'"cloakroom:v1:{encode(envelope(payload))}"'


def envelope(payload):
    # Metadata in the order of its names, as Cloakroom writes it.
    return payload.SerializeToString(deterministic=True)


request = json.load(sys.stdin)
json.dump(
    {
        "payloads": [read(text) for text in request["texts"]],
        "texts": [write(ParseDict(one, Payload())) for one in request["payloads"]],
    },
    sys.stdout,
)
