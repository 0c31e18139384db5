// The workflow of `sdks.mjs`: it carries a parcel in the way that its order names.
import * as workflow from "@temporalio/workflow";

const once = { startToCloseTimeout: "10 minutes" };
let trace = "";

// The queue is an endpoint's name here.
function nexus({ way, parcel, queue }) {
  const service = { name: "carrier", operations: { [way]: { name: way } } };
  return workflow.createNexusServiceClient({ endpoint: queue, service }).executeOperation(way, parcel);
}

// Ends well if the operation failed for the reason that it should.
async function failing(order) {
  const error = await nexus(order).then(
    () => new Error("it did not fail"),
    (error) => error,
  );
  for (let cause = error; cause; cause = cause.cause) {
    if (cause.message.includes(`cannot carry ${order.parcel.slice(0, 100)}`)) return order.parcel;
  }
  throw error;
}

const activities = (options) => workflow.proxyActivities({ ...once, ...options });

const ways = {
  activity: ({ parcel, queue }) => activities(queue ? { taskQueue: queue } : {}).echo(parcel),
  local: ({ parcel }) => workflow.proxyLocalActivities(once).echo(parcel),
  child: ({ parcel, queue }) =>
    workflow.executeChild("Courier", {
      workflowId: `${workflow.workflowInfo().workflowId}-child`,
      args: [{ way: "start", parcel }],
      ...(queue ? { taskQueue: queue } : {}),
    }),
  fan: async ({ parcel }) => {
    const numbers = [...Array(20).keys()];
    const carried = await Promise.all(numbers.map((i) => activities().echo(`${parcel}${i}`)));
    return carried.every((text, i) => text === `${parcel}${i}`) ? parcel : "mixed up";
  },
  nexus_sync: nexus,
  nexus_run: nexus,
  nexus_fail: failing,
  nexus_refuse: failing,
  // Fails the workflow task.
  burst: ({ parcel }) => {
    throw new Error(parcel);
  },
  again: ({ parcel }) => workflow.continueAsNew({ way: "start", parcel }),
  memo: ({ parcel }) => {
    workflow.upsertMemo({ more: parcel });
    return workflow.workflowInfo().memo.note;
  },
  headers: () => trace,
  fail: ({ parcel, queue }) =>
    activities({ retry: { maximumAttempts: 1 }, ...(queue ? { taskQueue: queue } : {}) }).fail(parcel),
  drop: ({ parcel }) => activities({ retry: { maximumAttempts: 1 } }).drop(parcel),
  beat: ({ parcel, queue }) => activities(queue ? { taskQueue: queue } : {}).beat(parcel),
  stumble: ({ parcel }) => activities({ retry: { initialInterval: 100 } }).stumble(parcel),
  later: () => activities({ retry: { maximumAttempts: 1 } }).later(""),
  // Sends the parcel in several ways, and rests until it is told to go on.
  rest: async ({ parcel }, courier) => {
    const carried = [await ways.local({ parcel }), await ways.activity({ parcel })];
    const workflowId = `${workflow.workflowInfo().workflowId}-child`;
    const child = await workflow.startChild("Courier", { workflowId, args: [{ way: "wait", parcel }] });
    await child.signal("add", parcel);
    carried.push(await child.result());
    courier.stage = "rests";
    await workflow.condition(() => courier.added !== undefined);
    courier.stage = "ended";
    return carried.every((text) => text === parcel) ? parcel : "mixed up";
  },
};

export async function Courier(order) {
  const courier = { added: undefined, stage: "" };
  workflow.setHandler(workflow.defineSignal("add"), (text) => void (courier.added = text));
  workflow.setHandler(workflow.defineQuery("stage"), () => courier.stage);
  workflow.setHandler(workflow.defineQuery("look"), () => order.parcel);
  workflow.setHandler(workflow.defineUpdate("revise"), (text) => (courier.added = text));
  if (order.way === "wait") {
    await workflow.condition(() => courier.added !== undefined);
    return courier.added;
  }
  return ways[order.way] ? ways[order.way](order, courier) : order.parcel;
}

export const interceptors = () => ({
  inbound: [
    {
      execute(input, next) {
        const header = input.headers.trace;
        if (header) trace = workflow.defaultPayloadConverter.fromPayload(header);
        return next(input);
      },
    },
  ],
});
