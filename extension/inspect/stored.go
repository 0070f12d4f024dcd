package inspect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// ProveStored is the command that has GitHub ask Hex about the stored tokens.
const ProveStored = "gh hex verify --stored"

// writeCheck is the command that writes the workflow which asks, in a checkout.
func (i *Inspection) writeCheck() string {
	if i.Target.Here {
		return "gh hex init --check"
	}
	return "gh hex init --check, in a checkout of " + i.Target.String()
}

// storedCheck is about the tokens that GitHub stores and shows nobody.
func (i *Inspection) storedCheck() check.Check {
	return check.Check{
		ID: "token-stored", Title: "Hex accepts the stored token", Group: check.GroupToken, Network: true,
		Needs: []string{"github-access", "secret-stored"}, Run: i.judgeKept,
	}
}

func (i *Inspection) judgeKept(ctx context.Context) check.Result {
	inv, err := i.inventory()
	if err != nil {
		return i.unlisted()
	}
	client, err := i.client()
	if err != nil {
		return i.unlisted()
	}
	k := i.storedTokens(client, inv)
	var e stored.Evidence
	switch {
	case i.Stored:
		limited, cancel := context.WithTimeout(ctx, i.Timeout)
		defer cancel()
		e = k.askNow(limited)
	case i.began.IsZero(): // one of many, which take their time
		e = k.lastCheck(ctx)
	default:
		limited, cancel := context.WithDeadline(ctx, i.began.Add(networkLimit))
		defer cancel()
		e = k.lastCheck(limited)
	}
	return stored.Judge(k.places(), e, stored.Asking{
		Now: i.Now(), Ago: func(then time.Time) string { return console.Ago(then, i.Now()) },
		Stored: i.Stored, Command: ProveStored + k.flag(), Enable: k.enable(),
	})
}

// storedTokens finds out what is known of the stored tokens.
type storedTokens struct {
	*Inspection
	client *github.Client
	inv    github.Inventory
	branch string // the default one
}

func (i *Inspection) storedTokens(client *github.Client, inv github.Inventory) *storedTokens {
	return &storedTokens{Inspection: i, client: client, inv: inv, branch: inv.Repository.DefaultBranch}
}

// expires is when the first of the stored tokens expires, as far as what was written down beside them still counts; zero
// when that is not known.
func (k *storedTokens) expires() time.Time {
	var first time.Time
	for _, p := range k.places() {
		if p.Record == nil || p.Replaced || p.Record.ExpiresAt.IsZero() {
			continue
		}
		if at := p.Record.ExpiresAt; first.IsZero() || at.Before(first) {
			first = at
		}
	}
	return first
}

func (k *storedTokens) enable() string { return "gh workflow enable " + stored.FileName + k.flag() }

// failed is for a question without an answer. A repository that hides something answers as if it were not there.
func (k *storedTokens) failed(err error) stored.Evidence {
	return stored.Evidence{Why: err.Error(), Fix: orAgain(fixFor(err), k.again()), Failed: true}
}

func (k *storedTokens) again() string {
	if k.Stored {
		return ProveStored + k.flag()
	}
	return "gh hex verify" + k.flag()
}

func orAgain(hint, again string) string {
	if hint == "" {
		return "run it again: " + again
	}
	return hint + "; then: " + again
}

func (k *storedTokens) missing() stored.Evidence {
	return stored.Evidence{Why: "there is no " + stored.Path + " to ask with", Fix: k.writeCheck()}
}

func (k *storedTokens) unpushed() stored.Evidence {
	return stored.Evidence{Why: fmt.Sprintf("%s is not on %s on GitHub yet", stored.Path, k.branch), Fix: "commit and push " + stored.FileName + ", then: " + ProveStored + k.flag()}
}

func (k *storedTokens) foreign() stored.Evidence {
	return stored.Evidence{Why: stored.Path + " is not the file that gh hex init writes, so it is neither trusted nor started", Fix: "give " + stored.FileName + " another name, then: " + k.writeCheck()}
}

// lastCheck looks at the last run. Nothing is asked where the default branch, as far as it is known here, has no such file.
func (k *storedTokens) lastCheck(ctx context.Context) stored.Evidence {
	e, pushed, there := k.fileHere(ctx)
	if !there {
		return e
	}
	state, runs, err := k.stateAndRuns(ctx)
	switch {
	case errors.Is(err, github.ErrNotFound) && !pushed:
		return k.unpushed()
	case err != nil:
		return k.failed(err)
	}
	run, why := stored.Last(runs, k.branch, k.Now(), func(then time.Time) string { return console.Ago(then, k.Now()) })
	if why != "" {
		return stored.Evidence{Why: why, State: state}
	}
	e = k.evidence(ctx, run, nil)
	e.State = state
	return e
}

// fileHere tells whether the default branch has the file, and one of ours, as far as that can be told without asking;
// pushed is false where the work tree alone is known.
func (k *storedTokens) fileHere(ctx context.Context) (e stored.Evidence, pushed, there bool) {
	text, pushed, err := k.textHere(ctx)
	switch {
	case errors.Is(err, errUnpushed):
		return k.unpushed(), false, false
	case errors.Is(err, github.ErrNotFound):
		return k.missing(), false, false
	case err != nil:
		return k.failed(err), false, false
	}
	if _, ours := stored.Recognize(text); !ours {
		return k.foreign(), pushed, false
	}
	return stored.Evidence{}, pushed, true
}

var errUnpushed = errors.New("not on the default branch")

// textHere is the file as the clone knows it of the default branch, else as it stands in the work tree. Without either it
// has to be asked for.
func (k *storedTokens) textHere(ctx context.Context) (text []byte, pushed bool, err error) {
	if k.elsewhere != nil {
		text, err = k.elsewhere.workflow(stored.Path)
		return text, true, err
	}
	if k.Tree == nil {
		text, err = k.client.CommitFile(ctx, k.Target.Owner, k.Target.Name, stored.Path, k.branch)
		return text, true, err
	}
	text, here := k.lookup(stored.Path)
	ref := "refs/remotes/origin/" + k.branch
	if _, err := k.Tree.Resolve(ctx, ref); err == nil {
		published, there := k.Tree.FileAt(ctx, ref, stored.Path, MaxWorkflow)
		switch {
		case there:
			return published, true, nil
		case here:
			return nil, false, errUnpushed
		}
		return nil, false, github.ErrNotFound
	}
	if !here {
		return nil, false, github.ErrNotFound
	}
	return text, false, nil
}

func (k *storedTokens) stateAndRuns(ctx context.Context) (state string, runs []stored.Run, err error) {
	var stateErr, runsErr error
	var wg sync.WaitGroup
	wg.Go(func() { state, stateErr = k.client.WorkflowState(ctx, k.Target.Owner, k.Target.Name, stored.FileName) })
	wg.Go(func() { runs, runsErr = k.runs(ctx) })
	wg.Wait()
	if stateErr != nil {
		return "", nil, stateErr
	}
	return state, runs, runsErr
}

func (k *storedTokens) runs(ctx context.Context) ([]stored.Run, error) {
	found, err := k.client.WorkflowRuns(ctx, k.Target.Owner, k.Target.Name, stored.FileName, k.branch)
	runs := make([]stored.Run, len(found))
	for n, r := range found {
		runs[n] = stored.Run(r)
	}
	return runs, err
}

func (k *storedTokens) jobs(ctx context.Context, id int64) ([]stored.Job, error) {
	found, err := k.client.Jobs(ctx, k.Target.Owner, k.Target.Name, id)
	jobs := make([]stored.Job, len(found))
	for n, j := range found {
		jobs[n] = stored.Job{Name: j.Name, Status: j.Status, Conclusion: j.Conclusion}
		for _, s := range j.Steps {
			jobs[n].Steps = append(jobs[n].Steps, stored.Step(s))
		}
	}
	return jobs, err
}

// evidence is what a run says: only one of our own file says anything. jobs may be known already.
func (k *storedTokens) evidence(ctx context.Context, run stored.Run, jobs []stored.Job) stored.Evidence {
	var text []byte
	var textErr, jobsErr error
	var wg sync.WaitGroup
	wg.Go(func() { text, textErr = k.textAt(ctx, run.Commit) })
	if jobs == nil {
		wg.Go(func() { jobs, jobsErr = k.jobs(ctx, run.ID) })
	}
	wg.Wait()
	if err := errors.Join(textErr, jobsErr); err != nil {
		return k.failed(cmp.Or(textErr, jobsErr))
	}
	file, ours := stored.Recognize(text)
	if !ours {
		return k.foreign()
	}
	return stored.Evidence{File: file, Run: run, Jobs: jobs}
}

// textAt is the file that a run ran. A commit that this clone has is not asked for.
func (k *storedTokens) textAt(ctx context.Context, commit string) ([]byte, error) {
	if k.elsewhere != nil && k.elsewhere.at(commit) {
		return k.elsewhere.workflow(stored.Path)
	}
	if k.Tree != nil && worktree.IsObjectID(commit) {
		if text, there := k.Tree.FileAt(ctx, commit, stored.Path, MaxWorkflow); there {
			return text, nil
		}
	}
	return k.client.CommitFile(ctx, k.Target.Owner, k.Target.Name, stored.Path, commit)
}

// places are the stored secrets that workflows can see, and what stands beside each.
func (k *storedTokens) places() []stored.Place {
	var all []stored.Place
	names := k.secretNames()
	for _, name := range names {
		for _, p := range k.placesOf(name) {
			if len(names) > 1 {
				p.Where = p.Secret + ", " + p.Where
			}
			all = append(all, p)
		}
	}
	return all
}

func (k *storedTokens) placesOf(name string) []stored.Place {
	var found []stored.Place
	secret := ""
	if name != workspace.TokenName {
		secret = " --secret " + name
	}
	add := func(where, environment string, app github.App, secrets, vars github.Listing, flags string) bool {
		p := stored.Place{Where: where, Environment: environment, App: string(app), Secret: name, Fix: "gh hex auth" + flags}
		entry, there := secrets.Find(name)
		switch {
		case secrets.Err != nil && app == github.Actions:
			p.Unlisted = secrets.Err.Error()
		case !there:
			return false
		default:
			k.describe(&p, entry, vars)
		}
		found = append(found, p)
		return true
	}
	if !add("repository", "", github.Actions, k.inv.Secrets, k.inv.Variables, secret+k.flag()) {
		add("organization", "", github.Actions, k.inv.OrganizationSecrets, k.inv.OrganizationVars, secret+" --org "+k.Target.Owner)
	}
	for _, env := range slices.Sorted(maps.Keys(k.inv.EnvironmentSecrets)) {
		spelled := env
		if e, exists := k.inv.Environments.Find(env); exists {
			spelled = e.Name
		}
		add("environment "+spelled, spelled, github.Actions, k.inv.EnvironmentSecrets[env], k.inv.EnvironmentVars[env], secret+" --env "+core.ShellWord(spelled)+k.flag())
	}
	add("Dependabot", "", github.Dependabot, k.inv.Dependabot, k.inv.Variables, secret+" --app dependabot"+k.flag())
	return found
}

// describe adds when what a job uses was set, and what the record says.
func (k *storedTokens) describe(p *stored.Place, secret github.Entry, vars github.Listing) {
	p.UpdatedAt, p.Since = secret.UpdatedAt, secret.UpdatedAt
	for _, l := range []github.Listing{vars, k.inv.Variables, k.inv.OrganizationVars} {
		if host, there := l.Find(workspace.HostName); there {
			if host.UpdatedAt.After(p.Since) {
				p.Since = host.UpdatedAt
			}
			break
		}
	}
	variable, _ := vars.Find(stored.RecordName(p.Secret))
	record, _ := stored.ParseRecord(variable.Value)
	p.Record, p.Replaced = record.For(p.App, p.UpdatedAt)
	if p.Record != nil && !p.Replaced {
		p.Here = HereOrNot(*p.Record, k.settings.Token, k.Target.Owner)
	}
}

// TokenHere is how what [HereOrNot] says begins.
const TokenHere = "the token on this machine is "

// HereOrNot says whether a token of this machine is the one that a record tells of; nothing when that cannot be told.
func HereOrNot(e stored.Entry, here core.Token, owner string) string {
	own := stored.Fingerprint(here, e.Host, owner)
	switch {
	case e.Fingerprint == "" || own == "":
		return ""
	case own == e.Fingerprint:
		return TokenHere + "the same"
	}
	return TokenHere + "another"
}
