// The workflow of `sdks.mjs`: it carries a parcel in the way that its order names.
import * as workflow from "@temporalio/workflow";

const once = { startToCloseTimeout: "10 minutes" };
let trace = "";

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
  again: ({ parcel }) => workflow.continueAsNew({ way: "start", parcel }),
  memo: ({ parcel }) => {
    workflow.upsertMemo({ more: parcel });
    return workflow.workflowInfo().memo.note;
  },
  headers: () => trace,
  fail: ({ parcel }) => activities({ retry: { maximumAttempts: 1 } }).fail(parcel),
  drop: ({ parcel }) => activities({ retry: { maximumAttempts: 1 } }).drop(parcel),
  stumble: ({ parcel }) => activities({ retry: { initialInterval: 100 } }).stumble(parcel),
  later: () => activities().later(""),
};

export async function Courier(order) {
  let added;
  workflow.setHandler(workflow.defineSignal("add"), (text) => void (added = text));
  workflow.setHandler(workflow.defineQuery("look"), () => order.parcel);
  workflow.setHandler(workflow.defineUpdate("revise"), (text) => (added = text));
  if (order.way === "wait") {
    await workflow.condition(() => added !== undefined);
    return added;
  }
  return ways[order.way] ? ways[order.way](order) : order.parcel;
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
