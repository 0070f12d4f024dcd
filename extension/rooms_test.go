package extension

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// maxKnot is how many files of one package may reach each other through the names they use, and maxLines how long it may be.
const maxKnot, maxLines = 9, 3000

// TestKnots keeps every package one that can be read in parts, and of a size to be read at all. To see the numbers:
// go test ./extension -run TestKnots -v
func TestKnots(t *testing.T) {
	for _, folder := range rooms(t) {
		files, lines := shippedFiles(t, folder)
		edges, knot := graph(files)
		t.Logf("%-20s %3d files %5d lines %4d edges, largest knot %d", folder, len(files), lines, edges, knot)
		if knot > maxKnot {
			t.Errorf("%d files of %s reach each other, want at most %d", knot, folder, maxKnot)
		}
		if lines > maxLines {
			t.Errorf("%s has %d lines, want at most %d", folder, lines, maxLines)
		}
	}
}

// TestDirections keeps the arrows between the rooms pointing down: no room uses one that is not listed, no command uses
// another command, and nothing points back up.
func TestDirections(t *testing.T) {
	const everybody = "what everybody who talks to a person needs"
	shared := map[string]string{"console": everybody, "command": "the process, flags, machine output, exit codes and hints"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(shared)
		maps.Copy(all, more)
		return all
	}
	allowed := map[string]map[string]string{
		"console":             {},
		"command":             {"console": everybody},
		"command/commandtest": with(nil),
		"github":              {},
		"abstract":            {},
		"vendors":             {"abstract": "what a letter of a name is"},
		"inventory":           {},
		"refusals":            {},
		"source": {
			"abstract": "finds the expressions of a text", "vendors": "what a text says of Hex", "inventory": "whether a secret or a variable is read",
			"refusals": "what GitHub refuses",
		},
		"simulate": {
			"source": "what is followed", "abstract": "works out expressions and scripts", "vendors": "which commands take a token from where",
			"inventory": "what is stored",
		},
		"workflow": {
			"source": "what the files say", "simulate": "what becomes of each run", "inventory": "what is stored", "vendors": "names and addresses of Hex",
			"abstract": "the values that reach a step",
		},
		"workspace": with(map[string]string{"github": "the options of its client are those of the process"}),
		"target":    {"command": "asks which repository", "github": "what a name there may be"},
		"inspect": with(map[string]string{
			"github": "asks what is stored", "workflow": "judges the workflows", "inventory": "what that asks for", "workspace": "judges the token", "target": "which repository",
			"stored": "judges what runs and records tell",
		}),
		"places": {
			"console": everybody, "github": "looks for secrets", "workflow": "finds who reads them", "inspect": "reads the workflows of other repositories",
			"stored": "the record beside a secret",
		},
		"report": with(nil),
		"stored": {},
		"auth": with(map[string]string{
			"workspace": "the token and the host", "target": "which repository", "github": "stores", "workflow": "which stores are needed",
			"inspect": "tries the projects", "places": "lists where secrets are", "report": "shows the state of the local token", "stored": "the record beside a secret",
		}),
		"rotate": with(map[string]string{
			"workspace": "the token and the host", "target": "which repository", "github": "stores", "workflow": "who reads a secret",
			"inspect": "tries the projects", "places": "finds what to replace", "stored": "the record beside a secret",
		}),
		"verify": with(map[string]string{
			"workspace": "the host", "target": "which repository", "workflow": "names of checks", "inspect": "the checks", "report": "shows what they found",
			"github": "lists the repositories of an organization",
		}),
		"setup": with(map[string]string{
			"workspace": "the host to write down", "stored": "the workflow that checks the stored tokens",
			"inspect": "reads the workflows", "workflow": "what they use", "target": "which repository", "github": "which environments wait",
		}),
		"project": with(map[string]string{"workspace": "the client"}),
		"run":     with(map[string]string{"workspace": "the client"}),
		"api":     with(map[string]string{"workspace": "the client"}),
		".": with(map[string]string{
			"auth": "a command", "rotate": "a command", "verify": "a command", "setup": "a command", "project": "a command", "run": "a command", "api": "a command",
		}),
	}
	for _, folder := range rooms(t) {
		known, listed := allowed[folder]
		if !listed {
			t.Errorf("say here which rooms %s may use, and why", folder)
		}
		files, _ := shippedFiles(t, folder)
		for _, file := range files {
			for _, spec := range file.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				room, ours := strings.CutPrefix(path, "github.com/gh-hex/gh-hex/extension/")
				if _, fine := known[room]; ours && !fine {
					t.Errorf("%s uses %s", folder, room)
				}
			}
		}
	}
}

// TestNoPatternAtStart keeps what every command would wait for out of variables of packages: a pattern is compiled when it
// is first needed.
func TestNoPatternAtStart(t *testing.T) {
	for _, folder := range append(rooms(t), "../core", "../core/hook", "../core/leak", "../core/script", "../core/worktree") {
		files, _ := shippedFiles(t, folder)
		for at, file := range files {
			for _, decl := range file.Decls {
				if general, ok := decl.(*ast.GenDecl); !ok || general.Tok != token.VAR {
					continue
				}
				ast.Inspect(decl, func(n ast.Node) bool {
					if of, ok := n.(*ast.SelectorExpr); ok && of.Sel.Name == "MustCompile" {
						t.Errorf("%s:%d compiles a pattern whenever the program starts", at.Name(), at.Line(n.Pos()))
					}
					_, later := n.(*ast.FuncLit)
					return !later
				})
			}
		}
	}
}

// rooms are the folders of packages below this one, and this one.
func rooms(t *testing.T) []string {
	t.Helper()
	var folders []string
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.Name() == "testdata" {
			return filepath.SkipDir
		}
		if files, _ := filepath.Glob(filepath.Join(path, "*.go")); d.IsDir() && len(files) > 0 {
			folders = append(folders, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return folders
}

// shippedFiles are the parsed files of a package, tests apart, and the number of their lines.
func shippedFiles(t *testing.T, folder string) (files map[*token.File]*ast.File, lines int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	fset := token.NewFileSet()
	files = map[*token.File]*ast.File{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[fset.File(file.Pos())] = file
		lines += strings.Count(string(text), "\n")
	}
	return files, lines
}

// nothing is an importer of no package: which names of its own a package uses is known without.
type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not looked at") }

// graph counts which files use names that another declares, and the largest set of files that all reach each other.
func graph(files map[*token.File]*ast.File) (edges, knot int) {
	fset := token.NewFileSet()
	var list []*ast.File
	of := func(pos token.Pos) *token.File {
		for f := range files {
			if int(pos) >= f.Base() && int(pos) <= f.Base()+f.Size() {
				return f
			}
		}
		return nil
	}
	for f, file := range files {
		fset.AddExistingFiles(f)
		list = append(list, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	pkg, _ := config.Check("x", fset, list, info) // it lacks the imports, which are not asked about
	uses := map[*token.File]map[*token.File]bool{}
	for f := range files {
		uses[f] = map[*token.File]bool{}
	}
	for id, obj := range info.Uses {
		if obj.Parent() == pkg.Scope() {
			uses[of(id.Pos())][of(obj.Pos())] = true
		}
	}
	reach := map[*token.File]map[*token.File]bool{}
	for f := range files {
		delete(uses[f], f)
		edges += len(uses[f])
		reach[f] = map[*token.File]bool{}
		follow(f, uses, reach[f])
	}
	for f := range files {
		n := 1
		for g := range reach[f] {
			if g != f && reach[g][f] {
				n++
			}
		}
		knot = max(knot, n)
	}
	return edges, knot
}

func follow(f *token.File, uses map[*token.File]map[*token.File]bool, seen map[*token.File]bool) {
	for g := range uses[f] {
		if !seen[g] {
			seen[g] = true
			follow(g, uses, seen)
		}
	}
}
