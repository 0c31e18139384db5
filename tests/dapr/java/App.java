import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.dapr.workflows.Workflow;
import io.dapr.workflows.client.DaprWorkflowClient;
import io.dapr.workflows.runtime.WorkflowRuntime;
import io.dapr.workflows.runtime.WorkflowRuntimeBuilder;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * The app of tests/it/dapr.rs on Dapr's SDK for Java, as it comes. tests/dapr/python/app.py describes its commands.
 */
public final class App {
  private static final ObjectMapper JSON = new ObjectMapper();

  public static void main(String[] args) throws Exception {
    // The address is in DAPR_GRPC_ENDPOINT.
    WorkflowRuntime runtime =
        new WorkflowRuntimeBuilder()
            .registerWorkflow(new Pile())
            .registerWorkflow(new Child())
            .registerWorkflow(new Tour())
            .registerActivity(new Chunk())
            .registerActivity(new Refuse())
            .build();
    runtime.start(false);
    DaprWorkflowClient client = new DaprWorkflowClient();
    say(Map.of("ready", true));
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    for (String line = input.readLine(); line != null; line = input.readLine()) {
      try {
        say(answer(client, JSON.readTree(line)));
      } catch (RuntimeException error) {
        say(Map.of("error", error.toString()));
      }
    }
    System.exit(0);
  }

  private static void say(Map<String, Object> line) throws Exception {
    System.out.println(JSON.writeValueAsString(line));
  }

  private static Map<String, Object> answer(DaprWorkflowClient client, JsonNode asked) throws Exception {
    String id = asked.get("id").asText();
    switch (asked.get("do").asText()) {
      case "start":
        Order order = JSON.treeToValue(asked.get("input"), Order.class);
        Class<? extends Workflow> workflow = asked.get("workflow").asText().equals("Pile") ? Pile.class : Tour.class;
        client.scheduleNewWorkflow(workflow, order, id);
        return Map.of("started", id);
      case "raise":
        client.raiseEvent(id, "note", Order.parcel(asked.get("index").asInt(), asked.get("size").asInt()));
        return Map.of("raised", id);
      case "ran":
        return Map.of("ran", Chunk.RAN.getOrDefault(id, 0));
      default:
        return Map.of("status", client.getInstanceState(id, true).getRuntimeStatus().toString());
    }
  }
}
