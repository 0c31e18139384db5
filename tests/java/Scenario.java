import static java.util.Map.entry;

import io.temporal.api.common.v1.WorkflowExecution;
import io.temporal.api.enums.v1.WorkflowIdConflictPolicy;
import io.temporal.api.workflowservice.v1.ResetWorkflowExecutionRequest;
import io.temporal.client.ActivityCompletionClient;
import io.temporal.client.UpdateOptions;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowExecutionDescription;
import io.temporal.client.WorkflowFailedException;
import io.temporal.client.WorkflowOptions;
import io.temporal.client.WorkflowStub;
import io.temporal.client.WorkflowTargetOptions;
import io.temporal.client.WorkflowUpdateStage;
import io.temporal.client.schedules.Schedule;
import io.temporal.client.schedules.ScheduleActionExecutionStartWorkflow;
import io.temporal.client.schedules.ScheduleActionResult;
import io.temporal.client.schedules.ScheduleActionStartWorkflow;
import io.temporal.client.schedules.ScheduleClient;
import io.temporal.client.schedules.ScheduleClientOptions;
import io.temporal.client.schedules.ScheduleHandle;
import io.temporal.client.schedules.ScheduleOptions;
import io.temporal.client.schedules.ScheduleSpec;
import io.temporal.failure.ApplicationFailure;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The steps, as a client takes them. */
final class Scenario {
  private static final long OFTEN = 50;

  /** The steps that only execute the workflow, and the way that they name. */
  private static final Map<String, String> SIMPLE =
      Map.ofEntries(
          entry("start", "start"),
          entry("activity", "activity"),
          entry("local_activity", "local"),
          entry("child", "child"),
          entry("fan", "fan"),
          entry("continue_as_new", "again"),
          entry("heartbeat", "stumble"),
          entry("nexus_sync", "nexus_sync"),
          entry("nexus_run", "nexus_run"),
          entry("nexus_fail", "nexus_fail"),
          entry("nexus_refuse", "nexus_refuse"));

  private final WorkflowClient client;
  private final Sdks.Request request;

  Scenario(WorkflowClient client, Sdks.Request request) {
    this.client = client;
    this.request = request;
  }

  String step(String step, String text) throws Exception {
    if (SIMPLE.containsKey(step)) {
      return result(start(step, SIMPLE.get(step), text), text);
    }
    switch (step) {
      case "signal":
        WorkflowStub signalled = start(step, "wait", "");
        signalled.signal("add", text);
        return result(signalled, text);
      case "signal_with_start":
        WorkflowStub stub = stub(options(step));
        stub.signalWithStart("add", new Object[] {text}, new Object[] {order("wait", text)});
        return result(stub, text);
      case "query":
        WorkflowStub asked = start(step, "wait", text);
        String seen = same(asked.query("look", String.class), text, "the answer");
        asked.signal("add", "done");
        result(asked, "done");
        return seen;
      case "update":
        WorkflowStub updated = start(step, "wait", "");
        same(updated.update("revise", String.class, text), text, "the answer");
        return result(updated, text);
      case "update_with_start":
        return updateWithStart(step, text);
      case "memo":
        return memo(step, text);
      case "headers":
        Tracing.TRACE.set(text);
        try {
          return result(start(step, "headers", ""), text);
        } finally {
          Tracing.TRACE.remove();
        }
      case "failure":
        return failure(step, text);
      case "panic":
        String message = failed(start(step, "drop", text)).getOriginalMessage();
        same(message, "dropped " + Sdks.cut(text, 100), "the message");
        return text;
      case "async_completion":
      case "async_by_id":
      case "beat_by_id":
        return later(step, text);
      case "schedule":
        return schedule(step, text);
      case "reset":
        return reset(step, text);
      default:
        throw new IllegalArgumentException("there is no step " + step);
    }
  }

  private static String same(String found, String sent, String where) {
    if (!sent.equals(found)) {
      int length = found == null ? -1 : found.length();
      throw new AssertionError(where + " is not what was sent: " + length + " characters, " + sent.length() + " sent");
    }
    return found;
  }

  private static String result(WorkflowStub stub, String sent) {
    return same(stub.getResult(String.class), sent, "the result");
  }

  private WorkflowOptions.Builder options(String step) {
    return WorkflowOptions.newBuilder().setWorkflowId(request.id + "-" + step).setTaskQueue(request.task_queue);
  }

  private Map<String, String> order(String way, String text) {
    return Map.of("way", way, "parcel", text, "queue", request.other_queue);
  }

  private WorkflowStub stub(WorkflowOptions.Builder options) {
    return client.newUntypedWorkflowStub("Courier", options.build());
  }

  private WorkflowStub start(String step, String way, String text) {
    WorkflowStub stub = stub(options(step));
    stub.start(order(way, text));
    return stub;
  }

  private String updateWithStart(String step, String text) {
    WorkflowStub stub =
        stub(
            options(step)
                .setWorkflowIdConflictPolicy(WorkflowIdConflictPolicy.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING));
    UpdateOptions<String> update =
        UpdateOptions.newBuilder(String.class)
            .setUpdateName("revise")
            .setWaitForStage(WorkflowUpdateStage.COMPLETED)
            .build();
    String answer =
        stub.executeUpdateWithStart(update, new Object[] {text}, new Object[] {order("wait", text)});
    same(answer, text, "the answer");
    return result(stub, text);
  }

  private String memo(String step, String text) {
    WorkflowStub stub = stub(options(step).setMemo(Map.of("note", text)));
    stub.start(order("memo", text));
    result(stub, text);
    WorkflowExecutionDescription described = stub.describe();
    same((String) described.getMemo("more", String.class), text, "the memo that the workflow wrote");
    return same((String) described.getMemo("note", String.class), text, "the memo");
  }

  private String failure(String step, String text) {
    Throwable failure = failed(start(step, "fail", text));
    for (String start : List.of("cannot carry ", "because of ")) {
      ApplicationFailure found = (ApplicationFailure) failure;
      same(found.getOriginalMessage(), start + Sdks.cut(text, 100), "the message");
      same(found.getDetails().get(0, String.class), text, "the details of " + start);
      failure = found.getCause();
    }
    return text;
  }

  private static ApplicationFailure failed(WorkflowStub stub) {
    try {
      stub.getResult(String.class);
    } catch (WorkflowFailedException error) {
      if (error.getCause().getCause() instanceof ApplicationFailure failure) {
        return failure;
      }
      throw error;
    }
    throw new AssertionError("it did not fail");
  }

  private String later(String step, String text) throws InterruptedException {
    WorkflowStub stub = start(step, "later", "");
    String id = stub.getExecution().getWorkflowId();
    Courier.Pending pending;
    while ((pending = Courier.Porter.PENDING.get(id)) == null) {
      Thread.sleep(OFTEN);
    }
    ActivityCompletionClient completion = client.newActivityCompletionClient();
    if (step.equals("beat_by_id")) {
      completion.heartbeat(id, Optional.empty(), pending.id(), text);
    }
    if (step.endsWith("by_id")) {
      completion.complete(id, Optional.empty(), pending.id(), text);
    } else {
      completion.complete(pending.token(), text);
    }
    return result(stub, text);
  }

  private String schedule(String step, String text) throws InterruptedException {
    ScheduleClient schedules =
        ScheduleClient.newInstance(
            client.getWorkflowServiceStubs(),
            ScheduleClientOptions.newBuilder().setNamespace(request.namespace).build());
    ScheduleActionStartWorkflow action =
        ScheduleActionStartWorkflow.newBuilder()
            .setWorkflowType("Courier")
            .setArguments(order("start", text))
            .setOptions(options(step).build())
            .build();
    Schedule schedule =
        Schedule.newBuilder().setAction(action).setSpec(ScheduleSpec.newBuilder().build()).build();
    ScheduleHandle handle =
        schedules.createSchedule(request.id + "-" + step, schedule, ScheduleOptions.newBuilder().build());
    handle.trigger();
    List<ScheduleActionResult> recent;
    while ((recent = handle.describe().getInfo().getRecentActions()).isEmpty()) {
      Thread.sleep(OFTEN);
    }
    String started =
        ((ScheduleActionExecutionStartWorkflow) recent.get(0).getAction()).getWorkflowId();
    String result = result(client.newUntypedWorkflowStub(started), text);
    ScheduleActionStartWorkflow kept =
        (ScheduleActionStartWorkflow) handle.describe().getSchedule().getAction();
    Map<?, ?> order = kept.getArguments().get(0, Map.class);
    same((String) order.get("parcel"), text, "the argument of the schedule");
    handle.delete();
    return result;
  }

  private String reset(String step, String text) {
    WorkflowStub stub = start(step, "activity", text);
    result(stub, text);
    WorkflowExecution execution = stub.getExecution();
    ResetWorkflowExecutionRequest reset =
        ResetWorkflowExecutionRequest.newBuilder()
            .setNamespace(request.namespace)
            .setWorkflowExecution(execution)
            .setReason("the scenario")
            .setWorkflowTaskFinishEventId(4)
            .setRequestId(execution.getWorkflowId() + "-reset")
            .build();
    String run = client.getWorkflowServiceStubs().blockingStub().resetWorkflowExecution(reset).getRunId();
    WorkflowStub again =
        client.newUntypedWorkflowStub(
            WorkflowTargetOptions.newBuilder().setWorkflowId(execution.getWorkflowId()).setRunId(run).build());
    return result(again, text);
  }
}
