//go:build linux

package extension_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"
)

var update = flag.Bool("update", false, "rewrite the examples of README.md and the pages in docs, and the output in their scripts")

// examples are those of some pages of the documentation, which scripts show. A script runs a command with "example" and
// holds what the command shows in its file "output"; a page has a part of the script's name with the same text.
type examples struct {
	pages   []string
	scripts string // the folder
	update  string // the test that rewrites them

	workflows  bool           // the part shows the script's workflows, too
	start, end *regexp.Regexp // of a part; start ends in front of the text and has its name as a group, an empty one of end ends it
}

// part is where the examples of one script stand in a page.
type part struct {
	name     string
	from, to int
}

// onPages are the blocks of output in README.md and in the pages of docs, each behind a comment that GitHub does not show.
// docs/checks.md has examples of its own.
func onPages(t *testing.T) examples {
	t.Helper()
	pages, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages = slices.DeleteFunc(pages, func(name string) bool { return filepath.Base(name) == "checks.md" })
	return examples{
		pages: append(pages, "../README.md"), scripts: "testdata/examples", update: "TestExamples",
		start: regexp.MustCompile(`(?m)^<!-- example: (\S+) -->\n`), end: regexp.MustCompile("(?m)^```$()"),
	}
}

// TestExamples holds the output on these pages to the truth: every block of it is what the script of that name shows.
func TestExamples(t *testing.T) {
	e := onPages(t)
	shown := e.hold(t)
	blocks := 0
	for _, name := range e.pages {
		blocks += strings.Count(readPage(t, name), "\n```console\n")
	}
	if blocks != len(shown) {
		t.Errorf("%d blocks of output, and %d of them with a script; put <!-- example: NAME --> in front of each", blocks, len(shown))
	}
}

// block is a fenced block: a workflow of the example, or what the command shows.
type block struct{ language, text string }

var fence = regexp.MustCompile("(?ms)^```(yaml|console)\n(.*?)^```$")

// hold runs the scripts and compares the pages with what they show; with -update it rewrites both. It returns the names of
// the parts, in their order.
func (e examples) hold(t *testing.T) []string {
	t.Run("examples", func(t *testing.T) { runScripts(t, e.scripts) })
	var names, drawn []string
	for _, page := range e.pages {
		if *update {
			e.rewrite(t, page)
		}
		text := readPage(t, page)
		for _, m := range regexp.MustCompile(`pictures/(\S+)-light\.svg`).FindAllStringSubmatch(text, -1) {
			drawn = append(drawn, m[1])
		}
		for _, part := range e.parts(text) {
			names = append(names, part.name)
			t.Run(part.name, func(t *testing.T) { e.compare(t, page, blocksIn(text[part.from:part.to]), e.wanted(t, part.name)) })
		}
	}
	if shown, scripts := slices.Compact(slices.Sorted(slices.Values(slices.Concat(names, drawn)))), slices.Sorted(slices.Values(e.names(t))); !slices.Equal(shown, scripts) {
		t.Errorf("%q have parts and pictures for\n%q, want one for each script:\n%q", e.pages, shown, scripts)
	}
	return names
}

func readPage(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// names are those of the scripts.
func (e examples) names(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(e.scripts, "*.txtar"))
	if err != nil {
		t.Fatal(err)
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(filepath.Base(f), ".txtar")
	}
	return files
}

func (e examples) parts(text string) []part {
	var out []part
	for _, m := range e.start.FindAllStringSubmatchIndex(text, -1) {
		end := len(text)
		if stop := e.end.FindStringSubmatchIndex(text[m[1]:]); stop != nil {
			end = m[1] + stop[2]
		}
		out = append(out, part{text[m[2]:m[3]], m[1], end})
	}
	return out
}

func (e examples) compare(t *testing.T, page string, got, want []block) {
	if len(got) != len(want) {
		t.Fatalf("%s shows %d blocks, want the %d files of the script", page, len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Errorf("%s shows (%s)\n%swant (%s)\n%s%s", page, got[i].language, got[i].text, want[i].language, want[i].text, howToUpdate(e.update))
		}
	}
}

func howToUpdate(test string) string {
	return fmt.Sprintf("If that is right, run: go test ./extension -run %s -update", test)
}

func blocksIn(text string) []block {
	var out []block
	for _, m := range fence.FindAllStringSubmatch(text, -1) {
		out = append(out, block{m[1], m[2]})
	}
	return out
}

// wanted are the workflows of a script, in their order, and its output.
func (e examples) wanted(t *testing.T, name string) []block {
	archive, err := txtar.ParseFile(filepath.Join(e.scripts, name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	var out []block
	for _, f := range archive.Files {
		switch {
		case e.workflows && strings.HasPrefix(f.Name, "analytics/.github/workflows/"):
			out = append(out, block{"yaml", string(f.Data)})
		case f.Name == "output":
			out = append(out, block{"console", string(f.Data)})
		}
	}
	return out
}

// rewrite puts the examples as they are now into the blocks of the page, and those that have none yet behind the text.
func (e examples) rewrite(t *testing.T, page string) {
	text := readPage(t, page)
	for _, part := range slices.Backward(e.parts(text)) {
		wanted := e.wanted(t, part.name)
		next := func(old string) string {
			if len(wanted) == 0 {
				return old
			}
			b := wanted[0]
			wanted = wanted[1:]
			return "```" + b.language + "\n" + b.text + "```"
		}
		shown := fence.ReplaceAllStringFunc(text[part.from:part.to], next)
		for len(wanted) > 0 {
			shown += next("") + "\n\n"
		}
		text = text[:part.from] + shown + text[part.to:]
	}
	if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// example CODE [NAME=VALUE...] COMMAND...: runs a command on a terminal and compares what it shows with the file
// "output", behind a line with the command. A command of one word is a line for the shell. The file "dialogue", if there
// is one, answers its questions.
func cmdExample(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: example CODE [NAME=VALUE...] COMMAND...")
	}
	pictures := os.Getenv("GH_HEX_PICTURES") // the folder in which scripts/pictures wants what a terminal shows, in colour
	if pictures == "" {
		ts.Setenv("NO_COLOR", "1")
	}
	ts.Setenv("GH_ACCESSIBLE_PROMPTER", "no")
	command := args[1:]
	switch {
	case len(command) == 1:
		command = []string{"/bin/sh", "-c", command[0]}
	case strings.Contains(command[0], "="):
		command = append([]string{"/usr/bin/env"}, command...)
	}
	dialogue := filepath.Join(ts.Getenv("WORK"), "dialogue")
	if _, err := os.Stat(dialogue); errors.Is(err, fs.ErrNotExist) {
		dialogue = os.DevNull
	}
	onTerminal(ts, 80, append([]string{args[0], dialogue}, command...))
	got := "$ " + strings.Join(args[1:], " ") + "\n" + tidy(ts, ts.ReadFile("screen"))
	ts.Check(os.Remove(ts.MkAbs("screen")))
	if pictures != "" {
		ts.Check(os.WriteFile(filepath.Join(pictures, ts.Name()+".ansi"), []byte(got), 0o600))
		return
	}
	if *update {
		rewriteOutput(ts, got)
		return
	}
	want, _ := os.ReadFile(filepath.Join(ts.Getenv("WORK"), "output")) // none yet in a new script
	if got != string(want) {
		ts.Fatalf("the example shows\n%swant\n%sIf the former is right, run the test again with -update", got, want)
	}
}

// tidy leaves what a terminal shows in the end.
func tidy(ts *testscript.TestScript, screen string) string {
	screen = withoutMenus(screen)
	for _, pattern := range []string{`(?m)^.*\r\x1b\[K`, `(?m) +$`} {
		screen = regexp.MustCompile(pattern).ReplaceAllString(screen, "")
	}
	return steady(screen, worldOf(ts).box.HexURL())
}

// steady passes the sandbox off as Hex, and makes every time the same.
func steady(text, url string) string {
	for _, r := range []struct{ pattern, by string }{
		{regexp.QuoteMeta(url), "https://app.hex.tech"},
		{regexp.QuoteMeta(strings.TrimPrefix(url, "http://")), "app.hex.tech"},
		{` after \d+s `, " after 5s "},
		{` until \d\d:\d\d:\d\d `, " until 10:00:00 "},
		{`(?m) \(\d+\.\d s\)$`, " (0.1 s)"},
		{`(?m), in \d+\.\d s$`, ", in 0.1 s"},
	} {
		text = regexp.MustCompile(r.pattern).ReplaceAllString(text, r.by)
	}
	return text
}

// withoutMenus takes away what was drawn over: the cursor goes up some lines, or none, and everything from there is erased.
func withoutMenus(screen string) string {
	erased := regexp.MustCompile(`(?:\x1b\[(\d+)A)?\r\x1b\[J`)
	for {
		at := erased.FindStringSubmatchIndex(screen)
		if at == nil {
			return screen
		}
		up := 0
		if at[2] >= 0 {
			up, _ = strconv.Atoi(screen[at[2]:at[3]])
		}
		lines := strings.SplitAfter(screen[:at[0]], "\n")
		screen = strings.Join(lines[:max(0, len(lines)-1-up)], "") + screen[at[1]:]
	}
}

func rewriteOutput(ts *testscript.TestScript, text string) {
	name := filepath.Join(worldOf(ts).scripts, ts.Name()+".txtar")
	archive, err := txtar.ParseFile(name)
	ts.Check(err)
	isOutput := func(f txtar.File) bool { return f.Name == "output" }
	if !slices.ContainsFunc(archive.Files, isOutput) {
		archive.Files = append(archive.Files, txtar.File{Name: "output"})
	}
	archive.Files[slices.IndexFunc(archive.Files, isOutput)].Data = []byte(text)
	ts.Check(os.WriteFile(name, txtar.Format(archive), 0o644))
}
