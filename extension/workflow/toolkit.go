package workflow

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// toolkitConfig is the file that tells Hex's action what to send.
type toolkitConfig struct {
	Guides           []struct{ Path, Pattern string }
	SemanticProjects []struct{ Path string }
}

const (
	scopesOfGuides   = "Guides: Read, Guides: Write"
	scopesOfProjects = "Semantic layer sync"
	// maxNamed bounds how many guides and projects are looked for, and maxMatches how often a name is held against a pattern.
	maxNamed, maxMatches = 200, 300_000
)

// scopes are those that the token needs.
func (c *toolkitConfig) scopes() string {
	switch {
	case len(c.Guides) > 0 && len(c.SemanticProjects) > 0:
		return scopesOfGuides + ", " + scopesOfProjects
	case len(c.SemanticProjects) > 0:
		return scopesOfProjects
	case len(c.Guides) > 0:
		return scopesOfGuides
	}
	return scopesOfGuides + " for guides, " + scopesOfProjects + " for semantic projects"
}

// actionConfig judges the configuration of Hex's action: that the file is there and what it names too, and names the scopes
// that the token needs for it. What an earlier step may make, or what is not known to be missing, is a note.
func (j *judgement) actionConfig(v *verdict, d *source.Document, job *source.Job, s *source.Step, a *actionlint.ExecAction) {
	config := &toolkitConfig{}
	if name := vendors.ConfigOf(s.AST); name != "" {
		severity, tree, doubt := check.SeverityWarning, j.tree(), ""
		if !fromCheckout(job, s) {
			severity, doubt = check.SeverityNote, "; the steps before it decide what is there"
		} else if tree == nil {
			severity, doubt = check.SeverityNote, "; not all files of the repository are known here"
		}
		j.configured(config, name, tree, func(p Place, format string, args ...any) {
			if p.File == "" {
				p = d.PlaceOf(a.Uses)
			}
			v.add(p, severity, job.ID, fmt.Sprintf(format, args...)+doubt, "")
		})
	}
	at := d.PlaceOf(a.Uses)
	if in := a.Inputs["token"]; in != nil {
		at = d.PlaceOf(in.Name)
	}
	v.add(at, check.SeverityNote, job.ID, fmt.Sprintf("the token that %s gives %s needs the scopes %s", jobMark, vendors.Toolkit, config.scopes()), "")
}

// tree are the files of the repository; nil where that is not known.
func (j *judgement) tree() map[string]bool {
	if j.w.Options.Tree == nil {
		return nil
	}
	var out map[string]bool
	for _, name := range j.w.Options.Tree() {
		if out == nil {
			out = map[string]bool{}
		}
		out[name] = true
	}
	return out
}

// fromCheckout tells a step that finds the repository's own files and no others: it was checked out as a whole where it is
// looked for, and nothing else before can have written any.
func fromCheckout(job *source.Job, s *source.Step) bool {
	out := false
	for _, before := range job.Steps[:slices.Index(job.Steps, s)] {
		a, ok := before.AST.Exec.(*actionlint.ExecAction)
		if !ok || a.Uses == nil || !simulate.SetsNothing(a.Uses.Value) {
			return false
		}
		if strings.HasPrefix(strings.ToLower(a.Uses.Value), "actions/checkout@") {
			for _, moved := range []string{"repository", "ref", "path", "sparse-checkout", "submodules"} {
				if a.Inputs[moved] != nil {
					return false
				}
			}
			out = true
		}
	}
	return out
}

// configured reads a configuration and tells what is wrong with it.
func (j *judgement) configured(c *toolkitConfig, name string, tree map[string]bool, tell func(p Place, format string, args ...any)) {
	text, there := j.w.File(name)
	switch {
	case tree != nil && !tree[name], tree == nil && !there:
		tell(Place{}, "%s uses %s, and its configuration file %s is not in the repository", jobMark, vendors.Toolkit, name)
		return
	case !there:
		tell(Place{File: name}, "the configuration of %s was not read: it is empty or too large", vendors.Toolkit)
		return
	}
	if err := json.Unmarshal([]byte(text), c); err != nil {
		tell(placeOfJSON(name, text, err), "the configuration of %s cannot be read: %v", vendors.Toolkit, err)
		return
	}
	at := Place{File: name}
	switch {
	case len(c.Guides)+len(c.SemanticProjects) == 0:
		tell(at, "it names neither guides nor semanticProjects: %s has nothing to send", vendors.Toolkit)
	case tree != nil:
		c.lookFor(tree, func(format string, args ...any) { tell(at, format, args...) })
	}
}

func placeOfJSON(name, text string, err error) Place {
	p := Place{File: name}
	if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
		p.Line = 1 + bytes.Count([]byte(text)[:min(int(syntax.Offset), len(text))], []byte("\n"))
	}
	return p
}

// lookFor tells which of the files that a configuration names are in no tree.
func (c *toolkitConfig) lookFor(tree map[string]bool, tell func(format string, args ...any)) {
	left := maxMatches
	if len(c.Guides) > maxNamed || len(c.SemanticProjects) > maxNamed {
		defer tell("it names more than %d guides or projects: the rest was not looked for", maxNamed)
	}
	for _, g := range c.Guides[:min(len(c.Guides), maxNamed)] {
		switch {
		case g.Path != "" && !tree[path.Clean(g.Path)]:
			tell("the guide %s is not in the repository", g.Path)
		case g.Path == "" && g.Pattern != "" && !matchesAny(strings.TrimPrefix(g.Pattern, "./"), tree, &left):
			tell("the pattern %s matches no file of the repository", g.Pattern)
		}
	}
	for _, p := range c.SemanticProjects[:min(len(c.SemanticProjects), maxNamed)] {
		if folder := path.Clean(p.Path) + "/"; p.Path != "" && folder != "./" && !hasFolder(tree, folder) {
			tell("the folder %s of a semantic project is not in the repository", p.Path)
		}
	}
}

func hasFolder(tree map[string]bool, folder string) bool {
	for name := range tree {
		if strings.HasPrefix(name, folder) {
			return true
		}
	}
	return false
}

// matchesAny tells whether a pattern matches a file, or may: one of a kind that is read otherwise elsewhere, or that would take
// too long, counts as one that does.
func matchesAny(pattern string, tree map[string]bool, left *int) bool {
	if len(pattern) > 256 || strings.Count(pattern, "*") > 8 || strings.Count(pattern, "{") > 3 || strings.ContainsAny(pattern, "!()+@\\") || !doublestar.ValidatePattern(pattern) {
		return true
	}
	base, _ := doublestar.SplitPattern(pattern)
	for name := range tree {
		if base != "." && !strings.HasPrefix(name, base) {
			continue
		}
		if *left--; *left < 0 || doublestar.MatchUnvalidated(pattern, name) {
			return true
		}
	}
	return false
}
