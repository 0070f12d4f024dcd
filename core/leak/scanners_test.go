package leak

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// fenced are the blocks of docs/scanners.md in a language, in their order.
func fenced(t *testing.T, language string) []string {
	t.Helper()
	page, err := os.ReadFile("../../docs/scanners.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, m := range regexp.MustCompile("(?s)```"+language+"\n(.*?)\n```").FindAllStringSubmatch(string(page), -1) {
		blocks = append(blocks, m[1])
	}
	return blocks
}

// customPattern matches as GitHub's fields do: the secret stands between what comes before and after it.
func customPattern(t *testing.T) func(text string) bool {
	t.Helper()
	fields := fenced(t, "text")
	if len(fields) != 4 {
		t.Fatalf("%d fields, want 4", len(fields))
	}
	whole := regexp.MustCompile("(?:" + fields[1] + ")(" + fields[0] + ")(?:" + fields[2] + ")")
	not := regexp.MustCompile(fields[3])
	return func(text string) bool {
		for _, m := range whole.FindAllStringSubmatch(text, -1) {
			if !not.MatchString(m[1]) {
				return true
			}
		}
		return false
	}
}

// gitleaksRule matches as the regular expression, the entropy apart.
func gitleaksRule(t *testing.T) func(text string) bool {
	t.Helper()
	config := strings.Join(fenced(t, "toml"), "\n")
	literals := regexp.MustCompile(`(?s)'''(.*?)'''`).FindAllStringSubmatch(config, -1)
	if len(literals) != 2 {
		t.Fatalf("%d regular expressions, want 2", len(literals))
	}
	rule, allowed := regexp.MustCompile(literals[0][1]), regexp.MustCompile(literals[1][1])
	return func(text string) bool {
		for _, m := range rule.FindAllStringSubmatch(text, -1) {
			if !allowed.MatchString(m[0]) {
				return true
			}
		}
		return false
	}
}

// whole is a token in one piece, whatever stands beside it.
var whole = regexp.MustCompile(`hxt[pw]_[0-9a-f]{96}`)

// expected is what a pattern for whole tokens as they are has to make of a text; known is false where that is its own matter.
func expected(p planted) (found, known bool) {
	switch p.want {
	case certain + FormPlain:
		return true, whole.MatchString(p.text) && !strings.HasPrefix(p.name, "glued in binary")
	case silent:
		return false, true
	case probable + FormPlain, probable + FormBare:
		return false, true
	}
	return false, false
}

// corpus is what the patterns are tried on: what is planted, and the noise that speed is measured with.
func corpus() []planted {
	all := plantedTexts()
	for _, text := range benchTexts(64 << 10) {
		want := silent
		if len(Find(text.data)) > 0 {
			want = certain + FormPlain
		}
		all = append(all, planted{"noise of " + text.name, string(text.data), want})
	}
	return all
}

func TestScannersOnOurCorpus(t *testing.T) {
	for name, matches := range map[string]func(string) bool{"GitHub's": customPattern(t), "gitleaks'": gitleaksRule(t)} {
		for _, p := range corpus() {
			if want, known := expected(p); known && matches(p.text) != want {
				t.Errorf("%s: %s: found %v, want %v", name, p.name, !want, want)
			}
		}
	}
}
