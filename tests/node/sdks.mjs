// The scenario of `tests/it/gateway/sdks.rs` on Temporal's SDK for TypeScript, as it comes.
//
// Reads one JSON request, on one line of standard input, and writes one line of JSON for each step: `sdks.py` of
// `tests/python` describes both. "receive" is the largest answer that the client takes.
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

import { carrier } from "./carrier.mjs";

// The packages are not beside this file: `cargo xtask test` says where it installed them.
const packages = process.env.CLOAKROOM_NODE;
const require = createRequire(join(packages, "sdks.mjs"));
const { CompleteAsyncError, Context, activityInfo, heartbeat } = require("@temporalio/activity");
const { Client, Connection, WithStartWorkflowOperation } = require("@temporalio/client");
const { ApplicationFailure, defaultPayloadConverter } = require("@temporalio/common");
const { NativeConnection, Worker } = require("@temporalio/worker");

const OFTEN = 50;
const sha256 = (text) => createHash("sha256").update(text).digest("hex");

// A text that every SDK makes in the same way, and that compresses to half its size at most.
function parcel({ size: usual, sizes, canary }, step) {
  const [size, made] = [sizes[step] ?? usual, [canary]];
  for (let i = 0; i < Math.floor(size / 64) + 1; i++) made.push(sha256(`${step}-${i}`));
  return made.join("").slice(0, size);
}

// Activities that somebody else completes, by workflow.
const pending = new Map();

function canary_Hk3vW9tB_stack_R7yNq2Lm_trace(text) {
  const start = text.slice(0, 100);
  const cause = ApplicationFailure.create({ message: `because of ${start}`, type: "Torn", details: [text] });
  const message = `cannot carry ${start}`;
  return ApplicationFailure.create({ message, type: "Spilt", nonRetryable: true, details: [text], cause });
}

function canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text) {
  return new Error(`dropped ${text.slice(0, 100)}`);
}

const activities = {
  echo: async (text) => text,
  fail: async (text) => {
    throw canary_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
  },
  drop: async (text) => {
    throw canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
  },
  stumble: async (text) => {
    const { heartbeatDetails } = activityInfo();
    if (heartbeatDetails !== undefined) return heartbeatDetails;
    heartbeat(text);
    throw ApplicationFailure.create({ message: "stumbled" });
  },
  // Says when it is cancelled.
  beat: async (text) => {
    heartbeat(text);
    await Context.current().cancelled.catch(async (cancelled) => {
      await say({ step: "cancelled", ok: true });
      throw cancelled;
    });
  },
  later: async () => {
    const { taskToken, activityId, workflowExecution } = activityInfo();
    pending.set(workflowExecution.workflowId, { taskToken, activityId });
    throw new CompleteAsyncError();
  },
};

function same(found, sent, where = "the result") {
  if (found !== sent) {
    throw new Error(`${where} is not what was sent: ${found?.length} characters, ${sent.length} sent`);
  }
  return found;
}

class Scenario {
  constructor(client, request) {
    this.client = client;
    this.request = request;
  }

  options(step) {
    return { workflowId: `${this.request.id}-${step}`, taskQueue: this.request.task_queue };
  }

  order(way, parcel) {
    return { way, parcel, queue: this.request.other_queue ?? "" };
  }

  start(step, way, text = "", more = {}) {
    const args = [this.order(way, text)];
    return this.client.workflow.start("Courier", { args, ...this.options(step), ...more });
  }

  async execute(way, step, text) {
    return same(await (await this.start(step, way, text)).result(), text);
  }

  steps = {
    start: (...given) => this.execute("start", ...given),
    activity: (...given) => this.execute("activity", ...given),
    local_activity: (...given) => this.execute("local", ...given),
    child: (...given) => this.execute("child", ...given),
    fan: (...given) => this.execute("fan", ...given),
    continue_as_new: (...given) => this.execute("again", ...given),
    heartbeat: (...given) => this.execute("stumble", ...given),
    nexus_sync: (...given) => this.execute("nexus_sync", ...given),
    nexus_run: (...given) => this.execute("nexus_run", ...given),
    nexus_fail: (...given) => this.execute("nexus_fail", ...given),
    nexus_refuse: (...given) => this.execute("nexus_refuse", ...given),
    signal: async (step, text) => {
      const handle = await this.start(step, "wait");
      await handle.signal("add", text);
      return same(await handle.result(), text);
    },
    signal_with_start: async (step, text) => {
      const given = { args: [this.order("wait", text)], signal: "add", signalArgs: [text] };
      const handle = await this.client.workflow.signalWithStart("Courier", { ...given, ...this.options(step) });
      return same(await handle.result(), text);
    },
    query: async (step, text) => {
      const handle = await this.start(step, "wait", text);
      const seen = same(await handle.query("look"), text, "the answer");
      await handle.signal("add", "done");
      same(await handle.result(), "done");
      return seen;
    },
    update: async (step, text) => {
      const handle = await this.start(step, "wait");
      same(await handle.executeUpdate("revise", { args: [text] }), text, "the answer");
      return same(await handle.result(), text);
    },
    update_with_start: async (step, text) => {
      const options = { args: [this.order("wait", text)], workflowIdConflictPolicy: "USE_EXISTING" };
      const startWorkflowOperation = new WithStartWorkflowOperation("Courier", { ...options, ...this.options(step) });
      const update = { startWorkflowOperation, args: [text] };
      same(await this.client.workflow.executeUpdateWithStart("revise", update), text, "the answer");
      return same(await (await startWorkflowOperation.workflowHandle()).result(), text);
    },
    memo: async (step, text) => {
      const handle = await this.start(step, "memo", text, { memo: { note: text } });
      same(await handle.result(), text);
      const { memo } = await handle.describe();
      same(memo.more, text, "the memo that the workflow wrote");
      return same(memo.note, text, "the memo");
    },
    headers: async (step, text) => same(await (await this.start(step, "headers")).result(), text, "the header"),
    failure: async (step, text) => {
      const failure = await this.failed(step, "fail", text);
      same(failure.message, `cannot carry ${text.slice(0, 100)}`, "the message");
      same(failure.details[0], text, "the details");
      same(failure.cause.message, `because of ${text.slice(0, 100)}`, "the message of the cause");
      return same(failure.cause.details[0], text, "the details of the cause");
    },
    panic: async (step, text) => {
      same((await this.failed(step, "drop", text)).message, `dropped ${text.slice(0, 100)}`, "the message");
      return text;
    },
    history: async (step, text) => {
      const handle = await this.start(step, "activity", text);
      same(await handle.result(), text);
      const { events } = await handle.fetchHistory();
      events.forEach(({ eventId }, i) => same(String(eventId), String(i + 1), "the id of an event"));
      const started = events[0].workflowExecutionStartedEventAttributes;
      const order = defaultPayloadConverter.fromPayload(started.input.payloads[0]);
      const completed = events[events.length - 1].workflowExecutionCompletedEventAttributes;
      same(defaultPayloadConverter.fromPayload(completed.result.payloads[0]), text, "the last event");
      return same(order.parcel, text, "the first event");
    },
    async_completion: async (step, text) => {
      const [handle, { taskToken }] = await this.later(step);
      await this.client.activity.complete(taskToken, text);
      return same(await handle.result(), text);
    },
    async_by_id: async (step, text) => {
      const [handle, { activityId }] = await this.later(step);
      await this.client.activity.complete({ workflowId: handle.workflowId, activityId }, text);
      return same(await handle.result(), text);
    },
    beat_by_id: async (step, text) => {
      const [handle, { activityId }] = await this.later(step);
      const activity = { workflowId: handle.workflowId, activityId };
      await this.client.activity.heartbeat(activity, text);
      await this.client.activity.complete(activity, text);
      return same(await handle.result(), text);
    },
    schedule: async (step, text) => {
      const action = {
        type: "startWorkflow",
        workflowType: "Courier",
        args: [this.order("start", text)],
        ...this.options(step),
      };
      const scheduleId = action.workflowId;
      const schedule = await this.client.schedule.create({ scheduleId, spec: {}, action });
      await schedule.trigger();
      let recent = [];
      while (recent.length === 0) {
        recent = (await schedule.describe()).info.recentActions;
        if (recent.length === 0) await sleep(OFTEN);
      }
      const started = this.client.workflow.getHandle(recent[0].action.workflow.workflowId);
      const result = same(await started.result(), text);
      const kept = (await schedule.describe()).action.args[0];
      same(kept.parcel, text, "the argument of the schedule");
      await schedule.delete();
      return result;
    },
    reset: async (step, text) => {
      const handle = await this.start(step, "activity", text);
      same(await handle.result(), text);
      const { runId } = await this.client.workflowService.resetWorkflowExecution({
        namespace: this.request.namespace,
        workflowExecution: { workflowId: handle.workflowId, runId: handle.firstExecutionRunId },
        reason: "the scenario",
        workflowTaskFinishEventId: 4,
        requestId: `${handle.workflowId}-reset`,
      });
      return same(await this.client.workflow.getHandle(handle.workflowId, runId).result(), text);
    },
  };

  async later(step) {
    const handle = await this.start(step, "later");
    while (!pending.has(handle.workflowId)) await sleep(OFTEN);
    return [handle, pending.get(handle.workflowId)];
  }

  async failed(step, way, text) {
    const handle = await this.start(step, way, text);
    const error = await handle.result().then(
      () => new Error("it did not fail"),
      (error) => error,
    );
    const failure = error.cause?.cause;
    if (!(failure instanceof ApplicationFailure)) throw error;
    return failure;
  }
}

const say = (line) => new Promise((done) => process.stdout.write(`${JSON.stringify(line)}\n`, done));

function chain(error) {
  const told = [];
  for (; error; error = error.cause) told.push(String(error).slice(0, 2000));
  return told.join(": ");
}

async function run(client, request) {
  const scenario = new Scenario(client, request);
  let status = 0;
  for (const step of request.steps) {
    const started = performance.now();
    try {
      const came = await scenario.steps[step](step, parcel(request, step));
      await say({ step, ok: true, sha256: sha256(came), ms: Math.round(performance.now() - started) });
    } catch (error) {
      await say({ step, ok: false, error: chain(error) });
      status = 1;
      if (!request.go_on) break;
    }
  }
  return status;
}

// Writes the header.
function tracing(request) {
  const header = defaultPayloadConverter.toPayload(parcel(request, "headers"));
  return {
    start(input, next) {
      const traced = input.options.args[0]?.way === "headers";
      return next(traced ? { ...input, headers: { ...input.headers, trace: header } } : input);
    },
  };
}

async function main(request, ended) {
  const { namespace, receive } = request;
  // The client receives 4 MiB, unless it is told otherwise.
  const channelArgs = receive ? { "grpc.max_receive_message_length": receive } : {};
  const connection = await Connection.connect({ address: request.address, channelArgs });
  const client = new Client({ connection, namespace, interceptors: { workflow: [tracing(request)] } });
  if (request.role === "client") return run(client, request);
  const workflowsPath = fileURLToPath(new URL("courier.mjs", import.meta.url));
  const worker = await Worker.create({
    connection: await NativeConnection.connect({ address: request.address }),
    namespace,
    taskQueue: request.task_queue,
    maxCachedWorkflows: request.cached,
    workflowsPath,
    interceptors: { workflowModules: [workflowsPath] },
    activities,
    nexusServices: [carrier],
    bundlerOptions: {
      webpackConfigHook: (config) => {
        config.resolve.modules = [join(packages, "node_modules")];
        return config;
      },
    },
  });
  const working = worker.run();
  await say({ step: "ready", ok: true });
  if (request.role === "both") return run(client, request);
  await Promise.race([ended, working]);
  worker.shutdown();
  await working;
  return 0;
}

const lines = createInterface({ input: process.stdin });
const request = await new Promise((done) => lines.once("line", (line) => done(JSON.parse(line))));
const ended = new Promise((done) => lines.once("close", done));
// It ends with the test, however that ends.
if (request.role !== "worker") ended.then(() => process.exit(3));
process.exit(await main(request, ended));
