"""Makes and reads envelopes of Temporal's system Nexus endpoint with the official SDK.

Reads one request in JSON from standard input and writes one answer:
{"op": "make", "canary": TEXT} gives a request that a workflow would send, as its payload;
{"op": "full", "canary": TEXT} gives one in which every field of every message is set;
{"op": "read", "payload": PAYLOAD} gives what the server reads of one, and the payloads in it;
{"op": "open", "payload": PAYLOAD} gives the arguments as the SDK's converter reads them;
{"op": "types"} gives the message types of all system Nexus operations that the SDK knows.
"""

import json
import sys

from google.protobuf.descriptor import FieldDescriptor as Field
from google.protobuf.json_format import MessageToDict, ParseDict
from temporalio.api.common.v1 import Payload
from temporalio.api.workflowservice.v1 import (
    SignalWithStartWorkflowExecutionRequest as Request,
)
from temporalio.converter import DefaultFailureConverter, DefaultPayloadConverter
from temporalio.nexus import system
from temporalio.nexus.system.workflow_service import __nexus_operation_registry__, models
from temporalio.nexus.system.workflow_service.models import (
    SignalWithStartWorkflowRequest,
    UserMetadata,
)

# More than any oneof has.
CHOICES = 12

CONVERTER = system._get_payload_converter(DefaultPayloadConverter(), DefaultFailureConverter())


def make(canary):
    request = SignalWithStartWorkflowRequest(
        workflow="Charge",
        args=[canary, {"amount": 10}],
        id="order-17",
        task_queue="payments",
        signal="paid",
        signal_args=[canary],
        memo={"note": canary},
        headers={"trace": canary},
        user_metadata=UserMetadata(static_summary=canary, static_details=canary),
        namespace="payments prod",
    )
    return CONVERTER.to_payloads([request])[0]


def fill(message, canary, choice):
    """Sets every field of a message, and of those in it. Of a oneof, sets one by `choice`."""
    if isinstance(message, Payload):
        message.metadata["encoding"] = b"json/plain"
        message.data = json.dumps(canary).encode()
        return message
    for field in message.DESCRIPTOR.fields:
        group = field.containing_oneof
        if group and group.fields[choice % len(group.fields)] != field:
            continue
        if field.message_type and field.message_type.GetOptions().map_entry:
            fill(getattr(message, field.name)["key"], canary, choice)
        elif field.message_type and field.is_repeated:
            fill(getattr(message, field.name).add(), canary, choice)
        elif field.message_type:
            fill(getattr(message, field.name), canary, choice)
        else:
            value = {Field.TYPE_STRING: "own", Field.TYPE_BOOL: True}.get(field.type, 1)
            if field.is_repeated:
                getattr(message, field.name).append(value)
            else:
                setattr(message, field.name, value)
    return message


def wrapped(message):
    return system._SystemNexusOuterPayloadConverter().to_payload(message)


def read(payload):
    message = system._SystemNexusOuterPayloadConverter().from_payload(payload)
    inner = [*message.input.payloads, *message.signal_input.payloads]
    inner += [*message.memo.fields.values(), *message.header.fields.values()]
    inner += [message.user_metadata.summary, message.user_metadata.details]
    own = [message.namespace, message.workflow_id, message.workflow_type.name]
    own += [message.task_queue.name, message.signal_name]
    return {"own": own, "payloads": [MessageToDict(payload) for payload in inner]}


def types():
    def name(model):
        converter = getattr(models, f"_{model.__name__}TransferTypeConverter")
        return converter.transfer_type.DESCRIPTOR.full_name

    operations = [info.operation for info in __nexus_operation_registry__.values()]
    return [name(model) for each in operations for model in (each.input_type, each.output_type)]


def main():
    request = json.load(sys.stdin)
    match request["op"]:
        case "make":
            answer = {"payload": MessageToDict(make(request["canary"]))}
        case "full":
            payload = wrapped(Request())
            # One message after the other is their sum: so all choices are in it.
            filled = [fill(Request(), request["canary"], choice) for choice in range(CHOICES)]
            payload.data = b"".join(message.SerializeToString() for message in filled)
            answer = {"payload": MessageToDict(payload)}
        case "read":
            answer = read(ParseDict(request["payload"], Payload()))
        case "open":
            payload = ParseDict(request["payload"], Payload())
            opened = CONVERTER.from_payloads([payload], [SignalWithStartWorkflowRequest])[0]
            answer = {"args": opened.args, "signal_args": opened.signal_args}
        case "types":
            answer = {"types": types()}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
