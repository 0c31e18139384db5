"""External storage by Temporal's own SDK and its drivers.

Reads one JSON request on standard input and writes one JSON answer; payloads are proto3 JSON.
{"op": "store", "driver": "s3" | "gcs", "endpoint": URL, "bucket": ..., "payloads": [...],
 "threshold": 0, "context": {"kind": "workflow" | "activity", "namespace": ..., "id": ..., ...},
 "codec": "zlib", "marked": true, "legacy": true}                   -> {"payloads": [references]}
{"op": "retrieve", ..., "payloads": [references]}                    -> {"payloads": [...]}
{"op": "bench", ..., "size": bytes, "count": ...}   -> {"store": [seconds, ...], "retrieve": [...]}
What fails in the SDK is answered as {"error": text}.
"""

import asyncio
import contextlib
import json
import os
import sys
import time
import zlib

import aioboto3
from gcloud.aio.storage import Storage
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.contrib.aws.s3driver import S3StorageDriver
from temporalio.contrib.aws.s3driver.aioboto3 import new_aioboto3_client
from temporalio.contrib.gcp.gcsdriver import GCSStorageDriver
from temporalio.contrib.gcp.gcsdriver.gcloud_aio import new_gcloud_aio_client
from temporalio.converter import (
    DataConverter,
    ExternalStorage,
    PayloadCodec,
    StorageDriverActivityInfo,
    StorageDriverStoreContext,
    StorageDriverWorkflowInfo,
    _extstore,
)

TARGETS = {"workflow": StorageDriverWorkflowInfo, "activity": StorageDriverActivityInfo}


class ZlibCodec(PayloadCodec):
    """The format `zlib` of formats.py. It encodes whatever it is given."""

    async def encode(self, payloads):
        return [Payload(metadata={"encoding": b"binary/zlib"}, data=zlib.compress(p.SerializeToString())) for p in payloads]

    async def decode(self, payloads):
        return [Payload.FromString(zlib.decompress(p.data)) if p.metadata.get("encoding") == b"binary/zlib" else p for p in payloads]


@contextlib.asynccontextmanager
async def s3(request):
    session = aioboto3.Session(
        aws_access_key_id=request.get("key", "key"),
        aws_secret_access_key=request.get("secret", "secret"),
        region_name="us-east-1",
    )
    async with session.client("s3", endpoint_url=request["endpoint"]) as client:
        yield S3StorageDriver(new_aioboto3_client(client), request["bucket"])


@contextlib.asynccontextmanager
async def gcs(request):
    # With a root of its own, the client takes it for an emulator and does without credentials.
    async with Storage(api_root=request["endpoint"]) as client:
        yield GCSStorageDriver(new_gcloud_aio_client(client), request["bucket"])


DRIVERS = {"s3": s3, "gcs": gcs}


def legacy(payload):
    """The same reference as SDKs wrote it before it was a proto message."""
    reference = json.loads(payload.data)
    claim = {"driver_name": reference["driverName"], "driver_claim": {"claim_data": reference["claimData"]}}
    encoding = {"encoding": b"json/external-storage-reference"}
    return Payload(metadata=encoding, data=json.dumps(claim).encode(), external_payloads=payload.external_payloads)


async def store(converter, request, payloads):
    _extstore._ENCODE_STORAGE_REFERENCES = request.get("marked", False)
    context = {name: value for name, value in (request.get("context") or {}).items() if value is not None}
    if kind := context.pop("kind", None):
        converter = converter._with_store_context(StorageDriverStoreContext(target=TARGETS[kind](**context)))
    payloads = await converter._encode_payload_sequence(payloads)
    payloads = await converter._external_store_payload_sequence(payloads)
    payloads = await converter._encode_reference_payload_sequence(payloads)
    return [legacy(payload) for payload in payloads] if request.get("legacy") else payloads


async def retrieve(converter, request, payloads):
    payloads = await converter._decode_reference_payload_sequence(payloads)
    payloads = await converter._external_retrieve_payload_sequence(payloads)
    return await converter._decode_payload_sequence(payloads)


async def bench(converter, request):
    took = {"store": [], "retrieve": []}
    for _ in range(request["count"]):
        payloads = [Payload(metadata={"encoding": b"binary/plain"}, data=os.urandom(request["size"]))]
        for name, step in (("store", store), ("retrieve", retrieve)):
            started = time.perf_counter()
            payloads = await step(converter, request, payloads)
            took[name].append(time.perf_counter() - started)
    return took


async def answer(request):
    async with DRIVERS[request.get("driver", "s3")](request) as driver:
        storage = ExternalStorage([driver], payload_size_threshold=request.get("threshold", 0))
        codec = ZlibCodec() if request.get("codec") == "zlib" or request.get("marked") else None
        converter = DataConverter(payload_codec=codec, external_storage=storage)
        if request["op"] == "bench":
            return await bench(converter, request)
        step = {"store": store, "retrieve": retrieve}[request["op"]]
        payloads = [ParseDict(payload, Payload()) for payload in request["payloads"]]
        return {"payloads": [MessageToDict(p) for p in await step(converter, request, payloads)]}


def chain(error):
    return str(error) + (f": {chain(error.__cause__)}" if error.__cause__ else "")


def main():
    request = json.load(sys.stdin)
    try:
        result = asyncio.run(answer(request))
    except Exception as error:
        result = {"error": chain(error) or repr(error)}
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
