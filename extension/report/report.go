package report

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Judge turns a report into an exit code.
func Judge(report check.Report, strict bool) error {
	code := command.ExitOK
	for _, r := range report {
		switch {
		case r.Status == check.StatusError && r.Auth:
			code = command.Worst(code, command.ExitAuth)
		case r.Status == check.StatusError || strict && r.Status == check.StatusWarning:
			code = command.Worst(code, command.ExitProblem)
		case r.Status == check.StatusUnknown:
			code = command.Worst(code, command.ExitUnknown)
		}
	}
	if code == command.ExitOK {
		return nil
	}
	return command.Outcome(code)
}

// Print shows a report to people: a line a group on a terminal, a line a check with verbose or in a pipe.
// rest is why checks are not in the report at all, such as "--only"; empty when every one is.
func Print(s *console.Streams, report check.Report, rest string, verbose bool, elapsed time.Duration) {
	tasks := tasksOf(report)
	switch {
	case !s.OutTTY:
		PrintRecords(s, report)
	case verbose:
		for _, r := range report {
			printCheck(s, r, tasks)
		}
	default:
		printGroups(s, report, tasks)
	}
	PrintVerdict(s, report, rest, elapsed)
}

// PrintVerdict is the last line of [Print].
func PrintVerdict(s *console.Streams, report check.Report, rest string, elapsed time.Duration) {
	s.Print("%s", verdict(s, report, rest, elapsed))
}

// PrintRecords writes a tab-separated line a check (ID, status, message, fix), followed by a line a finding (ID, severity,
// place and message, fix, and how to accept it where that is possible). Those of findings begin with a tab.
func PrintRecords(s *console.Streams, report check.Report) {
	for _, r := range report {
		s.Print("%s\t%s\t%s\t%s", r.ID, r.Status, r.Message, r.Fix)
		for _, f := range r.Findings {
			if f.Message == r.Message && f.File == "" && f.Fingerprint == "" {
				continue
			}
			s.Print("\t%s\t%s\t%s\t%s\t%s", r.ID, f.Severity, located(f), f.Fix, accepting(r.ID, f))
		}
	}
}

func located(f check.Finding) string {
	if place := place(f); place != "" {
		return place + ": " + f.Message
	}
	return f.Message
}

// place is where a finding stands, in the form that editors understand.
func place(f check.Finding) string {
	out := f.File
	if f.Line > 0 {
		out += fmt.Sprintf(":%d", f.Line)
	}
	if f.Line > 0 && f.Column > 0 {
		out += fmt.Sprintf(":%d", f.Column)
	}
	if f.Commit != "" {
		out = strings.TrimSpace(out + " in commit " + f.Commit[:min(12, len(f.Commit))])
	}
	return out
}

// underGroup is where the text of a group begins, behind its icon and its name.
const underGroup = 13

func printGroups(s *console.Streams, report check.Report, tasks []*task) {
	for len(report) > 0 {
		var results check.Report
		results, report = firstGroup(report)
		s.PrintUnder(underGroup, "%s %s  %s", groupIcon(s, results), s.Bold(fmt.Sprintf("%-9s", results[0].Group)), summary(results)+elsewhere(tasks, results))
		printProblems(s, results, tasks)
	}
}

// firstGroup parts a report that is not empty behind its first group.
func firstGroup(report check.Report) (first, rest check.Report) {
	end := slices.IndexFunc(report, func(r check.Result) bool { return r.Group != report[0].Group })
	if end < 0 {
		end = len(report)
	}
	return report[:end], report[end:]
}

// named is the ID of a check, which leads to its page where a terminal shows links.
func named(s *console.Streams, id string) console.Styled {
	return s.Link(docs.CheckURL(id), s.Bold(id))
}

// printProblems expands what is not in order. Of several checks that could not be carried out the first one says why:
// the reason is the same as a rule.
func printProblems(s *console.Streams, results []check.Result, tasks []*task) {
	var unknown []string
	for _, r := range results {
		switch {
		case isProblem(r):
			printTasks(s, ledBy(tasks, r.ID), "  ")
		case elsewhere(tasks, []check.Result{r}) != "":
		case r.Status == check.StatusUnknown && len(r.Findings) == 0 && unknown != nil:
			unknown = append(unknown, r.ID)
		case r.Status == check.StatusUnknown:
			printTasks(s, []*task{{Result: r}}, "  ")
			unknown = []string{}
		}
	}
	if len(unknown) > 0 {
		s.Print("  %s could not be checked either: %s", console.Icon(s, check.StatusUnknown), strings.Join(unknown, ", "))
	}
}

// groupIcon is that of the worst status. A group that says of its token only that it was not checked has the mark of
// what was skipped, though the host was looked at; unless Hex was asked about the stored one.
func groupIcon(s *console.Streams, results []check.Result) console.Styled {
	worst := worstStatus(results)
	if worst == check.StatusOK && !proved(results) && slices.ContainsFunc(results, func(r check.Result) bool { return r.ID == "token-present" && r.Status == check.StatusSkipped }) {
		worst = check.StatusSkipped
	}
	return console.Icon(s, worst)
}

// proved reports whether Hex was asked about the stored token, and accepted it.
func proved(results []check.Result) bool {
	return slices.ContainsFunc(results, func(r check.Result) bool { return r.ID == "token-stored" && r.Status == check.StatusOK })
}

func worstStatus(results []check.Result) check.Status {
	for _, status := range []check.Status{check.StatusError, check.StatusUnknown, check.StatusWarning, check.StatusOK} {
		if slices.ContainsFunc(results, func(r check.Result) bool { return r.Status == status }) {
			return status
		}
	}
	return check.StatusSkipped
}

// summary says in a few words how a group stands. A good group shows what its most telling check found.
func summary(results []check.Result) string {
	count := map[check.Status]int{}
	var telling []string
	for _, r := range results {
		count[r.Status]++
		switch {
		case r.Status == check.StatusOK && slices.Contains([]string{"token-present", "token-accepted", "token-stored", "github-access", "secret-stored"}, r.ID):
			telling = append(telling, r.Message)
		case r.Status == check.StatusSkipped && r.ID == "token-present" && !proved(results):
			why, _, _ := strings.Cut(r.Message, "; ") // where it is stored, GitHub's group says
			telling = append(telling, why)
		}
	}
	if count[check.StatusSkipped] == len(results) {
		return "skipped: " + results[0].Message
	}
	if count[check.StatusOK]+count[check.StatusSkipped] == len(results) {
		if len(telling) > 0 {
			return strings.Join(telling, "; ")
		}
		return text.Pluralize(count[check.StatusOK], "check") + " passed"
	}
	if results[0].ID == "token-present" && results[0].Status == check.StatusOK { // whose faults these are
		return counts(count) + "; " + results[0].Message
	}
	return counts(count)
}

func printCheck(s *console.Streams, r check.Result, tasks []*task) {
	led := ledBy(tasks, r.ID)
	switch {
	case r.Status == check.StatusUnknown:
		printTasks(s, []*task{{Result: r}}, "")
	case len(led) > 0:
		printTasks(s, led, "")
	default:
		s.Print("%s %s  %s", console.Icon(s, r.Status), named(s, r.ID), r.Message+elsewhere(tasks, []check.Result{r}))
		if !isProblem(r) {
			printFindings(s, r, "  ")
		}
	}
}

// accepting is how to accept a finding; empty where that cannot be done by a line.
func accepting(id string, f check.Finding) string {
	line := acceptingLine(id, f)
	if line == "" {
		return ""
	}
	return "to accept it, add to " + worktree.AcceptedFile + ": " + line
}

// acceptingLine is the line to paste, in which its reader has to say why.
func acceptingLine(id string, f check.Finding) string {
	if f.Fingerprint == "" || f.Accepted {
		return ""
	}
	return fmt.Sprintf("%s %s %s", id, f.Fingerprint, worktree.WantsReason)
}

// printAccepting shows each line to paste once, as far as they are few.
func printAccepting(s *console.Streams, r check.Result, margin string) {
	const most = 5
	var lines []string
	for _, f := range r.Findings {
		if line := acceptingLine(r.ID, f); line != "" && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	if len(lines) > 0 {
		s.Print("%s%s", console.Styled(margin), s.Gray("to accept it, add to "+worktree.AcceptedFile+":"))
	}
	for _, line := range lines[:min(len(lines), most)] {
		s.Verbatim(margin + "  " + line)
	}
	if more := len(lines) - most; more > 0 {
		s.Print("%s%s", console.Styled(margin), s.Gray(fmt.Sprintf("and %d more: --json findings has the fingerprint of each", more)))
	}
}

// printFindings lists the places. One that only repeats the check's own message, which may count others, shows its place
// alone.
func printFindings(s *console.Streams, r check.Result, margin string) {
	for _, f := range r.Findings {
		where := place(f)
		told := f.Message == r.Message || strings.HasPrefix(r.Message, f.Message+" (and ")
		switch {
		case told && where == "":
		case told:
			s.Print("%s%s", console.Styled(margin), s.Gray(where))
		case where == "":
			s.Print("%s%s", console.Styled(margin), string(f.Severity)+": "+f.Message)
		default:
			s.Print("%s%s %s", console.Styled(margin), s.Gray(where), string(f.Severity)+": "+f.Message)
		}
	}
}

// counts writes "1 error, 2 warnings, 1 unknown, 12 ok, 3 skipped", leaving out what there is none of.
func counts(count map[check.Status]int) string {
	var parts []string
	add := func(status check.Status, text string) {
		if count[status] > 0 {
			parts = append(parts, text)
		}
	}
	add(check.StatusError, text.Pluralize(count[check.StatusError], "error"))
	add(check.StatusWarning, text.Pluralize(count[check.StatusWarning], "warning"))
	add(check.StatusUnknown, fmt.Sprintf("%d unknown", count[check.StatusUnknown]))
	add(check.StatusOK, fmt.Sprintf("%d ok", count[check.StatusOK]))
	add(check.StatusSkipped, fmt.Sprintf("%d skipped", count[check.StatusSkipped]))
	if len(parts) == 0 {
		return "nothing to check"
	}
	return strings.Join(parts, ", ")
}
