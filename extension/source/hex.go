package source

import (
	"maps"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// marksOfStep judges one step, with the local action that it uses.
func marksOfStep(s *Step) vendors.Marks {
	var m vendors.Marks
	Each(s.AST, func(_ string, value *actionlint.String) { m |= vendors.MarksOfValue(value.Value) })
	m |= s.Script.Marks | s.marksOfCalled()
	if e, ok := s.AST.Exec.(*actionlint.ExecAction); ok && e.Uses != nil {
		if owner, _, _ := strings.Cut(e.Uses.Value, "/"); strings.EqualFold(owner, "hex-inc") {
			m |= vendors.Hex
		}
		if vendors.PublishesPackages(e.Uses.Value) {
			m |= vendors.Packages
		}
	}
	if s.Local != nil {
		m |= s.Local.Marks
	}
	return m
}

// Each yields a step's environment variables and inputs.
func Each(s *actionlint.Step, yield func(name string, value *actionlint.String)) {
	if s.Env != nil {
		for _, x := range s.Env.Vars {
			yield(x.Name.Value, x.Value)
		}
	}
	if a, ok := s.Exec.(*actionlint.ExecAction); ok {
		for _, in := range a.Inputs {
			yield(in.Name.Value, in.Value)
		}
	}
}

// markActions says what each local action does, once: what its own steps do, handed on to the actions that use it.
func (w *Workflows) markActions() {
	users := map[*Document][]*Document{}
	var queue []*Document
	for _, d := range w.Actions {
		if d == nil {
			continue
		}
		for _, s := range d.Steps() {
			s.Marks = marksOfStep(s)
			d.Marks |= s.Marks
			if s.Local != nil {
				users[s.Local] = append(users[s.Local], d)
			}
		}
		queue = append(queue, d)
	}
	for len(queue) > 0 {
		d := queue[0]
		queue = queue[1:]
		for _, user := range users[d] {
			if user.Marks|d.Marks != user.Marks {
				user.Marks |= d.Marks
				queue = append(queue, user)
			}
		}
	}
}

// classify decides which reads, jobs and files concern Hex.
func (w *Workflows) classify() {
	w.markActions()
	docs := w.documents()
	AtOnce(len(docs), func(i int) { docs[i].mark() })
	for _, d := range docs {
		d.hexNames = map[string]bool{}
		for _, r := range d.Reads {
			r.Marks = marksAround(r)
			w.setHex(r, w.isHex(r))
		}
	}
	w.passOn(docs)
	for _, d := range docs {
		shared := slices.ContainsFunc(d.Reads, func(r *Read) bool { return r.Job == nil && r.Hex })
		for _, j := range d.Jobs {
			own := slices.ContainsFunc(j.Reads, func(r *Read) bool { return r.Hex })
			j.Hex = j.Marks.Has(vendors.Hex) || own || shared && j.AST.WorkflowCall == nil
		}
		d.Hex = d.Hex || d.speaksOfHex()
	}
	w.callersOfHex(docs)
}

// callersOfHex marks the jobs and files that call, at whatever depth, a workflow that uses Hex.
func (w *Workflows) callersOfHex(docs []*Document) {
	for changed, rounds := true, 0; changed && rounds < MaxDepth; rounds++ {
		changed = false
		for _, d := range docs {
			for _, j := range d.Jobs {
				if callee := w.Callee(j); callee != nil && callee.Hex && !(j.Hex && d.Hex) {
					j.Hex, d.Hex, changed = true, true, true
				}
			}
		}
	}
}

// mark judges the steps, jobs and the whole of a file.
func (d *Document) mark() {
	var shared *actionlint.Env
	if d.AST != nil {
		shared = d.AST.Env
	}
	d.hexWords = map[string]bool{}
	hosts, asked := namesOfHosts(shared), namesOfReads(d.Reads, nil)
	for _, j := range d.Jobs {
		own, ownAsked := namesOfHosts(j.AST.Env), namesOfReads(j.Reads, j)
		j.words = map[string]bool{}
		for _, s := range j.Steps {
			s.Marks = marksOfStep(s)
			if len(s.among(hosts))+len(s.among(own)) > 0 {
				s.Marks |= vendors.Hex
			}
			j.Marks |= s.Marks
			if !s.Marks.Has(vendors.Hex) {
				continue
			}
			for _, names := range []map[string]bool{s.among(asked), s.among(ownAsked)} {
				maps.Copy(j.words, names)
				maps.Copy(d.hexWords, names)
			}
		}
		d.Marks |= j.Marks
	}
}

func (w *Workflows) setHex(r *Read, hex bool) {
	if r.Hex = hex; hex && r.Kind == inventory.Secret && r.Name != "" {
		r.doc.hexNames[r.Name] = true
	}
}

// speaksOfHex tells whether a file concerns Hex: by what it reads or calls or, when it cannot be parsed, by its text.
func (d *Document) speaksOfHex() bool {
	if d.Unread || d.Marks.Has(vendors.Hex) || slices.ContainsFunc(d.Reads, func(r *Read) bool { return r.Hex }) {
		return true
	}
	if len(d.Problems) == 0 || !vendors.MentionsHex(d.Src.text) {
		return false
	}
	text := vendors.WithoutComments(d.Src.text)
	upper := strings.ToUpper(d.Src.text)
	return vendors.CallsHost(text) || vendors.HasHexLine(text) || slices.ContainsFunc(vendors.SecretNames(), func(n string) bool {
		return !vendors.IsContested(n) && strings.Contains(upper, n)
	})
}

// isHex tells whether a read concerns Hex without --all.
func (w *Workflows) isHex(r *Read) bool {
	if IsBuiltIn(r) || r.OnlyToPackages() {
		return false
	}
	if w.Options.Secret != "" && r.Kind == inventory.Secret && strings.EqualFold(r.Name, w.Options.Secret) {
		return true
	}
	for _, name := range []string{r.Name, r.Site.Env, r.Site.Passes, r.Assigned()} {
		if vendors.IsVariableName(name) || vendors.IsSecretName(name) && (!vendors.IsContested(name) || r.Marks.Has(vendors.Hex)) {
			return true
		}
	}
	if r.Index != nil && r.Kind == inventory.Secret && vendors.IndexesHex(r.Index) {
		return true
	}
	if !r.Marks.Has(vendors.Hex) || r.Site.Ifs {
		return false
	}
	if r.Step != nil && len(r.Step.called) > 0 && !r.Step.Script.Marks.Has(vendors.Hex) {
		return slices.ContainsFunc(r.Step.called, func(text string) bool { return vendors.HasWord(text, r.Site.Env) })
	}
	return r.Step != nil || r.Site.Env != "" && r.seenByHexStep()
}

// OnlyToPackages tells a read that goes to hex.pm and not to Hex.
func (r *Read) OnlyToPackages() bool {
	return r.Marks.Has(vendors.Packages) && !r.Marks.Has(vendors.Hex)
}

// seenByHexStep tells whether a step that talks to Hex mentions the environment variable that gets the value.
func (r *Read) seenByHexStep() bool {
	if r.Job != nil {
		return r.Job.words[r.Site.Env]
	}
	return r.doc.hexWords[r.Site.Env]
}

// BuiltIn tells the secrets that GitHub provides itself, or that are meant to be absent (R14).
func BuiltIn(name string) bool {
	return slices.Contains([]string{"GITHUB_TOKEN", "ACTIONS_STEP_DEBUG", "ACTIONS_RUNNER_DEBUG"}, name)
}

func IsBuiltIn(r *Read) bool { return r.Kind == inventory.Secret && BuiltIn(r.Name) }

// passOn carries Hex's secrets over calls: what a called workflow uses as Hex's is Hex's where its caller reads it.
func (w *Workflows) passOn(docs []*Document) {
	for changed, rounds := true, 0; changed && rounds < MaxDepth; rounds++ {
		changed = false
		for _, d := range docs {
			for _, r := range d.Reads {
				if r.Site.Passes == "" || r.Hex || IsBuiltIn(r) {
					continue
				}
				if callee := w.Callee(r.Job); callee != nil && callee.hexNames[r.Site.Passes] {
					w.setHex(r, true)
					changed = true
				}
			}
		}
	}
}

// ToPackages tells whether a read goes to hex.pm.
func (x *Read) ToPackages() bool {
	return x.Marks.Has(vendors.Packages) &&
		(vendors.IsSecretName(x.Name) || vendors.IsSecretName(x.Site.Env) || x.Step != nil || x.Marks.Has(vendors.Hex))
}
