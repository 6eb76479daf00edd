// A proxy of vanguard that turns REST and Connect into gRPC, without the ErrorInfo of CodeLibra.
//
//	vanguard UPSTREAM DESCRIPTOR-SET
//
// Prints its address. Ends when its standard input does.
package main

import (
	"log"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"

	"codelibra.test/interop/serving"
	"connectrpc.com/vanguard"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
)

const serviceName = "codelibra.catalog.v1.ErrorCatalogService"

func main() {
	service, err := describe(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	options := []vanguard.ServiceOption{
		vanguard.WithTargetProtocols(vanguard.ProtocolGRPC),
		vanguard.WithTargetCodecs(vanguard.CodecProto),
	}
	proxy := vanguard.NewServiceWithSchema(service, forward(os.Args[1]), options...)
	transcoder, err := vanguard.NewTranscoder([]*vanguard.Service{proxy})
	if err != nil {
		log.Fatal(err)
	}
	serving.Run(transcoder)
}

// describe finds the service in the file.
func describe(path string) (protoreflect.ServiceDescriptor, error) {
	bytes, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(bytes, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	found, err := files.FindDescriptorByName(serviceName)
	if err != nil {
		return nil, err
	}
	return found.(protoreflect.ServiceDescriptor), nil
}

// forward sends gRPC on over HTTP/2 without TLS.
func forward(upstream string) http.Handler {
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: upstream})
	proxy.Transport = &http.Transport{Protocols: protocols}
	proxy.FlushInterval = -1
	return proxy
}
