import io.temporal.api.common.v1.Payload;
import io.temporal.common.context.ContextPropagator;
import io.temporal.common.converter.GlobalDataConverter;
import java.util.Map;

/** Carries one value of a thread in a header. */
final class Tracing implements ContextPropagator {
  static final ThreadLocal<String> TRACE = new ThreadLocal<>();

  @Override
  public String getName() {
    return "tracing";
  }

  @Override
  public Map<String, Payload> serializeContext(Object context) {
    return context == null ? Map.of() : Map.of("trace", GlobalDataConverter.get().toPayload(context).get());
  }

  @Override
  public Object deserializeContext(Map<String, Payload> header) {
    Payload trace = header.get("trace");
    return trace == null ? null : GlobalDataConverter.get().fromPayload(trace, String.class, String.class);
  }

  @Override
  public Object getCurrentContext() {
    return TRACE.get();
  }

  @Override
  public void setCurrentContext(Object context) {
    TRACE.set((String) context);
  }
}
