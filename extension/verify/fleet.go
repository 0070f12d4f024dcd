package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/report"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// fleetOptions are those of a verify that is about several repositories.
type fleetOptions struct {
	repos []string
	org   string
}

func (o *verifyOptions) addFleet(f *pflag.FlagSet) {
	command.RepositoriesVar(f, &o.fleet.repos, "Judge this repository, as `[HOST/]OWNER/REPO` (repeatable)")
	f.StringVarP(&o.fleet.org, "org", "o", "", "Judge every repository of this `organization`, as it stands on GitHub")
}

// isFleet reports whether several repositories are judged.
func (o *verifyOptions) isFleet() bool { return o.fleet.org != "" || len(o.fleet.repos) > 1 }

// fields are those of --json, for one repository and for several.
func fields() []string {
	all := append(checkFields(), report.RepositoryFields()...)
	slices.Sort(all)
	return slices.Compact(all)
}

func checkFields() []string {
	return []string{"id", "title", "status", "message", "fix", "findings", "elapsedMs"}
}

// checkFleet takes what is common to all and refuses what does not go together.
func (o *verifyOptions) checkFleet(cmd *cobra.Command) error {
	given := cmd.Flags().Changed
	if given("org") && !github.IsOwner(o.fleet.org) {
		return command.InvalidArgument("org", o.fleet.org, errors.New("the name of an organization is needed"))
	}
	if given("org") && given("repo") {
		return errors.New("specify only one of `--org` or `--repo`")
	}
	known := checkFields()
	if !o.isFleet() {
		if len(o.fleet.repos) == 1 {
			o.Repo = o.fleet.repos[0]
		}
		if given("timeout") && !o.Stored {
			return errors.New("`--timeout` is for `--stored`, `--org` or several `--repo`")
		}
	} else {
		known = report.RepositoryFields()
		for _, flag := range []string{"offline", "history", "stored", "fix", "pre-push", "project", "check-leaked", "explain"} {
			if given(flag) {
				return fmt.Errorf("`--%s` is about one repository that is checked out here: it does not go with several", flag)
			}
		}
		for _, c := range inspect.Catalogue() {
			if slices.Contains(o.Only, c.ID) && !inspect.InFleet(c) {
				return fmt.Errorf("`--only %s` is about one repository that is checked out here: it does not go with several", c.ID)
			}
		}
		if o.format == "sarif" {
			return errors.New("`--format sarif` is about the files of one repository: for several use `--json` or `--format github`")
		}
	}
	switch {
	case given("timeout"):
	case o.isFleet():
		o.Timeout = inspect.FleetTimeout
	default:
		o.Timeout = storedTimeout
	}
	return errors.Join(o.export.Only(known), command.CheckTimeout(o.Timeout))
}

// fleetRun is one judgement of several repositories at work.
type fleetRun struct {
	*verifyOptions
	progress *console.Progress
	client   *github.Client
	targets  []target.Repository

	mu     sync.Mutex
	listed int
	found  report.Fleet
}

func runFleet(ctx context.Context, o *verifyOptions) error {
	start := o.Now()
	ctx, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	r := &fleetRun{verifyOptions: o, progress: o.NewProgress(o.Now), found: report.Fleet{Owner: o.fleet.org, Unseen: o.unseen(), Repositories: []report.Repository{}}}
	if err := r.locate(ctx); err != nil {
		return err
	}
	listErr, err := r.judge(ctx)
	if err != nil {
		return err
	}
	if listErr != nil && r.listed == 0 {
		return inspect.Unanswered(listErr)
	}
	r.found.Elapsed = o.Now().Sub(start)
	r.found.Sort()
	if err := r.show(); err != nil {
		return err
	}
	err = r.found.Judge(o.strict)
	if listErr != nil {
		o.Say("Not all repositories were listed: %s", inspect.WithHint(listErr))
		return command.Outcome(command.Worst(command.ExitCode(err), command.ExitUnknown))
	}
	return err
}

// unseen names the checks that were left out on demand; empty for none.
func (o *verifyOptions) unseen() string {
	if rest := o.left(); rest != "" {
		return "all other checks (" + rest + ")"
	}
	var left []string
	for _, c := range inspect.Catalogue() {
		if inspect.InFleet(c) && !o.Includes(c.ID) {
			left = append(left, c.ID)
		}
	}
	if len(left) == 0 {
		return ""
	}
	return strings.Join(left, ", ") + " (left out by --skip)"
}

// locate finds out what is to be judged, and builds the client for that host.
func (r *fleetRun) locate(ctx context.Context) error {
	host, _ := auth.DefaultHost()
	for n, name := range r.fleet.repos {
		t, err := target.Resolve(ctx, r.Process, name, nil)
		if err != nil {
			return err
		}
		if n > 0 && !strings.EqualFold(auth.NormalizeHostname(t.Host), auth.NormalizeHostname(host)) {
			return fmt.Errorf("the repositories are on several hosts (%s, %s): judge one host at a time", host, t.Host)
		}
		host = t.Host
		r.targets = append(r.targets, t)
	}
	options := workspace.GitHubOptions(r.Process)
	options.Limited, options.Paced = r.progress.Limit, true
	var err error
	r.client, err = github.NewClient(host, options)
	return err
}

// judge judges them all. The first error is why not all could be listed.
func (r *fleetRun) judge(ctx context.Context) (listErr, err error) {
	waiting := r.Wait(ctx)
	defer waiting.Close()
	defer r.progress.Clear()
	r.progress.Show("Looking for the repositories")
	listErr = inspect.NewFleet(r.Process, r.Scope, r.client).Judge(waiting, r.list(waiting), r.add)
	return listErr, console.Cancelled(waiting)
}

// list yields what is to be judged: the repositories that were named, else those of the organization less archived ones.
func (r *fleetRun) list(ctx context.Context) func(func(github.Repository) error) error {
	all := func(yield func(github.Repository) error) error {
		return r.client.OrganizationRepositories(ctx, r.fleet.org, yield)
	}
	if r.fleet.org == "" {
		all = inspect.RepositoriesOf(ctx, r.client, r.targets, r.unknown)
	}
	return func(yield func(github.Repository) error) error {
		seen := map[int64]bool{}
		return all(func(repo github.Repository) error {
			if seen[repo.ID] {
				return nil // moved to another page meanwhile
			}
			seen[repo.ID] = true
			r.mu.Lock()
			left := repo.Archived && r.fleet.org != ""
			if left {
				r.found.Archived++
			} else {
				r.listed++
			}
			r.mu.Unlock()
			if left {
				return nil
			}
			return yield(repo)
		})
	}
}

// unknown is a repository that was named and could not be looked up.
func (r *fleetRun) unknown(t target.Repository, err error) {
	problem := inspect.AccessProblem(err)
	problem.ID, problem.Findings = "github-access", []check.Finding{}
	r.mu.Lock()
	r.listed++
	r.mu.Unlock()
	r.add(inspect.Judged{Repository: t.String(), Status: problem.Status, ID: problem.ID, Message: problem.Message, Fix: problem.Fix, Checks: check.Report{problem}, Unread: []string{}})
}

// add keeps what is needed of a repository.
func (r *fleetRun) add(j inspect.Judged) {
	if j.Status == check.StatusOK && !r.export.Asked() {
		j.Checks = nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found.Repositories = append(r.found.Repositories, report.Repository{
		Repository: j.Repository, Status: j.Status, Message: j.Message, Fix: j.Fix, NeedsToken: j.NeedsToken, Checks: j.Checks, Unread: j.Unread, ExpiresAt: j.ExpiresAt, ID: j.ID,
	})
	r.progress.Show("Judged %d of %d repositories", len(r.found.Repositories), r.listed)
}

func (r *fleetRun) show() error {
	switch {
	case r.export.Asked():
		return r.export.Write(r.Streams, r.found.Repositories)
	case r.format == "github":
		return report.AnnotateFleet(r.Process, &r.found)
	}
	report.PrintFleet(r.Streams, &r.found, r.verbose)
	return r.Out.Err
}
