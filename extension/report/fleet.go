package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Repository is one of a fleet, as --json shows it.
type Repository struct {
	Repository string `json:"repository"`
	// Status is that of the worst check, and Message and Fix are its. Where nothing is wrong Message is what was not judged.
	Status     check.Status `json:"status"`
	Message    string       `json:"message"`
	Fix        string       `json:"fix"`
	NeedsToken bool         `json:"needsToken"` // a workflow uses Hex
	Checks     check.Report `json:"checks"`     // empty where none does
	Unread     []string     `json:"unread"`     // Hex secrets that it holds and no workflow reads
	ExpiresAt  *time.Time   `json:"expiresAt"`  // of the first stored token, where that is known
	ID         string       `json:"-"`          // of the check that Message is about
}

// RepositoryFields are the fields of a repository in --json.
func RepositoryFields() []string {
	return []string{"repository", "status", "message", "fix", "needsToken", "checks", "unread", "expiresAt"}
}

// Fleet is what was found in many repositories.
type Fleet struct {
	Owner        string // whose they are; empty for some that were named
	Repositories []Repository
	Archived     int    // those left out
	Unseen       string // checks that were left out, and why; empty for none
	Elapsed      time.Duration
}

// Sort puts the worst first, and equal ones by name.
func (f *Fleet) Sort() {
	slices.SortFunc(f.Repositories, func(a, b Repository) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), cmp.Compare(strings.ToLower(a.Repository), strings.ToLower(b.Repository)))
	})
}

// rank is 0 for the worst.
func (r Repository) rank() int {
	ranks := []check.Status{check.StatusError, check.StatusUnknown, check.StatusWarning}
	if n := slices.Index(ranks, r.Status); n >= 0 {
		return n
	}
	if r.told() {
		return len(ranks)
	}
	return len(ranks) + 1
}

// told reports whether there is something to say of a repository.
func (r Repository) told() bool {
	return r.Status != check.StatusOK || len(r.Unread) > 0 || r.Message != ""
}

// message is the line about a repository.
func (r Repository) message() string {
	holds := ""
	if len(r.Unread) > 0 {
		holds = "holds " + strings.Join(r.Unread, ", ") + ", which none of its workflows reads"
	}
	switch {
	case r.Status != check.StatusOK:
		return r.Message
	case holds != "" && r.Message != "":
		return holds + "; " + r.Message
	case holds == "" && !r.NeedsToken:
		return cmp.Or(r.Message, "no workflow uses Hex")
	}
	return cmp.Or(holds, r.Message, "no problems")
}

// code is the exit code that a repository alone would have.
func (r Repository) code(strict bool) int {
	code := command.ExitCode(Judge(r.Checks, strict))
	if r.Status == check.StatusUnknown {
		return command.Worst(code, command.ExitUnknown)
	}
	return code
}

// Judge turns the fleet into an exit code.
func (f *Fleet) Judge(strict bool) error {
	code := command.ExitOK
	for _, r := range f.Repositories {
		code = command.Worst(code, r.code(strict))
	}
	if code == command.ExitOK {
		return nil
	}
	return command.Outcome(code)
}

// PrintFleet shows a fleet: a line for each repository of which there is something to say, with verbose for every one,
// then the totals. In a pipe a line is repository, status, check, message and fix.
func PrintFleet(s *console.Streams, f *Fleet, verbose bool) {
	for _, r := range f.Repositories {
		switch {
		case !r.told() && !verbose:
		case !s.OutTTY:
			s.Print("%s\t%s\t%s\t%s\t%s", r.Repository, r.Status, r.ID, r.message(), r.Fix)
		default:
			s.Print("%s %s  %s", console.Icon(s, r.Status), s.Bold(r.Repository), r.message())
		}
	}
	for _, line := range f.totals() {
		s.Print("%s", line)
	}
	if n := slices.IndexFunc(f.Repositories, func(r Repository) bool { return len(r.Checks) > 0 && r.Status != check.StatusOK }); n >= 0 && s.OutTTY {
		s.Print("To see all that was found in one of them: gh hex verify -R %s", f.Repositories[n].Repository)
	}
}

// totals are the last lines.
func (f *Fleet) totals() []string {
	count := map[check.Status]int{}
	using, without, unread, partly := 0, 0, 0, 0
	var first time.Time
	for _, r := range f.Repositories {
		count[r.Status]++
		if r.NeedsToken {
			using++
		}
		if r.Checks.Of("secret-stored").Status == check.StatusError {
			without++
		}
		if len(r.Unread) > 0 {
			unread++
		}
		if r.Status == check.StatusOK && r.Message != "" {
			partly++
		}
		if r.ExpiresAt != nil && (first.IsZero() || r.ExpiresAt.Before(first)) {
			first = *r.ExpiresAt
		}
	}
	head := "Of " + console.Counted(len(f.Repositories), "repository", "repositories")
	if f.Owner != "" {
		head = fmt.Sprintf("Of the %s of %s that this login sees", console.Counted(len(f.Repositories), "repository", "repositories"), f.Owner)
	}
	head += ", " + console.Counted(using, "uses Hex in a workflow", "use Hex in a workflow")
	if f.Archived > 0 {
		head += fmt.Sprintf("; %d archived left out", f.Archived)
	}
	parts := []string{fmt.Sprintf("%d would fail", count[check.StatusError]), fmt.Sprintf("%d with warnings", count[check.StatusWarning]),
		fmt.Sprintf("%d could not be judged", count[check.StatusUnknown]), fmt.Sprintf("%d without problems", count[check.StatusOK])}
	if partly > 0 {
		parts[len(parts)-1] += fmt.Sprintf(", %d of them not judged in whole", partly)
	}
	if f.Unseen != "" {
		parts[len(parts)-1] += "; not looked at: " + f.Unseen
	}
	kept := []string{fmt.Sprintf("%d with one that nothing reads", unread)}
	if without > 0 || f.Unseen == "" { // else it may be that nobody looked
		kept = slices.Insert(kept, 0, fmt.Sprintf("%d without a token that a workflow needs", without))
	}
	if !first.IsZero() {
		kept = append(kept, "first known expiry "+first.Format(time.DateOnly))
	}
	return []string{head, strings.Join(parts, ", "), fmt.Sprintf("%s (%.1f s)", strings.Join(kept, ", "), f.Elapsed.Seconds())}
}

// AnnotateFleet prints an annotation for each repository that has a problem, and adds the table to the summary of the
// step. None names a file: the job's own repository is another.
func AnnotateFleet(p *command.Process, f *Fleet) error {
	for _, r := range f.Repositories {
		if r.Status != check.StatusOK {
			fmt.Fprintln(p.Out, r.annotation())
		}
	}
	for _, line := range f.totals() {
		p.Print("%s", line)
	}
	if p.Out.Err != nil {
		return p.Out.Err
	}
	return addSummary(p.Getenv("GITHUB_STEP_SUMMARY"), f.summary())
}

func (r Repository) annotation() string {
	kind, title := "warning", r.Repository
	if r.Status == check.StatusError {
		kind = "error"
	}
	if r.ID != "" {
		title += ": " + r.ID
	}
	message := console.Safe(r.message())
	if r.Fix != "" {
		message += "\nfix: " + console.Safe(r.Fix)
	}
	return fmt.Sprintf("::%s title=%s::%s", kind, command.EscapeProperty(title), command.EscapeData(message))
}

// summary is the fleet in Markdown: the totals, and a row for each repository as far as they fit.
func (f *Fleet) summary() string {
	var rows []string
	for _, r := range f.Repositories {
		if r.told() {
			rows = append(rows, r.row())
		}
	}
	return table("### gh hex verify\n\n"+command.Cell(strings.Join(f.totals(), ". ")), "| | Repository | Check | What | Fix |\n|---|---|---|---|---|\n", rows)
}

func (r Repository) row() string {
	id, fix := "", ""
	if r.ID != "" {
		id = fmt.Sprintf("[%s](%s)", r.ID, docs.CheckURL(r.ID))
	}
	if r.Fix != "" {
		fix = "<code>" + command.Cell(r.Fix) + "</code>"
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %s |\n", r.Status, command.Cell(r.Repository), id, command.Cell(r.message()), fix)
}
