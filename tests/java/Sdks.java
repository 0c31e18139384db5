import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.temporal.client.WorkflowClient;
import io.temporal.client.WorkflowClientOptions;
import io.temporal.serviceclient.WorkflowServiceStubs;
import io.temporal.serviceclient.WorkflowServiceStubsOptions;
import io.temporal.worker.Worker;
import io.temporal.worker.WorkerFactory;
import io.temporal.worker.WorkerFactoryOptions;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;

/**
 * The scenario of tests/it/gateway/sdks.rs on Temporal's SDK for Java, as it comes.
 *
 * <p>It reads one JSON request, on one line of standard input, and writes one line of JSON for each step:
 * tests/python/sdks.py describes both.
 */
public final class Sdks {
  public static final class Request {
    public String address;
    public String namespace;
    public String task_queue;
    public String role;
    public String id;
    public int size;
    public Map<String, Integer> sizes;
    public String canary;
    public List<String> steps;
    public String other_queue = "";
    public Integer cached;
    public boolean go_on;
  }

  private static final ObjectMapper JSON =
      new ObjectMapper().configure(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES, false);

  public static void main(String[] args) throws Exception {
    // Its default lets no worker read a text of more than 20,000,000 characters.
    StreamReadConstraints.overrideDefaultStreamReadConstraints(
        StreamReadConstraints.builder().maxStringLength(Integer.MAX_VALUE).build());
    BufferedReader input = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Request request = JSON.readValue(input.readLine(), Request.class);
    CountDownLatch ended = new CountDownLatch(1);
    Thread watch = new Thread(() -> watch(input, ended, request.role));
    watch.setDaemon(true);
    watch.start();

    WorkflowServiceStubs service =
        WorkflowServiceStubs.newServiceStubs(
            WorkflowServiceStubsOptions.newBuilder().setTarget(request.address).build());
    WorkflowClient client =
        WorkflowClient.newInstance(
            service,
            WorkflowClientOptions.newBuilder()
                .setNamespace(request.namespace)
                .setContextPropagators(List.of(new Tracing()))
                .build());
    if (!request.role.equals("client")) {
      WorkerFactoryOptions.Builder options = WorkerFactoryOptions.newBuilder();
      if (request.cached != null) {
        options.setWorkflowCacheSize(request.cached);
      }
      WorkerFactory factory = WorkerFactory.newInstance(client, options.build());
      Worker worker = factory.newWorker(request.task_queue);
      worker.registerWorkflowImplementationTypes(Courier.Carrier.class);
      worker.registerActivitiesImplementations(new Courier.Porter());
      worker.registerNexusServiceImplementation(new Nexuses.Carried());
      factory.start();
      say(line("ready", true));
      if (request.role.equals("worker")) {
        ended.await();
        System.exit(0);
      }
    }
    System.exit(run(new Scenario(client, request), request));
  }

  /** Ends with the test, however that ends. */
  private static void watch(BufferedReader input, CountDownLatch ended, String role) {
    try {
      while (input.read() >= 0) {}
    } catch (IOException error) {
      System.err.println(error);
    }
    ended.countDown();
    if (!role.equals("worker")) {
      Runtime.getRuntime().halt(3);
    }
  }

  private static int run(Scenario scenario, Request request) throws Exception {
    int status = 0;
    for (String step : request.steps) {
      long started = System.nanoTime();
      Map<String, Object> line;
      try {
        String came = scenario.step(step, parcel(request, step));
        line = line(step, true);
        line.put("sha256", sha256(came));
        line.put("ms", (System.nanoTime() - started) / 1_000_000);
      } catch (Exception | AssertionError error) {
        line = line(step, false);
        line.put("error", chain(error));
        status = 1;
      }
      say(line);
      if (status != 0 && !request.go_on) {
        break;
      }
    }
    return status;
  }

  /** A text that every SDK makes in the same way, and that compresses to half its size at most. */
  static String parcel(Request request, String step) throws Exception {
    int size = request.sizes.getOrDefault(step, request.size);
    StringBuilder made = new StringBuilder(request.canary);
    for (int i = 0; i < size / 64 + 1; i++) {
      made.append(sha256(step + "-" + i));
    }
    return cut(made.toString(), size);
  }

  static String cut(String text, int size) {
    return text.substring(0, Math.min(size, text.length()));
  }

  private static String sha256(String text) throws Exception {
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(digest);
  }

  private static String chain(Throwable error) {
    StringBuilder told = new StringBuilder();
    for (; error != null; error = error.getCause()) {
      told.append(told.length() == 0 ? "" : ": ").append(cut(error.toString(), 2000));
    }
    return told.toString();
  }

  private static Map<String, Object> line(String step, boolean ok) {
    Map<String, Object> line = new LinkedHashMap<>();
    line.put("step", step);
    line.put("ok", ok);
    return line;
  }

  /** Says that something happened to an activity. */
  static void tell(String step) {
    try {
      say(line(step, true));
    } catch (IOException error) {
      throw new UncheckedIOException(error);
    }
  }

  private static void say(Map<String, Object> line) throws IOException {
    System.out.println(JSON.writeValueAsString(line));
    System.out.flush();
  }
}
