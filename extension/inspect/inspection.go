package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/target"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// networkLimit ends everything that verify asks GitHub, so that a command ends within a minute.
const networkLimit = 55 * time.Second

// Scope is what to look at, and how closely.
type Scope struct {
	selection
	Repo     string // the one that is named; empty for that of the work tree
	Secret   string // its name; empty for those that the workflows use as Hex's
	All      bool   // every secret and variable, not only Hex's
	History  bool   // everything that was ever committed, not only what is not pushed yet
	Projects []workspace.Reference

	CheckLeaked bool // ask the workspace's host whether it still accepts the tokens that leaked
}

// Inspection is what the checks of one `gh hex verify` share. What several of them need is fetched once.
type Inspection struct {
	*command.Process
	Scope
	ends      context.Context // ends what is read and judged once for several checks
	Tree      *worktree.Tree
	Source    *Source // of the workflows; nil for the work tree
	settings  workspace.Settings
	Target    target.Repository
	TargetErr error

	client func() (*github.Client, error)
	// local is what the workflows of the work tree say; workflows has those of other repositories that they call, too.
	local     func() *workflow.Workflows
	workflows func() *workflow.Workflows
	inventory func() (github.Inventory, error)
	stored    func() check.Result
	judged    func() map[string]check.Result
}

func New(ctx context.Context, p *command.Process, about Scope, tree *worktree.Tree) *Inspection {
	i := &Inspection{Process: p, Scope: about, ends: ctx, Tree: tree}
	i.Target, i.TargetErr = target.Repository{Here: true}, nil
	if !i.Offline || i.Repo != "" || i.Getenv("GH_REPO") != "" {
		i.Target, i.TargetErr = target.Resolve(ctx, p, i.Repo, tree)
	}
	if i.TargetErr == nil && !i.Target.Here {
		i.Tree = nil // another repository's files are not judged
	}
	i.settings = workspace.Find(ctx, p, tree, "")
	i.client = sync.OnceValues(i.connect)
	i.local = sync.OnceValue(func() *workflow.Workflows { return i.readWorkflows(nil) })
	i.workflows = sync.OnceValue(func() *workflow.Workflows { return i.readCalled(ctx) })
	i.inventory = sync.OnceValues(func() (github.Inventory, error) { return i.fetch(ctx) })
	i.stored = sync.OnceValue(i.judgeStored)
	i.judged = sync.OnceValue(func() map[string]check.Result { return i.accept(i.judgeWorkflows()) })
	return i
}

// Checks are those of the catalogue. What looks at the work tree is left out where there is none of this repository.
func (i *Inspection) Checks() []check.Check {
	here := slices.Concat(i.workflowChecks(), fileChecks(i.Tree, i.leakOptions(), func() []string { return usedNames(i.local()) }))
	onGitHub := i.gitHubChecks()
	for n, c := range onGitHub {
		if i.Tree == nil && c.ID != "github-access" && c.ID != "secret-stored" {
			onGitHub[n] = c.Skipping(i.notHere())
		}
	}
	for n, c := range here {
		if i.Tree == nil {
			here[n] = c.Skipping(i.notHere())
		}
	}
	return slices.Concat(i.tokenChecks(), onGitHub, here)
}

func (i *Inspection) notHere() string {
	if i.TargetErr == nil {
		return "the work tree here is not that of " + i.Target.String()
	}
	return "no work tree here"
}

// judgeWorkflows judges everything at once. Without an inventory only those checks have a result that need none.
func (i *Inspection) judgeWorkflows() map[string]check.Result {
	about := workflow.Context{Dependabot: HasDependabot(i.Tree), Host: i.namedHost(github.Inventory{})}
	if i.Offline {
		return workflow.JudgeFiles(i.local(), about)
	}
	inv, err := i.inventory()
	if err != nil {
		return workflow.JudgeFiles(i.local(), about)
	}
	about.Host, about.Repository = i.namedHost(inv), i.Target.String()
	judged := workflow.Judge(i.workflows(), inv, about)
	for id, r := range judged {
		if refusals := inv.Refusals(); r.Status == check.StatusUnknown && r.Fix == "" && len(refusals) > 0 {
			r.Fix = command.Hint(refusals[0])
			judged[id] = r
		}
	}
	return judged
}

// namedHost is the name of the workspace's host at Hex where somebody said which it is: on this machine, or in the
// variable.
func (i *Inspection) namedHost(inv github.Inventory) string {
	host := i.settings.Host
	if i.settings.HostErr != nil || i.settings.HostSource == workspace.DefaultSource {
		v, _ := inv.Variables.Find(workspace.HostName)
		host, _ = core.ParseHost(v.Value)
	}
	if !host.IsHex() {
		return ""
	}
	return host.Name()
}

func (i *Inspection) tokenChecks() []check.Check {
	return core.TokenChecks(core.TokenInput{
		Token: i.settings.Token, TokenErr: i.settings.TokenErr, TokenSource: i.settings.TokenSource, Advice: workspace.Advice(i.replace),
		Host: i.settings.Host, HostErr: i.settings.HostErr, HostSource: i.settings.HostSource,
		Missing: i.judgeMissing,
		Shared:  i.InActions(),
		Options: workspace.ClientOptions(i.Process),
		Now:     i.Now,

		RunsProjects: i.local().RunsProjects(),
		Projects:     func(context.Context) []core.ProjectUse { return i.projectUses() },
	})
}

// replace says how to put another token in the place of the one found. In a workflow that is the stored secret.
func (i *Inspection) replace(other string) string {
	if i.InActions() {
		return workspace.StoreAgain(other)
	}
	return i.settings.Replace(other)
}

// leakOptions names the host that tokens are revoked on.
func (i *Inspection) leakOptions() worktree.LeakOptions {
	host := i.settings.Host
	if i.settings.HostErr != nil {
		host = core.DefaultHost()
	}
	o := worktree.LeakOptions{History: i.History, Host: host.String()}
	if i.CheckLeaked {
		ends := sync.OnceValue(func() time.Time { return time.Now().Add(networkLimit) })
		o.Accepts = func(ctx context.Context, leaked core.Token) (bool, error) {
			if i.settings.HostErr != nil {
				return false, i.settings.HostErr
			}
			ctx, cancel := context.WithDeadline(ctx, ends())
			defer cancel()
			return core.NewClient(host, leaked, workspace.ClientOptions(i.Process)).Accepts(ctx)
		}
	}
	return o
}

// judgeMissing decides what a missing token on this machine means: nothing when the secret is stored.
func (i *Inspection) judgeMissing(context.Context) check.Result {
	message := workspace.ErrNoLocalToken.Error()
	if len(i.settings.Notes) > 0 {
		message += " (" + strings.Join(i.settings.Notes, "; ") + ")"
	}
	missing := core.NoToken(message, workspace.KeepToken)
	asked := slices.ContainsFunc(core.TokenChecks(core.TokenInput{}), func(c check.Check) bool { return slices.Contains(i.Only, c.ID) })
	if asked || len(i.Projects) > 0 {
		return missing
	}
	switch stored := i.stored(); stored.Status {
	case check.StatusOK, check.StatusWarning:
		return check.Skip("not checked: GitHub never shows a stored secret; " + stored.Message)
	case check.StatusError:
		missing.Message += ", and none is stored on GitHub"
		missing.Fix = "gh hex auth"
		return missing
	default:
		return check.Skip("no Hex token on this machine; cannot tell whether one is stored on GitHub")
	}
}

func (i *Inspection) connect() (*github.Client, error) {
	if i.TargetErr != nil {
		return nil, i.TargetErr
	}
	return github.NewClient(i.Target.Host, workspace.GitHubOptions(i.Process))
}

// fetch asks GitHub for everything at once, and for environments that only its answers name in a second round.
func (i *Inspection) fetch(ctx context.Context) (github.Inventory, error) {
	client, err := i.client()
	if err != nil {
		return github.Inventory{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, networkLimit) // a second round does not get the time of the first once more
	defer cancel()
	go i.workflows() // what is called elsewhere is fetched meanwhile
	named := i.local().Environments(github.Inventory{})
	inv, err := client.Inventory(ctx, i.Target.Owner, i.Target.Name, named)
	if err != nil {
		return inv, err
	}
	rest := i.workflows().Environments(inv)
	if !inv.Holds(i.secretNames()) {
		rest = append(rest, inv.EnvironmentNames()...)
	}
	client.LookInto(ctx, &inv, rest)
	return inv, nil
}

// judgeAccess says whether GitHub can be asked at all, and which permissions are missing.
func (i *Inspection) judgeAccess() check.Result {
	inv, err := i.inventory()
	if err != nil {
		return accessProblem(err)
	}
	var notes []check.Finding
	for _, err := range inv.Refusals() {
		notes = append(notes, check.Finding{Severity: check.SeverityNote, Message: WithHint(err)})
	}
	return check.Judge(notes, fmt.Sprintf("%s on %s", inv.Repository.FullName(), i.Target.Host), "")
}

// unlisted is the result of a check that needs to know what GitHub stores, when that could not be asked.
func (i *Inspection) unlisted() check.Result {
	_, err := i.inventory()
	r := accessProblem(err)
	return check.Unknown(r.Message, r.Fix)
}

func accessProblem(err error) check.Result {
	var login *github.LoginError
	var onGitHub *github.Error
	r := check.Fail(err.Error(), command.Hint(err))
	switch {
	case errors.As(err, &login), errors.Is(err, github.ErrUnauthorized):
		r.Auth = true
	case errors.Is(err, github.ErrNotFound):
	case errors.As(err, &onGitHub):
		r.Status = check.StatusUnknown
	}
	return r
}

func WithHint(err error) string {
	if next := command.Hint(err); next != "" {
		return strings.TrimSuffix(err.Error(), ".") + ". " + next
	}
	return err.Error()
}

// secretNames are the names under which the workflows read the Hex token.
func (i *Inspection) secretNames() []string {
	if i.Secret != "" {
		return []string{strings.ToUpper(i.Secret)}
	}
	var names []string
	for _, n := range i.workflows().HexSecrets() {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		names = []string{workspace.TokenName}
	}
	return names
}

// judgeStored looks for the Hex secret in every place that the repository can see. One name that is stored is enough
// here: which reference is missing what is judged by secret-available.
func (i *Inspection) judgeStored() check.Result {
	inv, err := i.inventory()
	if err != nil {
		return i.unlisted()
	}
	var found, missing []string
	for _, name := range i.secretNames() {
		if places := inv.Places(name); len(places) > 0 {
			found = append(found, name+" "+storedWhere(places, i.Now()))
		} else {
			missing = append(missing, name)
		}
	}
	if len(found) > 0 {
		return check.OK(strings.Join(found, "; "))
	}
	if hidden := inv.Hidden(); hidden != nil {
		return check.Unknown(fmt.Sprintf("cannot tell whether %s is stored: %v", missing[0], hidden), command.Hint(hidden))
	}
	r := nowhere(inv, missing[0], i.Target)
	r.Auth = i.settings.Token.IsZero() && i.settings.TokenErr == nil && i.Includes("token-present")
	return r
}

func storedWhere(places []github.PlacedEntry, now time.Time) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = p.Where + ", last set " + console.Ago(p.UpdatedAt, now)
	}
	return "is stored (" + strings.Join(texts, "; ") + ")"
}

func nowhere(inv github.Inventory, name string, t target.Repository) check.Result {
	message := fmt.Sprintf("secret %s is stored nowhere that %s can see", name, t)
	fix := "gh hex auth"
	if name != workspace.TokenName {
		fix += " --secret " + name
	}
	near := inv.Nearest(name)
	if near != "" {
		message += fmt.Sprintf("; did you mean %s?", near)
	}
	if workflow.IsTokenName(near) && !workflow.IsTokenName(name) {
		return check.Fail(message, fmt.Sprintf("write %s instead of %s in the workflows", near, name))
	}
	if _, there := inv.Dependabot.Find(name); there {
		message += " (Dependabot has one, which only runs started by Dependabot read)"
	}
	if !t.Here {
		fix += " -R " + t.String()
	}
	return check.Fail(message, fix)
}
