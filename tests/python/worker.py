"""A worker and a client on Temporal's own SDK, with the codec of its samples and its own S3 driver.

Reads one JSON request, on one line of standard input, and writes its answer. A request has
{"target": "127.0.0.1:7233", "namespace": "default"}, and may have what makes the data converter:
{"key": base64, "key_id": ..., "s3": {"endpoint": URL, "bucket": ...}, "threshold": bytes}
{"op": "worker", "task_queue": ...}     -> ready, when it polls; it works until standard input ends.
                                        "only" may be "workflows" or "activities"
{"op": "run", "task_queue": ..., "workflow": type, "id": ..., "args": [...], "timeout": seconds}
                                        -> {"result": ..., "run": run id}
{"op": "history", "id": ..., "run": run id or none}     -> {"events": [...]}, nothing of it decoded
What fails in the SDK is answered as {"error": text}.
"""

import asyncio
import base64
import contextlib
import dataclasses
import json
import os
import sys
from datetime import timedelta

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from google.protobuf.json_format import MessageToDict
from temporalio import activity, workflow
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.history.v1 import History
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.converter import DataConverter, ExternalStorage, PayloadCodec
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

sys.dont_write_bytecode = True  # Nothing is written beside the scripts.
from external import chain, s3


class EncryptionCodec(PayloadCodec):
    """As in the samples of every SDK: the nonce before AES-256-GCM, over the whole payload."""

    def __init__(self, key, key_id):
        self.cipher, self.key_id = AESGCM(key), key_id

    async def encode(self, payloads):
        return [self.encrypt(p) for p in payloads]

    async def decode(self, payloads):
        return [self.decrypt(p) if p.metadata.get("encoding") == b"binary/encrypted" else p for p in payloads]

    def encrypt(self, payload):
        nonce = os.urandom(12)
        metadata = {"encoding": b"binary/encrypted", "encryption-key-id": self.key_id}
        return Payload(metadata=metadata, data=nonce + self.cipher.encrypt(nonce, payload.SerializeToString(), None))

    def decrypt(self, payload):
        if payload.metadata.get("encryption-key-id") != self.key_id:
            raise ValueError("the payload has another key")
        return Payload.FromString(self.cipher.decrypt(payload.data[:12], payload.data[12:], None))


@activity.defn
async def py_echo(text: str) -> str:
    return text[::-1]


@workflow.defn
class PyEcho:
    """Answers what an activity answers: by default its own, which turns the text around."""

    @workflow.run
    async def run(self, text: str, name: str = "py_echo", task_queue: str | None = None) -> str:
        return await workflow.execute_activity(
            name, text, task_queue=task_queue, start_to_close_timeout=timedelta(seconds=30), result_type=str
        )


@contextlib.asynccontextmanager
async def connect(request):
    """A client, with the data converter that the request describes."""
    converter = DataConverter.default
    if "key" in request:
        codec = EncryptionCodec(base64.b64decode(request["key"]), request["key_id"].encode())
        converter = dataclasses.replace(converter, payload_codec=codec)
    async with contextlib.AsyncExitStack() as stack:
        if "s3" in request:
            driver = await stack.enter_async_context(s3(request["s3"]))
            storage = ExternalStorage([driver], payload_size_threshold=request["threshold"])
            converter = dataclasses.replace(converter, external_storage=storage)
        yield await Client.connect(request["target"], namespace=request["namespace"], data_converter=converter)


async def worker(client, request):
    # No sandbox: it loads every module again, and this workflow needs no guard.
    runner = UnsandboxedWorkflowRunner()
    queue, only = request["task_queue"], request.get("only")
    workflows = [PyEcho] if only != "activities" else []
    activities = [py_echo] if only != "workflows" else []
    async with Worker(
        client, task_queue=queue, workflows=workflows, activities=activities, workflow_runner=runner
    ):
        if workflows:
            await polled(client, TaskQueue(name=queue), TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW)
        if activities:
            await polled(client, TaskQueue(name=queue), TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY)
        print("ready", file=answers, flush=True)
        stdin = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(stdin)
        await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, sys.stdin)
        await stdin.read()


async def polled(client, queue, kind):
    """Waits until the server knows of somebody who asks for such tasks."""
    describe = DescribeTaskQueueRequest(namespace=client.namespace, task_queue=queue, task_queue_type=kind)
    while not (await client.workflow_service.describe_task_queue(describe)).pollers:
        await asyncio.sleep(0.05)


async def run(client, request):
    handle = await client.start_workflow(
        request["workflow"],
        args=request["args"],
        id=request["id"],
        task_queue=request["task_queue"],
        execution_timeout=timedelta(seconds=request.get("timeout", 60)),
    )
    return {"result": await handle.result(), "run": handle.first_execution_run_id}


async def history(client, request):
    found = await client.get_workflow_handle(request["id"], run_id=request.get("run")).fetch_history()
    return MessageToDict(History(events=found.events))


async def answer(request):
    async with connect(request) as client:
        return await {"worker": worker, "run": run, "history": history}[request["op"]](client, request)


def main():
    try:
        result = asyncio.run(answer(json.loads(sys.stdin.readline())))
    except Exception as error:
        result = {"error": chain(error) or repr(error)}
    if result is not None:
        print(json.dumps(result), file=answers, flush=True)
    # Threads of the SDK's core may still run, and would abort an interpreter that takes itself apart.
    os._exit(0)


if __name__ == "__main__":
    # The core logs to standard output: that goes where errors go, and answers keep their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    main()
