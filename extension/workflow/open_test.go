package workflow

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gh-hex/gh-hex/extension/source"
)

// What is not followed says the same as if it were.
func TestTextSaysTheSame(t *testing.T) {
	archives, _ := filepath.Glob("testdata/cases/*.txtar")
	cases, spared := 0, 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range casesOf(t, archive) {
			w := c.read(t)
			if got, want := said(w, c.setup.context), saidWhole(w, c.setup.context); got != want {
				t.Errorf("%s: got:\n%swant:\n%s", c.name, got, want)
			}
			for _, d := range w.Docs {
				cases++
				if d.AST != nil && !leavesOpen(d) {
					spared++
				}
			}
		}
	}
	if spared < cases/4 || spared == cases {
		t.Errorf("of %d workflows %d are not followed", cases, spared)
	}
}

// said is what the checks say that need no inventory, and the names of all that is read.
func said(w *Workflows, c Context) string {
	var b strings.Builder
	judged := JudgeFiles(w, c)
	b.WriteString(render(judged))
	fmt.Fprintln(&b, judged[TokenMapped].Status, judged[TokenMapped].Message)
	w.resolve(func(x *source.Read, r *source.Run, name string) {
		fmt.Fprintln(&b, r.At(x), r.Label(), x.Kind, name)
	})
	return b.String()
}

func saidWhole(w *Workflows, c Context) string {
	whole := *w
	whole.textual = w.whole
	return said(&whole, c)
}

func TestLeavesOpen(t *testing.T) {
	const env = "{HEX_API_TOKEN: '${{ secrets.HEX_API_TOKEN }}'}"
	job := func(text string) string { return "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n" + text }
	tests := []struct {
		name, text string
		open       bool
	}{
		{"a step that is given its token", job("    steps: [{run: hex run start x, env: " + env + "}]\n"), false},
		{"a job that is", job("    env: " + env + "\n    steps: [{run: gh hex run start x}]\n"), false},
		{"a workflow that is", "env: " + env + "\n" + job("    steps: [{run: gh hex run start x}]\n"), false},
		{"a step that is given none", job("    steps: [{run: gh hex run start x}]\n"), true},
		{"the second one is not", job("    steps: [{run: gh hex run start x, env: " + env + "}, {run: gh hex run start x}]\n"), true},
		{"in another spelling", job("    env: " + env + "\n    steps: [{run: gh hex run start x, env: {hex_api_token: '${{ secrets.A }}'}}]\n"), true},
		{"a text", job("    steps: [{run: make, env: {HEX_API_TOKEN: $HEX_API_TOKEN}}]\n"), true},
		{"a text under another name", job("    steps: [{run: make, env: {A: $B}}]\n"), false},
		{"all variables are one expression", job("    env: ${{ fromJSON(vars.A) }}\n    steps: [{run: make}]\n"), true},
		{"a name that is worked out", job("    steps: [{run: make, env: {A: '${{ secrets[github.ref_name] }}'}}]\n"), true},
		{"an output", job("    outputs: {a: '${{ steps.a.outputs.a }}'}\n    steps: [{run: make}]\n"), true},
		{"Hex's action", job("    steps: [{uses: hex-inc/action-context-toolkit@v2, with: {token: '${{ secrets.A }}'}}]\n"), true},
		{"a local action", job("    steps: [{uses: ./a}]\n"), true},
		{"a call", "on: push\njobs: {a: {uses: ./.github/workflows/b.yml}}\n", true},
	}
	for _, tt := range tests {
		files := []File{{Path: ".github/workflows/hex.yml", Data: []byte(tt.text)}}
		w := Read(files, ReadOptions{Lookup: func(name string) ([]byte, bool) {
			return []byte("runs: {using: composite, steps: [{run: make, shell: bash}]}\n"), name == "a/action.yml"
		}})
		if got := leavesOpen(w.Docs[0]); got != tt.open {
			t.Errorf("%s: open %v, want %v", tt.name, got, tt.open)
		}
		if got, want := said(w, Context{}), saidWhole(w, Context{}); got != want {
			t.Errorf("%s: got:\n%swant:\n%s", tt.name, got, want)
		}
	}
	var files []File // commands that are never reached, and some that are
	for i, before := range []string{"exit 0; ", ""} {
		text := job("    steps: [{run: '" + before + "gh hex run start x', env: " + env + "}]\n")
		files = append(files, File{Path: fmt.Sprintf(".github/workflows/%d.yml", i), Data: []byte(text)})
		w := Read(files, ReadOptions{})
		if got, want := said(w, Context{}), saidWhole(w, Context{}); got != want {
			t.Errorf("%d files: got:\n%swant:\n%s", i+1, got, want)
		}
	}
}
