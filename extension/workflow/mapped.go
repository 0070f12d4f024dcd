package workflow

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/script"
)

// mapped judges token-mapped: whether the token reaches the steps that need it.
func (j *judgement) mapped() *verdict {
	j.simulated()
	v := *j.mapping // which several judgements may read
	v.entries, v.nothing = slices.Clone(v.entries), "no step talks to Hex"
	return &v
}

// mappedAt looks at one step of the simulation.
func (j *judgement) mappedAt(f stepFact) {
	if f.i.r.open && f.i.action == nil && f.i.r.job.doc.remote != "" {
		return
	}
	needs := f.needs()
	if a, ok := f.s.ast.Exec.(*actionlint.ExecAction); ok && usesToolkit(f.s.ast) && a.Inputs["token"] != nil {
		j.mapping.looked = true
		if in := a.Inputs["token"]; f.i.live {
			j.given(f, &envVar{name: "the input token", value: f.i.scalar(in.Value), text: in.Value, doc: f.i.doc()}, true)
		}
	}
	if len(needs) > 0 {
		j.mapping.looked = true
	}
	if !f.i.live {
		return
	}
	for _, v := range f.env.list {
		if isSecretName(v.name) {
			j.given(f, v, false)
		}
	}
	for _, n := range needs {
		if v := f.env.find(n.name); v != nil {
			j.given(f, v, true)
		} else {
			j.unmapped(f, n)
		}
	}
}

// need is a variable that a command of a step takes its token from.
type need struct {
	name string
	by   string // the command, for people
	at   int    // its offset in the script
}

// needs are the variables that the commands of a step take a token from.
func (f stepFact) needs() []need {
	var out []need
	all := f.s.script.needs
	if f.known {
		all = nil
		for _, c := range f.effect.Commands {
			all = append(all, needsOf(c)...)
		}
	}
	for _, n := range all {
		if !slices.ContainsFunc(out, func(o need) bool { return o.name == n.name }) {
			out = append(out, n)
		}
	}
	return out
}

func needsOf(c *script.Command) []need {
	word := func(i int) string {
		if i >= len(c.Words) {
			return ""
		}
		t, _ := c.Words[i].Literal()
		return t
	}
	switch {
	case c.Name() == "gh" && word(1) == "hex":
		switch word(2) {
		case "", "auth", "init", "verify", "help", "rotate", "--help", "-h", "--version":
			return nil
		}
		return []need{{secretNames()[0], "gh hex " + word(2), c.At}}
	case c.Name() == "hex" && word(1) == "auth" && word(2) == "login":
		return loginNeeds(c)
	case callsHost(c.Text):
		return bearerNeeds(c)
	}
	return nil
}

// loginNeeds is hex auth login --token-from-env [NAME].
func loginNeeds(c *script.Command) []need {
	for i, w := range c.Words {
		t, _ := w.Literal()
		name, value, given := strings.Cut(t, "=")
		if name != "--token-from-env" {
			continue
		}
		if !given && i+1 < len(c.Words) {
			value, _ = c.Words[i+1].Literal()
		}
		if value == "" || strings.HasPrefix(value, "-") {
			value = loginName
		}
		return []need{{value, "hex auth login", c.At}}
	}
	return nil
}

// loginName is the variable that the CLI of Hex reads when none is named.
const loginName = "HEX_CLI_LOGIN_TOKEN"

// bearerNeeds are the variables that are sent as a token to a host of Hex.
func bearerNeeds(c *script.Command) []need {
	var out []need
	for _, w := range c.Words {
		known := strings.ToLower(w.Known())
		for _, p := range w.Parts {
			if p.Kind == script.Variable && p.Whole && !p.Checked && (strings.Contains(known, "bearer") || isSecretName(p.Text) && !isContested(p.Text)) {
				out = append(out, need{p.Text, c.Name(), p.At})
			}
		}
	}
	return out
}

// given judges a variable that is there: that it can hold a token.
func (j *judgement) given(f stepFact, v *envVar, needed bool) {
	for _, x := range v.value {
		if d, dropped := x.Drops.(*drop); dropped {
			j.mapping.add(d.at, check.SeverityError, d.job.label(), fmt.Sprintf(
				"%s puts secret %s into an output, and the runner leaves out outputs that hold a secret: %s of %s is empty; read the secret in the job that needs it",
				jobMark, d.secret, v.name, where(f)), "")
		}
	}
	if isContested(v.name) && !needed || v.text == nil || v.doc.remote != "" || strings.Contains(v.text.Value, "${{") {
		return
	}
	text := strings.TrimSpace(v.text.Value)
	meant := looksMeant(text, v.name)
	if meant == "" && (!needed || looksSecret(text)) {
		return // a token in plain text is the business of hex-endpoint
	}
	j.mapping.looked = true
	passes := fmt.Sprintf("the text %q", text)
	if text == "" {
		passes = "nothing"
	}
	name := v.name
	if meant != "" && meant != v.name {
		name = meant
	} else if !isSecretName(name) {
		name = secretNames()[0]
	}
	j.mapping.add(v.doc.placeOf(v.text), check.SeverityError, f.i.r.label(), fmt.Sprintf(
		"%s gives %s %s: GitHub passes that as it is written; write ${{ secrets.%s }}", jobMark, v.name, passes, strings.ToUpper(name)), "")
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
	for n < len(text) && isNameByte(text[n]) {
		n++
	}
	return n
}

func where(f stepFact) string {
	if f.s == nil {
		return "job " + f.i.r.label()
	}
	return fmt.Sprintf("step %s of job %s", f.s.label, f.i.r.label())
}

// unmapped reports a variable that a step needs and that nothing gives it.
func (j *judgement) unmapped(f stepFact, n need) {
	e := f.s.ast.Exec.(*actionlint.ExecRun)
	if setsItself(e.Run.Value, n.name) || !isNameOfToken(n.name) && f.i.action != nil {
		return
	}
	at := f.i.doc().src.places(e.Run, []int{n.at})[0]
	at.File = f.i.doc().path
	if f.i.r.job.doc.remote != "" {
		at = f.i.r.at(&read{})
	}
	secret := secretNames()[0]
	if isSecretName(n.name) {
		secret = strings.ToUpper(n.name)
	}
	message := fmt.Sprintf("%s runs `%s`%s, which takes its token from %s", jobMark, n.by, stepFrom+" in step "+f.s.label+stepTo, n.name)
	if by := f.i.mayBeSet(f.s); by != "" {
		j.mapping.add(at, check.SeverityNote, f.i.r.label(), fmt.Sprintf("%s: no `env:` gives it that; it may come from %s", message, by), "")
		return
	}
	j.mapping.add(at, check.SeverityError, f.i.r.label(), fmt.Sprintf(
		"%s, and nothing gives it that: it is empty; write `env: {%s: \"${{ secrets.%s }}\"}`", message, n.name, secret), "")
}

func isNameOfToken(name string) bool { return isSecretName(name) || name == loginName }

// setsItself tells a script that gives the variable a value, or may.
func setsItself(text, name string) bool {
	return strings.Contains(text, name+"=") || strings.Contains(text, "read "+name) || strings.Contains(text, "-r "+name) ||
		strings.Contains(text, "source ") || strings.Contains(text, "eval ") || strings.Contains(text, ". ./") || strings.Contains(text, "export $(")
}

// mayBeSet says what could have set a variable that no `env:` names; empty when nothing could.
func (i *instance) mayBeSet(by *step) string {
	job := i.r.job.ast
	switch {
	case i.changed != "":
		return i.changed
	case i.env.opened() != "":
		return i.env.opened()
	case job.Container != nil:
		return "the container"
	case !hosted(job.RunsOn):
		return "the runner"
	case i.loggedIn != "":
		return i.loggedIn
	case i.action == nil && loadsBefore(i.r.job.steps, by):
		return "what an earlier step runs"
	}
	return ""
}

// loadsBefore tells whether one of the steps before runs something that may set variables; scripts in which nothing else
// matters were not read before.
func loadsBefore(steps []*step, by *step) bool {
	for _, s := range steps {
		if s == by {
			return false
		}
		e, ok := s.ast.Exec.(*actionlint.ExecRun)
		if ok && e.Run != nil && s.script.parsed == nil && len(e.Run.Value) <= maxScript &&
			slices.ContainsFunc(script.Parse(e.Run.Value, script.Bash).Commands(), loads) {
			return true
		}
	}
	return false
}

// loads tells a command that runs something of the repository, or a tool that loads an environment.
func loads(c *script.Command) bool {
	name := c.Name()
	if len(c.Words) == 0 {
		return false
	}
	return name == "" || strings.Contains(c.Words[0].Known(), "/") ||
		slices.Contains([]string{"make", "just", "task", "bash", "sh", "zsh", "source", ".", "direnv", "nix", "devbox"}, name)
}

// hosted tells GitHub's own runners by their labels.
func hosted(r *actionlint.Runner) bool {
	if r == nil || r.LabelsExpr != nil || r.Group != nil || len(r.Labels) == 0 {
		return false
	}
	return !slices.ContainsFunc(r.Labels, func(l *actionlint.String) bool {
		os, version, _ := strings.Cut(strings.ToLower(l.Value), "-")
		return !slices.Contains([]string{"ubuntu", "windows", "macos"}, os) || version == ""
	})
}

// remember notes what a script does that may give later steps a token.
func (i *instance) remember(fact stepFact) {
	for _, c := range fact.effect.Commands {
		name := c.Name()
		switch {
		case (name == "hex" || name == "gh" && len(c.Words) > 1 && c.Words[1].Is("hex")) && slices.ContainsFunc(c.Words, func(w script.Word) bool { return w.Is("login") }):
			i.loggedIn = "an earlier login"
		case loads(c):
			i.changed = union3(i.changed, "what an earlier step runs")
		}
	}
}

func union3(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// drop is an output of a job that the runner leaves out, since it holds a secret.
type drop struct {
	at     Place
	secret string
	job    *run
}
