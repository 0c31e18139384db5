"""Prints the gateway's table of payload fields, from the descriptors of the Temporal SDK."""
import temporalio.api.workflowservice.v1 as ws
from google.protobuf.descriptor import FieldDescriptor as F
import temporalio.api.update.v1, temporalio.api.errordetails.v1, temporalio.api.failure.v1, temporalio.api.history.v1
from google.protobuf import descriptor_pool
pool = descriptor_pool.Default()
file = pool.FindFileContainingSymbol("temporal.api.workflowservice.v1.StartWorkflowExecutionRequest")
messages = file.message_types_by_name


class Method:
    def __init__(self, name):
        self.name = name
        self.input_type, self.output_type = messages[name + "Request"], messages[name + "Response"]


# The SDK has no descriptor of the service, whose methods all name their messages like this.
methods = [
    Method(name.removesuffix("Request"))
    for name in messages
    if name.endswith("Request") and name.removesuffix("Request") + "Response" in messages
]
PAYLOAD="temporal.api.common.v1.Payload"; ANY="google.protobuf.Any"; BLOB="temporal.api.common.v1.DataBlob"
HISTORY="temporal.api.history.v1.History"
def skipped(name): return name=="temporal.api.common.v1.SearchAttributes" or name.startswith("temporal.api.compute.")
SKIP_FIELDS={"group_values"}
msgs={}
def collect(d):
    if d.full_name in msgs or skipped(d.full_name): return
    msgs[d.full_name]=d
    for f in d.fields:
        if f.message_type: collect(f.message_type)
for m in methods: collect(m.input_type); collect(m.output_type)
for n in ["temporal.api.update.v1.Request","temporal.api.update.v1.Acceptance","temporal.api.update.v1.Rejection","temporal.api.update.v1.Response",HISTORY]:
    collect(pool.FindMessageTypeByName(n))
def kind(f):
    if not f.message_type or f.name in SKIP_FIELDS: return None
    n=f.message_type.full_name
    if n==PAYLOAD: return "payload"
    if n==ANY: return "any"
    if n==BLOB: return "blob"
    if n in msgs: return n
    return None
reach=set()
changed=True
while changed:
    changed=False
    for n,d in msgs.items():
        if n in reach or n in (PAYLOAD,ANY,BLOB): continue
        for f in d.fields:
            k=kind(f)
            if k in ("payload","any","blob") or k in reach: reach.add(n); changed=True; break
print("# Made by tests/python/payload_table.py: do not edit.")
print("# A message, then its fields that hold payloads or lead to them; a method, its request and answer.")
for n in sorted(reach):
    print("message",n)
    for f in sorted(msgs[n].fields,key=lambda f:f.number):
        k=kind(f)
        if k in ("payload","any","blob") or k in reach: print(" ",f.number,k)
for m in sorted(methods,key=lambda m:m.name):
    i,o=m.input_type,m.output_type
    names=[]
    ns=i.fields_by_name.get("namespace")
    if ns is not None and ns.type==F.TYPE_STRING: names.append(f"namespace={ns.number}")
    w=i.fields_by_name.get("workflow_id")
    if w is not None: names.append(f"id={w.number}")
    else:
        for c in ("workflow_execution","execution"):
            e=i.fields_by_name.get(c)
            if e is not None and e.message_type and e.message_type.name=="WorkflowExecution":
                names.append(f"id={e.number}.1"); break
    t=i.fields_by_name.get("workflow_type")
    if t is not None and t.message_type: names.append(f"type={t.number}.1")
    print("method",m.name,i.full_name if i.full_name in reach else "-",o.full_name if o.full_name in reach else "-",*names)
