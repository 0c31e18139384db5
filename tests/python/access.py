"""A worker and a client on Temporal's SDK for Python, as it comes, with the credentials of its options.

Reads one JSON request: {"address": "127.0.0.1:7243", "namespace": "default", "task_queue": ..., "text": ...,
"ca": PEM or null, "certificate": PEM or null, "key": PEM or null, "api_key": text or null}
Writes {"result": what a workflow and its activity gave back} or {"error": text}.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.client import Client, TLSConfig
from temporalio.runtime import Runtime, TelemetryConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@activity.defn
async def echo(text: str) -> str:
    return text


@workflow.defn
class Echo:
    @workflow.run
    async def run(self, text: str) -> str:
        return await workflow.execute_activity(echo, text, start_to_close_timeout=timedelta(minutes=10))


def encoded(text):
    return text.encode() if text else None


async def main(request):
    tls = False
    if request["ca"]:
        tls = TLSConfig(
            server_root_ca_cert=encoded(request["ca"]),
            client_cert=encoded(request["certificate"]),
            client_private_key=encoded(request["key"]),
        )
    client = await Client.connect(
        request["address"],
        namespace=request["namespace"],
        tls=tls,
        api_key=request["api_key"],
        # The core logs to standard output, which is for the answer.
        runtime=Runtime(telemetry=TelemetryConfig(logging=None)),
    )
    worker = Worker(
        client,
        task_queue=request["task_queue"],
        workflows=[Echo],
        activities=[echo],
        workflow_runner=UnsandboxedWorkflowRunner(),
    )
    async with worker:
        return await client.execute_workflow(
            Echo.run, request["text"], id=request["task_queue"], task_queue=request["task_queue"]
        )


def answer(request):
    try:
        return {"result": asyncio.run(main(request))}
    except Exception as error:  # whatever it is, the test decides
        return {"error": f"{type(error).__name__}: {error}"}


print(json.dumps(answer(json.load(sys.stdin))), flush=True)
# The SDK's threads may still run while the interpreter ends, which crashes it now and then.
os._exit(0)
