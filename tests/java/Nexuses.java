import io.nexusrpc.Operation;
import io.nexusrpc.OperationException;
import io.nexusrpc.Service;
import io.nexusrpc.handler.HandlerException;
import io.nexusrpc.handler.OperationHandler;
import io.nexusrpc.handler.OperationImpl;
import io.nexusrpc.handler.ServiceImpl;
import io.temporal.client.WorkflowOptions;
import io.temporal.nexus.Nexus;
import io.temporal.nexus.WorkflowHandle;
import io.temporal.nexus.WorkflowRunOperation;
import io.temporal.workflow.NexusServiceOptions;
import io.temporal.workflow.NexusServiceStub;
import io.temporal.workflow.Workflow;
import java.util.Map;

/** Operations of Nexus: how a workflow calls them, and how a worker offers them. */
final class Nexuses {
  /** One operation answers at once, one runs a workflow, one fails, and one is refused. */
  @Service(name = "carrier")
  interface Carrying {
    @Operation(name = "nexus_sync")
    String sync(String text);

    @Operation(name = "nexus_run")
    String run(String text);

    @Operation(name = "nexus_fail")
    String fail(String text);

    @Operation(name = "nexus_refuse")
    String refuse(String text);
  }

  /** The operations. */
  @ServiceImpl(service = Carrying.class)
  public static final class Carried {
    @OperationImpl
    public OperationHandler<String, String> sync() {
      return OperationHandler.sync((context, details, text) -> text);
    }

    @OperationImpl
    public OperationHandler<String, String> run() {
      return WorkflowRunOperation.fromWorkflowHandle(
          (context, details, text) -> {
            WorkflowOptions options =
                WorkflowOptions.newBuilder().setWorkflowId("nexus-" + details.getRequestId()).build();
            return WorkflowHandle.fromWorkflowStub(
                Nexus.getOperationContext().getWorkflowClient().newUntypedWorkflowStub("Courier", options),
                String.class,
                Map.of("way", "start", "parcel", text));
          });
    }

    @OperationImpl
    public OperationHandler<String, String> fail() {
      return OperationHandler.sync(
          (context, details, text) -> {
            throw canary_fails_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
          });
    }

    private static OperationException canary_fails_Hk3vW9tB_stack_R7yNq2Lm_trace(String text) {
      return OperationException.failed("cannot carry " + Sdks.cut(text, 100));
    }

    @OperationImpl
    public OperationHandler<String, String> refuse() {
      return OperationHandler.sync(
          (context, details, text) -> {
            throw canary_refuses_Hk3vW9tB_stack_R7yNq2Lm_trace(text);
          });
    }

    private static HandlerException canary_refuses_Hk3vW9tB_stack_R7yNq2Lm_trace(String text) {
      String message = "cannot carry " + Sdks.cut(text, 100);
      return new HandlerException(
          HandlerException.ErrorType.BAD_REQUEST, message, new IllegalArgumentException(message));
    }
  }

  private Nexuses() {}

  /** Calls an operation. One that should fail gives the text back if it failed for its reason. */
  static String call(String endpoint, String operation, String text) {
    NexusServiceOptions options = NexusServiceOptions.newBuilder().setEndpoint(endpoint).build();
    NexusServiceStub carrier = Workflow.newUntypedNexusServiceStub("carrier", options);
    if (operation.equals("nexus_sync") || operation.equals("nexus_run")) {
      return carrier.execute(operation, String.class, text);
    }
    try {
      carrier.execute(operation, String.class, text);
    } catch (RuntimeException error) {
      for (Throwable cause = error; cause != null; cause = cause.getCause()) {
        if (String.valueOf(cause.getMessage()).contains("cannot carry " + Sdks.cut(text, 100))) {
          return text;
        }
      }
      throw error;
    }
    return "it did not fail";
  }
}
