package inspect

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode"

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
	Stored   bool // have GitHub ask Hex about the stored tokens, for Timeout at most
	Timeout  time.Duration

	CheckLeaked bool // ask the workspace's host whether it still accepts the tokens that leaked
}

// Inspection is what the checks of one `gh hex verify` share. What several of them need is fetched once.
type Inspection struct {
	*command.Process
	Scope
	ends      context.Context // ends what is read and judged once for several checks
	Tree      *worktree.Tree
	Source    *Source    // of the workflows; nil for the work tree
	elsewhere *elsewhere // where another repository than the work tree's is judged; nil for none
	settings  workspace.Settings
	began     time.Time
	Going     string // the page of a run that was started and is not over
	Target    target.Repository
	TargetErr error

	client func() (*github.Client, error)
	// hasVariable tells whether the gh in use knows gh variable.
	hasVariable func() bool
	// called reads a workflow of another repository, and organization lists the secrets of one.
	called       func(ctx context.Context, client *github.Client, ref string) ([]byte, error)
	organization func(org string) github.Listing
	// local is what the workflows of the work tree say; workflows has those of other repositories that they call, too.
	local     func() *workflow.Workflows
	workflows func() *workflow.Workflows
	inventory func() (github.Inventory, error)
	stored    func() check.Result
	judged    func() map[string]check.Result
	astray    func() []check.Finding // about workflows where GitHub does not look for any
}

// New finds out which repository is meant; what else is asked is found when a check needs it. tree is nil outside a
// work tree.
func New(ctx context.Context, p *command.Process, about Scope, tree *worktree.Tree) *Inspection {
	tree = tree.Still()
	i := &Inspection{Process: p, Scope: about, ends: ctx, Tree: tree, began: time.Now()}
	i.Target, i.TargetErr = target.Repository{Here: true}, nil
	if !i.Offline || i.Repo != "" || i.Getenv("GH_REPO") != "" {
		i.Target, i.TargetErr = target.Resolve(ctx, p, i.Repo, tree)
	}
	if i.TargetErr == nil && !i.Target.Here {
		i.Tree = nil // another repository's files are not judged
	}
	i.settings = workspace.Find(ctx, p, tree, "")
	i.client = sync.OnceValues(i.connect)
	i.hasVariable = sync.OnceValue(func() bool { return p.HasGH(ctx, "variable") })
	if i.TargetErr == nil && !i.Target.Here && !i.Offline {
		i.elsewhere = newElsewhere(i.client, sync.OnceValues(func() (github.Snapshot, error) { return i.takeSnapshot(ctx) }))
	}
	i.share(ctx)
	i.inventory = sync.OnceValues(func() (github.Inventory, error) { return i.fetch(ctx) })
	return i
}

// share has what several checks need worked out once.
func (i *Inspection) share(ctx context.Context) {
	i.called = func(ctx context.Context, client *github.Client, ref string) ([]byte, error) {
		return client.Workflow(ctx, ref)
	}
	i.organization = i.listOrganization
	i.local = sync.OnceValue(func() *workflow.Workflows { return i.readWorkflows(nil) })
	i.workflows = sync.OnceValue(func() *workflow.Workflows { return i.readCalled(ctx) })
	i.stored = sync.OnceValue(i.judgeStored)
	i.astray = sync.OnceValue(i.misplaced)
	i.judged = sync.OnceValue(func() map[string]check.Result { return i.accept(i.judgeWorkflows()) })
}

// takeSnapshot reads the default branch of the repository that was named.
func (i *Inspection) takeSnapshot(ctx context.Context) (s github.Snapshot, err error) {
	client, err := i.client()
	if err != nil {
		return s, err
	}
	ctx, cancel := context.WithTimeout(ctx, networkLimit)
	defer cancel()
	repo, err := client.Repository(ctx, i.Target.Owner, i.Target.Name)
	if err != nil {
		return s, err
	}
	client.Snapshots(ctx, []github.Repository{repo}, func(found github.Snapshot) { s = found })
	return s, nil
}

// With is the same repository with other workflows: GitHub is not asked again what it stores.
func (i *Inspection) With(source *Source) *Inspection {
	other := *i
	other.Source = source
	other.share(i.ends)
	return &other
}

// Checks are those of the catalogue. What looks at the work tree is left out where there is none of this repository.
func (i *Inspection) Checks() []check.Check {
	if i.Includes(workflow.Syntax) {
		go i.astray() // git lists the files while the workflows are read
	}
	about := slices.Concat(i.gitHubChecks(), i.workflowChecks(), fileChecks(i.Tree, i.leakOptions(), func() []string { return usedNames(i.local()) }))
	for n, c := range about {
		stored := c.ID == "github-access" || c.ID == "secret-stored"
		ofFiles := c.ID == "push-scope" || c.Group == check.GroupFiles
		switch {
		case i.Tree == nil && !stored && (i.elsewhere == nil || ofFiles):
			about[n] = c.Skipping(i.notHere())
		case c.ID == "hook-active" && i.InActions():
			about[n] = c.Skipping("jobs of GitHub Actions have no hooks")
		}
	}
	return slices.Concat(i.withStored(i.tokenChecks()), about)
}

func (i *Inspection) notHere() string {
	if i.TargetErr == nil {
		return "no checkout of " + i.Target.String() + " here"
	}
	return "no checkout here"
}

// judgeWorkflows judges everything at once. Without an inventory only those checks have a result that need none. Where not
// all could be read nothing is in order for certain.
func (i *Inspection) judgeWorkflows() map[string]check.Result {
	judged := i.judgeRead()
	if r, there := judged[workflow.Syntax]; there {
		r = withNotes(r, i.astray())
		if workflow.LeavesOut(r) {
			r.Open, r.Next = "some of what workflows use", "named by workflow-syntax"
		}
		judged[workflow.Syntax] = r
	}
	err, left := i.unread(), i.elsewhere.notJudged()
	for id, r := range judged {
		switch {
		case err != nil && r.Status != check.StatusError:
			judged[id] = check.Unknown(err.Error(), fixFor(err))
		case left != "" && id == workflow.Syntax && r.Status != check.StatusSkipped:
			r.Findings = append(r.Findings, check.Finding{Severity: check.SeverityNote, Message: left})
			judged[id] = r
		}
	}
	return judged
}

// flag names the repository to a command, where -R did or it is another one than here.
func (i *Inspection) flag() string {
	if i.TargetErr != nil || i.Target.Here && i.Repo == "" {
		return ""
	}
	return " -R " + i.Target.String()
}

// judgeRead judges what could be read.
func (i *Inspection) judgeRead() map[string]check.Result {
	about := workflow.Context{Dependabot: i.hasDependabot(), Host: i.namedHost(github.Inventory{}), Flag: i.flag()}
	if i.Offline {
		return workflow.JudgeFiles(i.local(), about)
	}
	inv, err := i.inventory()
	if err != nil {
		return workflow.JudgeFiles(i.local(), about)
	}
	about.Host, about.Repository, about.HasVariable = i.namedHost(inv), i.Target.String(), i.hasVariable
	judged := workflow.Judge(i.workflows(), i.kept(inv), about)
	for id, r := range judged {
		if refusals := inv.Refusals(); r.Status == check.StatusUnknown && r.Fix == "" && len(refusals) > 0 {
			r.Fix = fixFor(refusals[0])
			judged[id] = r
		}
	}
	return judged
}

func (i *Inspection) hasDependabot() bool {
	if i.elsewhere != nil {
		return i.elsewhere.dependabot()
	}
	return HasDependabot(i.Tree)
}

// kept is an inventory as package workflow asks for it. The organization's own listing is asked for when something is
// missing that it may explain.
func (i *Inspection) kept(inv github.Inventory) Kept {
	return Kept{inv, sync.OnceValue(func() github.Listing { return i.organization(inv.Repository.Owner) })}
}

// listOrganization lists the secrets of an organization, which few logins may.
func (i *Inspection) listOrganization(org string) github.Listing {
	client, err := i.client()
	if err != nil {
		return github.Listing{Err: err}
	}
	ctx, cancel := context.WithTimeout(i.ends, networkLimit)
	defer cancel()
	return client.Secrets(ctx, github.InOrganization(github.Actions, org))
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
	advice := workspace.Advice(i.replace)
	advice.Rotate += i.flag()
	return core.TokenChecks(core.TokenInput{
		Token: i.settings.Token, TokenErr: i.settings.TokenErr, TokenSource: i.settings.TokenSource, Advice: advice,
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
		missing.Fix = "gh hex auth" + i.flag()
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
	var named []string
	if i.elsewhere == nil { // else they take a while to be known
		named = i.local().Environments(nil)
	}
	inv, err := client.Inventory(ctx, i.Target.Owner, i.Target.Name, named)
	if err != nil {
		return inv, err
	}
	i.lookInto(ctx, client, &inv)
	return inv, nil
}

// lookInto adds what the environments hold that the workflows name, and where the secret is nowhere else what all do.
func (i *Inspection) lookInto(ctx context.Context, client *github.Client, inv *github.Inventory) {
	rest := i.workflows().Environments(i.kept(*inv))
	if i.elsewhere != nil {
		rest = append(i.local().Environments(nil), rest...)
	}
	if !inv.Holds(i.secretNames()) {
		rest = append(rest, inv.EnvironmentNames()...)
	}
	client.LookInto(ctx, inv, rest)
}

// judgeAccess says whether GitHub can be asked at all, and which permissions are missing.
func (i *Inspection) judgeAccess() check.Result {
	inv, err := i.inventory()
	if err != nil {
		return AccessProblem(err)
	}
	var notes []check.Finding
	for _, err := range inv.Refusals() {
		notes = append(notes, check.Finding{Severity: check.SeverityNote, Message: WithHint(err)})
	}
	return check.Judge(notes, fmt.Sprintf("%s on %s", inv.Repository.FullName(), i.Target.Host), "")
}

var errEnded = errors.New("not judged: the command was told to end")

// unlisted is the result of a check that needs to know what GitHub stores, when that could not be asked.
func (i *Inspection) unlisted() check.Result {
	_, err := i.inventory()
	if err == nil { // the inventory came, and then judging was told to end
		return check.Unknown(errEnded.Error(), "run it again")
	}
	r := AccessProblem(err)
	return check.Unknown(r.Message, r.Fix)
}

func AccessProblem(err error) check.Result {
	var login *github.LoginError
	var onGitHub *github.Error
	r := check.Fail(err.Error(), fixFor(err))
	switch {
	case errors.As(err, &login), errors.Is(err, github.ErrUnauthorized):
		r.Auth = true
	case errors.Is(err, github.ErrNotFound):
	case errors.As(err, &onGitHub):
		r.Status = check.StatusUnknown
	}
	return r
}

// fixFor is the hint of an error as a fix, which begins no sentence.
func fixFor(err error) string {
	hint := strings.TrimPrefix(strings.TrimPrefix(command.Hint(err), "Next: "), "To log in, run: ")
	if len(hint) > 1 && unicode.IsLower(rune(hint[1])) {
		return strings.ToLower(hint[:1]) + hint[1:]
	}
	return hint
}

// WithHint is an error in one line with the next command to type.
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
	if err := i.unread(); err != nil {
		return check.Unknown("cannot tell which name the secret is read by: "+err.Error(), fixFor(err))
	}
	if hidden := inv.Hidden(); hidden != nil {
		return check.Unknown(fmt.Sprintf("cannot tell whether %s is stored: %v", missing[0], hidden), fixFor(hidden))
	}
	if i.workflows().OnlyCalled() && i.Secret == "" {
		return check.Skip("the workflows that use Hex are called by other repositories, whose secrets they read")
	}
	if workflow.OnlyElsewhere(i.workflows(), i.kept(inv)) && i.Secret == "" {
		return check.Skip("the jobs that use Hex do not run in this repository")
	}
	r := i.nowhere(inv, missing[0])
	r.Auth = i.settings.Token.IsZero() && i.settings.TokenErr == nil && i.Includes("token-present")
	return r
}

// unread is why not all that the workflows say is known; nil when it is.
func (i *Inspection) unread() error {
	if i.elsewhere != nil {
		return i.elsewhere.unread()
	}
	return lost(i.local())
}

func storedWhere(places []github.PlacedEntry, now time.Time) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = p.Where + ", last set " + console.Ago(p.UpdatedAt, now)
	}
	return "is stored (" + strings.Join(texts, "; ") + ")"
}

func (i *Inspection) nowhere(inv github.Inventory, name string) check.Result {
	message := fmt.Sprintf("secret %s is not stored for %s", name, i.Target)
	if why := workflow.RefusedName(name); why != "" {
		message += "; no secret can have that name: " + why
	}
	if near := inv.Nearest(name); workflow.IsTokenName(near) || near != "" && !workflow.IsTokenName(name) {
		message += fmt.Sprintf("; did you mean %s?", near)
	}
	about := workflow.Context{Flag: i.flag(), Repository: i.Target.String()}
	fix := workflow.Remedy(i.workflows(), i.kept(inv), about, name)
	if _, there := inv.Dependabot.Find(name); there {
		message += " (Dependabot has one, which only runs started by Dependabot read)"
	}
	return check.Fail(message, fix)
}
