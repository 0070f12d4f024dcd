package setup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/workflow"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// checkFile is the workflow that asks about the stored tokens, as it is to be or as it stands.
type checkFile struct {
	change scaffold.Change
	// foreign tells that somebody else's file has its name; difference, in lines, that it is one of ours which would be
	// another today.
	foreign    bool
	difference []string
	notes      []string
	text       string // what is to be written; empty for nothing
}

// among adds what is to be written to other changes.
func (c checkFile) among(changes []scaffold.Change) []scaffold.Change {
	if c.change.Path == "" {
		return changes
	}
	return append(slices.Clone(changes), c.change)
}

// planCheck adds the workflow where there is none of that name. One that is there stays as it is.
func (o *initOptions) planCheck(ctx context.Context, tree *worktree.Tree) (c checkFile, err error) {
	wanted, notes, err := o.wantedCheck(ctx, tree)
	if err != nil {
		return c, err
	}
	c.notes = notes
	c.change, err = scaffold.PlanFile(tree.Root(), stored.Path, 0o666, func(old []byte) []byte {
		if old == nil {
			c.text = wanted.Text()
			return []byte(c.text)
		}
		c.notes = nil
		there, ours := stored.Recognize(old)
		c.foreign = !ours
		if ours {
			c.difference = difference(there.Written(), there.With(wanted).Text())
		}
		return old
	})
	return c, err
}

// wantedCheck asks about what the workflows use. The notes say what is left out; only "no" is an error.
func (o *initOptions) wantedCheck(ctx context.Context, tree *worktree.Tree) (f stored.File, notes []string, err error) {
	w := inspect.ReadWorkflows(tree, workflow.ReadOptions{Ends: ctx})
	f.Secret, notes = secretToAsk(w)
	if releaseVersion().MatchString(command.Version) {
		f.Version = command.Version
	}
	f.Projects = projectsOf(w)
	if hosts := w.Hosts(); len(hosts) == 1 {
		if host, err := core.ParseHost(hosts[0].Name); err == nil && host.IsHex() {
			f.Host = host.String()
		}
	}
	names := w.Environments(nil)
	protected, server, err := o.protection(ctx, len(names) > 0)
	f.Server = server
	if errors.Is(err, console.ErrCancelled) {
		return f, nil, err
	}
	if err != nil {
		notes = append(notes, fmt.Sprintf("Which environments wait for a reviewer is not known (%v): all of them are asked on dispatch only", err))
	}
	for _, name := range names {
		waits, exists := protected[strings.ToLower(name)]
		switch {
		case !stored.Fits(name):
			notes = append(notes, fmt.Sprintf("The environment %q is left out: its name cannot be written in a list", name))
		case err != nil, waits:
			f.Protected = append(f.Protected, name)
		case !exists:
			notes = append(notes, fmt.Sprintf("The environment %s is left out: it does not exist yet, and a run would create it", name))
		default:
			f.Environments = append(f.Environments, name)
		}
	}
	return f, notes, nil
}

// secretToAsk is the usual name, unless the workflows use other ones only.
func secretToAsk(w *workflow.Workflows) (name string, notes []string) {
	var names []string
	for _, n := range w.HexSecrets() {
		if workflow.IsTokenName(n.Name) {
			names = append(names, n.Name)
		}
	}
	if len(names) == 0 {
		return workspace.TokenName, nil
	}
	name = names[0]
	if slices.Contains(names, workspace.TokenName) {
		name = workspace.TokenName
	}
	for _, other := range names {
		if other != name {
			notes = append(notes, fmt.Sprintf("It asks about %s, not about %s", name, other))
		}
	}
	return name, notes
}

func projectsOf(w *workflow.Workflows) []string {
	var ids []string
	for _, p := range w.ProjectIDs() {
		id, _, err := core.ParseProjectRef(p.Ref)
		if id = strings.ToLower(id); p.Variable == "" && err == nil && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids[:min(len(ids), stored.MaxProjects)]
}

// protection asks GitHub in which environments each job waits. Nothing is asked where no environment is named.
func (o *initOptions) protection(ctx context.Context, needed bool) (waits map[string]bool, server bool, err error) {
	place, err := o.where()
	if err != nil {
		if !needed && !errors.Is(err, console.ErrCancelled) {
			err = nil
		}
		return nil, false, err
	}
	server = auth.IsEnterprise(place.Host)
	if !needed {
		return nil, server, nil
	}
	client, err := github.NewClient(place.Host, workspace.GitHubOptions(o.Process))
	if err != nil {
		return nil, server, err
	}
	err = o.Interruptible(ctx, "Asking GitHub about the environments", func(ctx context.Context) error {
		waits, err = client.Protected(ctx, place.Owner, place.Name)
		return err
	})
	return waits, server, err
}

// recordCheck says what became of the file.
func (o *initOptions) recordCheck(c checkFile) {
	switch {
	case c.foreign:
		o.Record("warning", "%s: exists and is not what gh hex writes, so it was left as it is", stored.Path)
		o.Say("To get the one of gh hex: rename yours, then run the command again")
		return
	case len(c.difference) > 0:
		o.Record("warning", "%s: an earlier version of this file, left as it is. Today it would be:", stored.Path)
		for _, line := range c.difference {
			o.Verbatim(line)
		}
		o.Say("To have it written again, remove it and run this command again")
		return
	}
	o.Record(o.outcome(), "%s: %s", c.change.Path, c.change.Describe())
	for _, note := range c.notes {
		o.Say("%s %s", o.Yellow("!"), note)
	}
	if c.change.Action == scaffold.Created {
		o.Say("Once you have pushed it to the default branch, it asks Hex every day whether the stored tokens still work. To ask at once: gh hex verify --stored")
	}
}

// difference lists the lines that one text has and the other has not, in order, as diff does.
func difference(old, new string) []string {
	a, b := strings.Split(old, "\n"), strings.Split(new, "\n")
	// common[i][j] is the length of what a[i:] and b[j:] have in common; the texts have a few hundred lines.
	common := make([][]int, len(a)+1)
	for i := range common {
		common[i] = make([]int, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	var lines []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			lines = append(lines, "-"+a[i])
			i++
		default:
			lines = append(lines, "+"+b[j])
			j++
		}
	}
	return lines
}
