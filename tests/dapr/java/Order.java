import com.fasterxml.jackson.annotation.JsonInclude;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** The input of every workflow and activity. Each uses some of it. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public final class Order {
  public String of;
  public int index;
  public int size;
  public int count;
  public String note;
  public List<String> right = new ArrayList<>();
  public String carried;

  static Order part(String of, int index, int size) {
    Order order = new Order();
    order.of = of;
    order.index = index;
    order.size = size;
    return order;
  }

  /** Makes a text in the same way as every other app. */
  static String parcel(int index, int size) {
    try {
      StringBuilder text = new StringBuilder("canary-Gp5wX8rN-input-Jt6zB3kV-feather-" + index + "-");
      MessageDigest sha256 = MessageDigest.getInstance("SHA-256");
      for (int i = 0; text.length() < size; i++) {
        byte[] block = sha256.digest((index + "-" + i).getBytes(StandardCharsets.UTF_8));
        text.append(HexFormat.of().formatHex(block));
      }
      return text.substring(0, size);
    } catch (NoSuchAlgorithmException error) {
      throw new IllegalStateException(error);
    }
  }
}
