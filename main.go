// Command gh-hex is an extension of GitHub's CLI for teams that run Hex from GitHub.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/gh-hex/gh-hex/extension"
)

func main() {
	collectLate()
	os.Exit(extension.Main(os.Args[1:]))
}

// collectLate has garbage looked for when the program has grown to a size that few commands reach: most are over before,
// and would spend much of their time looking. From then on memory is used as usual and, from another size on, given back
// sooner rather than let grow to twice what is needed.
func collectLate() {
	const first, most = 48 << 20, 256 << 20
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(first)
	runtime.AddCleanup(new([16]byte), func(limit int64) { // when garbage is looked for the first time
		debug.SetMemoryLimit(limit)
		debug.SetGCPercent(100)
	}, most)
}
