//go:build linux

package extension_test

import (
	"html"
	"os"
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

// The pictures of the README show what its examples show, but for the time taken.
func TestPicturesShowTheExamples(t *testing.T) {
	lines := regexp.MustCompile(`<text [^>]*>(.*)</text>`)
	tag := regexp.MustCompile(`<[^>]*>`)
	for _, name := range []string{"verify-failing", "verify-passing"} {
		picture, err := os.ReadFile("../docs/" + name + ".svg")
		if err != nil {
			t.Fatal(err)
		}
		shown := ""
		for _, m := range lines.FindAllStringSubmatch(string(picture), -1) {
			shown += html.UnescapeString(tag.ReplaceAllString(m[1], "")) + "\n"
		}
		if want := readmePage().wanted(t, name)[0].text; timeTaken().ReplaceAllString(shown, " (0.1 s)") != want {
			t.Errorf("docs/%s.svg shows\n%swant\n%sTo draw it again, run: scripts/pictures", name, shown, want)
		}
	}
}
