package source

import (
	"strings"

	"github.com/gh-hex/gh-hex/extension/abstract"
)

// scope is what the expressions of a place may name; ok is false where that is not judged.
func (v visitor) scope(at site) (s abstract.Scope, ok bool) {
	has := func(names ...string) abstract.Scope {
		return abstract.Scope{Contexts: append([]string{"github", "inputs", "vars"}, names...)}
	}
	switch {
	case v.doc.IsAction, at.What == "uses":
		return s, false
	case v.step != nil && at.What == "shell":
		return s, true // no context at all
	case v.step != nil:
		s = has("needs", "strategy", "matrix", "steps", "job", "runner", "env")
		s.Files, s.Status = true, at.Ifs
		return s, true
	case v.job == nil:
		return v.fileScope(at, has)
	case v.inside && at.Env != "" || at.What == "url of environment":
		return has("needs", "strategy", "matrix", "steps", "job", "runner", "env"), true
	case strings.HasPrefix(at.What, "output "):
		return has("needs", "strategy", "matrix", "steps", "job", "runner", "env"), true
	case strings.HasPrefix(at.What, "credentials of "), at.What == "defaults":
		return has("needs", "strategy", "matrix", "env"), true
	case at.What == "if":
		s = has("needs")
		s.Status = true
		return s, true
	case at.What == "strategy":
		return has("needs"), true
	}
	s = has("needs", "strategy", "matrix")
	s.Status = at.Ifs
	return s, true
}

// fileScope is that of what stands outside jobs.
func (v visitor) fileScope(at site, has func(...string) abstract.Scope) (s abstract.Scope, ok bool) {
	switch {
	case strings.HasPrefix(at.What, "output "):
		return has("jobs"), true
	case at.What == "name", at.What == "defaults":
		return s, false // they are plain texts
	}
	return has(), true
}
