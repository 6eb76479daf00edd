import codelibra.ErrorCodes;
import codelibra.ErrorCodes.ApiError;
import com.google.gson.FieldNamingPolicy;
import com.google.gson.Gson;
import com.google.gson.GsonBuilder;
import com.google.gson.JsonElement;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import io.grpc.Metadata;
import io.grpc.StatusRuntimeException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Locale;

/** Reads the cases of exported.py with the class of `codelibra export java`, grpc-java and java.net.http. */
final class Exported {
  private static final PrintStream OUT = new PrintStream(System.out, false, StandardCharsets.UTF_8);
  private static final Duration TIMEOUT = Duration.ofSeconds(20); // an answer takes milliseconds
  private static final Gson GSON =
      new GsonBuilder().setFieldNamingPolicy(FieldNamingPolicy.LOWER_CASE_WITH_UNDERSCORES).serializeNulls().create();
  private static final Metadata.Key<byte[]> DETAILS =
      Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER);
  private static final Metadata.Key<String> FIELD =
      Metadata.Key.of("codelibra-error-code", Metadata.ASCII_STRING_MARSHALLER);

  public static void main(String[] arguments) throws Exception {
    InputStreamReader input = new InputStreamReader(System.in, StandardCharsets.UTF_8);
    JsonObject cases = JsonParser.parseReader(input).getAsJsonObject();
    try (Calls calls = new Calls(new Details(false))) {
      for (JsonElement call : cases.getAsJsonArray("calls")) {
        print(call, readCall(calls.fail(call.getAsJsonObject())));
      }
    }
    HttpClient client = HttpClient.newBuilder().connectTimeout(TIMEOUT).build();
    for (JsonElement request : cases.getAsJsonArray("requests")) {
      print(request, readRequest(client, request.getAsJsonObject()));
    }
    for (JsonElement details : cases.getAsJsonArray("details")) {
      print(details, ErrorCodes.decodeGrpcText(text(details, "text"), null, null, null));
    }
    for (JsonElement body : cases.getAsJsonArray("bodies")) {
      print(body, ErrorCodes.decodeHttp(text(body, "text"), null, null));
    }
    for (ErrorCodes.Entry entry : ErrorCodes.ENTRIES) {
      check(ErrorCodes.entryOf(entry.code()).orElseThrow() == entry, entry);
      check(ErrorCodes.entryOf(entry.domain(), entry.reason()).orElseThrow() == entry, entry);
    }
    printTable("table codelibra", ErrorCodes.ENTRIES);
    printTable("table hostile", com.example.hostile.ErrorCodes.ENTRIES);
    OUT.flush();
  }

  private static String text(JsonElement given, String name) {
    return given.getAsJsonObject().get(name).getAsString();
  }

  private static ApiError readCall(StatusRuntimeException error) {
    Metadata trailers = error.getTrailers();
    int status = error.getStatus().getCode().value();
    String message = error.getStatus().getDescription();
    return ErrorCodes.decodeGrpc(trailers.get(DETAILS), status, message, trailers.get(FIELD));
  }

  private static ApiError readRequest(HttpClient client, JsonObject given) throws Exception {
    HttpRequest request =
        HttpRequest.newBuilder(URI.create(text(given, "url")))
            .timeout(TIMEOUT)
            .header("content-type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(text(given, "body")))
            .build();
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    String code = response.headers().firstValue("codelibra-error-code").orElse(null);
    return ErrorCodes.decodeHttp(response.body(), response.statusCode(), code);
  }

  private static void check(boolean isTrue, Object value) {
    if (!isTrue) {
      throw new AssertionError(value);
    }
  }

  private static String valueText(Object value) {
    if (value instanceof Instant instant) {
      return String.valueOf(instant.getEpochSecond());
    }
    return value instanceof Duration duration ? String.valueOf(duration.toMillis()) : String.valueOf(value);
  }

  /** The record of the parameters has the same value as the map, and only for its code. */
  private static void checkLockedOut(ApiError error) {
    var params = ErrorCodes.LockedOutParams.from(error);
    check(params.isPresent() == error.hasCode(ErrorCodes.Code.LOCKED_OUT), error);
    Object until = error.params().get("locked_until");
    check(params.isEmpty() || params.get().lockedUntil().equals(java.util.Optional.ofNullable(until)), error);
  }

  private static void print(JsonElement given, ApiError error) {
    checkLockedOut(error);
    JsonObject params = new JsonObject();
    error.params().forEach((name, value) -> params.addProperty(name, valueText(value)));
    JsonObject reading = new JsonObject();
    reading.addProperty("id", text(given, "id"));
    reading.add("code", error.code() == 0 ? JsonNull.INSTANCE : GSON.toJsonTree(error.code()));
    reading.addProperty("name", error.name().orElse(null));
    reading.addProperty("reason", error.reason());
    reading.addProperty("domain", error.domain());
    reading.addProperty("message", error.message());
    reading.add("metadata", GSON.toJsonTree(error.metadata()));
    reading.add("params", params);
    reading.addProperty("source", error.source().name().toLowerCase(Locale.ROOT));
    reading.add("shed", GSON.toJsonTree(error.shed()));
    reading.addProperty("grpc_code", error.grpcCode());
    reading.addProperty("http_status", error.httpStatus());
    reading.addProperty("request_id", error.requestId().orElse(null));
    reading.addProperty("retry_delay", error.retryDelay().map(Duration::toMillis).orElse(null));
    OUT.println(GSON.toJson(reading));
  }

  private static void printTable(String id, List<?> entries) {
    JsonObject table = new JsonObject();
    table.addProperty("id", id);
    table.add("table", GSON.toJsonTree(entries));
    OUT.println(GSON.toJson(table));
  }
}
