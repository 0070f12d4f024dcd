package extension

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"github.com/gh-hex/gh-hex/core"
)

// FuzzTables lets Hex name a project and its owner as it likes: a row stays one row, and nothing commands the terminal.
func FuzzTables(f *testing.F) {
	f.Add("Weekly revenue", "ada@example.com")
	f.Add("a\x1b]0;title\x07\nb\tc\r\u202e", "\u2028\x9b31m")
	f.Add(strings.Repeat("w\u0301\U0001F468", 500), "\xff\xfe")
	f.Fuzz(func(t *testing.T, title, owner string) {
		var p core.Project
		raw, err := json.Marshal(map[string]any{"id": title, "title": title, "owner": map[string]any{"email": owner}})
		if err != nil || json.Unmarshal(raw, &p) != nil {
			t.Fatal("the project cannot be made")
		}
		for _, onTerminal := range []bool{false, true} {
			b := newBench(t)
			b.outTTY = onTerminal
			o := &projectListOptions{process: b.process, workspace: &workspace{process: b.process}}
			if err := o.printTable([]core.Project{p}); err != nil {
				t.Fatal(err)
			}
			oneRecord(t, b.stdout.String(), map[bool]int{false: 1, true: 2}[onTerminal])
		}
	})
}

func oneRecord(t *testing.T, text string, lines int) {
	t.Helper()
	if strings.Count(text, "\n") != lines || !strings.HasSuffix(text, "\n") {
		t.Errorf("not %d lines: %q", lines, text)
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.In(r, unicode.Bidi_Control)
	}) {
		t.Errorf("control characters: %q", text)
	}
}

// FuzzWorkflowCommand lets titles and messages try to become commands, outputs or markup of their own.
func FuzzWorkflowCommand(f *testing.F) {
	f.Add("Hex run of Sales", "it failed")
	f.Add("a,line=1::stop-commands::x", "b\r\n::add-mask::c%0A::error::d")
	f.Add("| [x](https://elsewhere.example.com) @octo #1 <!-- ", "`**\\|\u2028")
	f.Fuzz(func(t *testing.T, title, message string) {
		b := newBench(t)
		a := &actions{process: b.process}
		a.command("error", title, message)
		got := b.stdout.String()
		oneRecord(t, got, 1)
		property, _, _ := strings.Cut(strings.TrimPrefix(got, "::error title="), "::")
		if title != "" && core.Printable(title) != "" && strings.ContainsAny(property, ",:\r\n") {
			t.Errorf("the title escapes: %q", got)
		}
		row := runSummary(title, core.ProjectRun{Status: core.RunStatus(message), RunURL: message}, message)
		if strings.Count(row, "\n") != 6 || strings.ContainsAny(strings.ReplaceAll(row, "(<", ""), "@#") && !strings.HasPrefix(row, "### Hex run") {
			t.Errorf("the summary escapes: %q", row)
		}
	})
}
