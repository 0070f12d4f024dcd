package inspect

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// ignoreComment is "# gh-hex: ignore[CHECK] reason", alone on its line or behind something else.
var ignoreComment = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(.*?)(?:^|\s)#\s*gh-hex:\s*ignore\[([^\]]*)\](.*)$`)
})

const (
	maxReason   = 200 // characters that are shown of a reason
	maxComments = 100 // about which something is said, in one check
)

// ignored is a comment in a workflow that accepts what one check finds at its line or, when it stands alone, at the next line
// that is not such a comment.
type ignored struct {
	line, about   int
	check, reason string
	used          bool
}

// comments finds those in a text.
func comments(text string) []*ignored {
	if !strings.Contains(text, "gh-hex:") {
		return nil
	}
	var all, above []*ignored
	n := 0
	for line := range strings.Lines(text) {
		n++
		var m []string
		if strings.Contains(line, "gh-hex:") {
			m = ignoreComment().FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		}
		alone := m != nil && strings.TrimSpace(m[1]) == ""
		if !alone {
			for _, c := range above {
				c.about = n
			}
			above = nil
		}
		if m == nil {
			continue
		}
		c := &ignored{line: n, about: n, check: strings.TrimSpace(m[2]), reason: leak.Mask(strings.TrimSpace(m[3]))}
		if runes := []rune(c.reason); len(runes) > maxReason {
			c.reason = string(runes[:maxReason]) + "…"
		}
		all = append(all, c)
		if alone {
			above = append(above, c)
		}
	}
	return all
}

// accept makes notes of what comments accept in the workflows: of those checks alone that judge their texts and what is
// stored for them.
func (i *Inspection) accept(results map[string]check.Result) map[string]check.Result {
	files := map[string][]*ignored{}
	for path, text := range i.texts(results) {
		if found := comments(text); found != nil {
			files[path] = found
		}
	}
	for id, r := range results {
		findings := slices.Clone(r.Findings)
		for n, f := range findings {
			for _, c := range files[f.File] {
				if c.accepts(id, f) {
					c.used = true
					findings[n] = f.Accept(c.reason)
				}
			}
		}
		if slices.ContainsFunc(findings, func(f check.Finding) bool { return f.Accepted }) {
			r = r.Without(findings, "nothing but what was accepted")
		}
		results[id] = r
	}
	i.sayIgnored(results, files)
	return results
}

// accepts tells whether a comment is about a finding of a check.
func (c *ignored) accepts(id string, f check.Finding) bool {
	return c.check == id && c.reason != "" && f.Commit == "" && f.Line > 0 && (f.Line == c.about || f.Line == c.line) && !counts(f)
}

// counts tells a finding that stands for others, which nobody has seen.
func counts(f check.Finding) bool { return strings.HasSuffix(f.Message, " more from here on") }

// sayIgnored adds notes about comments that accept nothing, each to the check that it names.
func (i *Inspection) sayIgnored(results map[string]check.Result, files map[string][]*ignored) {
	said := map[string]int{}
	for _, path := range slices.Sorted(maps.Keys(files)) {
		for _, c := range files[path] {
			id, message := c.check, ""
			r, known := results[id]
			switch {
			case !slices.Contains(judgedByWorkflows(), id):
				id, message = "workflow-syntax", fmt.Sprintf("a comment cannot accept findings of %s", cmp.Or(id, "no check"))
				r, known = results[id]
			case c.reason == "":
				message = "a reason is missing: nothing is accepted without one"
			case !c.used && (r.Status == check.StatusOK || r.Status == check.StatusWarning || r.Status == check.StatusError) && r.Doubt == "":
				message = "this comment no longer matches anything"
			}
			if message == "" || !known || said[id] == maxComments {
				continue
			}
			said[id]++
			r.Findings = append(r.Findings, check.Finding{File: path, Line: c.line, Severity: check.SeverityNote, Message: message})
			results[id] = r
		}
	}
}

// judgedByWorkflows are the checks that comments can be about.
func judgedByWorkflows() []string {
	var ids []string
	for _, c := range slices.Concat((*Inspection)(nil).gitHubChecks(), (*Inspection)(nil).workflowChecks()) {
		if c.ID != "github-access" && c.ID != "secret-stored" && c.ID != "push-scope" {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// texts are those of the workflows, and of the other files that something was found in.
func (i *Inspection) texts(results map[string]check.Result) map[string]string {
	s := i.Source
	if i.elsewhere != nil {
		snapshot, _ := i.elsewhere.snapshot()
		s = &Source{Files: filesOf(snapshot.Files)}
	} else if s == nil && i.Tree != nil {
		root, err := os.OpenRoot(i.Tree.Root())
		if err != nil {
			return nil
		}
		defer root.Close()
		s = sourceHere(i.ends, i.Tree, root)
	}
	texts := map[string]string{}
	if s == nil {
		return texts
	}
	for _, f := range s.Files {
		texts[f.Path] = string(f.Data)
	}
	for _, r := range results {
		for _, f := range r.Findings {
			if _, known := texts[f.File]; !known && f.File != "" && s.Lookup != nil {
				data, _ := s.Lookup(f.File)
				texts[f.File] = string(data)
			}
		}
	}
	return texts
}
