import com.google.gson.JsonElement;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import com.google.rpc.Status;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** Reads the cases of readings.py with grpc-java and JsonFormat; with the argument "linked", our ErrorInfo too. */
final class Clients {
  private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);

  public static void main(String[] arguments) throws InvalidProtocolBufferException {
    Details details = new Details(arguments.length > 0 && arguments[0].equals("linked"));
    InputStreamReader input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    JsonObject cases = JsonParser.parseReader(input).getAsJsonObject();
    try (Calls calls = new Calls(details)) {
      for (JsonElement call : cases.getAsJsonArray("calls")) {
        print("grpc-java", call.getAsJsonObject(), calls.read(call.getAsJsonObject()));
      }
    }
    for (JsonElement body : cases.getAsJsonArray("bodies")) {
      print("JsonFormat", body.getAsJsonObject(), readBody(body.getAsJsonObject(), details));
    }
    OUT.flush();
  }

  private static JsonObject readBody(JsonObject body, Details details) {
    JsonObject reading = new JsonObject();
    Status.Builder status = Status.newBuilder();
    try {
      JsonFormat.parser().usingTypeRegistry(details.types).merge(body.get("status").getAsString(), status);
    } catch (InvalidProtocolBufferException error) {
      reading.addProperty("error", error.getMessage());
      return reading;
    }
    reading.addProperty("grpc_code", status.getCode());
    reading.addProperty("message", status.getMessage());
    reading.add("details", details.toJson(status.getDetailsList()));
    return reading;
  }

  private static void print(String reader, JsonObject given, JsonObject reading) {
    reading.addProperty("reader", reader);
    reading.add("id", given.get("id"));
    OUT.println(reading);
  }
}
