// Reads the errors of CodeLibra with its ErrorInfo linked.
package main

import (
	_ "codelibra.test/interop/gen/codelibra/error/v1"
	"codelibra.test/interop/readers"
)

func main() { readers.Main() }
