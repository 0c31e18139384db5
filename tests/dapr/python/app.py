"""The app of `tests/it/dapr.rs` on Dapr's SDK for Python, as it comes.

It says {"ready": true} when its worker is connected. Then it reads one JSON command a line, and answers each with one
line: {"do": "start", "workflow": name, "id": text, "input": any}; {"do": "raise", "id": text, "index": i, "size": n};
{"do": "ran", "id": text}, whose answer has "ran", the number of activities that this process ran for that instance;
or {"do": "state", "id": text}, whose answer has "status", what the SDK says of it. An answer with "error" says what the
SDK raised.
It ends with standard input. `DAPR_GRPC_ENDPOINT` names the sidecar, or what stands before it.
"""

import collections
import functools
import hashlib
import json
import sys

import dapr.ext.workflow as wf

ran = collections.Counter()
runtime = wf.WorkflowRuntime()


@functools.lru_cache(maxsize=None)
def parcel(index, size):
    """A text that every app makes in the same way, and that compresses to half its size at most."""
    blocks = (hashlib.sha256(f"{index}-{i}".encode()).hexdigest() for i in range(size // 64 + 1))
    return f"canary-Gp5wX8rN-input-Jt6zB3kV-feather-{index}-{''.join(blocks)}"[:size]


@runtime.activity(name="Chunk")
def chunk(ctx, order):
    ran[order.get("of")] += 1
    return parcel(order["index"], order["size"])


@runtime.activity(name="Refuse")
def refuse(ctx, order):
    raise ValueError("refused on purpose")


def next_parcel(order):
    if order["note"] != parcel(order["index"], order["size"]):
        raise ValueError(f"got another text of {len(order['note'])} characters")
    return parcel(order["index"] + 1, order["size"])


@runtime.activity(name="Mirror")
def mirror(ctx, order):
    """Takes a text, and returns the next one."""
    ran[order["of"]] += 1
    return next_parcel(order)


@runtime.workflow(name="Reflect")
def reflect(ctx, order):
    return next_parcel(order)


@runtime.workflow(name="Heir")
def heir(ctx, order):
    """Returns whether it reads the result of the activity in the history that it got, and how that begins."""
    history = ctx.get_propagated_history()
    events = history.events if history else []
    results = [event.taskCompleted.result.value for event in events if event.HasField("taskCompleted")]
    text = json.loads(results[0]) if results else "no result"
    # Another turn, which has that history too.
    yield ctx.call_activity(chunk, input={"index": 0, "size": 100})
    return {"read": text == parcel(order["index"], order["size"]), "begins": text[:24]}


@runtime.workflow(name="Pile")
def pile(ctx, order):
    """Returns how many of `count` activities returned what they should."""
    right = 0
    for index in range(order["count"]):
        part = {"of": ctx.instance_id, "index": index, "size": order["size"]}
        text = yield ctx.call_activity(chunk, input=part)
        right += text == parcel(index, order["size"])
    return {"right": right}


@runtime.workflow(name="Child")
def child(ctx, order):
    return (yield ctx.call_activity(chunk, input=order))


@runtime.workflow(name="Tour")
def tour(ctx, order):
    """Takes each way of a payload once, and returns the names of those that brought the right one."""
    size, right = order["size"], order.get("right", [])
    if "carried" in order:
        if order["carried"] == parcel(9, size):
            right = right + ["carried"]
        ctx.set_custom_status("done")
        return {"right": right}
    text = yield ctx.call_child_workflow(child, input={"index": 7, "size": size})
    if text == parcel(7, size):
        right = right + ["child"]
    try:
        yield ctx.call_activity(refuse, input={"note": parcel(6, size)})
    except Exception as error:
        if "refused on purpose" in str(error):
            right = right + ["failure"]
    ctx.set_custom_status("waits")
    text = yield ctx.wait_for_external_event("note")
    if text == parcel(8, size):
        right = right + ["event"]
    ctx.continue_as_new({"size": size, "right": right, "carried": parcel(9, size)})


def answer(client, command):
    identity = command["id"]
    if command["do"] == "start":
        workflow = {"Pile": pile, "Tour": tour}[command["workflow"]]
        client.schedule_new_workflow(workflow=workflow, input=command["input"], instance_id=identity)
        return {"started": identity}
    if command["do"] == "raise":
        data = parcel(command["index"], command["size"])
        client.raise_workflow_event(identity, "note", data=data)
        return {"raised": identity}
    if command["do"] == "ran":
        return {"ran": ran[identity]}
    return {"status": client.get_workflow_state(identity).runtime_status.name}


def main():
    runtime.start()
    client = wf.DaprWorkflowClient()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        try:
            said = answer(client, json.loads(line))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(said), flush=True)
    runtime.shutdown()


main()
