"""Failures of every kind on Temporal's SDK for Python, as it comes.

Reads one JSON request: {"address": "127.0.0.1:7233", "queue": ..., "text": what failures say}. Writes one line of
JSON: what the worker and the client see of each failure. `tests/it/gateway/failures.rs` compares the lines of a run
through the gateway and of one without.
"""

import asyncio
import json
import os
import sys
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.common.v1 import GrpcStatus, WorkflowExecution
from temporalio.api.errordetails.v1 import QueryFailedFailure
from temporalio.api.query.v1 import WorkflowQuery
from temporalio.api.workflowservice.v1 import QueryWorkflowRequest
from temporalio.client import Client, WorkflowFailureError, WorkflowQueryFailedError, WorkflowUpdateFailedError
from temporalio.common import RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

PATIENCE = timedelta(minutes=10)
STACK = "Hk3vW9tB_stack_R7yNq2Lm_trace"
attempts, failed_tasks = {}, set()


def chain(error):
    """What a failure and its causes say, and whether their stack traces are those of this program."""
    said = []
    while isinstance(error, FailureError):
        trace = error.failure.stack_trace if error.failure else ""
        said.append([type(error).__name__, error.message, getattr(error, "type", None), STACK in trace])
        error = error.cause
    return said


def raises_Hk3vW9tB_stack_R7yNq2Lm_trace(kind, text):
    raise ApplicationError(f"cannot carry {text}", text, type=kind) from ApplicationError(f"as {text}", type="Torn")


@activity.defn
async def fail(kind: str, text: str) -> str:
    run = activity.info().workflow_id
    attempts[run] = attempts.get(run, 0) + 1
    if kind == "Once" and attempts[run] > 1:
        return "done"
    raises_Hk3vW9tB_stack_R7yNq2Lm_trace(kind, text)


@workflow.defn
class Failing:
    def __init__(self):
        self.ends = False

    @workflow.run
    async def run(self, way: str, text: str) -> list:
        retry = {"initial_interval": timedelta(milliseconds=100), "non_retryable_error_types": ["Final"]}
        if way == "slow":
            retry["initial_interval"] = timedelta(hours=1)
        once = {"start_to_close_timeout": PATIENCE, "retry_policy": RetryPolicy(**retry)}
        if way == "task" and workflow.info().workflow_id not in failed_tasks:
            failed_tasks.add(workflow.info().workflow_id)
            raise RuntimeError(f"the task drops {text}")
        if way == "wait":
            await workflow.wait_condition(lambda: self.ends)
        if way == "child":
            try:
                await workflow.execute_child_workflow("Failing", args=["uncaught", text], result_type=list)
            except FailureError as error:
                return chain(error)
        if way in ("caught", "uncaught", "once", "slow"):
            kind = {"once": "Once", "slow": "Slow"}.get(way, "Final")
            try:
                await workflow.execute_activity("fail", args=[kind, text], result_type=str, **once)
            except FailureError as error:
                if way == "uncaught":
                    raise
                return chain(error)
        return []

    @workflow.query
    def look(self, text: str) -> str:
        raise ValueError(f"cannot look at {text}")

    @workflow.update
    async def revise(self, text: str) -> None:
        raises_Hk3vW9tB_stack_R7yNq2Lm_trace("Revised", text)

    @revise.validator
    def admit(self, text: str) -> None:
        if text.startswith("refuse"):
            raise ValueError(f"does not admit {text}")

    @workflow.signal
    def end(self) -> None:
        self.ends = True


async def scenario(client, queue, text):
    seen = {}
    start = lambda way: client.start_workflow(Failing.run, args=[way, text], id=f"{queue}-{way}", task_queue=queue)
    for way in ("caught", "once", "child", "task"):
        handle = await start(way)
        seen[way] = [await handle.result(), attempts.get(handle.id)]
    try:
        await (await start("uncaught")).result()
    except WorkflowFailureError as error:
        seen["uncaught"] = chain(error.cause)

    handle = await start("wait")
    for name, sent in (("rejected", f"refuse {text}"), ("update", text)):
        try:
            await handle.execute_update(Failing.revise, sent)
        except WorkflowUpdateFailedError as error:
            seen[name] = chain(error.cause)
    for name, sent in (("query", text), ("long query", text * 1000)):
        try:
            await handle.query(Failing.look, sent)
        except WorkflowQueryFailedError as error:
            # The server cuts it further behind.
            seen[name] = str(error)[:3000]
    try:
        execution = WorkflowExecution(workflow_id=handle.id)
        # Without input, so that the text of the query is Python's own.
        asked = QueryWorkflowRequest(namespace="default", execution=execution, query=WorkflowQuery(query_type="look"))
        await client.workflow_service.query_workflow(asked)
    except RPCError as error:
        status = GrpcStatus.FromString(error.raw_grpc_status)
        failed = QueryFailedFailure()
        status.details[0].Unpack(failed)
        seen["raw query"] = error.message == status.message
        seen["query details"] = failed.failure.message == error.message
    await handle.signal(Failing.end)
    await handle.result()

    handle = await start("slow")
    while True:
        pending = (await handle.describe()).raw_description.pending_activities
        if pending and pending[0].HasField("last_failure"):
            break
        await asyncio.sleep(0.05)
    last = pending[0].last_failure
    seen["last failure"] = [last.message, last.cause.message, last.application_failure_info.type]
    await handle.terminate()
    return seen


async def main():
    request = json.loads(sys.stdin.readline())
    client, queue = await Client.connect(request["address"]), request["queue"]
    runs = {"workflows": [Failing], "activities": [fail], "workflow_runner": UnsandboxedWorkflowRunner()}
    async with Worker(client, task_queue=queue, **runs):
        print(json.dumps(await scenario(client, queue, request["text"])), flush=True)


asyncio.run(main())
# The SDK's threads may still run while the interpreter ends, which crashes it now and then.
os._exit(0)
