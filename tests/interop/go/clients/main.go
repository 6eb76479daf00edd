// Reads the errors of CodeLibra without its ErrorInfo: only google.rpc's types are linked.
package main

import "codelibra.test/interop/readers"

func main() { readers.Main() }
