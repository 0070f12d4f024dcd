package inspect

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

const (
	// maxJudged is how many repositories are judged at the same time, so that 20 requests are always under way.
	maxJudged = 40
	// maxBatches is how many batches of repositories are read at the same time.
	maxBatches = 2
	// batch is how many repositories are read together.
	batch = 100
	// heavy is for how many bytes of workflows a repository counts as one more: what they become takes much more memory.
	heavy = 50 << 10
	// maxShared bounds the bytes of a called workflow that is kept for further callers, and maxCalled how many are.
	maxShared, maxCalled = 64 << 10, 256
)

// Judged is what is known of one repository of a fleet.
type Judged struct {
	Repository string       `json:"repository"`
	Status     check.Status `json:"status"`
	// Message and Fix are about the worst of it, or what was not judged where nothing is wrong.
	Message string `json:"message"`
	Fix     string `json:"fix"`
	// NeedsToken tells that a workflow uses Hex. Checks are empty where none does.
	NeedsToken bool         `json:"needsToken"`
	Checks     check.Report `json:"checks"`
	// ExpiresAt is when the first of the stored tokens expires, where that was written down beside it; nil when it is not known.
	ExpiresAt *time.Time `json:"expiresAt"`
	// Unread are the Hex secrets that the repository holds and no workflow of it reads.
	Unread []string `json:"unread"`
	// ID is that of the check that Message is about, if it is about one.
	ID string `json:"-"`
}

// Fleet judges many repositories of one host as they stand on GitHub, by the rules for one. Nothing is asked of Hex, and
// nothing on this machine counts.
type Fleet struct {
	process *command.Process
	about   Scope
	client  *github.Client
	slots   chan struct{}
	filling sync.Mutex

	hasVariable func() bool // as in Inspection

	mu     sync.Mutex
	shared map[github.Place]func() github.Listing
	called map[string]func() ([]byte, error)
}

// NewFleet has nothing on this machine decide. The client should wait for rate limits.
func NewFleet(p *command.Process, about Scope, client *github.Client) *Fleet {
	return &Fleet{
		process: p, about: about, client: client, slots: make(chan struct{}, maxJudged),
		hasVariable: sync.OnceValue(func() bool { return p.HasGH(context.Background(), "variable") }),
		shared:      map[github.Place]func() github.Listing{}, called: map[string]func() ([]byte, error){},
	}
}

// Judge judges the repositories that list yields, many at a time, and calls done for each, from any goroutine and in no
// order. The error is that of list: what it had yielded before is judged.
func (f *Fleet) Judge(ctx context.Context, list func(yield func(github.Repository) error) error, done func(Judged)) error {
	batches := make(chan struct{}, maxBatches)
	var wg sync.WaitGroup
	read := func(repos []github.Repository) {
		wg.Go(func() {
			batches <- struct{}{}
			defer func() { <-batches }()
			f.client.Snapshots(ctx, repos, func(s github.Snapshot) {
				free := f.occupy(s)
				wg.Go(func() {
					defer free()
					done(f.judge(ctx, s))
				})
			})
		})
	}
	var repos []github.Repository
	err := list(func(r github.Repository) error {
		if repos = append(repos, r); len(repos) == batch {
			read(repos)
			repos = nil
		}
		return ctx.Err()
	})
	if len(repos) > 0 {
		read(repos)
	}
	wg.Wait()
	return err
}

// occupy waits until there is room for a repository, more of it for a large one.
func (f *Fleet) occupy(s github.Snapshot) (free func()) {
	size := 0
	for _, file := range s.Files {
		size += len(file.Data)
	}
	slots := min(1+size/heavy, maxJudged)
	f.filling.Lock()
	defer f.filling.Unlock()
	for range slots {
		f.slots <- struct{}{}
	}
	return func() {
		for range slots {
			<-f.slots
		}
	}
}

// judge judges a repository. What was cut short, by the end of the time there is, may have been read by halves.
func (f *Fleet) judge(ctx context.Context, s github.Snapshot) Judged {
	j := f.judgeRead(ctx, s)
	if ctx.Err() != nil && (j.Status == check.StatusOK || j.Status == check.StatusWarning) {
		return j.unknown(errEnded)
	}
	return j
}

func (f *Fleet) judgeRead(ctx context.Context, s github.Snapshot) Judged {
	j := Judged{Repository: s.Repository.FullName(), Status: check.StatusOK, Checks: check.Report{}, Unread: []string{}}
	if s.Err != nil {
		return j.unknown(s.Err)
	}
	var secrets github.Listing
	var wg sync.WaitGroup
	wg.Go(func() {
		secrets = f.client.Secrets(ctx, github.InRepository(github.Actions, s.Repository.Owner, s.Repository.Name))
	})
	i := f.inspection(ctx, s)
	i.elsewhere.matters = func(w *workflow.Workflows) bool {
		wg.Wait()
		return usesHex(w) || f.about.All || w.ReadsSecrets() || slices.ContainsFunc(secrets.Entries, func(e github.Entry) bool { return workflow.IsTokenName(e.Name) })
	}
	w := i.workflows()
	wg.Wait()
	j.NeedsToken = f.about.All || usesHex(w)
	if err := cmp.Or(i.unread(), secrets.Err); err != nil && !j.NeedsToken {
		return j.unknown(err)
	}
	j.Unread = unreadSecrets(secrets, w)
	if r := workflow.JudgeFiles(w, workflow.Context{})[workflow.Syntax]; !j.NeedsToken && len(r.Findings) > 0 {
		j.Message = r.Message // something was not looked at
	}
	if j.NeedsToken {
		i.inventory = sync.OnceValues(func() (github.Inventory, error) { return f.inventory(ctx, i, s, secrets), nil })
		j.conclude(i.Shown(check.Run(ctx, i.Of(i.fleetChecks()))))
		if r := j.Checks.Of(workflow.Syntax); j.Status == check.StatusOK && workflow.LeavesOut(r) {
			j.Message = r.Message
		}
		if at := i.storedTokens(f.client, i.known()).expires(); !at.IsZero() {
			j.ExpiresAt = &at
		}
		if err := i.unanswered(); err != nil && j.Status != check.StatusError && i.Includes("github-access") {
			return j.unknown(err)
		}
	}
	return j
}

// unanswered is the first place that could not be listed, though another one may hold all that is needed: what was not
// seen was not judged. Only owners see the Dependabot secrets of an organization: of those a refusal is an answer.
func (i *Inspection) unanswered() error {
	inv := i.known()
	for _, err := range inv.Refusals() {
		if !errors.Is(err, github.ErrNotFound) {
			return err
		}
	}
	for _, err := range []error{inv.Dependabot.Err, inv.DependabotOrganization.Err} {
		if unreachable(err) {
			return err
		}
	}
	return nil
}

// known is the inventory of a fleet's repository, which is always there.
func (i *Inspection) known() github.Inventory {
	inv, _ := i.inventory()
	return inv
}

// inspection is that of one repository of a fleet.
func (f *Fleet) inspection(ctx context.Context, s github.Snapshot) *Inspection {
	r := s.Repository
	i := &Inspection{Process: f.process, Scope: f.about, ends: ctx}
	i.Target.Host, i.Target.Owner, i.Target.Name = r.Host, r.Owner, r.Name
	i.settings = workspace.Settings{Host: core.DefaultHost(), HostSource: workspace.DefaultSource}
	i.client = func() (*github.Client, error) { return f.client, nil }
	i.hasVariable = f.hasVariable
	i.elsewhere = newElsewhere(i.client, func() (github.Snapshot, error) { return s, nil })
	i.share(ctx)
	i.called = f.calledWorkflow
	i.organization = func(org string) github.Listing { return f.organization(ctx, github.Actions, org) }
	return i
}

// usesHex reports whether there is anything to judge: a workflow that uses Hex, or one that could not be read and may.
func usesHex(w *workflow.Workflows) bool {
	if len(w.HexSecrets()) > 0 {
		return true
	}
	for _, r := range workflow.JudgeFiles(w, workflow.Context{}) {
		if r.Status != check.StatusSkipped {
			return true
		}
	}
	return false
}

// InFleet reports whether a check is one of those that judge many repositories: those about what GitHub stores and what the
// workflows say.
func InFleet(c check.Check) bool {
	return c.ID == "token-stored" || c.ID != "push-scope" && c.Group != check.GroupFiles && c.Group != check.GroupToken
}

// fleetChecks has the check of the stored tokens at its end: what it says follows from the others where they find something.
func (i *Inspection) fleetChecks() []check.Check {
	last := i.storedCheck()
	checks := slices.DeleteFunc(i.Checks(), func(c check.Check) bool { return c.ID == last.ID || !InFleet(c) })
	return append(checks, last)
}

func (f *Fleet) inventory(ctx context.Context, i *Inspection, s github.Snapshot, secrets github.Listing) github.Inventory {
	inv := f.client.InventoryOf(ctx, s, secrets, func() github.Listing { return f.organization(ctx, github.Dependabot, s.Repository.Owner) })
	i.lookInto(ctx, f.client, &inv)
	return inv
}

// organization lists the secrets of an organization's app, once.
func (f *Fleet) organization(ctx context.Context, app github.App, org string) github.Listing {
	at := github.InOrganization(app, org)
	f.mu.Lock()
	list, known := f.shared[at]
	if !known {
		list = sync.OnceValue(func() github.Listing { return f.client.Secrets(ctx, at) })
		f.shared[at] = list
	}
	f.mu.Unlock()
	return list()
}

// calledWorkflow asks once for a workflow that many repositories call.
func (f *Fleet) calledWorkflow(ctx context.Context, client *github.Client, ref string) ([]byte, error) {
	f.mu.Lock()
	read, known := f.called[ref]
	if !known {
		read = sync.OnceValues(func() ([]byte, error) { return client.Workflow(ctx, ref) })
		if len(f.called) < maxCalled {
			f.called[ref] = read
		}
	}
	f.mu.Unlock()
	data, err := read()
	if len(data) > maxShared {
		f.mu.Lock()
		delete(f.called, ref)
		f.mu.Unlock()
	}
	return data, err
}

// unreadSecrets are the Hex secrets of a repository that none of its workflows reads.
func unreadSecrets(secrets github.Listing, w *workflow.Workflows) []string {
	unread := []string{}
	for _, e := range secrets.Entries {
		if workflow.IsTokenName(e.Name) && !w.MayRead(e.Name) {
			unread = append(unread, e.Name)
		}
	}
	return unread
}

func (j Judged) unknown(err error) Judged {
	j.Status, j.ID, j.Message, j.Fix = check.StatusUnknown, "", err.Error(), fixFor(err)
	return j
}

// conclude takes the worst of a report for that of the repository.
func (j *Judged) conclude(report check.Report) {
	for n := range report {
		report[n].Auth = report[n].Auth && report[n].ID == "github-access" // no token is asked for here
	}
	j.Checks = report
	for _, status := range []check.Status{check.StatusError, check.StatusUnknown, check.StatusWarning} {
		n := slices.IndexFunc(report, func(r check.Result) bool { return r.Status == status })
		if n >= 0 {
			r := report[n]
			j.Status, j.ID, j.Message, j.Fix = status, r.ID, r.Message, r.Fix
			return
		}
	}
}

// RepositoriesOf yields repositories by name, each once; one that cannot be looked up goes to missing.
func RepositoriesOf(ctx context.Context, client *github.Client, targets []target.Repository, missing func(target.Repository, error)) func(func(github.Repository) error) error {
	return func(yield func(github.Repository) error) error {
		seen := map[int64]bool{}
		for _, t := range targets {
			repo, err := client.Repository(ctx, t.Owner, t.Name)
			if err != nil {
				missing(t, err)
				continue
			}
			if seen[repo.ID] {
				continue
			}
			seen[repo.ID] = true
			if err := yield(repo); err != nil {
				return err
			}
		}
		return nil
	}
}

// FleetTimeout is how long a fleet may take unless it is told otherwise.
const FleetTimeout = time.Hour
