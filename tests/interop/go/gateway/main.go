// An HTTP gateway that grpc-gateway generated, without the ErrorInfo of CodeLibra.
//
//	gateway UPSTREAM
//
// Prints its address. Ends when its standard input does.
package main

import (
	"context"
	"log"
	"os"

	catalogv1 "codelibra.test/interop/gen/codelibra/catalog/v1"
	"codelibra.test/interop/serving"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
)

func main() {
	mux := runtime.NewServeMux()
	dial := []grpc.DialOption{grpc.WithTransportCredentials(insecure.NewCredentials())}
	ctx := context.Background()
	if err := catalogv1.RegisterErrorCatalogServiceHandlerFromEndpoint(ctx, mux, os.Args[1], dial); err != nil {
		log.Fatal(err)
	}
	serving.Run(mux)
}
