package hook

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// Check returns hook-active: where somebody wanted pushes to be checked, git has to run that check.
func Check(t *worktree.Tree) check.Check {
	return check.Check{ID: "hook-active", Group: check.GroupFiles, Title: "git runs the check before a push", Run: func(ctx context.Context) check.Result {
		s, err := look(ctx, t)
		if err != nil {
			return check.Unknown(err.Error(), "")
		}
		return s.judge()
	}}
}

func (s *survey) judge() check.Result {
	traces := s.traces()
	active, maybe := s.active()
	switch {
	case active:
		return check.OK("git runs gh hex before a push")
	case len(traces) == 0:
		return check.Skip("no hook and no hook manager runs gh hex here (gh hex init --hook)")
	case maybe:
		note := core.Printable(s.shown(s.path)) + " may go on to run gh hex: only running it would tell"
		return check.Judge([]check.Finding{{File: s.local(s.path), Severity: check.SeverityNote, Message: note}}, note, "")
	}
	return check.Judge(traces, "", "")
}

// traces are findings about what was meant to run, and does not.
func (s *survey) traces() []check.Finding {
	var found []check.Finding
	for _, m := range s.managers {
		if m.entry.there || m.entry.flaw != "" {
			found = append(found, s.finding(m.file.path, "has "+m.name+" run gh hex before a push", m.install))
		}
	}
	for _, place := range s.ours() {
		found = append(found, s.finding(place, "is the hook that gh hex wrote", "gh hex init --hook"))
	}
	return found
}

func (s *survey) finding(path, what, fix string) check.Finding {
	switch {
	case s.off:
		fix = hooksAgain
	case s.present && !s.executable:
		fix = "chmod +x " + core.ShellWord(s.shown(s.path))
	}
	message := core.Printable(s.shown(path) + " " + what + ", but " + s.why())
	return check.Finding{File: s.local(path), Severity: check.SeverityWarning, Message: message, Fix: fix}
}

// local is a path from the top of the work tree; empty when it is not in there, or in the folder of git.
func (s *survey) local(path string) string {
	rel, err := filepath.Rel(s.tree.Root(), path)
	rel = filepath.ToSlash(rel)
	if err != nil || !filepath.IsLocal(rel) || strings.HasPrefix(rel, ".git/") {
		return ""
	}
	return rel
}
