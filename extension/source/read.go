// Package source reads workflows and what they call and use: their jobs, steps and expressions, each with its place, and
// what of them concerns Hex. It judges nothing, and touches neither network nor disk.
package source

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"path"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/refusals"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// File is one file of the repository. Path is relative to the top of the work tree and separated by "/".
type File struct {
	Path string
	Data []byte
	// Unread says that it is there, and could not be read.
	Unread bool
}

// Options says what [Load] may draw on beside the workflow files themselves.
type Options struct {
	// Lookup returns the content of another file of the work tree: a called workflow, or a local action's action.yml.
	// The path is clean, relative and separated by "/". Nil means that nothing but the given files is there.
	Lookup func(path string) ([]byte, bool)
	// Tree lists the files that git has, or would take, where the workflows are. Nil means that it is not known.
	Tree func() []string
	// Remote returns a file of another repository, as owner/repo/path@ref: a workflow that is called, or an action beside
	// it. Nil means that none was fetched; [Workflows.RemoteRefs] then says which are missing.
	Remote func(ref string) ([]byte, error)
	// Secret is the name of the Hex secret where the user named one; it then counts as Hex's wherever it is read.
	Secret string
	// Ends ends reading, and judging what was read, early: what comes out is then worth nothing. Nil means never.
	Ends context.Context
	// All judges every secret and variable of every workflow, not only Hex's.
	All bool
}

// Place is where something stands. Line and Column count from 1; a column counts characters.
type Place struct {
	File   string
	Line   int
	Column int
}

// MaxFile is the size from which a file is noted and not read.
const MaxFile = 1 << 20

// Read is one place where an expression reads a secret or variable: by name, by an index that has to be worked out, or
// the whole context.
type Read struct {
	Kind     inventory.Kind
	Name     string // upper case
	Index    actionlint.ExprNode
	Whole    bool
	Compared bool // the expression yields whether the value is there, not the value
	JSON     bool // the value is taken apart as JSON
	Group    *Alternatives

	doc   *Document
	Job   *Job  // nil in what stands outside jobs
	Step  *Step // nil outside steps
	Site  site
	Place Place
	Hex   bool
	Marks vendors.Marks
}

// site is what stands around an expression.
type site struct {
	What    string // for people: "env HEX_API_TOKEN", "run", "if"
	Secrets bool   // GitHub provides secrets here (R7)
	Early   bool   // evaluated before the job runs: variables of its environment are not there yet (R8)
	Ifs     bool   // an `if:`
	Env     string // the environment variable that gets the value
	Passes  string // the secret of a called workflow that gets the value, upper case
}

// Problem is something wrong with a file itself.
type Problem struct {
	Place    Place
	Severity check.Severity
	Message  string
}

// Document is one workflow file, or an action's action.yml when steps are all it has.
type Document struct {
	Path     string
	Remote   string // owner/repo/path@ref of a file that is not in this repository
	Src      *source
	AST      *actionlint.Workflow
	Problems []Problem
	// unread says that the file is too large to be read: whether it concerns Hex cannot be told.
	Unread   bool
	Reads    []*Read
	common   []*Read // those of the file's own env
	Jobs     []*Job  // in order of place
	Marks    vendors.Marks
	Hex      bool                                             // uses Hex, or may: it cannot be parsed and speaks of Hex
	hexNames map[string]bool                                  // names of secrets that are read as Hex's
	called   bool                                             // a workflow at hand calls it
	paths    map[string][]string                              // what decides in its expressions of github, inputs and matrix, by the path
	shared   [][]string                                       // those of them outside jobs
	inputs   map[string]bool                                  // that they read
	branches []string                                         // that they name beside a ref
	located  map[*actionlint.String][]located                 // by the scalar and where in it
	Raw      map[*actionlint.RawYAMLString]*actionlint.String // scalars of matrices
	IsAction bool                                             // a composite action
	Defaults map[string]*actionlint.String                    // of its inputs; nil in it for one without
	Outputs  map[string]*actionlint.String
	goes     destinations    // of environment variables of the whole file
	scripts  int             // bytes of scripts that were read
	calls    []*Document     // the workflows it calls, as far as they are at hand
	cyclic   []*Document     // those of them that call it again
	hexWords map[string]bool // the words of those that talk to Hex

	expressions *abstract.Parsed // of all documents
	runs        []runs           // while it is read
}

// PathsOf are those of some contexts, in order.
func (d *Document) PathsOf(contexts ...string) [][]string {
	of := slices.Collect(maps.Values(d.paths))
	of = slices.DeleteFunc(of, func(p []string) bool { return !slices.Contains(contexts, p[0]) })
	slices.SortFunc(of, slices.Compare)
	return of
}

// Asks tells whether an expression reads an input.
func (d *Document) Asks(input string) bool { return d.inputs[strings.ToLower(input)] }

// maxBranches bounds how many branches that expressions name are told apart.
const maxBranches = 24

// moreBranches adds those that a list lacks.
func moreBranches(a, b []string) []string {
	for _, x := range b {
		if !slices.Contains(a, x) && len(a) < maxBranches {
			a = append(a, x)
		}
	}
	return a
}

// located is a read by its offset in a scalar.
type located struct {
	offset int
	read   *Read
}

// ReadAt is the read at an offset of a scalar; nil when there is none.
func (d *Document) ReadAt(s *actionlint.String, offset int) *Read {
	list := d.located[s]
	i, there := slices.BinarySearchFunc(list, offset, func(l located, offset int) int { return l.offset - offset })
	if !there {
		return nil
	}
	return list[i].read
}

// Job is one job of a workflow.
type Job struct {
	Doc   *Document
	ID    string
	AST   *actionlint.Job
	Steps []*Step
	Reads []*Read
	Marks vendors.Marks
	Hex   bool // concerns Hex

	words map[string]bool // environment variables that the steps name which talk to Hex
	goes  destinations    // of its environment variables
	paths [][]string      // what decides in its expressions, but for its own condition
	needs bool            // they may look at the jobs that it needs
}

// Steps yields every step, with its job.
func (d *Document) Steps() iter.Seq2[*Job, *Step] {
	return func(yield func(*Job, *Step) bool) {
		for _, j := range d.Jobs {
			for _, s := range j.Steps {
				if !yield(j, s) {
					return
				}
			}
		}
	}
}

// Step is one step of a job, or of a composite action.
type Step struct {
	AST    *actionlint.Step
	Label  string
	Script vendors.Script
	Marks  vendors.Marks
	Local  *Document // the local action it uses
	called []string  // files of the repository that its script runs and that speak of Hex
}

// runs is a file of the repository that a step may run, or that configures what it runs.
type runs struct {
	step         *Step  // nil for a configuration
	name, target string // the target is that of a Makefile
}

// Workflows is what the files say: the workflows with what they call and use, and every run of their jobs.
type Workflows struct {
	Options Options
	Docs    []*Document          // of .github/workflows, by path
	callees map[string]*Document // called workflows by path or owner/repo/path@ref; nil in it for one not at hand
	Actions map[string]*Document // local actions by folder; nil in it for one not at hand
	Runs    []*Run
	// runReads is how many reads all of these have.
	runReads int
	values   int // of YAML, in all files that are judged
	// Expressions are those of all files.
	Expressions abstract.Parsed
	// callsLeft says that more workflows are called than are looked at.
	CallsLeft bool
	files     map[string]string // of the repository that were looked at; empty for one that is not there
	Missing   map[string]bool   // remote references that were not at hand
	Lost      string            // a workflow that GitHub has, and that could not be read; empty for none
	lacking   map[*Step]string  // those of actions, by the step that uses one
}

// Load reads the workflows among files, and decides what of them concerns Hex.
func Load(files []File, o Options) *Workflows {
	w := &Workflows{Options: o, callees: map[string]*Document{}, Actions: map[string]*Document{}, files: map[string]string{}, Missing: map[string]bool{}, lacking: map[*Step]string{}}
	w.Docs = w.parseAll(slices.DeleteFunc(slices.Clone(files), func(f File) bool { return !isWorkflow(f.Path) }))
	for _, d := range w.Docs {
		w.callees[d.Path] = d
	}
	w.loadCalls()
	w.loadUsed(w.documents())
	if w.Ended() {
		return w
	}
	w.classify()
	w.expand()
	return w
}

func isWorkflow(name string) bool {
	ext := path.Ext(name)
	return path.Dir(name) == ".github/workflows" && (ext == ".yml" || ext == ".yaml")
}

// parseAll reads the files at once and returns them by path.
func (w *Workflows) parseAll(files []File) []*Document {
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	docs := make([]*Document, len(files))
	sizes := make([]int, len(files))
	AtOnce(len(files), func(i int) {
		if !w.Ended() {
			sizes[i] = countYAML(files[i].Data)
		}
	})
	for i := range sizes {
		sizes[i] = w.admit(sizes[i])
	}
	AtOnce(len(files), func(i int) {
		docs[i] = w.parse(files[i].Path, "", files[i].Data, sizes[i])
		if files[i].Unread {
			docs[i].Unread, docs[i].Problems = true, nil
			docs[i].fault(Place{}, check.SeverityNote, "the file could not be read, and was not judged")
		}
		files[i].Data = nil
	})
	return docs
}

// AtOnce calls work for 0 to n-1, with as many at the same time as there are processors.
func AtOnce(n int, work func(i int)) {
	var wg sync.WaitGroup
	var next atomic.Int64
	for range min(runtime.GOMAXPROCS(0), n) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	wg.Wait()
}

// admit adds the values of a file to those that are at hand. What it returns is more than any file may have once they
// are too many together.
func (w *Workflows) admit(size int) int {
	if size <= maxYAML && w.values+size > maxYAMLOfAll {
		return maxYAMLOfAll
	}
	if size <= maxYAML {
		w.values += size
	}
	return size
}

// tooLarge tells whether a file of so many values is not judged, which is then said.
func (d *Document) tooLarge(size int) bool {
	message := fmt.Sprintf("the file holds more than %d YAML values and expressions, aliases expanded, and was not judged", maxYAML)
	if size == maxYAMLOfAll {
		message = fmt.Sprintf("the workflows and actions together hold more than %d YAML values and expressions: this file was not judged", maxYAMLOfAll)
	}
	if size > maxYAML {
		d.Unread = true
		d.fault(Place{}, check.SeverityWarning, message)
	}
	return d.Unread
}

// Ended tells whether nobody waits for the result any more.
func (w *Workflows) Ended() bool { return w.Options.Ends != nil && w.Options.Ends.Err() != nil }

// parse reads one workflow, of so many values.
func (w *Workflows) parse(name, remote string, data []byte, size int) *Document {
	d := &Document{Path: name, Remote: remote, expressions: &w.Expressions, paths: map[string][]string{}, inputs: map[string]bool{}, Raw: map[*actionlint.RawYAMLString]*actionlint.String{}, located: map[*actionlint.String][]located{}}
	if w.Ended() {
		d.Src, d.Unread = newSource(nil), true
		return d
	}
	if len(data) > MaxFile {
		d.Src, d.Unread = newSource(nil), true
		d.fault(Place{}, check.SeverityNote, "the file is larger than 1 MiB and was not judged")
		return d
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d.Src = newSource(data)
	if d.tooLarge(size) {
		return d
	}
	ast, errs, failure := parseYAML(refusals.WithoutVersion(data))
	if failure != nil {
		d.fault(Place{}, check.SeverityWarning, fmt.Sprintf("the file could not be judged: the parser failed on it (%v)", failure))
		return d
	}
	d.AST = ast
	if ast != nil {
		d.visit()
	}
	if w.Options.Lookup != nil && remote == "" {
		d.runs = d.named()
	}
	d.refused(errs, data)
	sort.SliceStable(d.Reads, func(i, j int) bool { return Before(d.Reads[i].Place, d.Reads[j].Place) })
	for _, x := range d.Reads {
		if x.Job == nil && x.Site.Secrets {
			d.common = append(d.common, x)
		}
	}
	return d
}

// refused says what GitHub refuses about a file as a whole.
func (d *Document) refused(errs []*actionlint.Error, data []byte) {
	if d.AST != nil {
		for _, r := range refusals.Of(d.AST) {
			d.fault(Place{File: d.Path, Line: r.Pos.Line, Column: r.Pos.Col}, check.SeverityError, r.Message)
		}
		scheduled := slices.ContainsFunc(errs, func(e *actionlint.Error) bool { return strings.HasPrefix(e.Message, "schedule event") })
		if line, _ := d.onLines(); line > 0 && len(d.AST.On) == 0 && !scheduled {
			d.fault(Place{Line: line, Column: 1}, check.SeverityError, "on names no event: add one, such as push")
		}
	}
	if line := refusals.SecondDocument(d.Src.text); line > 0 {
		d.fault(Place{Line: line, Column: 1}, check.SeverityError, "a second YAML document begins here, and GitHub reads only one")
	}
	d.takeErrors(errs, data)
}

// parseYAML contains a panic of the parser: a file that the repository's author wrote must not end the program. The
// failure is reported as such.
func parseYAML(data []byte) (ast *actionlint.Workflow, errs []*actionlint.Error, failure any) {
	defer func() { failure = recover() }()
	ast, errs = actionlint.Parse(data)
	return ast, errs, nil
}

func (d *Document) fault(p Place, severity check.Severity, message string) {
	p.File = d.Path
	d.Problems = append(d.Problems, Problem{Place: p, Severity: severity, Message: message})
}

// Before tells which of two places comes first.
func Before(a, b Place) bool {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column)) < 0
}

// documents returns every workflow at hand, those of the work tree first.
func (w *Workflows) documents() []*Document {
	out := slices.Clone(w.Docs)
	own := len(out)
	for _, d := range w.callees {
		if d != nil && !slices.Contains(w.Docs, d) {
			out = append(out, d)
		}
	}
	sort.Slice(out[own:], func(i, j int) bool { return out[own+i].Name() < out[own+j].Name() })
	return out
}

// Name is what a finding calls the file.
func (d *Document) Name() string {
	if d.Remote != "" {
		return d.Remote
	}
	return path.Base(d.Path)
}

func (x *Read) JobID() string {
	if x.Job == nil {
		return ""
	}
	return x.Job.ID
}

// What names what a read reads.
func (x *Read) What() string {
	switch {
	case x.Whole:
		return string(x.Kind)
	case x.Index != nil:
		return string(x.Kind) + "[…]"
	}
	return string(x.Kind) + "." + x.Name
}

// Plain is a scalar by the rules of YAML: true, null and numbers are no texts unless they are quoted.
func (d *Document) Plain(r *actionlint.RawYAMLString) abstract.Value {
	at := d.Src.offset(r.Pos().Line, r.Pos().Col)
	if at < 0 || at >= len(d.Src.text) || strings.IndexByte(`'"|>&!*`, d.Src.text[at]) >= 0 {
		return abstract.TextValue(r.Value)
	}
	switch r.Value {
	case "true", "True", "TRUE":
		return abstract.BoolValue(true)
	case "false", "False", "FALSE":
		return abstract.BoolValue(false)
	case "", "~", "null", "Null", "NULL":
		return abstract.Value{}
	}
	if strings.IndexByte("0123456789-+.", r.Value[0]) >= 0 && abstract.IsNumber(r.Value) {
		return abstract.NumberValue(abstract.ParseNumber(r.Value))
	}
	return abstract.TextValue(r.Value)
}

// Distinctions are the paths of the contexts that the expressions of a workflow, and of those it calls, read, and the
// names of branches that stand beside refs.
func (d *Document) Distinctions() (paths [][]string, names []string) {
	seen := map[*Document]bool{}
	queue := []*Document{d}
	for len(queue) > 0 {
		next := queue[0]
		queue = queue[1:]
		if seen[next] || next == nil {
			continue
		}
		seen[next] = true
		paths = append(paths, next.PathsOf("github", "inputs")...)
		names = moreBranches(names, next.branches)
		queue = append(queue, next.calls...)
		for _, s := range next.Steps() {
			queue = append(queue, s.Local)
		}
	}
	slices.SortFunc(paths, slices.Compare)
	return slices.CompactFunc(paths, slices.Equal), names
}

// maxDistinctions bounds what a job looks at for its runs to be told apart by nothing else.
const maxDistinctions = 50

// Distinctions are the paths of contexts by which a job's runs differ beside whether it runs, and whether they may differ
// by what became of the jobs that it needs; ok is false where they may differ by more than that.
func (j *Job) Distinctions() (paths [][]string, needs, ok bool) {
	if j.AST.WorkflowCall != nil || slices.ContainsFunc(j.Steps, func(s *Step) bool { return s.Local != nil }) {
		return nil, false, false
	}
	paths = slices.Concat(j.paths, j.Doc.shared)
	return paths, j.needs, len(paths) <= maxDistinctions
}

// StepPlace is where a step begins.
func (d *Document) StepPlace(s *Step) Place {
	p := Place{File: d.Path}
	if s.AST.Pos != nil {
		p.Line, p.Column = s.AST.Pos.Line, s.AST.Pos.Col
	}
	return p
}
