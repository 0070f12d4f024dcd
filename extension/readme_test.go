//go:build linux

package extension_test

import (
	"regexp"
	"strings"
	"testing"
)

// readmePage has a block with the output of each script, behind a comment that GitHub does not show.
func readmePage() page {
	return page{
		path: "../README.md", scripts: "testdata/readme", update: "TestReadmeExamples",
		start: regexp.MustCompile(`(?m)^<!-- example: (\S+) -->\n`), end: regexp.MustCompile("(?m)^```$"),
	}
}

// TestReadmeExamples holds the output in the README to the truth: every block of it is what the script of that name shows.
func TestReadmeExamples(t *testing.T) {
	shown := readmePage().hold(t)
	if blocks := strings.Count(readmePage().read(t), "\n```console\n"); blocks != len(shown) {
		t.Errorf("%d blocks of output, and %d of them with a script; put <!-- example: NAME --> in front of each", blocks, len(shown))
	}
}
