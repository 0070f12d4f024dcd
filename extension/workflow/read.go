package workflow

import "github.com/gh-hex/gh-hex/extension/abstract"

import (
	"bytes"
	"fmt"
	"path"
	"runtime"
	"slices"
	"sort"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
)

// maxFile is the size from which a file is noted and not read.
const maxFile = 1 << 20

// kind is one of the two contexts that are judged.
type kind string

const (
	secret   kind = "secrets"
	variable kind = "vars"
)

// read is one place where an expression reads a secret or variable: by name, by an index that has to be worked out, or
// the whole context.
type read struct {
	kind     kind
	name     string // upper case
	index    actionlint.ExprNode
	whole    bool
	compared bool // the expression yields whether the value is there, not the value
	json     bool // the value is taken apart as JSON
	group    *alternatives

	doc   *document
	job   *job  // nil in what stands outside jobs
	step  *step // nil outside steps
	site  site
	place Place
	hex   bool
	marks marks
}

// site is what stands around an expression.
type site struct {
	what    string // for people: "env HEX_API_TOKEN", "run", "if"
	secrets bool   // GitHub provides secrets here (R7)
	early   bool   // evaluated before the job runs: variables of its environment are not there yet (R8)
	ifs     bool   // an `if:`
	env     string // the environment variable that gets the value
	passes  string // the secret of a called workflow that gets the value, upper case
}

// problem is something wrong with a file itself.
type problem struct {
	place    Place
	severity check.Severity
	message  string
}

// document is one workflow file, or an action's action.yml when steps are all it has.
type document struct {
	path     string
	remote   string // owner/repo/path@ref of a file that is not in this repository
	src      *source
	ast      *actionlint.Workflow
	known    abstract.Parsed // while it is read
	problems []problem
	// unread says that the file is too large to be read: whether it concerns Hex cannot be told.
	unread   bool
	reads    []*read
	common   []*read // those of the file's own env
	jobs     []*job  // in order of place
	byID     map[string]*job
	marks    marks
	hex      bool                                             // uses Hex, or may: it cannot be parsed and speaks of Hex
	hexNames map[string]bool                                  // names of secrets that are read as Hex's
	called   bool                                             // a workflow at hand calls it
	paths    map[string][]string                              // what its expressions read of github, inputs and matrix, by the path
	inputs   map[string]bool                                  // that they read
	branches []string                                         // that they name beside a ref
	located  map[*actionlint.String][]located                 // by the scalar and where in it
	raw      map[*actionlint.RawYAMLString]*actionlint.String // scalars of matrices
	isAction bool                                             // a composite action
	defaults map[string]*actionlint.String                    // of its inputs; nil in it for one without
	outputs  map[string]*actionlint.String
	goes     destinations    // of environment variables of the whole file
	scripts  int             // bytes of scripts that were read
	calls    []*document     // the workflows it calls, as far as they are at hand
	cyclic   []*document     // those of them that call it again
	hexWords map[string]bool // the words of those that talk to Hex
}

// note keeps what an expression reads of the contexts that tell runs apart.
func (d *document) note(node actionlint.ExprNode) {
	looks := false
	for _, p := range abstract.PathsIn(node, "github", "inputs", "matrix") {
		d.paths[strings.Join(p, ".")] = p
		if p[0] == "inputs" {
			d.inputs[p[1]] = true
		}
		looks = looks || p[0] == "github" && (p[1] == "ref_name" || strings.HasSuffix(p[len(p)-1], "ref"))
	}
	if looks {
		d.branches = union2(d.branches, branchesIn(node))
	}
}

// pathsOf are those of some contexts, in order.
func (d *document) pathsOf(contexts ...string) [][]string {
	var out [][]string
	for _, key := range sortedKeys(d.paths) {
		if p := d.paths[key]; slices.Contains(contexts, p[0]) {
			out = append(out, p)
		}
	}
	return out
}

// asks tells whether an expression reads an input.
func (d *document) asks(input string) bool { return d.inputs[strings.ToLower(input)] }

// located is a read by its offset in a scalar.
type located struct {
	offset int
	read   *read
}

// readAt is the read at an offset of a scalar; nil when there is none.
func (d *document) readAt(s *actionlint.String, offset int) *read {
	list := d.located[s]
	i, there := slices.BinarySearchFunc(list, offset, func(l located, offset int) int { return l.offset - offset })
	if !there {
		return nil
	}
	return list[i].read
}

// job is one job of a workflow.
type job struct {
	doc   *document
	id    string
	ast   *actionlint.Job
	steps []*step
	reads []*read
	marks marks
	hex   bool // concerns Hex

	words map[string]bool // environment variables that the steps name which talk to Hex
	goes  destinations    // of its environment variables
}

// step is one step of a job, or of a composite action.
type step struct {
	ast    *actionlint.Step
	label  string
	script scripted
	marks  marks
	local  *document // the local action it uses
	called []string  // files of the repository that its script runs and that speak of Hex
}

// Workflows is what [Read] understood. It is not changed by judging and may be shared.
type Workflows struct {
	options ReadOptions
	docs    []*document          // of .github/workflows, by path
	callees map[string]*document // called workflows by path or owner/repo/path@ref; nil in it for one not at hand
	actions map[string]*document // local actions by folder; nil in it for one not at hand
	runs    []*run
	// runReads is how many reads all of these have.
	runReads int
	values   int // of YAML, in all files that are judged
	// callsLeft says that more workflows are called than are looked at.
	callsLeft bool
	textual   func() *judgement // of what the text alone decides
	tokens    map[string]bool   // names of secrets that serve as a Hex token
	besides   map[string]bool   // names of other secrets that steps of Hex's read
	holding   map[string]string // what secrets hold that are no bare token
	files     map[string]string // of the repository that were looked at; empty for one that is not there
	missing   map[string]bool   // remote references that were not at hand
}

// Read understands the workflows among files: those right in .github/workflows whose name ends in .yml or .yaml. The
// other files are left alone. It never fails: what cannot be read becomes a finding of workflow-syntax.
func Read(files []File, o ReadOptions) *Workflows {
	w := &Workflows{
		options: o, callees: map[string]*document{}, actions: map[string]*document{},
		tokens: map[string]bool{}, besides: map[string]bool{}, holding: map[string]string{}, files: map[string]string{}, missing: map[string]bool{},
	}
	w.docs = w.parseAll(slices.DeleteFunc(slices.Clone(files), func(f File) bool { return !isWorkflow(f.Path) }))
	for _, d := range w.docs {
		w.callees[d.path] = d
	}
	w.loadCalls()
	for _, d := range w.documents() {
		w.loadActions(d)
		w.loadScripts(d)
	}
	w.textual = sync.OnceValue(func() *judgement {
		j := newJudgement(w, nil, Context{})
		j.simulated().forget()
		return j
	})
	if w.ended() {
		return w
	}
	w.classify()
	w.expand()
	w.classifyNames()
	return w
}

func isWorkflow(name string) bool {
	ext := path.Ext(name)
	return path.Dir(name) == ".github/workflows" && (ext == ".yml" || ext == ".yaml")
}

// parseAll reads the files at once and returns them by path.
func (w *Workflows) parseAll(files []File) []*document {
	sort.Slice(files, func(i, j int) bool { return files[i].Path < files[j].Path })
	docs := make([]*document, len(files))
	known := make(chan abstract.Parsed, runtime.GOMAXPROCS(0)) // one for each of those that work at the same time
	for range cap(known) {
		known <- abstract.Parsed{}
	}
	sizes := make([]int, len(files))
	atOnce(len(files), func(i int) {
		if !w.ended() {
			sizes[i] = countYAML(files[i].Data)
		}
	})
	for i := range sizes {
		sizes[i] = w.admit(sizes[i])
	}
	atOnce(len(files), func(i int) {
		k := <-known
		docs[i] = w.parse(files[i].Path, "", files[i].Data, sizes[i], k)
		files[i].Data = nil
		known <- k
	})
	return docs
}

// atOnce calls work for 0 to n-1, with as many at the same time as there are processors.
func atOnce(n int, work func(i int)) {
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
func (d *document) tooLarge(size int) bool {
	message := fmt.Sprintf("the file holds more than %d YAML values and expressions, aliases expanded, and was not judged", maxYAML)
	if size == maxYAMLOfAll {
		message = fmt.Sprintf("the workflows and actions together hold more than %d YAML values and expressions: this file was not judged", maxYAMLOfAll)
	}
	if size > maxYAML {
		d.unread = true
		d.fault(Place{}, check.SeverityWarning, message)
	}
	return d.unread
}

// ended tells whether nobody waits for the result any more.
func (w *Workflows) ended() bool { return w.options.Ends != nil && w.options.Ends.Err() != nil }

// parse reads one workflow, of so many values.
func (w *Workflows) parse(name, remote string, data []byte, size int, known abstract.Parsed) *document {
	d := &document{path: name, remote: remote, known: known, byID: map[string]*job{}, paths: map[string][]string{}, inputs: map[string]bool{}, raw: map[*actionlint.RawYAMLString]*actionlint.String{}, located: map[*actionlint.String][]located{}}
	if w.ended() {
		d.src, d.unread = newSource(nil), true
		return d
	}
	if len(data) > maxFile {
		d.src, d.unread = newSource(nil), true
		d.fault(Place{}, check.SeverityNote, "the file is larger than 1 MiB and was not read")
		return d
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	d.src = newSource(data)
	if d.tooLarge(size) {
		return d
	}
	ast, errs, failure := parseYAML(data)
	if failure != nil {
		d.fault(Place{}, check.SeverityWarning, fmt.Sprintf("the file could not be judged: the parser failed on it (%v)", failure))
		return d
	}
	d.ast = ast
	if ast != nil {
		d.visit()
	}
	d.known = nil
	if ast != nil {
		d.refusals()
	}
	d.takeErrors(errs, data)
	sort.SliceStable(d.reads, func(i, j int) bool { return before(d.reads[i].place, d.reads[j].place) })
	for _, x := range d.reads {
		if x.job == nil && x.site.secrets {
			d.common = append(d.common, x)
		}
	}
	return d
}

// parseYAML contains a panic of the parser: a file that the repository's author wrote must not end the program. The
// failure is reported as such.
func parseYAML(data []byte) (ast *actionlint.Workflow, errs []*actionlint.Error, failure any) {
	defer func() { failure = recover() }()
	ast, errs = actionlint.Parse(data)
	return ast, errs, nil
}

func (d *document) fault(p Place, severity check.Severity, message string) {
	p.File = d.path
	d.problems = append(d.problems, problem{place: p, severity: severity, message: message})
}

func before(a, b Place) bool {
	if a.File != b.File {
		return a.File < b.File
	}
	if a.Line != b.Line {
		return a.Line < b.Line
	}
	return a.Column < b.Column
}

// documents returns every workflow at hand, those of the work tree first.
func (w *Workflows) documents() []*document {
	out := slices.Clone(w.docs)
	own := len(out)
	for _, d := range w.callees {
		if d != nil && !slices.Contains(w.docs, d) {
			out = append(out, d)
		}
	}
	sort.Slice(out[own:], func(i, j int) bool { return out[own+i].name() < out[own+j].name() })
	return out
}

// name is what a finding calls the file.
func (d *document) name() string {
	if d.remote != "" {
		return d.remote
	}
	return path.Base(d.path)
}
