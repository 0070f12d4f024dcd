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

// loadScripts reads the files of the repository that the steps run: scripts by their path, and the recipes of make.
func (w *Workflows) loadScripts(d *Document) {
	if w.Options.Lookup == nil || d.Remote != "" {
		return
	}
	for _, j := range d.Jobs {
		for _, s := range j.Steps {
			if name := vendors.ConfigOf(s.AST); name != "" {
				w.File(name)
			}
			e, ok := s.AST.Exec.(*actionlint.ExecRun)
			if !ok || e.Run == nil || s.Script.Language == script.Unknown || !strings.ContainsAny(e.Run.Value, "/.m") {
				continue
			}
			parsed := s.Script.Parsed
			switch {
			case parsed == nil && len(e.Run.Value) > MaxScript:
				continue
			case parsed == nil:
				parsed = script.Parse(e.Run.Value, s.Script.Language)
			}
			for _, c := range parsed.Commands() {
				w.follow(s, c)
			}
		}
	}
}

// MaxScript is the size up to which a script in which nothing else matters is looked through for others that it runs.
const MaxScript = 16 << 10

// follow reads what a command runs.
func (w *Workflows) follow(s *Step, c *script.Command) {
	target := ""
	for i, word := range c.Words {
		text, known := word.Literal()
		if i > 0 && c.Name() == "make" && target == "" && !strings.HasPrefix(text, "-") {
			target, text = text, "Makefile"
		}
		name := path.Clean(strings.TrimPrefix(text, "./"))
		if !known || text == "" || len(s.called) >= maxCalled || strings.HasPrefix(text, "-") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || !strings.ContainsAny(text, "./") && target == "" {
			continue
		}
		data, there := w.File(name)
		if !there || !vendors.MentionsHex(data) {
			continue
		}
		if target != "" {
			data = script.Recipe(data, target)
		}
		s.called = append(s.called, data)
	}
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
