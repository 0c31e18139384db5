"""The scenario of `tests/it/gateway/sdks.rs` on Temporal's SDK for Python, as it comes.

Reads one JSON request, on one line of standard input:
{"address": "127.0.0.1:7233", "namespace": "default", "task_queue": ..., "role": "both" | "worker" | "client",
 "id": prefix of workflow ids, "size": bytes of a parcel, "sizes": {step: bytes}, "canary": text, "steps": [...],
 "other_queue": "", "s3": {"endpoint": URL, "bucket": name}}
With "s3", payloads are stored there by the SDK's own driver. Only Go and Python have one that is published.
With "cached": 0, the worker caches no workflow, so that each task brings a history from its start.
With "go_on", a step that fails does not end the program.
Writes one line of JSON for each step: {"step": ..., "ok": true, "sha256": of what came back, "ms": ...}. The first
step that fails has "ok": false and "error", and ends the program with status 1. A worker says {"step": "ready"},
and works until standard input ends.
"""

import asyncio
import contextlib
import dataclasses
import hashlib
import json
import os
import sys
import threading
import time
from datetime import timedelta

from temporalio import activity, workflow
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import ResetWorkflowExecutionRequest
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleSpec,
    WithStartWorkflowOperation,
    WorkflowFailureError,
)
from temporalio.common import RetryPolicy, WorkflowIDConflictPolicy
from temporalio.converter import DataConverter, ExternalStorage
from temporalio.exceptions import ApplicationError, NexusOperationError
from temporalio.service import RPCError
from temporalio.worker import UnsandboxedWorkflowRunner, Worker, WorkflowInboundInterceptor
from temporalio.worker import Interceptor as WorkerInterceptor

from nexus_carrier import Carrier

PATIENCE = timedelta(minutes=10)
OFTEN = 0.05


def parcel(request, step):
    """A text that every SDK makes in the same way, and that compresses to half its size at most."""
    size, made = request["sizes"].get(step, request["size"]), [request["canary"]]
    for i in range(size // 64 + 1):
        made.append(hashlib.sha256(f"{step}-{i}".encode()).hexdigest())
    return "".join(made)[:size]


# Activities.


@activity.defn
async def echo(text: str) -> str:
    return text


def canary_Hk3vW9tB_stack_R7yNq2Lm_trace(text):
    raise ApplicationError(f"cannot carry {text[:100]}", text, type="Spilt", non_retryable=True) from ApplicationError(
        f"because of {text[:100]}", text, type="Torn"
    )


@activity.defn
async def fail(text: str) -> str:
    canary_Hk3vW9tB_stack_R7yNq2Lm_trace(text)


def canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text):
    raise ValueError(f"dropped {text[:100]}")


@activity.defn
async def drop(text: str) -> str:
    canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text)


@activity.defn
async def stumble(text: str) -> str:
    details = activity.info().heartbeat_details
    if details:
        return details[0]
    activity.heartbeat(text)
    raise ApplicationError("stumbled")


@activity.defn
async def beat(text: str) -> str:
    """Says when it is cancelled."""
    activity.heartbeat(text)
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        say(step="cancelled", ok=True)
        raise


tokens = {}


@activity.defn
async def later(text: str) -> str:
    tokens[activity.info().workflow_id] = activity.info().task_token
    activity.raise_complete_async()


# The workflow.


@workflow.defn
class Courier:
    """Carries a parcel in the way that its order names."""

    def __init__(self):
        self.held = self.added = self.trace = None
        self.stage = ""

    @workflow.run
    async def run(self, order: dict) -> str:
        way, text = order["way"], order["parcel"]
        self.held = text
        queue = order.get("queue") or workflow.info().task_queue
        once = {"start_to_close_timeout": PATIENCE, "result_type": str}
        if way == "activity":
            return await workflow.execute_activity("echo", text, task_queue=queue, **once)
        if way == "local":
            return await workflow.execute_local_activity("echo", text, **once)
        if way == "child":
            order = {"way": "start", "parcel": text}
            name = f"{workflow.info().workflow_id}-child"
            return await workflow.execute_child_workflow("Courier", order, id=name, task_queue=queue, result_type=str)
        if way == "fan":
            run = lambda i: workflow.execute_activity("echo", f"{text}{i}", task_queue=queue, **once)
            carried = await asyncio.gather(*(run(i) for i in range(20)))
            return text if carried == [f"{text}{i}" for i in range(20)] else "mixed up"
        if way.startswith("nexus_"):
            return await self.nexus(way, text, endpoint=order["queue"])
        if way == "burst":
            # Fails the workflow task.
            raise ValueError(text)
        if way == "again":
            workflow.continue_as_new({"way": "start", "parcel": text})
        if way == "memo":
            workflow.upsert_memo({"more": text})
            return workflow.memo_value("note", type_hint=str)
        if way == "headers":
            return self.trace
        if way in ("fail", "drop"):
            retry = RetryPolicy(maximum_attempts=1)
            return await workflow.execute_activity(way, text, task_queue=queue, retry_policy=retry, **once)
        if way == "beat":
            return await workflow.execute_activity(way, text, task_queue=queue, **once)
        if way == "stumble":
            retry = RetryPolicy(initial_interval=timedelta(milliseconds=100))
            return await workflow.execute_activity(way, text, retry_policy=retry, **once)
        if way == "later":
            retry = RetryPolicy(maximum_attempts=1)
            return await workflow.execute_activity(way, "", activity_id="later", retry_policy=retry, **once)
        if way == "rest":
            return await self.rest(text, once)
        if way == "wait":
            await workflow.wait_condition(lambda: self.added is not None)
            return self.added
        return text

    async def nexus(self, operation, text, endpoint):
        client = workflow.create_nexus_client(service="carrier", endpoint=endpoint)
        try:
            return await client.execute_operation(operation, text, output_type=str)
        except NexusOperationError as error:
            cause = error
            while cause and f"cannot carry {text[:100]}" not in str(cause):
                cause = cause.__cause__
            if cause is None or operation not in ("nexus_fail", "nexus_refuse"):
                raise
            return text

    async def rest(self, text, once):
        """Sends the parcel in several ways, and rests until it is told to go on."""
        carried = [await workflow.execute_local_activity("echo", text, **once)]
        carried.append(await workflow.execute_activity("echo", text, **once))
        name = f"{workflow.info().workflow_id}-child"
        order = {"way": "wait", "parcel": text}
        child = await workflow.start_child_workflow("Courier", order, id=name, result_type=str)
        await child.signal("add", text)
        carried.append(await child)
        self.stage = "rests"
        await workflow.wait_condition(lambda: self.added is not None)
        self.stage = "ended"
        return text if carried == [text] * 3 else "mixed up"

    @workflow.signal
    def add(self, text: str) -> None:
        self.added = text

    @workflow.query
    def look(self) -> str:
        return self.held or ""

    @workflow.query(name="stage")
    def reached(self) -> str:
        return self.stage

    @workflow.update
    def revise(self, text: str) -> str:
        self.added = text
        return text


# Headers, as interceptors write and read them.


class Tracing(Interceptor, WorkerInterceptor):
    def __init__(self, text):
        self.text = text

    def intercept_client(self, next):
        text = self.text

        class Outbound(OutboundInterceptor):
            async def start_workflow(self, input):
                if input.args and input.args[0].get("way") == "headers":
                    header = (await DataConverter.default.encode([text]))[0]
                    input.headers = {**input.headers, "trace": header}
                return await self.next.start_workflow(input)

        return Outbound(next)

    def workflow_interceptor_class(self, input):
        class Inbound(WorkflowInboundInterceptor):
            async def execute_workflow(self, input):
                header = input.headers.get("trace")
                if header is not None:
                    workflow.instance().trace = workflow.payload_converter().from_payload(header, str)
                return await self.next.execute_workflow(input)

        return Inbound


class Wrong(Exception):
    """A value is not the one that was sent."""


def same(found, sent, where="the result"):
    if found != sent:
        raise Wrong(f"{where} is not what was sent: {len(found or '')} characters, {len(sent)} sent")
    return found


class Scenario:
    def __init__(self, client, request):
        self.client, self.request = client, request
        self.queue = request["task_queue"]

    def options(self, step):
        return {"id": f"{self.request['id']}-{step}", "task_queue": self.queue}

    def order(self, way, text=""):
        return {"way": way, "parcel": text, "queue": self.request.get("other_queue") or ""}

    async def execute(self, step, way, text):
        return same(await self.client.execute_workflow(Courier.run, self.order(way, text), **self.options(step)), text)

    async def start(self, step, way, text=""):
        return await self.client.start_workflow(Courier.run, self.order(way, text), **self.options(step))

    async def step(self, step, text):
        simple = {"start": "start", "activity": "activity", "local_activity": "local", "child": "child", "fan": "fan"}
        simple |= {"continue_as_new": "again", "heartbeat": "stumble"}
        simple |= {name: name for name in ("nexus_sync", "nexus_run", "nexus_fail", "nexus_refuse")}
        if step in simple:
            return await self.execute(step, simple[step], text)
        return await getattr(self, step)(step, text)

    async def signal(self, step, text):
        handle = await self.start(step, "wait")
        await handle.signal(Courier.add, text)
        return same(await handle.result(), text)

    async def query(self, step, text):
        handle = await self.start(step, "wait", text)
        seen = same(await handle.query(Courier.look), text, "the answer")
        await handle.signal(Courier.add, "done")
        same(await handle.result(), "done")
        return seen

    async def update(self, step, text):
        handle = await self.start(step, "wait")
        same(await handle.execute_update(Courier.revise, text), text, "the answer")
        return same(await handle.result(), text)

    async def signal_with_start(self, step, text):
        given = {"start_signal": "add", "start_signal_args": [text]}
        handle = await self.client.start_workflow(Courier.run, self.order("wait", text), **given, **self.options(step))
        return same(await handle.result(), text)

    async def update_with_start(self, step, text):
        conflict = WorkflowIDConflictPolicy.USE_EXISTING
        start = WithStartWorkflowOperation(
            Courier.run, self.order("wait", text), id_conflict_policy=conflict, **self.options(step)
        )
        answer = await self.client.execute_update_with_start_workflow(
            Courier.revise, text, start_workflow_operation=start
        )
        same(answer, text, "the answer")
        return same(await (await start.workflow_handle()).result(), text)

    async def memo(self, step, text):
        order = self.order("memo", text)
        handle = await self.client.start_workflow(Courier.run, order, memo={"note": text}, **self.options(step))
        same(await handle.result(), text)
        memo = await (await handle.describe()).memo()
        same(memo["more"], text, "the memo that the workflow wrote")
        return same(memo["note"], text, "the memo")

    async def headers(self, step, text):
        # The client's interceptor knows what goes into the header.
        return same(await (await self.start(step, "headers")).result(), text, "the header")

    async def failure(self, step, text):
        error = await self.failed(step, "fail", text)
        same(error.message, f"cannot carry {text[:100]}", "the message")
        same(error.details[0], text, "the details")
        cause = error.cause
        same(cause.message, f"because of {text[:100]}", "the message of the cause")
        return same(cause.details[0], text, "the details of the cause")

    async def panic(self, step, text):
        same((await self.failed(step, "drop", text)).message, f"dropped {text[:100]}", "the message")
        return text

    async def failed(self, step, way, text):
        handle = await self.start(step, way, text)
        try:
            await handle.result()
        except WorkflowFailureError as error:
            found = error.cause.cause
            if not isinstance(found, ApplicationError):
                raise Wrong(f"another failure: {error.cause!r}, {found!r}")
            return found
        raise Wrong("it did not fail")

    async def async_completion(self, step, text):
        handle = await self.start(step, "later")
        while handle.id not in tokens:
            await asyncio.sleep(OFTEN)
        await self.client.get_async_activity_handle(task_token=tokens[handle.id]).complete(text)
        return same(await handle.result(), text)

    async def async_by_id(self, step, text):
        handle = await self.start(step, "later")
        while handle.id not in tokens:
            await asyncio.sleep(OFTEN)
        activity = self.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="later")
        await activity.complete(text)
        return same(await handle.result(), text)

    async def beat_by_id(self, step, text):
        handle = await self.start(step, "later")
        while handle.id not in tokens:
            await asyncio.sleep(OFTEN)
        activity = self.client.get_async_activity_handle(workflow_id=handle.id, run_id=None, activity_id="later")
        await activity.heartbeat(text)
        await activity.complete(text)
        return same(await handle.result(), text)

    async def schedule(self, step, text):
        action = ScheduleActionStartWorkflow(Courier.run, self.order("start", text), **self.options(step))
        spec = ScheduleSpec()
        schedule = await self.client.create_schedule(action.id, Schedule(action=action, spec=spec))
        await schedule.trigger()
        while not (recent := (await schedule.describe()).info.recent_actions):
            await asyncio.sleep(OFTEN)
        started = self.client.get_workflow_handle(recent[0].action.workflow_id, result_type=str)
        result = same(await started.result(), text)
        described = (await schedule.describe()).schedule.action
        order = (await DataConverter.default.decode(described.args, [dict]))[0]
        same(order["parcel"], text, "the argument of the schedule")
        await schedule.delete()
        return result

    async def reset(self, step, text):
        handle = await self.start(step, "activity", text)
        same(await handle.result(), text)
        reset = ResetWorkflowExecutionRequest(
            namespace=self.client.namespace,
            workflow_execution=WorkflowExecution(workflow_id=handle.id, run_id=handle.first_execution_run_id),
            reason="the scenario",
            workflow_task_finish_event_id=4,
            request_id=f"{handle.id}-reset",
        )
        run = (await self.client.workflow_service.reset_workflow_execution(reset)).run_id
        return same(await self.client.get_workflow_handle(handle.id, run_id=run, result_type=str).result(), text)


def say(**line):
    print(json.dumps(line), file=answers, flush=True)


def chain(error):
    told = []
    while error:
        told.append(f"{type(error).__name__}: {str(error)[:2000]}")
        error = error.__cause__
    return ": ".join(told)


async def run(client, request):
    status = 0
    for step in request["steps"]:
        started = time.monotonic()
        try:
            came = await Scenario(client, request).step(step, parcel(request, step))
        except Exception as error:
            say(step=step, ok=False, error=chain(error))
            status = 1
            if request.get("go_on"):
                continue
            break
        digest = hashlib.sha256(came.encode()).hexdigest()
        say(step=step, ok=True, sha256=digest, ms=round(1000 * (time.monotonic() - started)))
    return status


@contextlib.asynccontextmanager
async def converter(request):
    """The SDK's own storage, where the request names a bucket."""
    if not (s3 := request.get("s3")):
        yield DataConverter.default
        return
    import aioboto3
    from temporalio.contrib.aws.s3driver import S3StorageDriver
    from temporalio.contrib.aws.s3driver.aioboto3 import new_aioboto3_client

    session = aioboto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name="us-east-1")
    async with session.client("s3", endpoint_url=s3["endpoint"]) as client:
        drivers = [S3StorageDriver(new_aioboto3_client(client), s3["bucket"])]
        yield dataclasses.replace(DataConverter.default, external_storage=ExternalStorage(drivers))


async def main(request, ended):
    async with converter(request) as storing:
        return await serve(request, ended, storing)


async def serve(request, ended, storing):
    tracing = Tracing(parcel(request, "headers"))
    client = await Client.connect(
        request["address"], namespace=request["namespace"], interceptors=[tracing], data_converter=storing
    )
    if request["role"] == "client":
        return await run(client, request)
    # No sandbox: it loads every module again, and this workflow needs no guard.
    async with Worker(
        client,
        task_queue=request["task_queue"],
        workflows=[Courier],
        activities=[echo, fail, drop, stumble, beat, later],
        nexus_service_handlers=[Carrier()],
        workflow_runner=UnsandboxedWorkflowRunner(),
        max_cached_workflows=request.get("cached", 1000),
    ):
        say(step="ready", ok=True)
        if request["role"] == "both":
            return await run(client, request)
        await asyncio.get_running_loop().run_in_executor(None, ended.wait)
    return 0


def watch(ended, role):
    """Ends with the test, however that ends."""
    sys.stdin.read()
    ended.set()
    if role != "worker":
        os._exit(3)


if __name__ == "__main__":
    # The core logs to standard output: that goes where errors go, and answers keep their own.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    request = json.loads(sys.stdin.readline())
    ended = threading.Event()
    threading.Thread(target=watch, args=(ended, request["role"]), daemon=True).start()
    status = asyncio.run(main(request, ended))
    answers.flush()
    # Threads of the SDK's core may still run, and would abort an interpreter that takes itself apart.
    os._exit(status)
