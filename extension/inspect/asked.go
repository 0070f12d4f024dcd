package inspect

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/stored"
)

const (
	// firstLook and lastLook are the times between two looks at a run: it takes half a minute as a rule.
	firstLook = time.Second
	lastLook  = 5 * time.Second
	// doubtLimit is how long a run is looked for whose start got no answer.
	doubtLimit = 15 * time.Second
)

// askNow has GitHub ask Hex, and waits for the answers.
func (k *storedTokens) askNow(ctx context.Context) stored.Evidence {
	var text []byte
	var textErr error
	var wg sync.WaitGroup
	wg.Go(func() { text, textErr = k.client.CommitFile(ctx, k.Target.Owner, k.Target.Name, stored.Path, k.branch) })
	state, runs, err := k.stateAndRuns(ctx)
	wg.Wait()
	_, ours := stored.Recognize(text)
	switch {
	case errors.Is(textErr, github.ErrNotFound):
		return k.absent()
	case textErr != nil:
		return k.failed(textErr)
	case !ours:
		return k.foreign()
	case err != nil:
		return k.failed(err)
	case strings.HasPrefix(state, "disabled"):
		return stored.Evidence{Why: stored.FileName + " is disabled", Fix: k.enable() + ", then: " + k.again(), State: state}
	}
	k.settle(ctx)
	run, err := k.start(ctx, runs)
	if err != nil {
		return k.failed(err)
	}
	k.Going = run.URL
	run, jobs, err := k.follow(ctx, run)
	if err != nil {
		e := k.failed(err)
		e.Why += " (the run goes on: " + run.URL + ")"
		return e
	}
	k.Going = ""
	if !run.Counts(k.branch) {
		return stored.Evidence{Why: "the run is not a first attempt on " + k.branch + " (" + run.URL + ")"}
	}
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), networkLimit) // the time-out was for the run
	defer cancel()
	return k.evidence(limited, run, jobs)
}

// settle lets the second pass in which a secret was set: GitHub's times are whole seconds, and a run proves something only
// when it began later. A clock that is far from GitHub's is no reason to wait.
func (k *storedTokens) settle(ctx context.Context) {
	var rest time.Duration
	for _, p := range k.places() {
		if r := p.Since.Add(time.Second).Sub(k.Now()); r <= 2*time.Second {
			rest = max(rest, r)
		}
	}
	_ = core.Sleep(ctx, rest)
}

// absent says what is to be done for the file to come to the default branch.
func (k *storedTokens) absent() stored.Evidence {
	if k.Tree != nil {
		if _, here := k.lookup(stored.Path); here {
			return k.unpushed()
		}
	}
	e := k.missing()
	e.Why = fmt.Sprintf("%s shows no %s on %s of %s", k.client.Host(), stored.Path, k.branch, k.Target)
	e.Fix += ", commit and push " + stored.FileName + ", then: " + k.again()
	return e
}

// start starts a run, and finds it where the server does not tell which it is. A start without an answer may have been one.
func (k *storedTokens) start(ctx context.Context, before []stored.Run) (stored.Run, error) {
	var newest int64
	for _, r := range before {
		newest = max(newest, r.ID)
	}
	id, err := k.client.Dispatch(ctx, k.Target.Owner, k.Target.Name, stored.FileName, k.branch)
	var onGitHub *github.Error
	switch doubtful := errors.As(err, &onGitHub) && (onGitHub.Ambiguous() || onGitHub.Status == http.StatusOK); {
	case err != nil && !doubtful:
		return stored.Run{}, dispatchError(err)
	case err != nil:
		limited, cancel := context.WithTimeout(ctx, min(doubtLimit, k.patience()))
		defer cancel()
		run, lost := k.find(limited, newest)
		if lost != nil {
			return stored.Run{}, fmt.Errorf("%w; a run may have started anyway", err)
		}
		return run, nil
	case id == 0:
		return k.find(ctx, newest)
	}
	return k.run(ctx, id)
}

func (k *storedTokens) patience() time.Duration {
	if k.Patience > 0 {
		return k.Patience
	}
	return doubtLimit
}

func (k *storedTokens) run(ctx context.Context, id int64) (stored.Run, error) {
	r, err := k.client.WorkflowRun(ctx, k.Target.Owner, k.Target.Name, id)
	return stored.Run(r), err
}

// find waits for a run that was not there before. That of somebody else who starts one at the same time is as good.
func (k *storedTokens) find(ctx context.Context, newest int64) (stored.Run, error) {
	for look := firstLook; ; look = longer(look) {
		runs, err := k.runs(ctx)
		if err != nil {
			return stored.Run{}, err
		}
		for _, r := range runs {
			if r.ID > newest && r.Event == "workflow_dispatch" {
				return r, nil
			}
		}
		if core.Sleep(ctx, look) != nil {
			return stored.Run{}, errors.New("GitHub shows no new run")
		}
	}
}

func longer(look time.Duration) time.Duration { return min(look*3/2, lastLook) }

// follow waits until a run is over, or nothing but people can carry it on, or the time is up: what is known then counts.
func (k *storedTokens) follow(ctx context.Context, run stored.Run) (stored.Run, []stored.Job, error) {
	progress := k.NewProgress(k.Now)
	defer progress.Clear()
	var jobs []stored.Job
	for look, stuck := firstLook, 0; ; look = longer(look) {
		seen, err := k.run(ctx, run.ID)
		if err == nil {
			run = seen
			jobs, err = k.jobs(ctx, run.ID)
		}
		over := 0
		for _, j := range jobs {
			if j.Status == "completed" || j.Status == "waiting" {
				over++
			}
		}
		switch {
		case ctx.Err() != nil && jobs != nil:
			return run, jobs, nil
		case err != nil || run.Done():
			return run, jobs, err
		case over > 0 && over == len(jobs):
			stuck++ // a job may be missing from a first list
		default:
			stuck = 0
		}
		if stuck > 1 || stuck == 1 && run.Status == "waiting" {
			return run, jobs, nil
		}
		progress.Show("Waiting for GitHub to ask Hex: %d of %d jobs", over, len(jobs))
		if core.Sleep(ctx, look) != nil {
			return run, jobs, nil
		}
	}
}

// refusedStart says what a refusal of GitHub's to start a run means.
type refusedStart struct{ err *github.Error }

func (e *refusedStart) Error() string { return e.err.Error() }
func (e *refusedStart) Unwrap() error { return e.err }

func (e *refusedStart) Hint() string {
	switch {
	case errors.Is(e.err, github.ErrForbidden) && e.err.SSO == "" && len(e.err.Scopes) == 0:
		return "Starting a workflow needs the permission Actions: write (the role write): " + strings.ToLower(e.err.Hint()[:1]) + e.err.Hint()[1:]
	case errors.Is(e.err, github.ErrNotFound):
		return "Starting a workflow needs write access, and " + stored.FileName + " on the default branch: gh auth status"
	case e.err.Status == http.StatusUnprocessableEntity:
		return "See whether it is enabled, and on the default branch: gh workflow view " + stored.FileName
	}
	return e.err.Hint()
}

func dispatchError(err error) error {
	var onGitHub *github.Error
	if !errors.As(err, &onGitHub) {
		return err
	}
	return &refusedStart{onGitHub}
}
