package extension

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/MakeNowJust/heredoc"
	"github.com/cli/go-gh/v2/pkg/tableprinter"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/github"
)

type statusOptions struct {
	*process
	export *exporter
	repo   string
}

func newAuthStatusCmd(p *process) *cobra.Command {
	o := &statusOptions{process: p}
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show where Hex secrets of this repository live, and the token on this machine",
		Long: heredoc.Doc(`
			Show where Hex secrets of this repository live and when each was last set, and the
			token on this machine.

			GitHub never shows a stored value: whether a stored token still works cannot be told.`),
		Example: example(`
			# List the Hex secrets of this repository
			$ gh hex auth status
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.repo, _ = cmd.Flags().GetString("repo")
			return runStatus(cmd.Context(), o)
		},
	}
	o.export = addExport(cmd, []string{"repository", "level", "name", "app", "secret", "updatedAt", "usedBy", "status", "error"})
	return cmd
}

// placeResult is one place of a Hex secret.
type placeResult struct {
	Repository string       `json:"repository"`
	Level      github.Level `json:"level"`
	Name       string       `json:"name"`
	App        github.App   `json:"app"`
	Secret     string       `json:"secret"`
	UpdatedAt  *time.Time   `json:"updatedAt"`
	UsedBy     []string     `json:"usedBy"`
	Status     string       `json:"status"`
	Error      string       `json:"error"`
}

func runStatus(ctx context.Context, o *statusOptions) error {
	tree, err := openTree(ctx, o.process)
	if err != nil {
		return err
	}
	i := newInspection(ctx, &verifyOptions{process: o.process, repo: o.repo}, tree)
	inv, err := i.inventory()
	if err != nil {
		return err
	}
	places := listPlaces(i, inv)
	if o.export.asked() {
		if err := o.export.write(o.streams, places); err != nil {
			return err
		}
		return unknownPlaces(places)
	}
	if err := printPlaces(o, places); err != nil {
		return err
	}
	o.printLocal(ctx, i)
	return unknownPlaces(places)
}

// unknownPlaces is exit code 3 when a place could not be listed.
func unknownPlaces(places []placeResult) error {
	for _, p := range places {
		if p.Status == "unknown" {
			return outcome(exitUnknown)
		}
	}
	return nil
}

// listPlaces has a row for each place of a Hex secret, and for each place that could not be listed.
func listPlaces(i *inspection, inv github.Inventory) []placeResult {
	rows := []placeResult{}
	add := func(l github.Listing, level github.Level, name string, app github.App) {
		row := placeResult{Repository: inv.Repository.FullName(), Level: level, Name: name, App: app, UsedBy: []string{}}
		if l.Err != nil {
			row.Status, row.Error = "unknown", core.Printable(l.Err.Error())
			rows = append(rows, row)
			return
		}
		for _, secret := range i.secretNames() {
			if e, found := l.Find(secret); found {
				row.Secret, row.UpdatedAt, row.Status = e.Name, &e.UpdatedAt, "set"
				row.UsedBy = i.usedBy(e.Name)
				rows = append(rows, row)
			}
		}
	}
	add(inv.Secrets, github.LevelRepository, inv.Repository.FullName(), github.Actions)
	for _, name := range inv.EnvironmentNames() {
		if l, asked := inv.EnvironmentSecrets[strings.ToLower(name)]; asked {
			add(l, github.LevelEnvironment, name, github.Actions)
		}
	}
	add(inv.OrganizationSecrets, github.LevelOrganization, inv.Repository.Owner, github.Actions)
	add(inv.Dependabot, github.LevelRepository, inv.Repository.FullName(), github.Dependabot)
	return rows
}

// usedBy lists the workflow files that read a secret.
func (i *inspection) usedBy(secret string) []string {
	files := []string{}
	for _, n := range i.workflows().HexSecrets() {
		if n.Name != secret {
			continue
		}
		for _, p := range n.Places {
			if len(files) == 0 || files[len(files)-1] != p.File {
				files = append(files, p.File)
			}
		}
	}
	return files
}

func printPlaces(o *statusOptions, places []placeResult) error {
	if len(places) == 0 {
		o.say("No Hex secret is stored where this repository can see it. Store one with: gh hex auth")
		return nil
	}
	t := tableprinter.New(o.out, o.outTTY, o.width)
	if o.outTTY {
		t.AddHeader([]string{"SECRET", "APP", "LEVEL", "NAME", "UPDATED", "USED BY"})
	}
	for _, p := range places {
		t.AddField(core.Printable(p.Secret))
		t.AddField(string(p.App))
		t.AddField(string(p.Level))
		t.AddField(core.Printable(p.Name))
		t.AddField(o.updated(p))
		t.AddField(core.Printable(usage(p)))
		t.EndRow()
	}
	return t.Render()
}

// updated is a relative time on a terminal, an exact one elsewhere.
func (o *statusOptions) updated(p placeResult) string {
	switch {
	case p.UpdatedAt == nil:
		return p.Status
	case o.outTTY:
		return ago(*p.UpdatedAt, o.now())
	}
	return p.UpdatedAt.Format(time.RFC3339)
}

func usage(p placeResult) string {
	switch len(p.UsedBy) {
	case 0:
		if p.Status == "unknown" {
			return p.Error
		}
		return "nothing here reads it"
	case 1:
		return p.UsedBy[0]
	}
	return fmt.Sprintf("%s and %d more", p.UsedBy[0], len(p.UsedBy)-1)
}

// printLocal says what is known of the token on this machine.
func (o *statusOptions) printLocal(ctx context.Context, i *inspection) {
	if i.settings.token.IsZero() && i.settings.tokenErr == nil {
		o.say("No Hex token on this machine.")
		return
	}
	owner, report := core.Verify(ctx, core.TokenInput{
		Token: i.settings.token, TokenErr: i.settings.tokenErr, TokenSource: i.settings.tokenSource,
		Host: i.settings.host, HostErr: i.settings.hostErr, HostSource: i.settings.hostSource,
		Options: o.clientOptions(), Now: o.now,
	})
	o.say("%s", capitalised(report.Of("token-present").Message))
	accepted := report.Of("token-accepted")
	if accepted.Status == core.StatusOK {
		o.say("%s %s", icon(o.streams, core.StatusOK), owner.Describe())
		return
	}
	for _, id := range []string{"token-format", "workspace-url", "token-accepted"} {
		if r := report.Of(id); r.Status == core.StatusError || r.Status == core.StatusUnknown {
			o.say("%s %s", icon(o.streams, r.Status), r.Message)
		}
	}
}
