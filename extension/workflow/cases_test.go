package workflow

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/inventory"
)

var update = flag.Bool("update", false, "rewrite what the cases want")

// TestCases runs testdata/cases; testdata/README.md says how to add one.
func TestCases(t *testing.T) {
	archives, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil || len(archives) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	total := 0
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range casesOf(t, archive) {
			total++
			t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+c.name, func(t *testing.T) {
				got := c.run(t)
				if *update {
					c.want.Data = []byte(got)
				} else if want := string(c.want.Data); got != want {
					t.Errorf("got:\n%swant:\n%s", got, want)
				}
			})
		}
		if *update {
			if err := os.WriteFile(name, txtar.Format(archive), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	if total < 150 {
		t.Errorf("%d cases, want at least 150", total)
	}
}

// testCase is one case: the files whose names begin with its name.
type testCase struct {
	name    string
	files   map[string][]byte
	setup   setup
	want    *txtar.File
	ordered []string
}

func casesOf(t *testing.T, archive *txtar.Archive) []*testCase {
	var out []*testCase
	byName := map[string]*testCase{}
	for i := range archive.Files {
		f := &archive.Files[i]
		name, file, ok := strings.Cut(f.Name, "/")
		if !ok {
			t.Fatalf("%s: want CASE/FILE", f.Name)
		}
		c := byName[name]
		if c == nil {
			c = &testCase{name: name, files: map[string][]byte{}, setup: newSetup()}
			byName[name] = c
			out = append(out, c)
		}
		switch {
		case file == "setup":
			c.setup.read(t, string(f.Data))
		case file == "want":
			c.want = f
		default:
			if !strings.Contains(file, "/") && (path.Ext(file) == ".yml" || path.Ext(file) == ".yaml") {
				file = ".github/workflows/" + file
			}
			c.files[file] = f.Data
			c.ordered = append(c.ordered, file)
		}
	}
	for _, c := range out {
		if c.want == nil {
			t.Fatalf("case %s has no want", c.name)
		}
	}
	return out
}

func (c *testCase) read(t *testing.T) *Workflows {
	var files []File
	for _, name := range c.ordered {
		files = append(files, File{Path: name, Data: c.setup.transform(c.files[name])})
	}
	o := c.setup.options
	o.Lookup = func(name string) ([]byte, bool) {
		if path.Clean(name) != name || path.IsAbs(name) {
			t.Errorf("looked up %q", name)
		}
		data, ok := c.files[name]
		return data, ok
	}
	if c.setup.tree {
		o.Tree = func() []string { return c.ordered }
	}
	if c.setup.online {
		o.Remote = func(ref string) ([]byte, error) {
			if data, ok := c.files["remote/"+ref]; ok {
				return data, nil
			}
			return nil, errors.New("not found")
		}
	}
	return Read(files, o)
}

// run judges the case and returns its findings, one a line.
func (c *testCase) run(t *testing.T) string {
	w := c.read(t)
	results := JudgeFiles(w, c.setup.context)
	if c.setup.online {
		results = Judge(w, c.setup.inventory, c.setup.context)
	}
	return render(results)
}

func render(results map[string]check.Result) string {
	var ids []string
	for id := range results {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	var b strings.Builder
	for _, id := range ids {
		r := results[id]
		if r.Status == check.StatusUnknown {
			fmt.Fprintf(&b, "%s unknown: %s\n", id, r.Message)
		}
		for _, f := range r.Findings {
			fix := ""
			if f.Fix != "" && f.Fix != r.Fix {
				fix = " [" + f.Fix + "]"
			}
			fmt.Fprintf(&b, "%s %s %s:%d:%d %s%s\n", id, f.Severity, strings.TrimPrefix(f.File, ".github/workflows/"), f.Line, f.Column, f.Message, fix)
		}
		if r.Fix != "" {
			fmt.Fprintf(&b, "%s fix: %s\n", id, r.Fix)
		}
	}
	return b.String()
}

// setup is what a case's file of that name says.
type setup struct {
	inventory *stored
	context   Context
	options   ReadOptions
	online    bool
	crlf, bom bool
	tree      bool // all files are listed
}

// stored is an inventory of what a test names.
type stored struct {
	repository inventory.Repository
	entries    map[inventory.Place][]inventory.Entry
	errs       map[inventory.Place]error
}

func newStored() *stored {
	return &stored{entries: map[inventory.Place][]inventory.Entry{}, errs: map[inventory.Place]error{}}
}

func (s *stored) Repository() inventory.Repository { return s.repository }

func (s *stored) List(at inventory.Place) ([]inventory.Entry, error) {
	if at.Level == inventory.AllOfOrganization && s.entries[at] == nil {
		return s.List(inventory.Place{Level: inventory.OfOrganization})
	}
	return s.entries[at], s.errs[at]
}

func (s *stored) put(at inventory.Place, value string) {
	s.entries[at], s.errs[at] = readList(value)
}

func newSetup() setup {
	inv := newStored()
	inv.repository = inventory.Repository{Owner: "octo", Name: "analytics", Private: true, DefaultBranch: "main"}
	return setup{online: true, inventory: inv}
}

func (s *setup) read(t *testing.T, text string) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, value, _ := strings.Cut(line, ":")
		if !s.set(key, strings.TrimSpace(value)) {
			t.Fatalf("setup: cannot read %q", line)
		}
	}
}

func (s *setup) set(key, value string) bool {
	inv := s.inventory
	switch words := strings.Fields(key); {
	case len(words) == 3 && words[0] == "environment":
		return s.setEnvironment(words[1], words[2], value)
	case key == "public":
		inv.repository.Private, inv.repository.AllowForking = false, true
	case key == "forks":
		inv.repository.AllowForking = true
	case key == "default branch":
		inv.repository.DefaultBranch = value
	case key == "environments":
		entries, err := readList(value)
		inv.repository.EnvironmentsErr = err
		for _, e := range entries {
			inv.repository.Environments = append(inv.repository.Environments, inventory.Environment{Name: e.Name})
		}
	default:
		return s.setPlace(key, value) || s.setPlain(key, value)
	}
	return true
}

// setEnvironment reads "environment prod secrets: A" and the like.
func (s *setup) setEnvironment(name, what, value string) bool {
	at := inventory.Place{Level: inventory.OfEnvironment, Environment: strings.ToLower(name)}
	switch what {
	case "secrets":
		s.inventory.put(at, value)
		return true
	case "vars":
		at.Variables = true
		s.inventory.put(at, value)
		return true
	}
	for i := range s.inventory.repository.Environments {
		e := &s.inventory.repository.Environments[i]
		switch {
		case !strings.EqualFold(e.Name, name):
		case what == "reviewers":
			e.Reviewers = true
		case what == "branches":
			e.Restricted, e.Branches = true, strings.Fields(value)
		case what == "tags":
			e.Restricted, e.Tags = true, strings.Fields(value)
		}
	}
	return what == "reviewers" || what == "branches" || what == "tags"
}

func (s *setup) setPlace(key, value string) bool {
	of := map[string]inventory.Place{
		"secrets": {}, "vars": {Variables: true},
		"organization secrets": {Level: inventory.OfOrganization}, "organization vars": {Level: inventory.OfOrganization, Variables: true},
		"organization keeps": {Level: inventory.AllOfOrganization},
		"dependabot secrets": {Level: inventory.OfDependabot}, "organization dependabot secrets": {Level: inventory.OfDependabotOrganization},
	}
	at, known := of[key]
	if !known {
		return false
	}
	s.inventory.put(at, value)
	s.inventory.repository.Organization = s.inventory.repository.Organization || key == "organization secrets" || key == "organization vars" || key == "organization keeps"
	s.context.Dependabot = s.context.Dependabot || key == "dependabot secrets"
	return true
}

func (s *setup) setPlain(key, value string) bool {
	switch key {
	case "secret":
		s.options.Secret = value
	case "host":
		s.context.Host = value
	case "repository":
		s.context.Repository = value
	case "all":
		s.options.All = true
	case "offline":
		s.online = false
	case "crlf":
		s.crlf = true
	case "bom":
		s.bom = true
	case "tree":
		s.tree = true
	default:
		return false
	}
	return true
}

// readList reads "A B=value"; "?" is a place that could not be listed.
func readList(value string) ([]inventory.Entry, error) {
	if value == "?" {
		return nil, errors.New("HTTP 403")
	}
	var out []inventory.Entry
	for _, word := range strings.Fields(value) {
		name, v, _ := strings.Cut(word, "=")
		out = append(out, inventory.Entry{Name: name, Value: v})
	}
	return out, nil
}

func (s *setup) transform(data []byte) []byte {
	if s.crlf {
		data = []byte(strings.ReplaceAll(string(data), "\n", "\r\n"))
	}
	if s.bom {
		data = append([]byte("\ufeff"), data...)
	}
	return data
}
