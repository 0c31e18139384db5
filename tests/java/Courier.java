import io.temporal.activity.Activity;
import io.temporal.activity.ActivityExecutionContext;
import io.temporal.activity.ActivityInterface;
import io.temporal.activity.ActivityMethod;
import io.temporal.activity.ActivityOptions;
import io.temporal.activity.LocalActivityOptions;
import io.temporal.client.ActivityCanceledException;
import io.temporal.common.RetryOptions;
import io.temporal.failure.ApplicationFailure;
import io.temporal.workflow.ActivityStub;
import io.temporal.workflow.ChildWorkflowOptions;
import io.temporal.workflow.ChildWorkflowStub;
import io.temporal.workflow.Promise;
import io.temporal.workflow.QueryMethod;
import io.temporal.workflow.SignalMethod;
import io.temporal.workflow.UpdateMethod;
import io.temporal.workflow.Workflow;
import io.temporal.workflow.WorkflowInterface;
import io.temporal.workflow.WorkflowMethod;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Carries a parcel in the way that its order names. */
@WorkflowInterface
public interface Courier {
  @WorkflowMethod(name = "Courier")
  String run(Map<String, String> order);

  @SignalMethod(name = "add")
  void add(String text);

  @QueryMethod(name = "look")
  String look();

  @QueryMethod(name = "stage")
  String stage();

  @UpdateMethod(name = "revise")
  String revise(String text);

  /** The workflow. */
  final class Carrier implements Courier {
    private static final Duration PATIENCE = Duration.ofMinutes(10);
    private static final RetryOptions ONCE = RetryOptions.newBuilder().setMaximumAttempts(1).build();

    private String held = "";
    private String added;
    private String stage = "";

    @Override
    public String run(Map<String, String> order) {
      String way = order.get("way");
      String queue = order.getOrDefault("queue", "");
      held = order.get("parcel");
      switch (way) {
        case "activity":
          return activity(queue, null).execute("echo", String.class, held);
        case "local":
          LocalActivityOptions local = LocalActivityOptions.newBuilder().setStartToCloseTimeout(PATIENCE).build();
          return Workflow.newUntypedLocalActivityStub(local).execute("echo", String.class, held);
        case "child":
          ChildWorkflowOptions.Builder child =
              ChildWorkflowOptions.newBuilder().setWorkflowId(Workflow.getInfo().getWorkflowId() + "-child");
          if (!queue.isEmpty()) {
            child.setTaskQueue(queue);
          }
          return Workflow.newUntypedChildWorkflowStub("Courier", child.build())
              .execute(String.class, Map.of("way", "start", "parcel", held));
        case "fan":
          return fan(activity(queue, null));
        case "nexus_sync":
        case "nexus_run":
        case "nexus_fail":
        case "nexus_refuse":
          // The queue is an endpoint's name here.
          return Nexuses.call(queue, way, held);
        case "burst":
          // Fails the workflow task.
          throw new IllegalStateException(held);
        case "again":
          Workflow.continueAsNew(Map.of("way", "start", "parcel", held));
          return "it goes on";
        case "memo":
          Workflow.upsertMemo(Map.of("more", held));
          return (String) Workflow.getMemo("note", String.class);
        case "headers":
          return Tracing.TRACE.get();
        case "fail":
        case "drop":
          return activity(queue, ONCE).execute(way, String.class, held);
        case "beat":
          return activity(queue, null).execute(way, String.class, held);
        case "stumble":
          return activity("", RetryOptions.newBuilder().setInitialInterval(Duration.ofMillis(100)).build())
              .execute(way, String.class, held);
        case "later":
          return activity("", ONCE).execute(way, String.class, "");
        case "rest":
          return rest();
        case "wait":
          Workflow.await(() -> added != null);
          return added;
        default:
          return held;
      }
    }

    /** Sends the parcel in several ways, and rests until it is told to go on. */
    private String rest() {
      List<String> carried = new ArrayList<>();
      LocalActivityOptions local = LocalActivityOptions.newBuilder().setStartToCloseTimeout(PATIENCE).build();
      carried.add(Workflow.newUntypedLocalActivityStub(local).execute("echo", String.class, held));
      carried.add(activity("", null).execute("echo", String.class, held));
      String id = Workflow.getInfo().getWorkflowId() + "-child";
      ChildWorkflowOptions options = ChildWorkflowOptions.newBuilder().setWorkflowId(id).build();
      ChildWorkflowStub child = Workflow.newUntypedChildWorkflowStub("Courier", options);
      Promise<String> ended = child.executeAsync(String.class, Map.of("way", "wait", "parcel", held));
      child.getExecution().get();
      child.signal("add", held);
      carried.add(ended.get());
      stage = "rests";
      Workflow.await(() -> added != null);
      stage = "ended";
      return carried.stream().allMatch(held::equals) ? held : "mixed up";
    }

    private String fan(ActivityStub activity) {
      List<Promise<String>> running = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        running.add(activity.executeAsync("echo", String.class, held + i));
      }
      for (int i = 0; i < 20; i++) {
        if (!running.get(i).get().equals(held + i)) {
          return "mixed up";
        }
      }
      return held;
    }

    private static ActivityStub activity(String queue, RetryOptions retry) {
      ActivityOptions.Builder options = ActivityOptions.newBuilder().setStartToCloseTimeout(PATIENCE);
      if (!queue.isEmpty()) {
        options.setTaskQueue(queue);
      }
      if (retry != null) {
        options.setRetryOptions(retry);
      }
      return Workflow.newUntypedActivityStub(options.build());
    }

    @Override
    public void add(String text) {
      added = text;
    }

    @Override
    public String look() {
      return held;
    }

    @Override
    public String stage() {
      return stage;
    }

    @Override
    public String revise(String text) {
      added = text;
      return text;
    }
  }

  @ActivityInterface
  interface Handling {
    @ActivityMethod(name = "echo")
    String echo(String text);

    @ActivityMethod(name = "fail")
    String fail(String text);

    @ActivityMethod(name = "drop")
    String drop(String text);

    @ActivityMethod(name = "stumble")
    String stumble(String text);

    @ActivityMethod(name = "beat")
    String beat(String text);

    @ActivityMethod(name = "later")
    String later(String text);
  }

  /** An activity that somebody else completes. */
  record Pending(byte[] token, String id) {}

  /** The activities. */
  final class Porter implements Handling {
    /** By workflow. */
    static final Map<String, Pending> PENDING = new ConcurrentHashMap<>();

    @Override
    public String echo(String text) {
      return text;
    }

    @Override
    public String fail(String text) {
      throw canary_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
    }

    private static RuntimeException canary_Hk3vW9tB_stack_R7yNq2Lm_trace(String text) {
      String start = Sdks.cut(text, 100);
      Throwable cause = ApplicationFailure.newFailure("because of " + start, "Torn", text);
      return ApplicationFailure.newNonRetryableFailureWithCause("cannot carry " + start, "Spilt", cause, text);
    }

    @Override
    public String drop(String text) {
      throw canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
    }

    private static RuntimeException canary_panics_Hk3vW9tB_stack_R7yNq2Lm_trace(String text) {
      return new IllegalStateException("dropped " + Sdks.cut(text, 100));
    }

    @Override
    public String stumble(String text) {
      ActivityExecutionContext context = Activity.getExecutionContext();
      Optional<String> found = context.getHeartbeatDetails(String.class);
      if (found.isPresent()) {
        return found.get();
      }
      context.heartbeat(text);
      throw ApplicationFailure.newFailure("stumbled", "Stumbled");
    }

    /** Says when it is cancelled. */
    @Override
    public String beat(String text) {
      try {
        while (true) {
          Activity.getExecutionContext().heartbeat(text);
          Thread.sleep(50);
        }
      } catch (ActivityCanceledException cancelled) {
        Sdks.tell("cancelled");
        throw cancelled;
      } catch (InterruptedException error) {
        throw Activity.wrap(error);
      }
    }

    @Override
    public String later(String text) {
      ActivityExecutionContext context = Activity.getExecutionContext();
      Pending pending = new Pending(context.getTaskToken(), context.getInfo().getActivityId());
      context.doNotCompleteOnReturn();
      PENDING.put(context.getInfo().getWorkflowId(), pending);
      return null;
    }
  }
}
