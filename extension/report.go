package extension

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core"
)

// outcome is the exit code of a command whose result says everything already.
type outcome int

func (o outcome) Error() string { return fmt.Sprintf("exit code %d", int(o)) }
func (o outcome) ExitCode() int { return int(o) }

// worst is the exit code that counts when several apply.
func worst(codes ...int) int {
	for _, code := range []int{exitCancelled, exitProblem, exitAuth, exitUnknown} {
		if slices.Contains(codes, code) {
			return code
		}
	}
	return exitOK
}

// judgeReport turns a report into an exit code.
func judgeReport(report core.Report, strict bool) error {
	code := exitOK
	for _, r := range report {
		switch {
		case r.Status == core.StatusError && r.Auth:
			code = worst(code, exitAuth)
		case r.Status == core.StatusError || strict && r.Status == core.StatusWarning:
			code = worst(code, exitProblem)
		case r.Status == core.StatusUnknown:
			code = worst(code, exitUnknown)
		}
	}
	if code == exitOK {
		return nil
	}
	return outcome(code)
}

// printReport shows a report to people: a line a group on a terminal, a line a check with verbose or in a pipe.
func printReport(s *streams, report core.Report, verbose bool, elapsed time.Duration) {
	switch {
	case !s.outTTY:
		printRecords(s, report)
	case verbose:
		for _, r := range report {
			printCheck(s, r)
		}
	default:
		printGroups(s, report)
	}
	s.print("%s", verdict(s, report, elapsed))
}

// printRecords writes a tab-separated line a check (ID, status, message, fix), followed by a line a finding
// (ID, severity, place and message).
func printRecords(s *streams, report core.Report) {
	for _, r := range report {
		s.print("%s\t%s\t%s\t%s", r.ID, r.Status, r.Message, r.Fix)
		for _, f := range r.Findings {
			if f.Message == r.Message && f.File == "" {
				continue
			}
			s.print("%s\t%s\t%s\t", r.ID, f.Severity, located(f))
		}
	}
}

func located(f core.Finding) string {
	if place := place(f); place != "" {
		return place + ": " + f.Message
	}
	return f.Message
}

// place is where a finding stands, in the form that editors understand.
func place(f core.Finding) string {
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

func printGroups(s *streams, report core.Report) {
	for len(report) > 0 {
		group := report[0].Group
		end := slices.IndexFunc(report, func(r core.Result) bool { return r.Group != group })
		if end < 0 {
			end = len(report)
		}
		results := report[:end]
		report = report[end:]
		s.print("%s %s  %s", groupIcon(s, results), s.bold(fmt.Sprintf("%-9s", group)), summary(results))
		printProblems(s, results)
	}
}

// printProblems expands what is not in order. Of several checks that could not be carried out the first one says why:
// the reason is the same as a rule.
func printProblems(s *streams, results []core.Result) {
	var unknown []string
	for _, r := range results {
		switch {
		case r.Status == core.StatusOK || r.Status == core.StatusSkipped:
		case r.Status == core.StatusUnknown && len(r.Findings) == 0 && unknown != nil:
			unknown = append(unknown, r.ID)
		default:
			printProblem(s, r, "  ")
			if r.Status == core.StatusUnknown {
				unknown = []string{}
			}
		}
	}
	if len(unknown) > 0 {
		s.print("  %s could not be checked either: %s", icon(s, core.StatusUnknown), strings.Join(unknown, ", "))
	}
}

// groupIcon is that of the worst status. A group that says of its token only that it was not checked has the mark of
// what was skipped, though the host was looked at.
func groupIcon(s *streams, results []core.Result) styled {
	worst := worstStatus(results)
	if worst == core.StatusOK && slices.ContainsFunc(results, func(r core.Result) bool { return r.ID == "token-present" && r.Status == core.StatusSkipped }) {
		worst = core.StatusSkipped
	}
	return icon(s, worst)
}

func worstStatus(results []core.Result) core.Status {
	for _, status := range []core.Status{core.StatusError, core.StatusUnknown, core.StatusWarning, core.StatusOK} {
		if slices.ContainsFunc(results, func(r core.Result) bool { return r.Status == status }) {
			return status
		}
	}
	return core.StatusSkipped
}

// summary says in a few words how a group stands. A good group shows what its most telling check found.
func summary(results []core.Result) string {
	count := map[core.Status]int{}
	var telling []string
	for _, r := range results {
		count[r.Status]++
		if r.Status == core.StatusOK && slices.Contains([]string{"token-accepted", "github-access", "secret-stored"}, r.ID) ||
			r.Status == core.StatusSkipped && r.ID == "token-present" {
			telling = append(telling, r.Message)
		}
	}
	if count[core.StatusSkipped] == len(results) {
		return "skipped: " + results[0].Message
	}
	if count[core.StatusOK]+count[core.StatusSkipped] == len(results) {
		if len(telling) > 0 {
			return strings.Join(telling, "; ")
		}
		return text.Pluralize(count[core.StatusOK], "check") + " passed"
	}
	return counts(count)
}

func printCheck(s *streams, r core.Result) {
	if r.Status == core.StatusOK || r.Status == core.StatusSkipped {
		s.print("%s %s  %s", icon(s, r.Status), s.bold(r.ID), r.Message)
		printFindings(s, r, "  ")
		return
	}
	printProblem(s, r, "")
}

func printProblem(s *streams, r core.Result, margin string) {
	s.print("%s%s %s  %s", styled(margin), icon(s, r.Status), s.bold(r.ID), r.Message)
	printFindings(s, r, margin+"  ")
	if r.Fix != "" {
		s.print("%s%s %s", styled(margin+"  "), s.gray("fix:"), r.Fix)
	}
}

// printFindings lists the places. One that only repeats the check's own message shows its place alone.
func printFindings(s *streams, r core.Result, margin string) {
	for _, f := range r.Findings {
		where := place(f)
		switch {
		case f.Message == r.Message && where == "":
		case f.Message == r.Message:
			s.print("%s%s", styled(margin), s.gray(where))
		case where == "":
			s.print("%s%s", styled(margin), string(f.Severity)+": "+f.Message)
		default:
			s.print("%s%s %s", styled(margin), s.gray(where), string(f.Severity)+": "+f.Message)
		}
	}
}

func icon(s *streams, status core.Status) styled {
	switch status {
	case core.StatusOK:
		return s.green("✓")
	case core.StatusWarning:
		return s.yellow("!")
	case core.StatusError:
		return s.red("✗")
	case core.StatusUnknown:
		return s.yellow("?")
	}
	return s.gray("-")
}

// verdict is the last line: the counts and the time taken.
func verdict(s *streams, report core.Report, elapsed time.Duration) styled {
	count := map[core.Status]int{}
	for _, r := range report {
		count[r.Status]++
	}
	took := fmt.Sprintf("in %.1f s", elapsed.Seconds())
	worst := worstStatus(report)
	text := counts(count)
	if worst == core.StatusOK {
		text = "No problems found: " + text
	}
	if !s.outTTY {
		return styled(text + " " + took)
	}
	return styled(fmt.Sprintf("%s %s %s", icon(s, worst), text, took))
}

// counts writes "1 error, 2 warnings, 1 unknown, 12 ok, 3 skipped", leaving out what there is none of.
func counts(count map[core.Status]int) string {
	var parts []string
	add := func(status core.Status, text string) {
		if count[status] > 0 {
			parts = append(parts, text)
		}
	}
	add(core.StatusError, text.Pluralize(count[core.StatusError], "error"))
	add(core.StatusWarning, text.Pluralize(count[core.StatusWarning], "warning"))
	add(core.StatusUnknown, fmt.Sprintf("%d unknown", count[core.StatusUnknown]))
	add(core.StatusOK, fmt.Sprintf("%d ok", count[core.StatusOK]))
	add(core.StatusSkipped, fmt.Sprintf("%d skipped", count[core.StatusSkipped]))
	if len(parts) == 0 {
		return "nothing to check"
	}
	return strings.Join(parts, ", ")
}
