// Command gh-hex is an extension of GitHub's CLI for teams that run Hex from GitHub.
package main

import (
	"os"

	"github.com/gh-hex/gh-hex/extension"
)

func main() { os.Exit(extension.Main(os.Args[1:])) }
