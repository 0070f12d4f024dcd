// Command gh-hex is an extension of GitHub's CLI for teams that run Hex from GitHub.
package main

import (
	"os"
	"runtime/debug"

	"github.com/gh-hex/gh-hex/extension"
)

func main() {
	debug.SetMemoryLimit(256 << 20) // from here on memory is given back sooner, rather than let grow to twice what is needed
	os.Exit(extension.Main(os.Args[1:]))
}
