package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// mapped judges token-mapped: whether the token reaches the steps that need it.
func (j *judgement) mapped() *verdict {
	j.simulated()
	v := *j.mapping // which several judgements may read
	v.entries, v.nothing = slices.Clone(v.entries), "no step talks to Hex"
	return &v
}

// mapping is what the steps of one workflow say of token-mapped.
type mapping struct {
	looked bool
	found  []entry
}

// watch has the steps of one workflow looked at, and adds to the verdict what was found.
func (v *verdict) watch() simulate.Watch {
	m := &mapping{}
	return simulate.Watch{Step: m.step, Shared: m.shared, Done: func() {
		v.looked = v.looked || m.looked
		for _, e := range m.found {
			v.add(e.place, e.severity, e.jobs[0], e.format, "")
		}
	}}
}

func (m *mapping) add(p Place, severity check.Severity, job, format string) {
	m.found = append(m.found, entry{place: p, severity: severity, jobs: []string{job}, format: format})
}

// unread names the scripts that may talk to Hex and were not read whole: what stands there was not judged.
func (j *judgement) unread(v *verdict) {
	for _, r := range j.w.Runs {
		for _, s := range r.Job.Steps {
			j.unreadOf(v, r, s, r.Job.Doc)
			if s.Local == nil {
				continue
			}
			for _, inner := range s.Local.Steps() {
				j.unreadOf(v, r, inner, s.Local)
			}
		}
	}
}

func (j *judgement) unreadOf(v *verdict, r *source.Run, s *source.Step, d *source.Document) {
	why := s.Script.Unread()
	if why == "" {
		return
	}
	e := s.AST.Exec.(*actionlint.ExecRun)
	if !j.w.Options.All && !vendors.MentionsHex(e.Run.Value) && !slices.ContainsFunc(d.Reads, func(x *source.Read) bool { return x.Step == s && x.Hex }) {
		return
	}
	at := d.PlaceOf(e.Run)
	if d.Remote != "" {
		at = r.CallPlace()
	}
	v.aside(at, r.Label(), fmt.Sprintf("%s has a script%s that was not judged as a whole: %s", jobMark, stepFrom+" in step "+s.Label+stepTo, why))
}

// step looks at one step of the simulation.
func (m *mapping) step(f simulate.StepFact) {
	if f.I.R.Open && f.I.Action == nil && f.I.R.Job.Doc.Remote != "" {
		return
	}
	needs := f.Needs()
	if a, ok := f.S.AST.Exec.(*actionlint.ExecAction); ok && vendors.UsesToolkit(f.S.AST) && a.Inputs["token"] != nil {
		m.looked = true
		if in := a.Inputs["token"]; f.I.Live {
			m.given(f, &simulate.EnvVar{Name: "the input token", Value: f.I.Scalar(in.Value), Text: in.Value, Doc: f.I.Doc()}, true)
		}
	}
	if len(needs) > 0 {
		m.looked = true
	}
	if !f.I.Live {
		return
	}
	for _, v := range f.Env.List {
		if vendors.IsSecretName(v.Name) {
			m.given(f, v, false)
		}
	}
	for _, n := range needs {
		if v := f.Env.Find(n.Name); v != nil {
			m.given(f, v, true)
		} else {
			m.unmapped(f, n)
		}
	}
}

// shared looks at a variable that a job gives all its steps.
func (m *mapping) shared(f simulate.StepFact, v *simulate.EnvVar) {
	if vendors.IsSecretName(v.Name) {
		m.given(f, v, false)
	}
}

// given judges a variable that is there: that it can hold a token.
func (m *mapping) given(f simulate.StepFact, v *simulate.EnvVar, needed bool) {
	for _, x := range v.Value {
		if d, dropped := x.Drops.(*simulate.Drop); dropped {
			m.add(d.At, check.SeverityError, d.Job.Label(), fmt.Sprintf(
				"%s puts secret %s into an output, and the runner leaves out outputs that hold a secret: %s of %s is empty; read the secret in the job that needs it",
				jobMark, d.Secret, v.Name, where(f)))
		}
	}
	if vendors.IsContested(v.Name) && !needed || v.Text == nil || v.Doc.Remote != "" || strings.Contains(v.Text.Value, "${{") {
		return
	}
	text := strings.TrimSpace(v.Text.Value)
	meant := looksMeant(text, v.Name)
	if meant == "" && (!needed || looksSecret(text)) {
		return // a token in plain text is the business of hex-endpoint
	}
	m.looked = true
	passes := fmt.Sprintf("the text %q", text)
	if text == "" {
		passes = "nothing"
	}
	name := v.Name
	if meant != "" && meant != v.Name {
		name = meant
	} else if !vendors.IsSecretName(name) {
		name = vendors.SecretNames()[0]
	}
	m.add(v.Doc.PlaceOf(v.Text), check.SeverityError, f.I.R.Label(), fmt.Sprintf(
		"%s sets %s to %s: GitHub passes that as it is written; write ${{ secrets.%s }}", jobMark, v.Name, passes, strings.ToUpper(name)))
}

// looksMeant is the name of the secret in a text that was meant as an expression: $NAME, secrets.NAME, {{ … }}.
func looksMeant(text, variable string) string {
	_, name, found := strings.Cut(strings.ToLower(text), "secrets.")
	name = name[:nameLength(name)]
	switch {
	case found && name != "":
		return name
	case strings.HasPrefix(text, "{{") || strings.HasPrefix(text, "$(") || strings.HasPrefix(text, "%"+variable) || strings.HasPrefix(text, "$"):
		return variable
	}
	return ""
}

func nameLength(text string) int {
	n := 0
	for n < len(text) && vendors.IsNameByte(text[n]) {
		n++
	}
	return n
}

func where(f simulate.StepFact) string {
	if f.S == nil {
		return "job " + f.I.R.Label()
	}
	return fmt.Sprintf("step %s of job %s", f.S.Label, f.I.R.Label())
}

// unmapped reports a variable that a step needs and that nothing gives it.
func (m *mapping) unmapped(f simulate.StepFact, n vendors.Need) {
	e := f.S.AST.Exec.(*actionlint.ExecRun)
	if setsItself(e.Run.Value, n.Name) || !vendors.IsNameOfToken(n.Name) && f.I.Action != nil {
		return
	}
	at := f.I.Doc().Src.Places(e.Run, []int{n.At})[0]
	at.File = f.I.Doc().Path
	if f.I.R.Job.Doc.Remote != "" {
		at = f.I.R.At(&source.Read{})
	}
	secret := vendors.SecretNames()[0]
	if vendors.IsSecretName(n.Name) {
		secret = strings.ToUpper(n.Name)
	}
	message := fmt.Sprintf("%s runs `%s`%s, which takes its token from %s", jobMark, n.By, stepFrom+" in step "+f.S.Label+stepTo, n.Name)
	if by := f.I.MayBeSet(f.S); by != "" {
		m.add(at, check.SeverityNote, f.I.R.Label(), fmt.Sprintf("%s: no `env:` sets that; it may come from %s", message, by))
		return
	}
	m.add(at, check.SeverityError, f.I.R.Label(), fmt.Sprintf(
		"%s, and nothing sets that: it is empty; write `env: {%s: \"${{ secrets.%s }}\"}`", message, n.Name, secret))
}

// setsItself tells a script that gives the variable a value, or may.
func setsItself(text, name string) bool {
	return strings.Contains(text, name+"=") || strings.Contains(text, "read "+name) || strings.Contains(text, "-r "+name) ||
		strings.Contains(text, "source ") || strings.Contains(text, "eval ") || strings.Contains(text, ". ./") || strings.Contains(text, "export $(")
}
