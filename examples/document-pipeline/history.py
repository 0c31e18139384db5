"""The history of an instance, as its sidecar has it: how large each dispatch was."""

import re
import time

# The SDK's own messages. Its client tells less.
from dapr.ext.workflow._durabletask.internal import orchestrator_service_pb2 as pb
from dapr.ext.workflow._durabletask.internal import orchestrator_service_pb2_grpc as service
import grpc

import servers


def ask(question):
    """Asks a sidecar for an instance, and again if a turn was saved while it read.

    It reads an instance in two steps without a lock, and answers UNKNOWN if a turn is saved between them.
    """
    ends = time.monotonic() + servers.PATIENCE
    while True:
        try:
            return question()
        except grpc.RpcError as error:
            is_between = error.code() == grpc.StatusCode.UNKNOWN and "missing from state store" in error.details()
            if not is_between or time.monotonic() > ends:
                raise
        time.sleep(0.05)


def read(port, instance):
    """Returns the events of an instance, however large."""
    options = [("grpc.max_receive_message_length", -1)]
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=options) as channel:
        stub = service.TaskHubSidecarServiceStub(channel)
        request = pb.GetInstanceHistoryRequest(instanceId=instance)
        return list(ask(lambda: stub.GetInstanceHistory(request)).events)


def steps(events):
    """Returns each activity with the size of the dispatch after it, as the sidecar weighs it: all events so far.

    The event that begins a turn is made by the app, so the dispatch of that turn does not have it yet.
    """
    found, scheduled, size, begun = [], {}, 0, 0
    for event in events:
        kind = event.WhichOneof("eventType")
        if kind == "executionStalled":
            said = re.search(r"size (\d+) bytes", event.executionStalled.description)
            # The result that it stalled over is not a part of the history yet.
            name = list(scheduled.values())[-1]
            found.append({"step": name, "next_dispatch": int(said.group(1)), "stalls": True})
            break
        size += event.ByteSize()
        if kind in ("workflowStarted", "orchestratorStarted"):
            begun = event.ByteSize()
        elif kind == "taskScheduled":
            scheduled[event.eventId] = event.taskScheduled.name
        elif kind == "taskCompleted":
            name = scheduled[event.taskCompleted.taskScheduledId]
            found.append({"step": name, "next_dispatch": size - begun, "stalls": False})
    return found
