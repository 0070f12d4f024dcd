package source

import (
	"path"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/script"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// maxCalled bounds how many files of the repository a step's script is followed into.
const maxCalled = 20

// maxNamed bounds how many files those of one workflow may name.
const maxNamed = 10_000

// loadUsed reads the files of the repository that steps use: actions, scripts by their path, and the recipes of make.
func (w *Workflows) loadUsed(docs []*Document) {
	for _, d := range docs {
		w.loadActions(d)
		w.loadScripts(d)
		d.runs = nil
	}
}

func (w *Workflows) loadScripts(d *Document) {
	for _, r := range d.runs {
		if r.step == nil {
			w.File(r.name)
			continue
		}
		if len(r.step.called) >= maxCalled {
			continue
		}
		data, there := w.File(r.name)
		if !there || !vendors.MentionsHex(data) {
			continue
		}
		if r.target != "" {
			data = script.Recipe(data, r.target)
		}
		r.step.called = append(r.step.called, data)
	}
}

// named are the files that the steps of a workflow name, in order.
func (d *Document) named() (out []runs) {
	for _, s := range d.Steps() {
		if name := vendors.ConfigOf(s.AST); name != "" {
			out = append(out, runs{name: name})
		}
		e, ok := s.AST.Exec.(*actionlint.ExecRun)
		if !ok || e.Run == nil || s.Script.Language == script.Unknown || !strings.ContainsAny(e.Run.Value, "/.m") {
			continue
		}
		parsed := s.Script.Parsed
		if parsed == nil && len(e.Run.Value) <= MaxScript {
			parsed = script.Parse(e.Run.Value, s.Script.Language)
		}
		if parsed != nil {
			out = namedBy(parsed, s, out)
		}
	}
	return out
}

// MaxScript is the size up to which a script in which nothing else matters is looked through for others that it runs.
const MaxScript = 16 << 10

// namedBy adds what the commands of a script may run.
func namedBy(parsed *script.Script, s *Step, out []runs) []runs {
	for _, c := range parsed.Commands() {
		target := ""
		for i, word := range c.Words {
			text, known := word.Literal()
			if i > 0 && c.Name() == "make" && target == "" && !strings.HasPrefix(text, "-") {
				target, text = text, "Makefile"
			}
			name := path.Clean(strings.TrimPrefix(text, "./"))
			if !known || text == "" || strings.HasPrefix(text, "-") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || !strings.ContainsAny(text, "./") && target == "" {
				continue
			}
			if len(out) < maxNamed {
				out = append(out, runs{s, name, target})
			}
		}
	}
	return out
}

// File is the text of a file of the repository, which is asked for while the workflows are read, once; false for none and for
// an empty one.
func (w *Workflows) File(name string) (string, bool) {
	text, known := w.files[name]
	if !known && len(w.files) < maxActions && w.Options.Lookup != nil {
		if data, there := w.Options.Lookup(name); there && len(data) <= MaxFile {
			text = string(data)
		}
		w.files[name] = text
	}
	return text, text != ""
}

// marksOfCalled says what the files that a step runs talk to.
func (s *Step) marksOfCalled() vendors.Marks {
	var m vendors.Marks
	for _, text := range s.called {
		m |= vendors.MarksOfText(text)
		if len(text) <= MaxScript {
			m |= vendors.JudgeScript(text, script.Bash).Marks
		}
	}
	return m
}
