import com.codelibra.catalog.v1.RaiseErrorRequest;
import com.codelibra.catalog.v1.RaiseErrorResponse;
import com.codelibra.catalog.v1.RaiseErrorStreamRequest;
import com.codelibra.catalog.v1.RaiseErrorStreamResponse;
import com.google.gson.JsonArray;
import com.google.gson.JsonObject;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.grpc.CallOptions;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.ProtoUtils;
import io.grpc.protobuf.StatusProto;
import io.grpc.stub.ClientCalls;
import java.util.HashMap;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Calls that fail, with grpc-java. */
final class Calls implements AutoCloseable {
  private static final String SERVICE = "codelibra.catalog.v1.ErrorCatalogService";
  private static final long TIMEOUT = 20; // seconds; an answer takes milliseconds
  private static final Metadata.Key<String> FIELD =
      Metadata.Key.of("codelibra-error-code", Metadata.ASCII_STRING_MARSHALLER);

  private static final MethodDescriptor<RaiseErrorRequest, RaiseErrorResponse> UNARY =
      method(
          MethodType.UNARY,
          "RaiseError",
          RaiseErrorRequest.getDefaultInstance(),
          RaiseErrorResponse.getDefaultInstance());
  private static final MethodDescriptor<RaiseErrorStreamRequest, RaiseErrorStreamResponse> STREAM =
      method(
          MethodType.SERVER_STREAMING,
          "RaiseErrorStream",
          RaiseErrorStreamRequest.getDefaultInstance(),
          RaiseErrorStreamResponse.getDefaultInstance());

  private final Map<String, ManagedChannel> channels = new HashMap<>();
  private final Details details;
  private int items;

  Calls(Details details) {
    this.details = details;
  }

  private static <Q extends Message, R extends Message> MethodDescriptor<Q, R> method(
      MethodType type, String name, Q request, R response) {
    return MethodDescriptor.newBuilder(ProtoUtils.marshaller(request), ProtoUtils.marshaller(response))
        .setType(type)
        .setFullMethodName(MethodDescriptor.generateFullMethodName(SERVICE, name))
        .build();
  }

  /** What grpc-java reads of the call. */
  JsonObject read(JsonObject call) throws InvalidProtocolBufferException {
    return read(fail(call));
  }

  /** Makes the call, and returns its error. */
  StatusRuntimeException fail(JsonObject call) throws InvalidProtocolBufferException {
    items = 0;
    try {
      make(call);
    } catch (StatusRuntimeException error) {
      return error;
    }
    throw new AssertionError(call + " did not fail");
  }

  private void make(JsonObject call) throws InvalidProtocolBufferException {
    ManagedChannel channel =
        channels.computeIfAbsent(
            call.get("address").getAsString(),
            address -> NettyChannelBuilder.forTarget(address).usePlaintext().build());
    CallOptions options = CallOptions.DEFAULT.withDeadlineAfter(TIMEOUT, TimeUnit.SECONDS);
    String request = call.get("request").toString();
    if (call.get("method").getAsString().equals("RaiseError")) {
      RaiseErrorRequest.Builder builder = RaiseErrorRequest.newBuilder();
      JsonFormat.parser().merge(request, builder);
      ClientCalls.blockingUnaryCall(channel, UNARY, options, builder.build());
      return;
    }
    RaiseErrorStreamRequest.Builder builder = RaiseErrorStreamRequest.newBuilder();
    JsonFormat.parser().merge(request, builder);
    Iterator<RaiseErrorStreamResponse> stream =
        ClientCalls.blockingServerStreamingCall(channel, STREAM, options, builder.build());
    while (stream.hasNext()) {
      stream.next();
      items++;
    }
  }

  private JsonObject read(StatusRuntimeException error) {
    JsonArray field = new JsonArray();
    error.getTrailers().getAll(FIELD).forEach(field::add);
    JsonObject reading = new JsonObject();
    reading.addProperty("items", items);
    reading.addProperty("grpc_code", error.getStatus().getCode().value());
    reading.addProperty("message", error.getStatus().getDescription());
    reading.add("field", field);
    reading.add("details", details.toJson(StatusProto.fromThrowable(error).getDetailsList()));
    return reading;
  }

  @Override
  public void close() {
    channels.values().forEach(ManagedChannel::shutdownNow);
  }
}
