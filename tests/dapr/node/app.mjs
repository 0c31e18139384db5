// The app of `tests/it/dapr.rs` on Dapr's SDK for JavaScript, as it comes. `tests/dapr/python/app.py` describes its
// commands. Its only argument, if there is one, is what it may receive in one message.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

// The packages are not beside this file: `cargo xtask test` says where it installed them.
const require = createRequire(`${process.env.CLOAKROOM_DAPR_NODE}/app.mjs`);
const { DaprWorkflowClient, WorkflowRuntime } = require("@dapr/dapr");

const ran = new Map();
const parcels = new Map();

// A text that every app makes in the same way, and that compresses to half its size at most.
function parcel(index, size) {
  const key = `${index}-${size}`;
  if (!parcels.has(key)) {
    const blocks = [`canary-Gp5wX8rN-input-Jt6zB3kV-feather-${index}-`];
    for (let i = 0; i < size / 64; i++) blocks.push(createHash("sha256").update(`${index}-${i}`).digest("hex"));
    parcels.set(key, blocks.join("").slice(0, size));
  }
  return parcels.get(key);
}

async function Chunk(_, order) {
  ran.set(order.of, (ran.get(order.of) ?? 0) + 1);
  return parcel(order.index, order.size);
}

async function Refuse() {
  throw new Error("refused on purpose");
}

// Returns how many of `count` activities returned what they should.
async function* Pile(ctx, order) {
  let right = 0;
  for (let index = 0; index < order.count; index++) {
    const text = yield ctx.callActivity(Chunk, { of: ctx.getWorkflowInstanceId(), index, size: order.size });
    if (text === parcel(index, order.size)) right++;
  }
  return { right };
}

async function* Child(ctx, order) {
  return yield ctx.callActivity(Chunk, order);
}

// Takes each way of a payload once, and returns the names of those that brought the right one.
async function* Tour(ctx, order) {
  const { size, right = [] } = order;
  if ("carried" in order) {
    if (order.carried === parcel(9, size)) right.push("carried");
    ctx.setCustomStatus("done");
    return { right };
  }
  if ((yield ctx.callChildWorkflow(Child, { index: 7, size })) === parcel(7, size)) right.push("child");
  try {
    yield ctx.callActivity(Refuse, { note: parcel(6, size) });
  } catch (error) {
    if (String(error.message).includes("refused on purpose")) right.push("failure");
  }
  ctx.setCustomStatus("waits");
  if ((yield ctx.waitForExternalEvent("note")) === parcel(8, size)) right.push("event");
  ctx.continueAsNew({ size, right, carried: parcel(9, size) }, false);
}

async function answer(client, { do: what, id, workflow, input, index, size }) {
  if (what === "start") {
    await client.scheduleNewWorkflow(workflow, input, id);
    return { started: id };
  }
  if (what === "raise") {
    await client.raiseEvent(id, "note", parcel(index, size));
    return { raised: id };
  }
  if (what === "ran") return { ran: ran.get(id) ?? 0 };
  return { status: (await client.getWorkflowState(id, true)).runtimeStatus };
}

function say(line) {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const grpcOptions = process.argv[2] && { "grpc.max_receive_message_length": Number(process.argv[2]) };
const [daprHost, daprPort] = process.env.DAPR_GRPC_ENDPOINT.split(":");
const runtime = new WorkflowRuntime({ daprHost, daprPort, grpcOptions });
for (const workflow of [Pile, Child, Tour]) runtime.registerWorkflow(workflow);
for (const activity of [Chunk, Refuse]) runtime.registerActivity(activity);
await runtime.start();
const client = new DaprWorkflowClient({ daprHost, daprPort, grpcOptions });
say({ ready: true });
for await (const line of createInterface({ input: process.stdin })) {
  try {
    say(await answer(client, JSON.parse(line)));
  } catch (error) {
    say({ error: String(error) });
  }
}
process.exit(0);
