package stored

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
)

// fresh is how long a run proves something.
const fresh = 48 * time.Hour

// Run is a run of the workflow, as GitHub describes it.
type Run struct {
	ID         int64
	Event      string
	Branch     string
	Commit     string // whose file it ran
	Status     string // queued, in_progress, waiting, completed and others
	Conclusion string // once it is completed
	Attempt    int
	CreatedAt  time.Time
	URL        string
}

// Job is a job of a run, with its steps.
type Job struct {
	Name, Status, Conclusion string
	Steps                    []Step
}

// Step is a step of a job.
type Step struct{ Name, Conclusion string }

// Counts tells whether a run may prove anything: one of the default branch's own file, that nobody repeated. A repeated
// run keeps the time of its first attempt, and with it secrets that may have been replaced since.
func (r Run) Counts(branch string) bool {
	return (r.Event == "schedule" || r.Event == "workflow_dispatch") && branch != "" && r.Branch == branch && r.Attempt == 1 && !r.CreatedAt.IsZero()
}

// Done tells that GitHub is through with a run.
func (r Run) Done() bool { return r.Status == "completed" }

// Last is the newest run that counts and is over. why says why there is none to go by.
func Last(runs []Run, branch string, now time.Time, ago func(time.Time) string) (last Run, why string) {
	for _, r := range runs {
		if r.Counts(branch) && r.Done() && r.CreatedAt.After(last.CreatedAt) {
			last = r
		}
	}
	switch {
	case last.ID == 0:
		return Run{}, FileName + " has no run yet that counts (by schedule or dispatch, on " + branch + ", not repeated)"
	case now.Sub(last.CreatedAt) > fresh:
		return Run{}, fmt.Sprintf("the last run of %s began %s", FileName, ago(last.CreatedAt))
	}
	return last, ""
}

// Place is one stored secret, and the job that sees it.
type Place struct {
	Where       string // in words: "repository", "environment prod", "organization"
	Environment string // of the job; empty for the repository's
	App         string // one that no run sees, unless it is actions
	Secret      string // its name
	Unlisted    string // why it is not known whether there is one; empty when it is
	UpdatedAt   time.Time
	// Since is when the last of what the job uses was set: the secret, or the host beside it.
	Since    time.Time
	Record   *Entry // what was written down beside it; nil for nothing
	Replaced bool   // somebody set the secret since
	Here     string // what the record says of the token on this machine, in words; empty for nothing
	Fix      string // the command that stores another one there
}

// Evidence is what GitHub says of the workflow.
type Evidence struct {
	File File
	Run  Run
	Jobs []Job
	// Why says why there is no run to go by, Fix what to do about that; Failed that it could not be found out.
	Why, Fix string
	Failed   bool
	// State is the workflow's: active, disabled_manually, disabled_inactivity or another; empty when it was not asked.
	State string
}

// Asking is how the question was put.
type Asking struct {
	Now    time.Time
	Ago    func(time.Time) string
	Stored bool // a run was asked for: no answer is then unknown
	// Command has GitHub ask; Enable switches the workflow on.
	Command, Enable string
}

// found is what is known of one place.
type found struct {
	check.Finding
	where        string
	asked        bool // a run told something
	auth         bool // that Hex rejects the token
	open, waited bool // the run told nothing; because it waits for a person
	unlisted     bool
	bare         bool // there is nothing to say of it but that there is no run
}

// Judge says what is known of the stored tokens.
func Judge(places []Place, e Evidence, a Asking) check.Result {
	all := make([]found, len(places), len(places)+1)
	for i, p := range places {
		all[i] = p.judge(e, a)
	}
	if strings.HasPrefix(e.State, "disabled") {
		all = append(all, found{Finding: check.Finding{Severity: check.SeverityWarning, Message: disabled(e.State), Fix: a.Enable}})
	}
	var findings []check.Finding
	asked, auth := 0, true
	for _, f := range all {
		if !f.bare {
			findings = append(findings, f.Finding)
		}
		auth = auth && (f.auth || f.Severity != check.SeverityError)
		if f.asked {
			asked++
		}
	}
	r := check.Judge(findings, e.summary(asked, a), "")
	r.Auth = auth && r.Status == check.StatusError
	return e.settle(r, slices.DeleteFunc(all, func(f found) bool { return !f.open }), asked, a)
}

// settle says what was not looked at.
func (e Evidence) settle(r check.Result, open []found, asked int, a Asking) check.Result {
	if len(open) == 0 {
		if r.Status == check.StatusOK && asked == 0 {
			r.Status, r.Message = check.StatusSkipped, "no secret is stored that a run could check"
		}
		return r
	}
	r.Open, r.Next = "the stored token", cmp.Or(e.Fix, a.Command)
	if asked > 0 {
		r.Open += " of the " + places(open)
	}
	why := cmp.Or(e.Why, open[0].Message)
	switch {
	case r.Status == check.StatusError:
	case a.Stored || e.Failed || slices.ContainsFunc(open, func(f found) bool { return f.unlisted }):
		if slices.ContainsFunc(open, func(f found) bool { return f.waited }) {
			r.Next = "let somebody approve the run, then: gh hex verify"
		}
		r.Status, r.Message, r.Fix = check.StatusUnknown, "could not tell whether Hex accepts the stored token: "+e.Why, r.Next
		if e.Why == "" { // then every place says why
			r.Message = "could not tell whether Hex accepts the stored token of the " + places(open)
		}
	case r.Status == check.StatusOK && asked == 0:
		r.Status, r.Message, r.Fix = check.StatusSkipped, "not looked at: "+why, r.Next
	case r.Status == check.StatusOK:
		r.Message += "; not asked: " + places(open)
	}
	return r
}

// maxNamed bounds how many places one sentence names.
const maxNamed = 3

func places(open []found) string {
	var names []string
	for _, f := range open[:min(len(open), maxNamed)] {
		names = append(names, f.where)
	}
	text := strings.Join(names, ", ")
	if more := len(open) - len(names); more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

func (e Evidence) summary(asked int, a Asking) string {
	if asked == 0 {
		return ""
	}
	text := "Hex accepted the stored token"
	if asked > 1 {
		text = fmt.Sprintf("Hex accepted all %d stored tokens", asked)
	}
	return text + " " + a.Ago(e.Run.CreatedAt) + " (" + e.Run.URL + ")"
}

func disabled(state string) string {
	switch state {
	case "disabled_inactivity":
		return FileName + " is disabled: GitHub does that to scheduled workflows after 60 days without a commit"
	case "disabled_manually":
		return FileName + " is disabled: somebody did that by hand"
	}
	return FileName + " is disabled"
}

const actions = "actions"

// judge puts what a run says of a place together with what its record says.
func (p Place) judge(e Evidence, a Asking) found {
	f := found{where: p.Where, Finding: check.Finding{Severity: check.SeverityNote}}
	said := e.ask(p)
	text := said.silence
	switch {
	case said.silence != "":
		f.open, f.waited, f.unlisted = p.App == actions, said.waits, p.Unlisted != ""
	case said.problem.id == tokenExpiry:
		f.asked, f.Severity, text = true, check.SeverityWarning, "Hex accepted it "+a.Ago(e.Run.CreatedAt)+", and it expires within 14 days"
	case said.problem.id != "":
		f.asked, f.auth = true, said.problem.id == tokenAccepted
		f.Severity, text = check.SeverityError, said.problem.wrong+" (asked "+a.Ago(e.Run.CreatedAt)+": "+e.Run.URL+")"
	default:
		f.asked, text = true, "Hex accepted it "+a.Ago(e.Run.CreatedAt)
	}
	note, warns := p.remembered(a.Now, f.asked)
	f.bare = f.open && e.Why != "" && note == "" && !f.unlisted
	switch {
	case note == "":
	case e.Why != "" && !f.unlisted:
		text = note // that there is no run is said for all
	default:
		text += "; " + note
	}
	if warns && f.Severity == check.SeverityNote {
		f.Severity = check.SeverityWarning
	}
	if f.Severity != check.SeverityNote {
		f.Fix = p.Fix
	}
	f.Message = p.Where + ": " + text
	return f
}

// remembered is what the record says. It warns, and never proves.
func (p Place) remembered(now time.Time, proved bool) (note string, warns bool) {
	switch {
	case p.Record == nil:
		return "", false
	case p.Replaced:
		return "replaced since gh hex set it on " + p.Record.Set.Format(time.DateOnly), !proved
	}
	note = p.Record.Expiry(now)
	if note != "" && !p.Record.ExpiresAt.IsZero() {
		note += ", according to its record"
	}
	if p.Here != "" {
		note = strings.TrimPrefix(note+"; "+p.Here, "; ")
	}
	return note, p.Record.soon(now)
}

// answer is what a run says of a place: a problem, or why it says nothing. Neither means that Hex accepted the token.
type answer struct {
	problem question
	silence string
	waits   bool // for a person
}

func silent(format string, args ...any) answer { return answer{silence: fmt.Sprintf(format, args...)} }

func (e Evidence) ask(p Place) answer {
	switch {
	case p.Unlisted != "":
		return silent("%s", p.Unlisted)
	case p.App != actions:
		return silent("not asked: no run sees it")
	case e.Why != "":
		return silent("not asked")
	case e.Run.CreatedAt.Equal(p.Since): // GitHub's times are whole seconds
		return silent("set in the second in which GitHub asked: ask again")
	case !e.Run.CreatedAt.After(p.Since):
		return silent("not asked since it was set")
	case !strings.EqualFold(p.Secret, e.File.Secret):
		return silent("not asked: %s asks about %s", FileName, e.File.Secret)
	}
	jobs := slices.DeleteFunc(slices.Clone(e.Jobs), func(j Job) bool { return !strings.EqualFold(j.Name, JobOf(p.Environment)) })
	switch {
	case len(jobs) == 1:
		return jobs[0].answer(e.Run)
	case p.Environment != "" && !e.File.lists(p.Environment):
		return silent("not asked: %s does not list it", FileName)
	case p.Environment != "" && e.Run.Event == "schedule":
		return silent("not asked: every run waits there, so it has to be asked for")
	}
	return silent("not asked: the run has no job, or several, for it (%s)", e.Run.URL)
}

func (f File) lists(environment string) bool {
	return slices.ContainsFunc(slices.Concat(f.Environments, f.Protected), func(name string) bool { return strings.EqualFold(name, environment) })
}

// answer goes by the conclusions of the steps alone: a job that was skipped is green, too. That a token expires soon is
// told when nothing worse is.
func (j Job) answer(r Run) answer {
	conclusion := map[string]string{}
	for _, s := range j.Steps {
		conclusion[s.Name] += s.Conclusion // two steps of one name say nothing
	}
	var mild answer
	for _, q := range asked() {
		switch {
		case conclusion[q.id] != "failure":
		case q.id == tokenExpiry:
			mild.problem = q
		default:
			return answer{problem: q}
		}
	}
	if conclusion[tokenAccepted] != "success" {
		return j.silence(r)
	}
	return mild
}

func (j Job) silence(r Run) answer {
	switch {
	case j.Status == "waiting":
		return answer{silence: "not asked: its job waits for a reviewer or a timer (" + r.URL + ")", waits: true}
	case j.Status != "completed":
		return silent("not asked yet (%s)", r.URL)
	case j.Conclusion == "skipped", j.Conclusion == "cancelled":
		return silent("not asked: its job was %s", j.Conclusion)
	}
	return silent("not asked: its job got no answer from Hex")
}
