import io.dapr.durabletask.TaskFailedException;
import io.dapr.workflows.Workflow;
import io.dapr.workflows.WorkflowActivity;
import io.dapr.workflows.WorkflowActivityContext;
import io.dapr.workflows.WorkflowContext;
import io.dapr.workflows.WorkflowStub;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

// The SDK names workflows and activities after their classes.

final class Chunk implements WorkflowActivity {
  static final Map<String, Integer> RAN = new ConcurrentHashMap<>();

  @Override
  public Object run(WorkflowActivityContext ctx) {
    Order order = ctx.getInput(Order.class);
    if (order.of != null) {
      RAN.merge(order.of, 1, Integer::sum);
    }
    return Order.parcel(order.index, order.size);
  }
}

final class Refuse implements WorkflowActivity {
  @Override
  public Object run(WorkflowActivityContext ctx) {
    throw new IllegalStateException("refused on purpose");
  }
}

/** Returns how many of `count` activities returned what they should. */
final class Pile implements Workflow {
  @Override
  public WorkflowStub create() {
    return ctx -> {
      Order order = ctx.getInput(Order.class);
      int right = 0;
      for (int index = 0; index < order.count; index++) {
        Order part = Order.part(ctx.getInstanceId(), index, order.size);
        String text = ctx.callActivity("Chunk", part, String.class).await();
        if (text.equals(Order.parcel(index, order.size))) {
          right++;
        }
      }
      ctx.complete(Map.of("right", right));
    };
  }
}

final class Child implements Workflow {
  @Override
  public WorkflowStub create() {
    return ctx -> ctx.complete(ctx.callActivity("Chunk", ctx.getInput(Order.class), String.class).await());
  }
}

/** Takes each way of a payload once, and returns the names of those that brought the right one. */
final class Tour implements Workflow {
  @Override
  public WorkflowStub create() {
    return ctx -> {
      Order order = ctx.getInput(Order.class);
      if (order.carried == null) {
        ctx.continueAsNew(first(ctx, order));
        return;
      }
      if (order.carried.equals(Order.parcel(9, order.size))) {
        order.right.add("carried");
      }
      ctx.setCustomStatus("done");
      ctx.complete(Map.of("right", order.right));
    };
  }

  private static Order first(WorkflowContext ctx, Order order) {
    Order part = Order.part(null, 7, order.size);
    if (ctx.callChildWorkflow("Child", part, String.class).await().equals(Order.parcel(7, order.size))) {
      order.right.add("child");
    }
    Order note = new Order();
    note.note = Order.parcel(6, order.size);
    try {
      ctx.callActivity("Refuse", note).await();
    } catch (TaskFailedException error) {
      if (error.getMessage().contains("refused on purpose")) {
        order.right.add("failure");
      }
    }
    ctx.setCustomStatus("waits");
    if (ctx.waitForExternalEvent("note", String.class).await().equals(Order.parcel(8, order.size))) {
      order.right.add("event");
    }
    order.carried = Order.parcel(9, order.size);
    return order;
  }
}
