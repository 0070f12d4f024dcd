package project

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/workspace"
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
			b := commandtest.New(t)
			b.OutTTY = onTerminal
			o := &projectListOptions{Process: b.Process, Workspace: &workspace.Workspace{Process: b.Process}}
			if err := o.printTable([]core.Project{p}); err != nil {
				t.Fatal(err)
			}
			commandtest.OneRecord(t, b.Stdout.String(), map[bool]int{false: 1, true: 2}[onTerminal])
		}
	})
}
