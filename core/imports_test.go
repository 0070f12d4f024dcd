package core

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestImports keeps the arrows of the house pointing down: core stands below everything else of ours, and lives on the
// standard library. Its sub-folders may use what is listed, for the reason given.
func TestImports(t *testing.T) {
	allowed := map[string]map[string]string{
		".": {
			"github.com/gh-hex/gh-hex/core/check": "judges tokens",
		},
		"check": {},
		"leak": {
			"github.com/gh-hex/gh-hex/core": "keeps what it finds in a Token, which shows nothing",
		},
		"dotenv": {},
		"script": {
			"mvdan.cc/sh/v3/syntax": "reads scripts as shells do; our own reader was wrong about quotes and here-documents",
		},
		"hook": {
			"github.com/gh-hex/gh-hex/core":          "says what may be shown of a text, and how a shell reads it",
			"github.com/gh-hex/gh-hex/core/check":    "the vocabulary of checks",
			"github.com/gh-hex/gh-hex/core/scaffold": "reads files as they are, and says what is done to them",
			"github.com/gh-hex/gh-hex/core/script":   "the hook that is there may run the check already",
			"github.com/gh-hex/gh-hex/core/worktree": "git knows where hooks stand",
			"go.yaml.in/yaml/v4":                     "the files of lefthook and pre-commit are YAML",
		},
		"scaffold": {
			"github.com/gh-hex/gh-hex/core/dotenv": "completes .env files",
			"golang.org/x/sys/windows":             "locks a file, which syscall cannot do there",
		},
		"worktree": {
			"github.com/gh-hex/gh-hex/core":          "says what may be shown of a text",
			"github.com/gh-hex/gh-hex/core/check":    "the vocabulary of checks",
			"github.com/gh-hex/gh-hex/core/dotenv":   "reads .env files",
			"github.com/gh-hex/gh-hex/core/leak":     "file checks look for tokens",
			"github.com/gh-hex/gh-hex/core/scaffold": "file checks say what init would write",
		},
	}
	// Standard packages that have no business here: core has no terminal, no flags and starts no program; git does
	// the latter, in worktree.
	forbidden := map[string]bool{"flag": true, "os": true, "os/exec": true, "os/signal": true, "log": true, "net/http/cookiejar": true, "unsafe": true}
	for folder, modules := range allowed {
		for path, file := range importsOf(t, folder) {
			domain, _, _ := strings.Cut(path, "/")
			_, known := modules[path]
			if strings.Contains(domain, ".") && !known {
				t.Errorf("%s imports %s", file, path)
			}
			if folder == "." && forbidden[path] {
				t.Errorf("%s imports %s", file, path)
			}
		}
	}
}

// TestCoreNamesNoCommand keeps the commands of one program out of the sentences of a library: what to type is given to it.
// That of core/hook is a script that runs such a command.
func TestCoreNamesNoCommand(t *testing.T) {
	for _, folder := range []string{".", "leak", "dotenv", "scaffold", "worktree"} {
		files, err := filepath.Glob(filepath.Join(folder, "*.go"))
		if err != nil || len(files) == 0 {
			t.Fatal(folder, err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				if text, ok := n.(*ast.BasicLit); ok && text.Kind == token.STRING && strings.Contains(text.Value, "gh hex") {
					t.Errorf("%s names a command: %s", name, text.Value)
				}
				return true
			})
		}
	}
}

// importsOf maps what a folder imports, tests apart, to a file that does.
func importsOf(t *testing.T, folder string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string]string{}
	for _, entry := range entries {
		name := filepath.Join(folder, entry.Name())
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			imports[path] = name
		}
	}
	return imports
}
