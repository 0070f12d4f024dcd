package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
)

// verdict is the last line: what there is to do, the counts, what was not looked at, and the time taken.
func verdict(s *console.Streams, report check.Report, rest string, elapsed time.Duration) console.Styled {
	line := console.Safe(fmt.Sprintf("%s (%.1f s)", conclusion(report, rest), elapsed.Seconds()))
	if !s.OutTTY {
		return console.Styled(line)
	}
	return console.Styled(fmt.Sprintf("%s %s", console.Icon(s, worstStatus(report)), line))
}

// conclusion never covers what was not looked at.
func conclusion(report check.Report, rest string) string {
	count := map[check.Status]int{}
	nothing := 0
	for _, r := range report {
		count[r.Status]++
		if r.Status == check.StatusSkipped && r.Next == "" {
			nothing++
		}
	}
	parts := []string{judged(count, len(report))}
	if n := len(tasksOf(report)); n > 0 {
		parts[0] = text.Pluralize(n, "thing") + " to do: " + parts[0]
	}
	if n := report.Accepted(); n > 0 {
		parts[0] += fmt.Sprintf(", %d accepted", n)
	}
	if nothing > 0 {
		parts = append(parts, fmt.Sprintf("nothing to look at in %d", nothing))
	}
	if open := unseen(report, rest); len(open) > 0 {
		parts = append(parts, "not looked at: "+strings.Join(open, ", "))
	}
	return strings.Join(parts, "; ")
}

// judged counts what was looked at.
func judged(count map[check.Status]int, all int) string {
	of := func(n int) string {
		if n == all {
			return text.Pluralize(n, "check")
		}
		return fmt.Sprintf("%d of %s", n, text.Pluralize(all, "check"))
	}
	skipped := count[check.StatusSkipped]
	switch {
	case skipped == all:
		return "nothing judged"
	case count[check.StatusOK]+skipped == all:
		return "No problems in " + of(all-skipped)
	}
	looked := counts(map[check.Status]int{
		check.StatusError: count[check.StatusError], check.StatusWarning: count[check.StatusWarning],
		check.StatusUnknown: count[check.StatusUnknown], check.StatusOK: count[check.StatusOK],
	})
	return looked + " in " + of(all-skipped)
}

// unseen names what was not looked at, by reason.
func unseen(report check.Report, rest string) []string {
	var whys []string
	what := map[string][]string{}
	add := func(why, subject string) {
		if !slices.Contains(whys, why) {
			whys = append(whys, why)
		}
		if !slices.Contains(what[why], subject) {
			what[why] = append(what[why], subject)
		}
	}
	for _, r := range report {
		if r.Next != "" {
			add(r.Next, subject(report, r))
		}
	}
	if rest != "" {
		add(rest, "all other checks")
	}
	for i, why := range whys {
		whys[i] = fmt.Sprintf("%s (%s)", inShort(report, what[why]), why)
	}
	return whys
}

// inShort names a few subjects, and counts checks by their groups where they are more.
func inShort(report check.Report, subjects []string) string {
	const few = 3
	var groups, rest []string
	for _, subject := range subjects {
		if i := slices.IndexFunc(report, func(r check.Result) bool { return r.ID == subject }); i >= 0 {
			groups = append(groups, string(report[i].Group))
		} else {
			rest = append(rest, subject)
		}
	}
	if len(groups) <= few {
		return strings.Join(subjects, ", ")
	}
	counted := fmt.Sprintf("%d checks of %s", len(groups), strings.Join(slices.Compact(groups), ", "))
	return strings.Join(append(rest, counted), ", ")
}

// subject is what a check was to look at: the whole group in a word, where nothing of it was looked at for one reason.
func subject(report check.Report, r check.Result) string {
	if r.Open != "" {
		return r.Open
	}
	for _, other := range report {
		if other.Group == r.Group && (other.Next != r.Next || other.Open != "") {
			return r.ID
		}
	}
	return map[check.Group]string{
		check.GroupToken: "the token", check.GroupGitHub: "GitHub", check.GroupWorkflows: "workflows", check.GroupHex: "calls of Hex", check.GroupFiles: "files",
	}[r.Group]
}
