package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/ssh"
	"github.com/cli/go-gh/v2/pkg/text"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/report"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

const (
	// pushPatience is how long a push waits for GitHub to say what is stored.
	pushPatience = 5 * time.Second
	// maxSentCommits bounds how many of the pushed refs have their workflows judged.
	maxSentCommits = 5
)

// runPrePush judges what a push sends, as git's pre-push hook. What is wrong there stops the push; what could not be
// checked does not: it is named in one line.
func runPrePush(cmd *cobra.Command, o *verifyOptions, args []string) error {
	start, ctx := o.Now(), cmd.Context()
	if o.CanAsk() {
		return worktree.ErrPushList
	}
	updates, err := worktree.ReadPush(o.In)
	if err != nil {
		return err
	}
	args = append(args, "", "")
	push, address, err := handedOver(o.Process, worktree.Push{Remote: args[0], Updates: updates}, args[1])
	if err != nil {
		return err
	}
	if len(push.Updates) == 0 {
		if o.export.Asked() || o.format != "text" {
			err = writeReport(o, check.Report{}, o.Now().Sub(start))
		}
		o.sayRest(ctx, push)
		return err
	}
	report, err := judgeSent(ctx, o, push, address)
	switch {
	case ctx.Err() != nil:
		return console.ErrCancelled
	case err != nil:
		o.Say("gh hex checked nothing of this push: %s", err)
		return nil
	case o.export.Asked() || o.format != "text":
		if err := writeReport(o, report, o.Now().Sub(start)); err != nil {
			return err
		}
	default:
		printSent(o.Streams, report)
	}
	if len(updates) == 0 && o.Getenv(huskyList) == "" {
		o.sayRest(ctx, push)
	}
	return o.judgeSentReport(report)
}

// huskyList is where husky before version 5 has the list that git hands over.
const huskyList = "HUSKY_GIT_STDIN"

// handedOver takes the push from the environment where a manager of hooks keeps git's list for itself: pre-commit and prek,
// which tell of one ref, and an old husky.
func handedOver(p *command.Process, push worktree.Push, address string) (worktree.Push, string, error) {
	if len(push.Updates) > 0 {
		return push, address, nil
	}
	if list := p.Getenv(huskyList); list != "" {
		updates, err := worktree.ReadPush(strings.NewReader(list))
		remote, where, _ := strings.Cut(p.Getenv("HUSKY_GIT_PARAMS"), " ")
		return worktree.Push{Remote: cmp.Or(push.Remote, remote), Updates: updates}, cmp.Or(address, where), err
	}
	ref := p.Getenv("PRE_COMMIT_LOCAL_BRANCH")
	if ref == "" {
		return push, address, nil
	}
	u := worktree.Update{LocalRef: ref, Local: p.Getenv("PRE_COMMIT_TO_REF"), RemoteRef: p.Getenv("PRE_COMMIT_REMOTE_BRANCH"), Remote: p.Getenv("PRE_COMMIT_FROM_REF")}
	return worktree.Push{Remote: p.Getenv("PRE_COMMIT_REMOTE_NAME"), Updates: []worktree.Update{u}}, p.Getenv("PRE_COMMIT_REMOTE_URL"), nil
}

// sayRest is for a push of which only a part was handed over, or nothing: what else this clone could send may go out
// unchecked. Whether it does cannot be told, so that it stops nothing.
func (o *verifyOptions) sayRest(ctx context.Context, push worktree.Push) {
	tree, err := worktree.OpenPushed(ctx, o.Dir, o.Getenv("GIT_DIR"))
	if err != nil {
		return
	}
	rest, err := tree.Unsent(ctx, push)
	if err != nil || len(rest.Updates) == 0 {
		return
	}
	handed := "no refs"
	if len(push.Updates) > 0 {
		handed = "one ref of this push, " + push.Updates[0].LocalRef
	} else {
		o.Say("gh hex was handed no refs: if this push sends anything, it was not checked. What runs gh hex has to pass on standard input; to see how: gh hex init --hook")
	}
	for _, r := range check.Run(ctx, o.Of(tree.Sending(ctx, rest).Checks(""))) {
		for _, f := range r.Findings {
			if f.Severity == check.SeverityError {
				o.Say("gh hex was handed %s, and cannot tell whether more is sent; if so: %s %s (git branch --all --contains %.12s)", handed, r.ID, f.Message, f.Commit)
			}
		}
	}
}

// judgeSent judges tokens and .env files in what is sent and, where that changes workflows, those too.
func judgeSent(ctx context.Context, o *verifyOptions, push worktree.Push, address string) (check.Report, error) {
	tree, err := worktree.OpenPushed(ctx, o.Dir, o.Getenv("GIT_DIR"))
	if err != nil {
		return nil, err
	}
	tree = tree.Still()
	if err := resolveUpdates(ctx, tree, push.Updates); err != nil {
		return nil, err
	}
	host := workspace.FindHost(ctx, o.Process, tree, "").Host
	if host == (core.Host{}) {
		host = core.DefaultHost()
	}
	sending := tree.Sending(ctx, push, inspect.WorkflowFolder, ":(glob)**/action.yml", ":(glob)**/action.yaml")
	var report, workflows check.Report
	var wg sync.WaitGroup
	wg.Go(func() { report = check.Run(ctx, o.Of(sending.Checks(host.String()))) })
	wg.Go(func() {
		commits, err := sending.Commits(ctx)
		if err != nil {
			workflows = check.Report{{ID: workflow.Syntax, Status: check.StatusUnknown, Message: err.Error(), Findings: []check.Finding{}}}
			return
		}
		workflows = judgeSentWorkflows(ctx, o, tree, push, address, commits)
	})
	wg.Wait()
	return append(report, workflows...), nil
}

// resolveUpdates fills in the object IDs that a framework left out or named otherwise.
func resolveUpdates(ctx context.Context, tree *worktree.Tree, updates []worktree.Update) error {
	for i := range updates {
		u := &updates[i]
		if u.Local == "" {
			u.Local = u.LocalRef
		}
		for _, revision := range []*string{&u.Local, &u.Remote} {
			if len(*revision) >= 40 || *revision == "" {
				continue
			}
			id, err := tree.Resolve(ctx, *revision)
			if err != nil {
				return fmt.Errorf("%s is not a revision: %w", *revision, err)
			}
			*revision = id
		}
	}
	return nil
}

// judgeSentWorkflows judges the workflows of the pushed commits, not those of the work tree.
func judgeSentWorkflows(ctx context.Context, o *verifyOptions, tree *worktree.Tree, push worktree.Push, address string, commits []string) check.Report {
	limited, cancel := context.WithTimeout(ctx, pushPatience)
	defer cancel()
	var report check.Report
	about := pushScope(o.Scope)
	for _, commit := range commits[:min(len(commits), maxSentCommits)] {
		i := inspect.New(limited, o.Process, about, tree)
		sentTo(i, tree, address)
		results, older := judgeSentCommit(limited, i, about, push, commit)
		for _, r := range results {
			for n := range r.Findings {
				r.Findings[n].Commit = commit
			}
		}
		report, o.older = append(report, results...), o.older+older
		for _, name := range i.Source.Unread {
			report = append(report, check.Result{ID: workflow.Syntax, Status: check.StatusUnknown, Findings: []check.Finding{},
				Message: fmt.Sprintf("%s cannot be read, or is larger than %d MiB", name, inspect.MaxWorkflow>>20)})
		}
	}
	if more := len(commits) - maxSentCommits; more > 0 {
		report = append(report, check.Result{ID: workflow.Syntax, Status: check.StatusUnknown, Findings: []check.Finding{},
			Message: fmt.Sprintf("only the workflows of %d refs were judged, not those of %d more", maxSentCommits, more)})
	}
	return report
}

// pushScope selects the checks that can stop a push because of its workflows. Whether the secret is stored at all is left
// to those about the places that read it.
func pushScope(asked inspect.Scope) inspect.Scope {
	about := asked
	about.Only = nil
	for _, c := range inspect.Catalogue() {
		ofWorkflows := c.Group != check.GroupToken && c.Group != check.GroupFiles
		if ofWorkflows && c.ID != "secret-stored" && (len(asked.Only) == 0 || slices.Contains(asked.Only, c.ID)) {
			about.Only = append(about.Only, c.ID)
		}
	}
	if len(about.Only) == 0 {
		about.Skip = inspect.AllChecks()
	}
	return about
}

// sentTo makes the repository that is pushed to the one that is asked about.
func sentTo(i *inspect.Inspection, tree *worktree.Tree, address string) {
	i.Tree, i.Target.Here = tree, true
	if address == "" {
		return
	}
	repo, err := target.ParseRemote(address, auth.KnownHosts(), ssh.NewTranslator())
	if err != nil {
		i.TargetErr = &elsewhereError{}
		return
	}
	i.Target, i.TargetErr = target.Repository{Repository: repo, Here: true}, nil
	if !target.IsKnown(auth.KnownHosts(), repo.Host) {
		host := auth.NormalizeHostname(repo.Host)
		i.TargetErr = target.NoRemote([]string{host})
		if none := (*target.NoRemoteError)(nil); errors.As(i.TargetErr, &none) {
			i.TargetErr = &elsewhereError{host}
		}
	}
}

// elsewhereError means that a push does not go to GitHub, whatever other remotes there are. host is empty for a path.
type elsewhereError struct{ host string }

func (e *elsewhereError) Error() string {
	where := "is not on GitHub"
	if e.host != "" {
		where = "is on " + e.host + ", no GitHub host that gh is logged in to"
	}
	return "the address that is pushed to " + where + ": what GitHub stores was not looked at"
}

func sourceAt(ctx context.Context, tree *worktree.Tree, commit string) *inspect.Source {
	s := &inspect.Source{Lookup: func(name string) ([]byte, bool) {
		return tree.FileAt(ctx, commit, path.Clean(name), inspect.MaxWorkflow)
	}}
	s.Tree = func() ([]string, error) { return tree.AllAt(ctx, commit) }
	names, texts, _ := tree.FilesAt(ctx, commit, inspect.WorkflowFolder, inspect.MaxWorkflow, inspect.IsYAML)
	for _, name := range names {
		if data, ok := texts[name]; ok {
			s.Files = append(s.Files, workflow.File{Path: name, Data: data})
		} else {
			s.Unread = append(s.Unread, name)
		}
	}
	return s
}

// stops reports whether a result stops a push. That GitHub could not be asked does not.
func (o *verifyOptions) stops(r check.Result) bool {
	if r.ID == "github-access" {
		return false
	}
	return r.Status == check.StatusError || o.strict && r.Status == check.StatusWarning
}

func (o *verifyOptions) judgeSentReport(report check.Report) error {
	if o.older > 0 {
		o.Say("%s: gh hex verify", text.Pluralize(o.older, "older problem"))
	}
	if missed := unchecked(report); len(missed) > 0 {
		o.Say("gh hex did not check all of this push: %s", strings.Join(missed, "; "))
	}
	if n := report.Accepted(); n > 0 {
		o.Say("gh hex let accepted findings pass in this push: %d (%s, or a comment in a workflow)", n, worktree.AcceptedFile)
	}
	if !slices.ContainsFunc(report, o.stops) {
		return nil
	}
	o.Say("gh hex stopped this push. To push anyway: git push --no-verify")
	return command.Outcome(command.ExitProblem)
}

// unchecked says what could not be looked at, and why, each reason once.
func unchecked(report check.Report) []string {
	var reasons []string
	for _, r := range report {
		why := r.ID + ": " + r.Message
		known := slices.ContainsFunc(reasons, func(known string) bool { return strings.HasSuffix(known, ": "+r.Message) })
		if (r.Status == check.StatusUnknown || r.ID == "github-access" && r.Status == check.StatusError) && !known {
			reasons = append(reasons, why)
		}
	}
	return reasons
}

// printSent shows only what is wrong: a push that is fine says nothing.
func printSent(s *console.Streams, found check.Report) {
	wrong := slices.DeleteFunc(slices.Clone(found), func(r check.Result) bool {
		return r.ID == "github-access" || r.Status != check.StatusError && r.Status != check.StatusWarning
	})
	if !s.OutTTY {
		report.PrintRecords(s, wrong)
		return
	}
	report.PrintProblems(s, wrong)
}
