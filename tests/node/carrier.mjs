// Operations of Nexus for `sdks.mjs`, as a worker on Temporal's SDK for TypeScript offers them: one answers at once,
// one runs a workflow, one fails, and one is refused.
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.CLOAKROOM_NODE, "sdks.mjs"));
const nexus = require("nexus-rpc");
const { WorkflowRunOperationHandler, startWorkflow } = require("@temporalio/nexus");

const names = ["nexus_sync", "nexus_run", "nexus_fail", "nexus_refuse"];
const definition = nexus.service("carrier", Object.fromEntries(names.map((name) => [name, nexus.operation({ name })])));

function canary_Hk3vW9tB_stack_R7yNq2Lm_trace(Made, kind, text) {
  return new Made(kind, `cannot carry ${text.slice(0, 100)}`);
}

export const carrier = nexus.serviceHandler(definition, {
  nexus_sync: async (_, text) => text,
  nexus_run: new WorkflowRunOperationHandler((context, parcel) => {
    const workflowId = `nexus-${context.requestId}`;
    return startWorkflow(context, "Courier", { workflowId, args: [{ way: "start", parcel }] });
  }),
  nexus_fail: async (_, text) => {
    throw canary_Hk3vW9tB_stack_R7yNq2Lm_trace(nexus.OperationError, "failed", text);
  },
  nexus_refuse: async (_, text) => {
    throw canary_Hk3vW9tB_stack_R7yNq2Lm_trace(nexus.HandlerError, "BAD_REQUEST", text);
  },
});
