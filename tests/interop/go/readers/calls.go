package readers

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	catalogv1 "codelibra.test/interop/gen/codelibra/catalog/v1"
	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
)

// Timeout of a call or a request; an answer takes milliseconds.
const Timeout = 20 * time.Second

// Clients has a client for each address.
type Clients map[string]catalogv1.ErrorCatalogServiceClient

// Fail makes a call: how many items came first, the trailers, and the error.
func (c Clients) Fail(one Call) (int, metadata.MD, error) {
	if c[one.Address] == nil {
		connection, err := grpc.NewClient(one.Address, grpc.WithTransportCredentials(insecure.NewCredentials()))
		Check(err)
		c[one.Address] = catalogv1.NewErrorCatalogServiceClient(connection)
	}
	items, trailer, err := fail(c[one.Address], one)
	if err == nil {
		Check(fmt.Errorf("%s did not fail", one.ID))
	}
	return items, trailer, err
}

func readCalls(calls []Call) {
	clients := Clients{}
	for _, one := range calls {
		items, trailer, err := clients.Fail(one)
		grpcGo(items, trailer, err).print("grpc-go", one.ID)
		gaxCall(err).print("gax-go", one.ID)
	}
}

// fail makes the call: how many items came first, the trailers, and the error.
func fail(client catalogv1.ErrorCatalogServiceClient, one Call) (int, metadata.MD, error) {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	if one.Method == "RaiseError" {
		var request catalogv1.RaiseErrorRequest
		var trailer metadata.MD
		Check(protojson.Unmarshal(one.Request, &request))
		_, err := client.RaiseError(ctx, &request, grpc.Trailer(&trailer))
		return 0, trailer, err
	}
	var request catalogv1.RaiseErrorStreamRequest
	Check(protojson.Unmarshal(one.Request, &request))
	stream, err := client.RaiseErrorStream(ctx, &request)
	Check(err)
	for items := 0; ; items++ {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return items, stream.Trailer(), nil
		} else if err != nil {
			return items, stream.Trailer(), err
		}
	}
}

func grpcGo(items int, trailer metadata.MD, err error) reading {
	received := status.Convert(err)
	return reading{
		"items":     items,
		"grpc_code": int(received.Code()),
		"message":   received.Message(),
		"field":     trailer.Get("codelibra-error-code"),
		"details":   fromAnys(received.Proto().GetDetails()),
	}
}

// gaxDetails are what gax-go's accessors give.
func gaxDetails(read *apierror.APIError) []detail {
	return []detail{fromMessage(&errdetails.ErrorInfo{
		Reason:   read.Reason(),
		Domain:   read.Domain(),
		Metadata: read.Metadata(),
	})}
}

func gaxCall(err error) reading {
	read, ok := apierror.FromError(err)
	if !ok {
		return reading{"error": "apierror.FromError: " + err.Error()}
	}
	return reading{
		"grpc_code": int(read.GRPCStatus().Code()),
		"message":   read.GRPCStatus().Message(),
		"details":   gaxDetails(read),
	}
}
