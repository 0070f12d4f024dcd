// Package check is the vocabulary of checks: what one is, what it finds, and how several are carried out. It stands below
// everything else: a check may be written anywhere.
package check

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"
)

// Status is the outcome of a [Check].
type Status string

const (
	// StatusOK means that the check looked and found nothing wrong; notes are allowed.
	StatusOK Status = "ok"
	// StatusWarning means that the worst finding is a warning.
	StatusWarning Status = "warning"
	// StatusError means that something fails or leaks.
	StatusError Status = "error"
	// StatusUnknown means that the check could not be carried out (network, permission); never "missing".
	StatusUnknown Status = "unknown"
	// StatusSkipped means not asked, nothing to look at, or that a check it needs failed.
	StatusSkipped Status = "skipped"
)

// Severity ranks a [Finding]. A note does not change the status of its check.
type Severity string

// The severities, worst first.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
	SeverityNote    Severity = "note"
)

// Finding is one place where something is wrong, or worth knowing.
//
// File is relative to the top of the work tree and separated by "/". Line and Column count from 1, a column
// counts characters; both are 0 in a finding about a whole file. Commit is set for a finding that stands only
// in history; Line is then that of the blob. Fix is the next command to type about this place, or empty. Fingerprint
// recognises what was found, wherever it stands, and leads nobody to it; it is empty for what cannot be accepted by it.
type Finding struct {
	File     string   `json:"file,omitempty"`
	Line     int      `json:"line,omitempty"`
	Column   int      `json:"column,omitempty"`
	Commit   string   `json:"commit,omitempty"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Fix      string   `json:"fix,omitempty"`

	Fingerprint string `json:"fingerprint,omitempty"`

	// Accepted says that somebody decided to live with it, and that it is a note for that reason.
	Accepted bool `json:"-"`
}

// Accept makes a note of a finding that somebody accepted, for the reason that they gave.
func (f Finding) Accept(reason string) Finding {
	if f.Severity != SeverityNote {
		f.Severity, f.Accepted, f.Fix = SeverityNote, true, ""
		f.Message = fmt.Sprintf("accepted (%s): %s", reason, f.Message)
	}
	return f
}

// Result is what a [Check] found. Fix is the next command to type, or empty.
type Result struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Status    Status    `json:"status"`
	Message   string    `json:"message"`
	Fix       string    `json:"fix"`
	Findings  []Finding `json:"findings"`
	ElapsedMS int64     `json:"elapsedMs"`

	// Group is that of the check.
	Group Group `json:"-"`

	// Doubt says what else could not be checked where findings are told instead; empty for nothing.
	Doubt string `json:"-"`

	// Next tells that something was not looked at: the command that looks at it, or why nothing did. Open is what, in
	// words; empty for all that the check is about. The last line of a report names both.
	Open, Next string `json:"-"`

	// Auth marks a problem that consists only of a missing login, a missing token or one that Hex rejected.
	Auth bool `json:"-"`
}

// Check looks at one thing. ID is stable: scripts depend on it. Needs names the checks that must not have failed
// for this one to make sense; it is skipped when one of them did, or was skipped itself. One that could not be carried
// out does not stop it: it runs, and says for itself what it cannot tell.
//
// Group is the heading under which reports show the check. Network says that it asks Hex or GitHub: without a network it
// has no result.
//
// Run fills Status, Message, Fix, Findings and Auth; the runner fills the rest. It must return when ctx ends.
type Check struct {
	ID      string
	Title   string
	Group   Group
	Network bool
	Needs   []string
	Run     func(ctx context.Context) Result
}

// Group is what several checks are about.
type Group string

// The groups, in the order of reports.
const (
	GroupToken     Group = "Token"
	GroupGitHub    Group = "GitHub"
	GroupWorkflows Group = "Workflows"
	GroupHex       Group = "Hex"
	GroupFiles     Group = "Files"
)

// Skipping is the check with a reason for not carrying it out.
func (c Check) Skipping(why string) Check {
	c.Needs = nil
	c.Run = func(context.Context) Result { return Leave(why, why) }
	return c
}

// Report holds a result for every check that was given to [Run], in that order.
type Report []Result

// Run carries out the checks and returns a result for each, in the order given. Checks that do not need each other
// run at once. A check that panics is a defect and is not recovered.
func Run(ctx context.Context, checks []Check) Report { return RunTelling(ctx, checks, func(Result) {}) }

// RunTelling is [Run], and hands each result to done as soon as it is there, from any goroutine.
func RunTelling(ctx context.Context, checks []Check, done func(Result)) Report {
	report := make(Report, len(checks))
	over := make(map[string]chan struct{}, len(checks))
	index := make(map[string]int, len(checks))
	for i, c := range checks {
		over[c.ID] = make(chan struct{})
		index[c.ID] = i
	}
	carryOut := func(c Check) Result {
		for _, need := range c.Needs {
			wait, present := over[need]
			if !present {
				continue
			}
			<-wait
			if r := report[index[need]]; r.Blocks() {
				return finish(c, r.blocked(), 0)
			}
		}
		start := time.Now()
		return finish(c, c.Run(ctx), time.Since(start))
	}
	var wg sync.WaitGroup
	for i, c := range checks {
		wg.Go(func() {
			defer close(over[c.ID])
			report[i] = carryOut(c)
			done(report[i])
		})
	}
	wg.Wait()
	return report
}

func finish(c Check, r Result, elapsed time.Duration) Result {
	r.ID, r.Title, r.Group, r.ElapsedMS = c.ID, c.Title, c.Group, elapsed.Milliseconds()
	if r.Findings == nil {
		r.Findings = []Finding{}
	}
	return r
}

// Blocks reports whether a check that needs this one makes no sense.
func (r Result) Blocks() bool {
	return r.Status == StatusError || r.Status == StatusSkipped
}

// blocked is the result of a check that needs r: it leaves out what r did.
func (r Result) blocked() Result {
	why := "needs " + r.ID
	if r.Status != StatusSkipped {
		return Leave(why, why)
	}
	return Result{Status: StatusSkipped, Message: why, Open: r.Open, Next: r.Next}
}

// OK is the result of a check that found nothing wrong.
func OK(message string) Result { return Result{Status: StatusOK, Message: message} }

// Skip is the result of a check that had nothing to look at.
func Skip(message string) Result { return Result{Status: StatusSkipped, Message: message} }

// Leave is the result of a check that did not look: next is the command that does, or why in a few words.
func Leave(message, next string) Result {
	return Result{Status: StatusSkipped, Message: message, Next: next}
}

// Unknown is the result of a check that could not be carried out; message says why.
func Unknown(message, fix string) Result {
	return Result{Status: StatusUnknown, Message: message, Fix: fix}
}

// Warn is the result of a check with a warning that has no place of its own.
func Warn(message, fix string) Result {
	return Result{Status: StatusWarning, Message: message, Fix: fix}
}

// Fail is the result of a check that failed.
func Fail(message, fix string) Result {
	return Result{Status: StatusError, Message: message, Fix: fix}
}

// Judge derives a result from findings: the status is that of the worst one, ok when there are only notes.
// Message is used when there are no findings worse than a note; fix where the finding that the result is about has none of
// its own.
func Judge(findings []Finding, message, fix string) Result {
	r := Result{Status: StatusOK, Message: message, Findings: findings}
	count := map[Severity]int{}
	for _, f := range findings {
		count[f.Severity]++
	}
	switch {
	case count[SeverityError] > 0:
		r.Status = StatusError
	case count[SeverityWarning] > 0:
		r.Status = StatusWarning
	default:
		return r
	}
	told := worst(findings)
	r.Message, r.Fix = told.Message, cmp.Or(told.Fix, fix)
	if more := count[SeverityError] + count[SeverityWarning] - 1; more > 0 {
		r.Message += fmt.Sprintf(" (and %d more)", more)
	}
	return r
}

// Without is the result with some of its findings accepted, one for one in their order: its status is that of what is
// left, unknown when there is nothing but a doubt. fine is the message when nothing is left at all.
func (r Result) Without(accepted []Finding, fine string) Result {
	before, after := Judge(r.Findings, "", ""), Judge(accepted, fine, "")
	told := before.Status == r.Status && before.Message == r.Message
	if told && before.Fix == "" && after.Status != StatusOK {
		after.Fix = cmp.Or(after.Fix, r.Fix) // that of the check itself
	}
	r.Findings = accepted
	switch {
	case !told: // it says something else than its findings
	case after.Status != StatusError && r.Doubt != "":
		r.Status, r.Message, r.Fix = StatusUnknown, r.Doubt, ""
	default:
		r.Status, r.Message, r.Fix = after.Status, after.Message, after.Fix
	}
	return r
}

// worst is the first of those with the highest severity above a note.
func worst(findings []Finding) Finding {
	for _, severity := range []Severity{SeverityError, SeverityWarning} {
		if i := slices.IndexFunc(findings, func(f Finding) bool { return f.Severity == severity }); i >= 0 {
			return findings[i]
		}
	}
	return Finding{}
}

// Accepted counts the findings that somebody accepted.
func (r Report) Accepted() int {
	n := 0
	for _, result := range r {
		for _, f := range result.Findings {
			if f.Accepted {
				n++
			}
		}
	}
	return n
}

// Of is the result of a check; the zero Result when the report has none of that ID.
func (r Report) Of(id string) Result {
	for _, result := range r {
		if result.ID == id {
			return result
		}
	}
	return Result{}
}

// Wrong are the findings that are worse than a note, each with its fix. Where none is as bad as the check's status, the
// check itself is one.
func (r Result) Wrong() []Finding {
	if r.Status != StatusError && r.Status != StatusWarning {
		return nil
	}
	all := slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Severity == SeverityNote })
	told := slices.IndexFunc(all, func(f Finding) bool { return f.Severity == Severity(r.Status) })
	if told < 0 {
		return append([]Finding{{Severity: Severity(r.Status), Message: r.Message, Fix: r.Fix}}, all...)
	}
	if all[told].Fix == "" { // else the fix of the check is that one's own
		for i := range all {
			all[i].Fix = cmp.Or(all[i].Fix, r.Fix)
		}
	}
	return all
}

// Notes are the findings that do not change the status.
func (r Result) Notes() []Finding {
	return slices.DeleteFunc(slices.Clone(r.Findings), func(f Finding) bool { return f.Severity != SeverityNote })
}
