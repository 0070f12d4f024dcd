//go:build linux

package extension_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gh-hex/gh-hex/extension"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

var update = flag.Bool("update", false, "rewrite the examples of docs/checks.md, and the output in testdata/checks")

const checksPage = "../docs/checks.md"

// TestChecksDocumented holds docs/checks.md to the truth: a section for each check, and in it the example of
// testdata/checks/ID.txtar. That is a script: it makes the problem, shows it with "example", mends it with the command
// that the check itself names, and sees the check pass.
func TestChecksDocumented(t *testing.T) {
	t.Run("examples", func(t *testing.T) { runScripts(t, "testdata/checks") })
	if *update {
		rewritePage(t)
	}
	page, err := os.ReadFile(checksPage)
	if err != nil {
		t.Fatal(err)
	}
	headings, sections := sectionsOf(string(page))
	if want := extension.AllChecks(); !slices.Equal(headings, want) {
		t.Errorf("%s has sections for\n%q, want one for each check, in the order of the report:\n%q", checksPage, headings, want)
	}
	for _, id := range extension.AllChecks() {
		t.Run(id, func(t *testing.T) { compareBlocks(t, blocksIn(sections[id]), wantedBlocks(t, id)) })
	}
}

func compareBlocks(t *testing.T, got, want []block) {
	if len(got) != len(want) {
		t.Fatalf("%d examples in the section, want the %d files of the script", len(got), len(want))
	}
	for i := range got {
		if got[i].language != want[i].language || got[i].text != want[i].text {
			t.Errorf("the section shows (%s)\n%swant (%s)\n%s", got[i].language, got[i].text, want[i].language, want[i].text)
		}
	}
}

// sectionsOf cuts the page at its headings of the third level, which are the IDs of checks.
func sectionsOf(page string) (headings []string, sections map[string]string) {
	sections = map[string]string{}
	for _, part := range regexp.MustCompile(`(?m)^### `).Split(page, -1)[1:] {
		id, section, _ := strings.Cut(part, "\n")
		section = regexp.MustCompile(`(?m)^## `).Split(section, 2)[0]
		headings = append(headings, id)
		sections[id] = section
	}
	return headings, sections
}

// block is a fenced block: a workflow of the example, or what the command shows.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(yaml|console)\n(.*?)^```$")

func blocksIn(section string) []block {
	var out []block
	for _, m := range fence.FindAllStringSubmatch(section, -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// wantedBlocks are the workflows of a script, in their order, and its output.
func wantedBlocks(t *testing.T, id string) []block {
	archive, err := txtar.ParseFile(filepath.Join("testdata/checks", id+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, f := range archive.Files {
		switch {
		case strings.HasPrefix(f.Name, "analytics/.github/workflows/"):
			out = append(out, block{"yaml", string(f.Data)})
		case f.Name == "output":
			out = append(out, block{"console", string(f.Data)})
		}
	}
	return out
}

// rewritePage puts the examples as they are now into the blocks of the page.
func rewritePage(t *testing.T) {
	page, err := os.ReadFile(checksPage)
	if err != nil {
		t.Fatal(err)
	}
	text := string(page)
	_, sections := sectionsOf(text)
	for id, section := range sections {
		wanted := wantedBlocks(t, id)
		text = strings.Replace(text, section, fence.ReplaceAllStringFunc(section, func(old string) string {
			if len(wanted) == 0 {
				return old
			}
			next := wanted[0]
			wanted = wanted[1:]
			return "```" + next.language + "\n" + next.text + "```"
		}), 1)
	}
	if err := os.WriteFile(checksPage, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The patterns that the page gives to other scanners find tokens of both kinds.
func TestPatternsForOtherScanners(t *testing.T) {
	page, err := os.ReadFile(checksPage)
	if err != nil {
		t.Fatal(err)
	}
	patterns := regexp.MustCompile(`(?m)^(?:regex = '''(.*)'''|(hxt.*))$`).FindAllStringSubmatch(string(page), -1)
	if len(patterns) != 2 {
		t.Fatalf("%d patterns, want 2", len(patterns))
	}
	for _, p := range patterns {
		pattern := regexp.MustCompile(p[1] + p[2])
		for _, token := range []string{sandbox.NewToken(sandbox.Personal, "a"), sandbox.NewToken(sandbox.Workspace, "b")} {
			if got := pattern.FindString("token: '" + token + "'"); got != token {
				t.Errorf("%s does not find a token of %d characters", pattern, len(token))
			}
			if strings.Contains(p[1], `\b`) && pattern.MatchString(token+"0") {
				t.Errorf("%s finds a part of a longer word", pattern)
			}
		}
	}
}

// example CODE [NAME=VALUE...] COMMAND...: runs a command on a terminal and compares what it shows with the file
// "output", behind a line with the command. The time taken is left out of it, and the sandbox passes for Hex.
func cmdExample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: example CODE [NAME=VALUE...] COMMAND...")
	}
	ts.Setenv("NO_COLOR", "1")
	dialogue := ts.MkAbs("dialogue")
	ts.Check(os.WriteFile(dialogue, nil, 0o600))
	command := args[1:]
	if strings.Contains(command[0], "=") {
		command = append([]string{"/usr/bin/env"}, command...)
	}
	cmdTerminal(ts, false, append([]string{args[0], dialogue}, command...))
	ts.Check(os.Remove(dialogue))
	got := "$ " + strings.Join(args[1:], " ") + "\n" + tidy(ts, ts.ReadFile("screen"))
	ts.Check(os.Remove(ts.MkAbs("screen")))
	output := filepath.Join(ts.Getenv("WORK"), "output")
	if *update {
		rewriteOutput(ts, got)
		return
	}
	if want := ts.ReadFile(output); got != want {
		ts.Fatalf("the example shows\n%swant\n%s", got, want)
	}
}

func tidy(ts *testscript.TestScript, screen string) string {
	url := worldOf(ts).box.HexURL()
	screen = strings.ReplaceAll(screen, url, "https://app.hex.tech")
	screen = strings.ReplaceAll(screen, strings.TrimPrefix(url, "http://"), "app.hex.tech")
	return regexp.MustCompile(`(?m) in \d+\.\d s$`).ReplaceAllString(screen, " in 0.1 s")
}

func rewriteOutput(ts *testscript.TestScript, text string) {
	name := filepath.Join("testdata/checks", ts.Name()+".txtar")
	archive, err := txtar.ParseFile(name)
	ts.Check(err)
	for i, f := range archive.Files {
		if f.Name == "output" {
			archive.Files[i].Data = []byte(text)
		}
	}
	ts.Check(os.WriteFile(name, txtar.Format(archive), 0o644))
}
