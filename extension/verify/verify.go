package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/report"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// storedTimeout is how long GitHub may take to run the check of the stored tokens.
const storedTimeout = 10 * time.Minute

type verifyOptions struct {
	*command.Process
	export *command.Exporter

	inspect.Scope
	verbose bool
	strict  bool
	fix     bool
	prePush bool
	named   []string // the projects, as they were typed
	explain string   // a check or a workflow file
	format  string
	fleet   fleetOptions
	live    bool // groups are shown as they finish
	older   int  // what the base of a push has wrong already
}

// NewCmd is gh hex verify.
func NewCmd(p *command.Process) *cobra.Command {
	o := &verifyOptions{Process: p, format: "text"}
	cmd := &cobra.Command{
		Use:        "verify",
		SuggestFor: []string{"doctor", "check", "lint", "validate", "test", "scan"},
		Short:      "Check everything that would make a Hex workflow fail or leak",
		Long: heredoc.Doc(`
			Check everything that would make a Hex workflow fail or leak, before the push:
			the token, what GitHub stores, the workflows and the files of the work tree.

			The exit code is 0 when nothing is wrong (warnings are allowed), 1 when a check
			failed, 3 when something could not be checked, and 4 when the only problem is a
			login or a token that is missing or rejected.`),
		Example: command.Example(`
			# Check everything
			$ gh hex verify

			# Check only what needs no network, and let warnings fail
			$ gh hex verify --offline --strict

			# Search the whole history, and ask whether what leaked is still accepted
			$ gh hex verify --only token-leaked --history --check-leaked

			# Apply the safe fixes, then judge again
			$ gh hex verify --fix

			# Judge every repository of an organization, as it stands on GitHub
			$ gh hex verify --org octo
		`),
		Args: func(cmd *cobra.Command, args []string) error {
			if o.prePush && len(args) <= 2 {
				return nil // the remote's name and address, as git passes them to a hook
			}
			if len(args) == 1 && slices.Contains(inspect.AllChecks(), args[0]) {
				return command.Hinted(fmt.Sprintf("unexpected argument %q for %q", args[0], cmd.CommandPath()), "Did you mean: gh hex verify --only "+args[0])
			}
			return command.NoArguments(cmd, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.namedChecks(); err != nil {
				return err
			}
			if err := o.check(cmd); err != nil {
				return err
			}
			switch {
			case o.explain != "":
				return runExplain(cmd.Context(), o)
			case o.prePush:
				return runPrePush(cmd, o, args)
			case o.isFleet():
				return runFleet(cmd.Context(), o)
			}
			return runVerify(cmd.Context(), o)
		},
	}
	o.addFlags(cmd.Flags())
	o.addFleet(cmd.Flags())
	o.export = command.AddExport(cmd, fields())
	return cmd
}

func (o *verifyOptions) addFlags(f *pflag.FlagSet) {
	f.BoolVar(&o.Offline, "offline", false, "No network: files and workflow syntax only")
	f.StringSliceVar(&o.Only, "only", nil, "Run only the checks with these `IDs`")
	f.StringSliceVar(&o.Skip, "skip", nil, "Leave out the checks with these `IDs`")
	f.StringVar(&o.Secret, "secret", "", "The `name` of the Hex secret (default: the one that the workflows use)")
	f.BoolVar(&o.verbose, "verbose", false, "Print a line for every check")
	f.BoolVar(&o.strict, "strict", false, "Let warnings fail")
	f.BoolVar(&o.All, "all", false, "Judge every secret and variable of every workflow, not only Hex's")
	f.BoolVar(&o.History, "history", false, "Look for leaked tokens in the whole history, not only in what is not pushed yet")
	f.BoolVar(&o.CheckLeaked, "check-leaked", false, "Ask Hex whether it still accepts the leaked tokens that are found")
	f.BoolVar(&o.prePush, "pre-push", false, "As git's pre-push hook: judge what the refs on standard input send")
	f.StringArrayVar(&o.named, "project", nil, "Also check that this `project`, an ID or URL, is published and can be run (repeatable)")
	f.BoolVar(&o.fix, "fix", false, "Apply the safe fixes (.gitignore, .env.example, permissions of .env) first")
	f.BoolVar(&o.Stored, "stored", false, "Have GitHub check the tokens that are stored, with the workflow of gh hex init --check")
	f.DurationVar(&o.Timeout, "timeout", 0, "Stop waiting after this `duration`: for GitHub's run with --stored (default 10m), for rate limits with --org or several --repo (default 1h)")
	f.StringVar(&o.explain, "explain", "", "Show the page of a `check`, or what every job of a workflow FILE gets on each event")
	command.EnumVar(f, &o.format, "format", "", formats(), "Output format: {}")
}

// check refuses what cannot be meant.
func (o *verifyOptions) check(cmd *cobra.Command) (err error) {
	if err := o.checkFleet(cmd); err != nil {
		return err
	}
	given := cmd.Flags().Changed
	if err := command.CheckName(o.Secret); err != nil && given("secret") {
		return command.InvalidArgument("secret", o.Secret, err)
	}
	for _, pair := range [][2]string{
		{"format", "json"}, {"pre-push", "fix"}, {"pre-push", "history"}, {"pre-push", "check-leaked"}, {"offline", "check-leaked"},
		{"stored", "pre-push"}, {"stored", "fix"}, {"stored", "offline"},
	} {
		if given(pair[0]) && given(pair[1]) {
			return fmt.Errorf("specify only one of `--%s` or `--%s`", pair[0], pair[1])
		}
	}
	o.Projects, err = namedProjects(o.named)
	return err
}

// namedChecks takes the blanks from the IDs, and refuses one that is none: a misspelt --skip would otherwise skip nothing.
func (o *verifyOptions) namedChecks() error {
	known := inspect.AllChecks()
	for _, list := range [][]string{o.Only, o.Skip} {
		for i := range list {
			list[i] = strings.TrimSpace(list[i])
			if !slices.Contains(known, list[i]) {
				return unknownCheck(list[i])
			}
		}
	}
	return nil
}

func unknownCheck(name string) error {
	if near := core.NearestName(name, inspect.AllChecks()); near != "" {
		return command.Hinted(fmt.Sprintf("unknown check %q", name), "Did you mean "+near+"?")
	}
	return fmt.Errorf("unknown check %q; the checks are:\n%s", name, listedChecks())
}

// listedChecks has a line for each group.
func listedChecks() string {
	var lines []string
	var group check.Group
	for _, c := range inspect.Catalogue() {
		if c.Group != group {
			group = c.Group
			lines = append(lines, "\t"+string(group)+": "+c.ID)
			continue
		}
		lines[len(lines)-1] += ", " + c.ID
	}
	return strings.Join(lines, "\n")
}

func formats() []string { return []string{"text", "sarif", "github"} }

func runVerify(ctx context.Context, o *verifyOptions) error {
	start := o.Now()
	tree, err := workspace.OpenTree(ctx, o.Process)
	named := o.Repo != "" || o.Getenv("GH_REPO") != ""
	switch {
	case errors.Is(err, worktree.ErrBare) && named: // as outside of any repository
	case err != nil:
		return err
	case tree == nil && !named:
		return worktree.ErrNotRepository
	}
	if o.Stored {
		return o.waitForStored(ctx, start, tree)
	}
	i := inspect.New(ctx, o.Process, o.Scope, tree)
	if o.fix && i.Tree != nil {
		if err := o.applyFixes(ctx, tree); err != nil { // the one of the inspection has to be still
			return err
		}
	}
	if err := i.Refused(); err != nil {
		return err
	}
	return o.conclude(ctx, o.carryOut(ctx, o.Of(i.Checks())), start)
}

// carryOut shows groups on a terminal as they finish. Some checks alone are over soon, and which of them are shown is known
// at their end.
func (o *verifyOptions) carryOut(ctx context.Context, checks []check.Check) check.Report {
	o.live = o.OutTTY && !o.verbose && o.format == "text" && !o.export.Asked() && len(o.Only) == 0
	if !o.live {
		return o.Shown(o.counted(ctx, checks))
	}
	live := report.NewLive(o.Streams, checks, o.Now)
	defer live.Close()
	return check.RunTelling(ctx, checks, live.Done)
}

// counted says how many checks are over, where nothing else is shown before all of them are.
func (o *verifyOptions) counted(ctx context.Context, checks []check.Check) check.Report {
	var over atomic.Int64
	g := o.NewProgress(o.Now)
	defer g.Clear()
	g.Show("Checking")
	return check.RunTelling(ctx, checks, func(check.Result) { g.Show("Checked %d of %d", over.Add(1), len(checks)) })
}

func (o *verifyOptions) conclude(ctx context.Context, found check.Report, start time.Time) error {
	if ctx.Err() != nil {
		return console.ErrCancelled
	}
	if err := writeReport(o, found, o.Now().Sub(start)); err != nil {
		return err
	}
	return report.Judge(found, o.strict)
}

// waitForStored is for a report that takes its time: Ctrl-C ends it.
func (o *verifyOptions) waitForStored(ctx context.Context, start time.Time, tree *worktree.Tree) error {
	waiting := o.Wait(ctx)
	var i *inspect.Inspection
	waiting.Cooked(func() { i = inspect.New(waiting, o.Process, o.Scope, tree) }) // it may ask which repository is meant
	err := i.Refused()
	var found check.Report
	if err == nil {
		found = o.Shown(check.Run(waiting, o.Of(i.Checks())))
	}
	interrupted := console.Cancelled(waiting)
	waiting.Close()
	if i.Going != "" {
		o.Say("The run goes on: %s", i.Going)
	}
	if err := cmp.Or(err, interrupted); err != nil {
		return err
	}
	return o.conclude(ctx, found, start)
}

// writeReport prints the report in the form that was asked for. A report that could not be written is a failure, whatever
// it would have said.
func writeReport(o *verifyOptions, found check.Report, elapsed time.Duration) error {
	switch {
	case o.export.Asked():
		return o.export.Write(o.Streams, found)
	case o.format == "sarif":
		return report.WriteSARIF(o.Streams, found)
	case o.format == "github":
		return report.Annotate(o.Process, found, o.left(), elapsed)
	}
	if o.live { // its groups are told
		report.PrintVerdict(o.Streams, found, o.left(), elapsed)
	} else {
		report.Print(o.Streams, found, o.left(), o.verbose, elapsed)
	}
	return o.Out.Err
}

// left says why checks may be missing from the report.
func (o *verifyOptions) left() string {
	switch {
	case o.prePush:
		return "left to gh hex verify"
	case len(o.Only) > 0:
		return "left out by --only"
	}
	return ""
}

// applyFixes does what is safe to do without asking, and says so. A fix belongs to its check: what --only and --skip leave
// out is not fixed.
func (o *verifyOptions) applyFixes(ctx context.Context, tree *worktree.Tree) error {
	if err := o.fixFiles(ctx, tree); err != nil || !o.Includes("env-permissions") {
		return err
	}
	tightened, err := worktree.FixPermissions(ctx, tree)
	for _, path := range tightened {
		o.Say("fixed %s: readable by its owner alone", path)
	}
	return err
}

func (o *verifyOptions) fixFiles(ctx context.Context, tree *worktree.Tree) error {
	checks := map[string]string{".gitignore": "env-ignored", ".env.example": "env-example"}
	if !o.Includes("env-ignored") && !o.Includes("env-example") {
		return nil
	}
	host := workspace.FindHost(ctx, o.Process, tree, "").Host
	changes, err := scaffold.Plan(tree.Root(), tree.Git(ctx), scaffold.Options{Host: workspace.ScaffoldHost(host), Names: inspect.ExampleNames(ctx, tree)})
	if err != nil {
		return err
	}
	changes = slices.DeleteFunc(changes, func(c scaffold.Change) bool { return !o.Includes(checks[c.Path]) })
	if err := scaffold.Apply(ctx, tree.Root(), changes); err != nil {
		return err
	}
	for _, c := range changes {
		if c.Action != scaffold.Unchanged {
			o.Say("fixed %s: %s", c.Path, c.Describe())
		}
	}
	return nil
}
