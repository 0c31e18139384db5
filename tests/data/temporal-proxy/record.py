"""Records what temporal-proxy makes of payloads, alone and in a chain with the gateway. README.md says how.

    python record.py SERVER PROXY OUTER INNER CHAIN DEK > vectors.json

Addresses: SERVER is Temporal's. PROXY is temporal-proxy before it. OUTER is a gateway before PROXY. INNER is
a gateway before SERVER, and CHAIN is temporal-proxy before INNER. DEK is a program that prints the data key
of a wrapped one.
"""

import asyncio
import base64
import hashlib
import json
import subprocess
import sys
import uuid

from temporalio.api.common.v1 import Payload, Payloads, WorkflowExecution, WorkflowType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    GetWorkflowExecutionHistoryRequest,
    StartWorkflowExecutionRequest,
)
from temporalio.client import Client

# No workflow runs, so that the keys of objects have no run.
ID, TYPE = "recorded", "Recorded"


def plaintexts():
    noise = b"".join(hashlib.sha256(bytes([i])).digest() for i in range(100))
    yield "text", Payload(metadata={"encoding": b"json/plain"}, data=b'"plain after all"')
    yield "bytes", Payload(metadata={"encoding": b"binary/plain"}, data=bytes(range(256)))
    yield "null", Payload(metadata={"encoding": b"binary/null"})
    yield "long text", Payload(metadata={"encoding": b"json/plain"}, data=b'"' + b"again " * 2000 + b'"')
    message = {"encoding": b"json/protobuf", "messageType": b"a.B", "note": b"x"}
    yield "message", Payload(metadata=message, data=b"{}")
    # From 2 KiB on it is stored, and a reference takes its place.
    yield "stored", Payload(metadata={"encoding": b"binary/plain"}, data=noise)


async def start(client, name, payload):
    execution = f"{ID}-{name.replace(' ', '-')}"
    await client.workflow_service.start_workflow_execution(
        StartWorkflowExecutionRequest(
            namespace="default",
            workflow_id=execution,
            workflow_type=WorkflowType(name=TYPE),
            task_queue=TaskQueue(name="nobody"),
            input=Payloads(payloads=[payload]),
            request_id=str(uuid.uuid4()),
            # Ends the run of the recording before.
            workflow_id_conflict_policy=3,
            workflow_id_reuse_policy=1,
        )
    )
    return execution


async def read(client, execution):
    answer = await client.workflow_service.get_workflow_execution_history(
        GetWorkflowExecutionHistoryRequest(
            namespace="default", execution=WorkflowExecution(workflow_id=execution)
        )
    )
    return answer.history.events[0].workflow_execution_started_event_attributes.input.payloads[0]


def text(message):
    return base64.b64encode(message.SerializeToString(deterministic=True)).decode()


def data_key(program, payload):
    wrapped = payload.metadata["encryption-dek"].decode()
    return subprocess.run([program, wrapped], check=True, capture_output=True, text=True).stdout.strip()


async def main():
    *addresses, program = sys.argv[1:]
    server, proxy, outer, inner, chain = [await Client.connect(address) for address in addresses]
    vectors = []
    for name, plain in plaintexts():
        alone = await read(server, await start(proxy, "alone " + name, plain))
        execution = await start(outer, "before " + name, plain)
        assert await read(outer, execution) == plain
        ours, wrapped = await read(proxy, execution), await read(server, execution)
        execution = await start(chain, "behind " + name, plain)
        assert await read(chain, execution) == plain
        theirs, kept = await read(inner, execution), await read(server, execution)
        assert kept.metadata["encoding"] != b"binary/encrypted", "the gateway has passed it"
        vectors.append({
            "name": name,
            "plain": text(plain),
            "proxied": {"payload": text(alone), "data_key": data_key(program, alone)},
            "before": {
                "execution": f"{ID}-before-{name.replace(' ', '-')}",
                "encoded": text(ours),
                "proxied": text(wrapped),
                "data_key": data_key(program, wrapped),
            },
            "behind": {"proxied": text(theirs), "encoded": text(kept)},
        })
    json.dump({"type": TYPE, "vectors": vectors}, sys.stdout, indent=1)
    print()


asyncio.run(main())
