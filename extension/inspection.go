package extension

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
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/workflow"
)

// networkLimit ends everything that verify asks GitHub, so that a command ends within a minute.
const networkLimit = 55 * time.Second

// scope is what to look at, and how closely.
type scope struct {
	selection
	repo     string // the one that is named; empty for that of the work tree
	secret   string // its name; empty for those that the workflows use as Hex's
	all      bool   // every secret and variable, not only Hex's
	history  bool   // everything that was ever committed, not only what is not pushed yet
	projects []reference
}

// inspection is what the checks of one `gh hex verify` share. What several of them need is fetched once.
type inspection struct {
	*process
	scope
	ends      context.Context // ends what is read and judged once for several checks
	tree      *worktree.Tree
	source    *source // of the workflows; nil for the work tree
	settings  settings
	target    target
	targetErr error

	client func() (*github.Client, error)
	// local is what the workflows of the work tree say; workflows has those of other repositories that they call, too.
	local     func() *workflow.Workflows
	workflows func() *workflow.Workflows
	inventory func() (github.Inventory, error)
	stored    func() check.Result
	judged    func() map[string]check.Result
}

func newInspection(ctx context.Context, p *process, about scope, tree *worktree.Tree) *inspection {
	i := &inspection{process: p, scope: about, ends: ctx, tree: tree}
	i.target, i.targetErr = target{here: true}, nil
	if !i.offline || i.repo != "" || i.getenv("GH_REPO") != "" {
		i.target, i.targetErr = resolveTarget(ctx, p, i.repo, tree)
	}
	if i.targetErr == nil && !i.target.here {
		i.tree = nil // another repository's files are not judged
	}
	i.settings = findSettings(ctx, p, tree, "")
	i.client = sync.OnceValues(i.connect)
	i.local = sync.OnceValue(func() *workflow.Workflows { return i.readWorkflows(nil) })
	i.workflows = sync.OnceValue(func() *workflow.Workflows { return i.readCalled(ctx) })
	i.inventory = sync.OnceValues(func() (github.Inventory, error) { return i.fetch(ctx) })
	i.stored = sync.OnceValue(i.judgeStored)
	i.judged = sync.OnceValue(i.judgeWorkflows)
	return i
}

// checks are those of the catalogue. What looks at the work tree is left out where there is none of this repository.
func (i *inspection) checks() []check.Check {
	here := slices.Concat(i.workflowChecks(), fileChecks(i.tree, i.leakOptions()))
	onGitHub := i.gitHubChecks()
	for n, c := range onGitHub {
		if i.tree == nil && c.ID != "github-access" && c.ID != "secret-stored" {
			onGitHub[n] = c.Skipping(i.notHere())
		}
	}
	for n, c := range here {
		if i.tree == nil {
			here[n] = c.Skipping(i.notHere())
		}
	}
	return slices.Concat(i.tokenChecks(), onGitHub, here)
}

func (i *inspection) notHere() string {
	if i.targetErr == nil {
		return "the work tree here is not that of " + i.target.String()
	}
	return "no work tree here"
}

// judgeWorkflows judges everything at once. Without an inventory only those checks have a result that need none.
func (i *inspection) judgeWorkflows() map[string]check.Result {
	about := workflow.Context{Dependabot: hasDependabot(i.tree), Host: i.namedHost(github.Inventory{})}
	if i.offline {
		return workflow.JudgeFiles(i.local(), about)
	}
	inv, err := i.inventory()
	if err != nil {
		return workflow.JudgeFiles(i.local(), about)
	}
	about.Host, about.Repository = i.namedHost(inv), i.target.String()
	judged := workflow.Judge(i.workflows(), inv, about)
	for id, r := range judged {
		if refusals := inv.Refusals(); r.Status == check.StatusUnknown && r.Fix == "" && len(refusals) > 0 {
			r.Fix = hint(refusals[0])
			judged[id] = r
		}
	}
	return judged
}

// namedHost is the name of the workspace's host at Hex where somebody said which it is: on this machine, or in the
// variable.
func (i *inspection) namedHost(inv github.Inventory) string {
	host := i.settings.host
	if i.settings.hostErr != nil || i.settings.hostSource == defaultSource {
		v, _ := inv.Variables.Find(hostName)
		host, _ = core.ParseHost(v.Value)
	}
	if !host.IsHex() {
		return ""
	}
	return host.Name()
}

func (i *inspection) tokenChecks() []check.Check {
	return core.TokenChecks(core.TokenInput{
		Token: i.settings.token, TokenErr: i.settings.tokenErr, TokenSource: i.settings.tokenSource, Advice: advice(i.replace),
		Host: i.settings.host, HostErr: i.settings.hostErr, HostSource: i.settings.hostSource,
		Missing: i.judgeMissing,
		Shared:  i.inActions(),
		Options: i.clientOptions(),
		Now:     i.now,

		RunsProjects: i.local().RunsProjects(),
		Projects:     func(context.Context) []core.ProjectUse { return i.projectUses() },
	})
}

// keepToken is the command that keeps a token on this machine.
const keepToken = "gh hex auth login, or set " + tokenName

// advice names the commands that mend what core finds.
func advice(replace func(other string) string) core.Advice {
	return core.Advice{Keep: keepToken, Replace: replace, Rotate: "gh hex rotate", Name: "name one with --project"}
}

// storeAgain puts another token into the place of the one on GitHub.
func storeAgain(other string) string { return "gh hex auth, with " + other }

// replace says how to put another token in the place of the one found. In a workflow that is the stored secret.
func (i *inspection) replace(other string) string {
	if i.inActions() {
		return storeAgain(other)
	}
	return i.settings.replace(other)
}

// leakOptions names the host that tokens are revoked on.
func (i *inspection) leakOptions() worktree.LeakOptions {
	host := i.settings.host
	if i.settings.hostErr != nil {
		host = core.DefaultHost()
	}
	return worktree.LeakOptions{History: i.history, Host: host.String()}
}

// judgeMissing decides what a missing token on this machine means: nothing when the secret is stored.
func (i *inspection) judgeMissing(context.Context) check.Result {
	message := errNoLocalToken.Error()
	if len(i.settings.notes) > 0 {
		message += " (" + strings.Join(i.settings.notes, "; ") + ")"
	}
	missing := core.NoToken(message, keepToken)
	asked := slices.ContainsFunc(core.TokenChecks(core.TokenInput{}), func(c check.Check) bool { return slices.Contains(i.only, c.ID) })
	if asked || len(i.projects) > 0 {
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

func (i *inspection) connect() (*github.Client, error) {
	if i.targetErr != nil {
		return nil, i.targetErr
	}
	return github.NewClient(i.target.Host, i.gitHubOptions())
}

// fetch asks GitHub for everything at once, and for environments that only its answers name in a second round.
func (i *inspection) fetch(ctx context.Context) (github.Inventory, error) {
	client, err := i.client()
	if err != nil {
		return github.Inventory{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, networkLimit) // a second round does not get the time of the first once more
	defer cancel()
	go i.workflows() // what is called elsewhere is fetched meanwhile
	named := i.local().Environments(github.Inventory{})
	inv, err := client.Inventory(ctx, i.target.Owner, i.target.Name, named)
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
func (i *inspection) judgeAccess() check.Result {
	inv, err := i.inventory()
	if err != nil {
		return accessProblem(err)
	}
	var notes []check.Finding
	for _, err := range inv.Refusals() {
		notes = append(notes, check.Finding{Severity: check.SeverityNote, Message: withHint(err)})
	}
	return check.Judge(notes, fmt.Sprintf("%s on %s", inv.Repository.FullName(), i.target.Host), "")
}

// unlisted is the result of a check that needs to know what GitHub stores, when that could not be asked.
func (i *inspection) unlisted() check.Result {
	_, err := i.inventory()
	r := accessProblem(err)
	return check.Unknown(r.Message, r.Fix)
}

func accessProblem(err error) check.Result {
	var login *github.LoginError
	var onGitHub *github.Error
	r := check.Fail(err.Error(), hint(err))
	switch {
	case errors.As(err, &login), errors.Is(err, github.ErrUnauthorized):
		r.Auth = true
	case errors.Is(err, github.ErrNotFound):
	case errors.As(err, &onGitHub):
		r.Status = check.StatusUnknown
	}
	return r
}

func withHint(err error) string {
	if next := hint(err); next != "" {
		return strings.TrimSuffix(err.Error(), ".") + ". " + next
	}
	return err.Error()
}

// secretNames are the names under which the workflows read the Hex token.
func (i *inspection) secretNames() []string {
	if i.secret != "" {
		return []string{strings.ToUpper(i.secret)}
	}
	var names []string
	for _, n := range i.workflows().HexSecrets() {
		names = append(names, n.Name)
	}
	if len(names) == 0 {
		names = []string{tokenName}
	}
	return names
}

// judgeStored looks for the Hex secret in every place that the repository can see. One name that is stored is enough
// here: which reference is missing what is judged by secret-available.
func (i *inspection) judgeStored() check.Result {
	inv, err := i.inventory()
	if err != nil {
		return i.unlisted()
	}
	var found, missing []string
	for _, name := range i.secretNames() {
		if places := inv.Places(name); len(places) > 0 {
			found = append(found, name+" "+storedWhere(places, i.now()))
		} else {
			missing = append(missing, name)
		}
	}
	if len(found) > 0 {
		return check.OK(strings.Join(found, "; "))
	}
	if hidden := inv.Hidden(); hidden != nil {
		return check.Unknown(fmt.Sprintf("cannot tell whether %s is stored: %v", missing[0], hidden), hint(hidden))
	}
	r := nowhere(inv, missing[0], i.target)
	r.Auth = i.settings.token.IsZero() && i.settings.tokenErr == nil && i.includes("token-present")
	return r
}

func storedWhere(places []github.PlacedEntry, now time.Time) string {
	texts := make([]string, len(places))
	for i, p := range places {
		texts[i] = p.Where + ", last set " + ago(p.UpdatedAt, now)
	}
	return "is stored (" + strings.Join(texts, "; ") + ")"
}

func nowhere(inv github.Inventory, name string, t target) check.Result {
	message := fmt.Sprintf("secret %s is stored nowhere that %s can see", name, t)
	fix := "gh hex auth"
	if name != tokenName {
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
	if !t.here {
		fix += " -R " + t.String()
	}
	return check.Fail(message, fix)
}
