// Package serving runs an HTTP server for as long as the program's standard input is open.
package serving

import (
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
)

// Run prints the address of the server, a free port of the loopback interface. It returns when standard input ends.
func Run(handler http.Handler) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(listener.Addr())
	go func() {
		log.Fatal(http.Serve(listener, handler))
	}()
	io.Copy(io.Discard, os.Stdin)
}
