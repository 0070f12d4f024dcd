package setup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core/hook"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

type initOptions struct {
	*command.Process
	dryRun   bool
	workflow bool
	check    bool
	hook     bool
	// where finds out once which repository is meant, which may ask.
	where func() (target.Repository, error)
}

func NewCmd(p *command.Process) *cobra.Command {
	o := &initOptions{Process: p}
	cmd := &cobra.Command{
		Use:        "init",
		SuggestFor: []string{"setup", "scaffold", "hook", "workflow", "install"},
		Short:      "Create or complete .env.example and .gitignore",
		Long: heredoc.Doc(`
			Create or complete .env.example and .gitignore in the current repository.

			Lines are only appended, and only where git says that they are needed, so that
			it is safe to run any number of times.

			With --workflow it also adds .github/workflows/hex.yml, which runs a Hex project
			on every push to the default branch and by hand, and cancels the run when the
			workflow is cancelled; and .github/workflows/hex-check.yml, which asks Hex every
			day whether the tokens stored on GitHub still work, and fails from 14 days
			before one expires. With --check it adds that one alone. A file that is there is
			left as it is.

			With --hook it also adds a pre-push hook to this clone, beside any hook that is
			there: a push that would publish a Hex token or a .env file is stopped. Where
			another tool manages the hooks (husky, lefthook, pre-commit, prek,
			simple-git-hooks), it writes none, and says what to add to the file of that
			tool.`),
		Example: command.Example(`
			# See what would be written
			$ gh hex init --dry-run

			# Write it
			$ gh hex init

			# Add a workflow that runs a project, too
			$ gh hex init --workflow

			# Have GitHub ask every day whether the stored tokens still work
			$ gh hex init --check

			# Have every push from this clone checked
			$ gh hex init --hook
		`),
		Args: command.NoArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("repo") {
				return errors.New("--repo does not go with init, which works on the current work tree")
			}
			return runInit(cmd.Context(), o)
		},
	}
	command.HideRepo(cmd.Flags())
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "Show what would be written, change nothing")
	cmd.Flags().BoolVar(&o.workflow, "workflow", false, "Add a workflow that runs a Hex project with gh hex")
	cmd.Flags().BoolVar(&o.check, "check", false, "Add the workflow alone that checks the stored tokens every day")
	cmd.Flags().BoolVar(&o.hook, "hook", false, "Add a pre-push hook that runs gh hex verify --pre-push")
	return cmd
}

// patience is how long GitHub may take to tell what is set, which only a hint depends on.
const patience = 10 * time.Second

// initPlaceError means that init has no work tree to write to; another repository cannot be named.
type initPlaceError struct{ Err error }

func (e *initPlaceError) Error() string { return e.Err.Error() }

func (e *initPlaceError) Unwrap() error { return e.Err }

func (e *initPlaceError) Hint() string {
	if !errors.Is(e.Err, worktree.ErrNotRepository) {
		return ""
	}
	return "Change into a git repository, then run the command again"
}

// initPlan is what is to be written.
type initPlan struct {
	changes []scaffold.Change
	foreign bool // a workflow is there which is not ours
	daily   checkFile
	unset   []string // what the workflow reads and nobody has set
	hook    hook.Hook
}

func runInit(ctx context.Context, o *initOptions) error {
	tree, err := worktree.Open(ctx, o.Dir)
	if err != nil {
		return &initPlaceError{err}
	}
	o.where = sync.OnceValues(func() (target.Repository, error) { return target.Resolve(ctx, o.Process, "", tree) })
	plan, err := o.plan(ctx, tree)
	if err != nil {
		return o.Untouched(err, "written")
	}
	if !o.dryRun {
		if err := scaffold.Apply(ctx, tree.Root(), plan.daily.among(plan.changes)); err != nil {
			return err
		}
		if plan.hook, err = plan.hook.Write(); err != nil {
			return err
		}
	}
	o.recordPlan(tree, plan)
	return nil
}

func (o *initOptions) plan(ctx context.Context, tree *worktree.Tree) (plan initPlan, err error) {
	host := workspace.FindHost(ctx, o.Process, tree, "").Host
	var added []scaffold.Change
	var texts []workflow.File
	if o.workflow {
		text := workflowText(tree.DefaultBranch(ctx), command.Version)
		change, differs, err := planWorkflow(tree, text)
		if err != nil {
			return plan, err
		}
		if plan.foreign = differs; !differs {
			added, texts = append(added, change), append(texts, workflow.File{Path: workflowPath, Data: []byte(text)})
		}
	}
	if o.workflow && !plan.foreign {
		if plan.unset, err = o.unset(ctx); err != nil {
			return plan, err
		}
	}
	if o.workflow || o.check {
		if plan.daily, err = o.planCheck(ctx, tree); err != nil {
			return plan, err
		}
		texts = append(texts, workflow.File{Path: stored.Path, Data: []byte(plan.daily.text)})
	}
	names := inspect.ExampleNames(ctx, tree, texts...)
	plan.changes, err = scaffold.Plan(tree.Root(), tree.Git(ctx), scaffold.Options{Host: workspace.ScaffoldHost(host), Names: names})
	if err != nil {
		return plan, err
	}
	plan.changes = append(plan.changes, added...)
	if o.hook {
		plan.hook, err = hook.Plan(ctx, tree, o.folderOfGH())
	}
	return plan, err
}

func (o *initOptions) recordPlan(tree *worktree.Tree, plan initPlan) {
	for _, c := range plan.changes {
		o.Record(o.outcome(), "%s: %s", c.Path, c.Describe())
	}
	if plan.foreign {
		o.Record("warning", "%s: exists and differs, so it was left as it is", workflowPath)
		o.Say("To get the one of gh hex: rename yours, then run the command again")
	}
	if o.workflow || o.check {
		o.recordCheck(plan.daily)
	}
	if o.hook {
		o.recordHook(tree, plan.hook)
	}
	if o.workflow && !plan.foreign {
		o.sayNext(plan.unset)
	}
}

// sayNext names what the workflow reads and nobody has set, and how to set it.
func (o *initOptions) sayNext(unset []string) {
	if !releaseVersion().MatchString(command.Version) {
		o.Say("%s This build is not a release, so the workflow installs the newest one; pin it there with --pin", o.Yellow("!"))
	}
	them, set := "it", "gh hex auth"
	if len(unset) > 1 {
		them = "them"
	}
	switch {
	case !slices.Contains(unset, workspace.ProjectName):
	case o.CanAsk():
		set += " (it offers the projects)"
	default:
		set += " --project PROJECT; to find the project: gh hex project list"
	}
	switch len(unset) {
	case 0:
		o.Say("The workflow reads a secret and two variables, all of which are set. Next: commit it and push")
	case len(whatIsRead()):
		o.Say("The workflow reads a secret and two variables. Set them with: %s", set)
	default:
		o.Say("The workflow reads %s, not set yet. To set %s: %s", strings.Join(unset, " and "), them, set)
	}
}

// whatIsRead are the secret and the variables of the workflow that runs a project.
func whatIsRead() []string {
	return []string{workspace.TokenName, workspace.HostName, workspace.ProjectName}
}

// unset asks GitHub which of them nobody has set; all of them where it cannot tell. Only "no" is an error.
func (o *initOptions) unset(ctx context.Context) ([]string, error) {
	place, err := o.where()
	if errors.Is(err, console.ErrCancelled) {
		return nil, err
	}
	client, loginErr := github.NewClient(place.Host, workspace.GitHubOptions(o.Process))
	if err != nil || loginErr != nil {
		return whatIsRead(), nil
	}
	var inv github.Inventory
	err = o.Interruptible(ctx, "Asking GitHub what is set", func(ctx context.Context) error {
		ctx, stop := context.WithTimeout(ctx, patience)
		defer stop()
		inv, err = client.Inventory(ctx, place.Owner, place.Name, nil)
		return err
	})
	switch {
	case errors.Is(err, console.ErrCancelled):
		return nil, console.ErrCancelled
	case err != nil, errors.Join(inv.Secrets.Err, inv.OrganizationSecrets.Err, inv.Variables.Err, inv.OrganizationVars.Err) != nil:
		return whatIsRead(), nil
	}
	set := func(name string) bool {
		_, own := inv.Variables.Find(name)
		_, shared := inv.OrganizationVars.Find(name)
		return own || shared || name == workspace.TokenName && inv.Holds([]string{name})
	}
	return slices.DeleteFunc(whatIsRead(), set), nil
}
