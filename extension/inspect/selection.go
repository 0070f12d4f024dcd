package inspect

import (
	"slices"

	"github.com/gh-hex/gh-hex/core/check"
)

// selection is which checks to carry out: those of only, all when it is empty, less those of skip.
type selection struct {
	Only, Skip []string
	Offline    bool
}

// Includes reports whether a check is among those asked for, not counting what others need.
func (s selection) Includes(id string) bool {
	return (len(s.Only) == 0 || slices.Contains(s.Only, id)) && !slices.Contains(s.Skip, id)
}

// Of leaves out what was not asked for, and replaces what --offline forbids. What a named check needs stays in.
func (s selection) Of(checks []check.Check) []check.Check {
	needed := s.needed(checks)
	var out []check.Check
	for _, c := range checks {
		switch {
		case !needed[c.ID]:
		case slices.Contains(s.Skip, c.ID):
			out = append(out, c.Skipping("left out by --skip"))
		case s.Offline && c.Network:
			out = append(out, c.Skipping("left out by --offline"))
		default:
			out = append(out, c)
		}
	}
	return out
}

// needed are the checks asked for and everything that they need.
func (s selection) needed(checks []check.Check) map[string]bool {
	needs, needed := map[string][]string{}, map[string]bool{}
	var add func(id string)
	add = func(id string) {
		if needed[id] {
			return
		}
		needed[id] = true
		for _, n := range needs[id] {
			add(n)
		}
	}
	for _, c := range checks {
		needs[c.ID] = c.Needs
	}
	for _, c := range checks {
		if len(s.Only) == 0 || slices.Contains(s.Only, c.ID) {
			add(c.ID)
		}
	}
	return needed
}

// Shown keeps what was asked for, and what that needs when it did not come out ok.
func (s selection) Shown(report check.Report) check.Report {
	if len(s.Only) == 0 {
		return report
	}
	return slices.DeleteFunc(report, func(r check.Result) bool {
		return !slices.Contains(s.Only, r.ID) && r.Status == check.StatusOK
	})
}
