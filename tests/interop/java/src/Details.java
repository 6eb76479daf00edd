import com.codelibra.error.v1.ErrorInfo;
import com.google.gson.JsonArray;
import com.google.gson.JsonNull;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.util.JsonFormat;
import com.google.protobuf.util.JsonFormat.TypeRegistry;
import com.google.rpc.ErrorDetailsProto;
import java.util.List;

/** Writes the details of a status as JSON, with the types that are linked. */
final class Details {
  final TypeRegistry types;

  /** google.rpc's types, and our ErrorInfo if it is linked. */
  Details(boolean linked) {
    TypeRegistry.Builder builder = TypeRegistry.newBuilder();
    builder.add(ErrorDetailsProto.getDescriptor().getMessageTypes());
    if (linked) {
      builder.add(ErrorInfo.getDescriptor());
    }
    types = builder.build();
  }

  JsonArray toJson(List<Any> details) {
    JsonArray array = new JsonArray();
    details.forEach(detail -> array.add(toJson(detail)));
    return array;
  }

  private JsonObject toJson(Any detail) {
    JsonObject json = new JsonObject();
    String url = detail.getTypeUrl();
    json.addProperty("type", url.substring(url.lastIndexOf('/') + 1));
    try {
      String printed = JsonFormat.printer().usingTypeRegistry(types).print(detail);
      JsonObject value = JsonParser.parseString(printed).getAsJsonObject();
      value.remove("@type");
      json.add("value", value);
    } catch (InvalidProtocolBufferException unknown) {
      json.add("value", JsonNull.INSTANCE);
    }
    return json;
  }
}
