package stored

import (
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
)

var now = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func ago(then time.Time) string { return now.Sub(then).String() + " ago" }

func dailyRun() Run {
	return Run{ID: 7, Event: "schedule", Branch: "main", Status: "completed", Conclusion: "success", Attempt: 1, CreatedAt: now.Add(-5 * time.Hour), URL: "https://github.com/octo/analytics/actions/runs/7"}
}

// steps makes the steps of a job out of "token-accepted=success".
func steps(conclusions ...string) []Step {
	list := []Step{{"Set up job", "success"}, {"Install gh hex", "success"}, {"Ask Hex", "success"}}
	for _, c := range conclusions {
		name, conclusion, _ := strings.Cut(c, "=")
		list = append(list, Step{name, conclusion})
	}
	return append(list, Step{"Complete job", "success"})
}

func good() []Step {
	return steps("token-present=skipped", "token-format=skipped", "token-accepted=success", "token-expiry=success", "scope-read=success", "scope-run=skipped")
}

func job(name string, steps []Step) Job { return Job{name, "completed", "success", steps} }

func TestRunsThatCount(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Run)
		counts bool
	}{
		"by schedule":            {func(*Run) {}, true},
		"by dispatch":            {func(r *Run) { r.Event = "workflow_dispatch" }, true},
		"failed":                 {func(r *Run) { r.Conclusion = "failure" }, true},
		"just within 48 hours":   {func(r *Run) { r.CreatedAt = now.Add(-48 * time.Hour) }, true},
		"older":                  {func(r *Run) { r.CreatedAt = now.Add(-48*time.Hour - time.Second) }, false},
		"by push":                {func(r *Run) { r.Event = "push" }, false},
		"by repository_dispatch": {func(r *Run) { r.Event = "repository_dispatch" }, false},
		"of another branch":      {func(r *Run) { r.Branch = "feature" }, false},
		"of another case":        {func(r *Run) { r.Branch = "Main" }, false},
		"repeated":               {func(r *Run) { r.Attempt = 2 }, false},
		"of no attempt":          {func(r *Run) { r.Attempt = 0 }, false},
		"of no time":             {func(r *Run) { r.CreatedAt = time.Time{} }, false},
		"under way":              {func(r *Run) { r.Status = "in_progress" }, false},
	} {
		r := dailyRun()
		test.change(&r)
		got, why := Last([]Run{r}, "main", now, ago)
		if (got.ID != 0) != test.counts || (why == "") != test.counts {
			t.Errorf("%s: run %d, %q", name, got.ID, why)
		}
	}
	if _, why := Last([]Run{dailyRun()}, "", now, ago); why == "" {
		t.Error("a run counts though the default branch is not known")
	}
	older := dailyRun()
	older.ID, older.CreatedAt = 6, now.Add(-20*time.Hour)
	repeated := dailyRun()
	repeated.ID, repeated.Attempt, repeated.CreatedAt = 8, 2, now.Add(-time.Hour)
	if got, _ := Last([]Run{repeated, older, dailyRun()}, "main", now, ago); got.ID != 7 {
		t.Errorf("the last run that counts is %d", got.ID)
	}
}

func TestJudge(t *testing.T) {
	repository := Place{Where: "repository", App: "actions", Secret: "HEX_API_TOKEN", UpdatedAt: now.Add(-24 * time.Hour), Since: now.Add(-24 * time.Hour), Fix: "gh hex auth"}
	prod := Place{Where: "environment prod", Environment: "prod", App: "actions", Secret: "hex_api_token", UpdatedAt: now.Add(-24 * time.Hour), Since: now.Add(-24 * time.Hour), Fix: "gh hex auth --env prod"}
	bot := Place{Where: "Dependabot", App: "dependabot", UpdatedAt: now.Add(-24 * time.Hour)}
	expiring := &Entry{ExpiresAt: now.Add(9 * 24 * time.Hour), Set: now.Add(-24 * time.Hour)}
	with := func(p Place, change func(*Place)) Place { change(&p); return p }
	set := func(at time.Time) Place { return with(repository, func(p *Place) { p.Since = at }) }
	file := File{Secret: "HEX_API_TOKEN", Environments: []string{"PROD"}}
	for name, test := range map[string]struct {
		places []Place
		run    func(*Run)
		jobs   []Job
		why    string
		state  string
		stored bool
		failed bool
		want   check.Status
		says   []string // parts of the message and the findings
		never  []string
		open   string
		auth   bool
	}{
		"accepted":                         {places: []Place{repository}, jobs: []Job{job("repository", good())}, want: check.StatusOK, says: []string{"Hex accepted the stored token 5h0m0s ago (https://github.com/octo/analytics/actions/runs/7)"}},
		"accepted in a run that failed":    {places: []Place{repository}, run: func(r *Run) { r.Conclusion = "failure" }, jobs: []Job{job("repository", good())}, want: check.StatusOK},
		"accepted, and asked for":          {places: []Place{repository, prod}, stored: true, jobs: []Job{job("repository", good()), job("environment prod", good())}, want: check.StatusOK, says: []string{"Hex accepted all 2"}},
		"rejected":                         {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=failure"))}, want: check.StatusError, auth: true, says: []string{"repository: Hex rejects the token", "runs/7"}},
		"no token at all":                  {places: []Place{repository}, jobs: []Job{job("repository", steps("token-format=failure", "token-accepted=skipped"))}, want: check.StatusError, says: []string{"no Hex token"}},
		"empty":                            {places: []Place{repository}, jobs: []Job{job("repository", steps("token-present=failure"))}, want: check.StatusError, says: []string{"gets no token"}},
		"may not read":                     {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=success", "scope-read=failure"))}, want: check.StatusError, says: []string{"does not let the token list projects"}},
		"may not run, and expires":         {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=success", "token-expiry=failure", "scope-run=failure"))}, want: check.StatusError, says: []string{"does not let the token run a project"}},
		"expires":                          {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=success", "token-expiry=failure"))}, want: check.StatusWarning, says: []string{"within 14 days"}},
		"Hex was down":                     {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=skipped", "token-expiry=skipped", "scope-read=skipped"))}, want: check.StatusSkipped, open: "the stored token", says: []string{"got no answer from Hex"}, never: []string{"reject"}},
		"Hex was down, asked for":          {places: []Place{repository}, stored: true, jobs: []Job{job("repository", steps("token-accepted=skipped"))}, want: check.StatusUnknown, open: "the stored token", never: []string{"reject"}},
		"skipped job":                      {places: []Place{repository}, jobs: []Job{{"repository", "completed", "skipped", nil}}, want: check.StatusSkipped, open: "the stored token", says: []string{"skipped"}},
		"green job without steps":          {places: []Place{repository}, jobs: []Job{{"repository", "completed", "success", nil}}, want: check.StatusSkipped, open: "the stored token"},
		"a job of another name":            {places: []Place{repository}, jobs: []Job{job("environment prod", good()), job("anything", good())}, want: check.StatusSkipped, open: "the stored token"},
		"two jobs of one name":             {places: []Place{repository}, jobs: []Job{job("repository", good()), job("repository", good())}, want: check.StatusSkipped, open: "the stored token"},
		"two steps of one name":            {places: []Place{repository}, jobs: []Job{job("repository", steps("token-accepted=failure", "token-accepted=success"))}, want: check.StatusSkipped, open: "the stored token"},
		"cancelled":                        {places: []Place{repository}, stored: true, jobs: []Job{{"repository", "completed", "cancelled", steps("token-accepted=cancelled")}}, want: check.StatusUnknown, open: "the stored token", says: []string{"cancelled"}},
		"set since":                        {places: []Place{set(now.Add(-4 * time.Hour))}, jobs: []Job{job("repository", good())}, want: check.StatusSkipped, open: "the stored token", says: []string{"since it was set"}},
		"set in the same second":           {places: []Place{set(now.Add(-5 * time.Hour))}, jobs: []Job{job("repository", good())}, want: check.StatusSkipped, open: "the stored token", says: []string{"ask again"}},
		"set since, rejected before":       {places: []Place{set(now.Add(-4 * time.Hour))}, jobs: []Job{job("repository", steps("token-accepted=failure"))}, want: check.StatusSkipped, open: "the stored token"},
		"one of two":                       {places: []Place{repository, prod}, jobs: []Job{job("repository", good()), job("environment prod", steps("token-accepted=failure"))}, want: check.StatusError, auth: true, says: []string{"environment prod: Hex rejects"}, never: []string{"repository: Hex rejects"}},
		"one asked, one not":               {places: []Place{repository, prod}, jobs: []Job{job("repository", good())}, want: check.StatusOK, open: "the stored token of the environment prod", says: []string{"not asked: environment prod", "every run waits"}},
		"not in the list":                  {places: []Place{with(prod, func(p *Place) { p.Where, p.Environment = "environment live", "live" })}, jobs: []Job{job("repository", good())}, want: check.StatusSkipped, open: "the stored token", says: []string{"does not list it"}},
		"waits for a person":               {places: []Place{repository, prod}, stored: true, jobs: []Job{job("repository", good()), {"environment prod", "waiting", "", nil}}, want: check.StatusUnknown, open: "the stored token of the environment prod", says: []string{"waits for a reviewer", "runs/7", "approve"}},
		"an environment in other case":     {places: []Place{prod}, jobs: []Job{job("environment Prod", good())}, want: check.StatusOK},
		"no run":                           {places: []Place{repository}, why: "no run yet", want: check.StatusSkipped, open: "the stored token", says: []string{"no run yet"}},
		"no run, asked for":                {places: []Place{repository}, why: "403", stored: true, want: check.StatusUnknown, open: "the stored token", says: []string{"403"}},
		"disabled by hand":                 {places: []Place{repository}, state: "disabled_manually", jobs: []Job{job("repository", good())}, want: check.StatusWarning, says: []string{"somebody did that by hand"}},
		"disabled after 60 days":           {places: []Place{repository}, state: "disabled_inactivity", why: "old", want: check.StatusWarning, open: "the stored token", says: []string{"60 days"}},
		"active":                           {places: []Place{repository}, state: "active", jobs: []Job{job("repository", good())}, want: check.StatusOK, never: []string{"switched off"}},
		"expires by its record":            {places: []Place{with(repository, func(p *Place) { p.Record = expiring })}, why: "no run yet", want: check.StatusWarning, open: "the stored token", says: []string{"expires on 2026-12-09, according to its record"}},
		"expires late by its record":       {places: []Place{with(repository, func(p *Place) { p.Record = &Entry{ExpiresAt: now.Add(100 * 24 * time.Hour)} })}, jobs: []Job{job("repository", good())}, want: check.StatusOK, says: []string{"expires on 2027-03-10"}},
		"expired by its record alone":      {places: []Place{with(repository, func(p *Place) { p.Record = &Entry{ExpiresAt: now.Add(-time.Hour)} })}, why: "no run yet", want: check.StatusWarning, open: "the stored token", says: []string{"expired on"}},
		"replaced":                         {places: []Place{with(repository, func(p *Place) { p.Record, p.Replaced = expiring, true })}, why: "no run yet", want: check.StatusWarning, open: "the stored token", says: []string{"replaced since"}, never: []string{"expires on"}},
		"replaced, and accepted since":     {places: []Place{with(repository, func(p *Place) { p.Record, p.Replaced = expiring, true })}, jobs: []Job{job("repository", good())}, want: check.StatusOK, says: []string{"replaced since"}, never: []string{"expires on"}},
		"a record is no proof":             {places: []Place{with(repository, func(p *Place) { p.Record = &Entry{NeverExpires: true} })}, why: "no run yet", want: check.StatusSkipped, open: "the stored token", says: []string{"never expires"}},
		"Dependabot's alone":               {places: []Place{bot}, jobs: []Job{job("repository", good())}, want: check.StatusSkipped},
		"Dependabot's beside one":          {places: []Place{repository, bot}, stored: true, jobs: []Job{job("repository", good())}, want: check.StatusOK, says: []string{"Dependabot: not asked: no run sees it"}},
		"another name":                     {places: []Place{with(repository, func(p *Place) { p.Secret = "HEX_TOKEN" })}, jobs: []Job{job("repository", good())}, want: check.StatusSkipped, open: "the stored token", says: []string{"asks about HEX_API_TOKEN"}},
		"a place that could not be listed": {places: []Place{repository, with(prod, func(p *Place) { p.Unlisted = "could not list it" })}, jobs: []Job{job("repository", good()), job("environment prod", good())}, want: check.StatusUnknown, open: "the stored token of the environment prod", says: []string{"could not list it"}},
		"a look-up that failed":            {places: []Place{repository}, failed: true, why: "no answer in time", want: check.StatusUnknown, open: "the stored token", says: []string{"no answer in time"}},
		"no place":                         {why: "no run yet", want: check.StatusSkipped},
	} {
		run := dailyRun()
		if test.run != nil {
			test.run(&run)
		}
		r := Judge(test.places, Evidence{File: file, Run: run, Jobs: test.jobs, Why: test.why, State: test.state, Failed: test.failed},
			Asking{Now: now, Ago: ago, Stored: test.stored, Command: "gh hex verify --stored", Enable: "gh workflow enable hex-check.yml"})
		text := r.Message + "\n" + r.Fix
		for _, f := range r.Findings {
			text += "\n" + f.Message
		}
		if r.Status != test.want || r.Open != test.open || r.Auth != test.auth {
			t.Errorf("%s: %s, open %q, auth %t\n%s", name, r.Status, r.Open, r.Auth, text)
		}
		if (r.Open == "") != (r.Next == "") {
			t.Errorf("%s: open %q, next %q", name, r.Open, r.Next)
		}
		for _, part := range test.says {
			if !strings.Contains(text, part) {
				t.Errorf("%s: does not say %q:\n%s", name, part, text)
			}
		}
		for _, part := range test.never {
			if strings.Contains(text, part) {
				t.Errorf("%s: says %q:\n%s", name, part, text)
			}
		}
	}
}
