package source

import (
	"iter"
	"path"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"
)

// maxActions bounds how many local actions are read.
const maxActions = 1000

// loadActions reads the local actions that a workflow's steps use, and those that they use in turn.
func (w *Workflows) loadActions(d *Document) {
	for _, s := range d.Steps() {
		a, ok := s.AST.Exec.(*actionlint.ExecAction)
		if !ok || a.Uses == nil {
			continue
		}
		folder, local := inRepository(a.Uses.Value)
		switch {
		case !local:
		case d.Remote == "":
			s.Local = w.loadAction(folder)
		default:
			w.loadActionBeside(d, s, folder)
		}
	}
}

// loadActionBeside reads an action that a step of another repository's workflow or action uses: from that repository or,
// since ./ is what was checked out at run time, from this one.
func (w *Workflows) loadActionBeside(d *Document, s *Step, folder string) {
	ref := d.beside(path.Join(folder, "action.yml"))
	if known, seen := w.Actions[ref]; seen || len(w.Actions) >= maxActions || w.Ended() {
		s.Local = known
	} else {
		w.Actions[ref] = nil
		if data, there := w.remote(ref); there {
			s.Local = w.keepAction(ref, ref, ref, data)
		}
	}
	if s.Local == nil && strings.HasPrefix(s.AST.Exec.(*actionlint.ExecAction).Uses.Value, "./") {
		s.Local = w.loadAction(folder)
	}
	if s.Local == nil && w.Missing[ref] {
		w.lacking[s] = ref
	}
}

// Unseen are the actions of other repositories that a step uses, at whatever depth, and that were not at hand or are too large.
func (w *Workflows) Unseen(s *Step) []string {
	if w.lacking[s] == "" && (s.Local == nil || s.Local.Remote == "") {
		return nil
	}
	var out []string
	seen := map[*Document]bool{}
	queue := []*Step{s}
	for len(queue) > 0 {
		s, queue = queue[0], queue[1:]
		if ref := w.lacking[s]; ref != "" && !slices.Contains(out, ref) {
			out = append(out, ref)
		}
		if a := s.Local; a != nil && a.Remote != "" && !seen[a] {
			seen[a] = true
			if a.Unread {
				out = append(out, a.Remote)
			}
			for _, inner := range a.Steps() {
				queue = append(queue, inner)
			}
		}
	}
	return out
}

// loadAction reads the action in a folder of the work tree, once; nil when it is not there (it may be checked out at
// run time) or is no composite action.
func (w *Workflows) loadAction(folder string) *Document {
	if d, known := w.Actions[folder]; known || w.Options.Lookup == nil || len(w.Actions) >= maxActions || w.Ended() {
		return d
	}
	w.Actions[folder] = nil
	for _, name := range []string{"action.yml", "action.yaml"} {
		file := path.Join(folder, name)
		if data, ok := w.Options.Lookup(file); ok {
			return w.keepAction(folder, file, "", data)
		}
	}
	return nil
}

func (w *Workflows) keepAction(key, file, remote string, data []byte) *Document {
	d := parseAction(file, data, w.admit(countYAML(data)))
	d.Remote = remote
	w.Actions[key] = d
	w.loadActions(d)
	return d
}

// parseAction reads the steps of a composite action, as the one job of a document.
func parseAction(name string, data []byte, size int) *Document {
	d := &Document{Path: name, Src: newSource(data), paths: map[string][]string{}, inputs: map[string]bool{}, located: map[*actionlint.String][]located{}}
	var root yaml.Node
	if d.tooLarge(size) || len(data) > MaxFile || yaml.Unmarshal(data, &root) != nil || len(root.Content) == 0 {
		return d
	}
	steps := child(child(root.Content[0], "runs"), "steps")
	if steps == nil {
		return d
	}
	j := &Job{Doc: d, AST: &actionlint.Job{}}
	d.Jobs, d.IsAction = []*Job{j}, true
	d.Defaults, d.Outputs = map[string]*actionlint.String{}, map[string]*actionlint.String{}
	v := visitor{doc: d, job: j}
	for name, n := range entries(child(root.Content[0], "inputs")) {
		value := scalarOf(child(n, "default"))
		d.Defaults[strings.ToLower(name.Value)] = value
		v.scalar(value, site{What: "default of input " + name.Value})
	}
	for name, n := range entries(child(root.Content[0], "outputs")) {
		if value := scalarOf(child(n, "value")); value != nil {
			d.Outputs[strings.ToLower(name.Value)] = value
			v.scalar(value, site{What: "value of output " + name.Value})
		}
	}
	for i, n := range steps.Content {
		v.addStep(stepOf(n), i)
	}
	return d
}

// child is the value of a mapping's key; nil when there is none. Aliases are followed.
func child(n *yaml.Node, key string) *yaml.Node {
	for name, value := range entries(dealias(n)) {
		if strings.EqualFold(name.Value, key) {
			return value
		}
	}
	return nil
}

// entries yields the keys and values of a mapping. Aliases of values are followed.
func entries(n *yaml.Node) iter.Seq2[*yaml.Node, *yaml.Node] {
	return func(yield func(key, value *yaml.Node) bool) {
		if n == nil || n.Kind != yaml.MappingNode {
			return
		}
		for pair := range slices.Chunk(n.Content, 2) {
			if len(pair) < 2 || !yield(pair[0], dealias(pair[1])) {
				return
			}
		}
	}
}

func dealias(n *yaml.Node) *yaml.Node {
	if n != nil && n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// stepOf builds a step from its YAML, where the parser does not.
func stepOf(n *yaml.Node) *actionlint.Step {
	n = dealias(n)
	s := &actionlint.Step{
		Pos: &actionlint.Pos{Line: n.Line, Col: n.Column}, ID: scalarOf(child(n, "id")),
		If: scalarOf(child(n, "if")), Name: scalarOf(child(n, "name")), Env: envOf(child(n, "env")),
	}
	if on := scalarOf(child(n, "continue-on-error")); on != nil {
		s.ContinueOnError = &actionlint.Bool{Expression: on, Pos: on.Pos}
	}
	if run := scalarOf(child(n, "run")); run != nil {
		s.Exec = &actionlint.ExecRun{Run: run, WorkingDirectory: scalarOf(child(n, "working-directory")), Shell: scalarOf(child(n, "shell"))}
	}
	if uses := scalarOf(child(n, "uses")); uses != nil {
		a := &actionlint.ExecAction{Uses: uses, Inputs: map[string]*actionlint.Input{}}
		for name, value := range texts(child(n, "with")) {
			a.Inputs[strings.ToLower(name.Value)] = &actionlint.Input{Name: name, Value: value}
		}
		s.Exec = a
	}
	return s
}

func envOf(n *yaml.Node) *actionlint.Env {
	if n == nil {
		return nil
	}
	e := &actionlint.Env{Expression: scalarOf(n), Vars: map[string]*actionlint.EnvVar{}}
	for name, value := range texts(n) {
		e.Vars[strings.ToLower(name.Value)] = &actionlint.EnvVar{Name: name, Value: value}
	}
	return e
}

// texts yields those entries of a mapping whose values are scalars.
func texts(n *yaml.Node) iter.Seq2[*actionlint.String, *actionlint.String] {
	return func(yield func(name, value *actionlint.String) bool) {
		for key, node := range entries(n) {
			name, value := scalarOf(key), scalarOf(node)
			if name != nil && value != nil && !yield(name, value) {
				return
			}
		}
	}
}

func scalarOf(n *yaml.Node) *actionlint.String {
	if n == nil || n.Kind != yaml.ScalarNode {
		return nil
	}
	return &actionlint.String{Value: n.Value, Pos: &actionlint.Pos{Line: n.Line, Col: n.Column}}
}
