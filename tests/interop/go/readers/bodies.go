package readers

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/googleapis/gax-go/v2/apierror"
	"google.golang.org/api/googleapi"
	rpcstatus "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/encoding/protojson"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
)

func readBodies(bodies []body) {
	for _, one := range bodies {
		protoJSON(one).print("protojson", one.ID)
		if one.Form == "aip193" {
			gaxResponse(one).print("gax-go", one.ID)
		}
	}
}

func protoJSON(one body) reading {
	var read rpcstatus.Status
	if err := protojson.Unmarshal([]byte(one.Status), &read); err != nil {
		return reading{"error": err.Error()}
	}
	return reading{"grpc_code": int(read.Code), "message": read.Message, "details": fromAnys(read.Details)}
}

// gaxResponse reads the response as Google's REST clients do.
func gaxResponse(one body) reading {
	err := googleapi.CheckResponse(&http.Response{
		StatusCode: one.HTTPStatus,
		Header:     http.Header{"Content-Type": {"application/json"}},
		Body:       io.NopCloser(strings.NewReader(one.Body)),
	})
	read, ok := apierror.FromError(err)
	if !ok {
		return reading{"error": "apierror.FromError: " + err.Error()}
	}
	var rest *googleapi.Error
	if !errors.As(err, &rest) {
		return reading{"error": "googleapi.CheckResponse: " + err.Error()}
	}
	return reading{"http_status": read.HTTPCode(), "message": rest.Message, "details": gaxDetails(read)}
}
