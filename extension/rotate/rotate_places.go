package rotate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

// unnamedError means that nobody said which places to replace, and that nobody can be asked.
type unnamedError struct{ places []string }

func (e *unnamedError) Error() string {
	if len(e.places) == 0 {
		return "no place holds that secret; nothing was replaced"
	}
	return "no place was named, and secrets of the same name may have different values, so nothing was replaced. Found:\n\t" + strings.Join(e.places, "\n\t")
}

func (e *unnamedError) Hint() string {
	if len(e.places) == 0 {
		return "Store the token with: gh hex auth"
	}
	return "Name places with --app, --env, --org and -R, or replace all of them with: --all"
}

// wants reports whether the flags name a place.
func (r *rotation) names(p *places.Place) bool {
	if len(r.apps)+len(r.envs) == 0 {
		top := github.LevelRepository
		if r.org != "" && len(r.targets) == 0 {
			top = github.LevelOrganization
		}
		return len(r.repos)+len(r.org) > 0 && p.At.App == github.Actions && p.At.Level == top
	}
	if p.At.Level == github.LevelEnvironment {
		return slices.ContainsFunc(r.envs, func(name string) bool { return strings.EqualFold(name, p.At.Environment) }) ||
			p.At.Environment == "*" && len(r.envs) > 0
	}
	if p.At.Level == github.LevelOrganization && r.org == "" {
		return false // others use it too
	}
	apps := places.NamedApps(r.apps)
	return slices.Contains(apps, p.At.App)
}

// choose settles which places are replaced: those that are named, all, or what the user picks from the list.
func (r *rotation) choose() error {
	if slices.ContainsFunc(r.places, func(p *places.Place) bool { return p.Err == nil && p.Status == "" }) && r.asks() {
		return r.pick()
	}
	named := len(r.apps)+len(r.envs)+len(r.repos)+len(r.org) > 0
	if !r.all && !named {
		return &unnamedError{r.listed()}
	}
	for _, p := range r.places {
		r.consider(p)
	}
	r.places = append(r.places, r.absent()...)
	switch n := r.writable(); {
	case n == 0:
		return nil
	case r.CanAsk() && !r.yes && !r.dryRun:
		return r.confirmAll(n)
	}
	if !r.dryRun {
		r.Say("Replacing the token in:")
		r.nameChosen()
	}
	return nil
}

// nameChosen lists what is about to be written to, and what speaks against it.
func (r *rotation) nameChosen() {
	for _, p := range r.places {
		if !p.Chosen || p.Err != nil || p.Status != "" {
			continue
		}
		text := r.label(p)
		if why := r.against(p); why != "" {
			text += " (" + why + ")"
		}
		r.Say("  %s", text)
	}
}

// asks reports whether the list is shown: on a terminal, when no flag chooses.
func (r *rotation) asks() bool {
	return r.CanAsk() && !r.yes && !r.all && len(r.apps)+len(r.envs) == 0
}

func (r *rotation) listed() []string {
	var names []string
	for _, p := range r.places {
		if p.Status != statusMissing {
			names = append(names, r.label(p))
		}
	}
	return names
}

// consider decides about one place without asking. A repository that was named and has no such secret is a failure; one
// that the search of an organization met is not.
func (r *rotation) consider(p *places.Place) {
	searched := r.org != "" && len(r.targets) == 0
	switch {
	case p.Status == statusMissing:
		p.Chosen = !searched && (r.all || len(r.apps)+len(r.envs) == 0 || len(r.repos) > 0)
	case p.Err != nil && p.At.Repo == "*":
		p.Chosen = true // the search itself is not complete
	default:
		p.Chosen = r.all || r.names(p)
		p.Named = !r.all && (!searched || p.At.Level == github.LevelOrganization)
	}
	if why := r.against(p); p.Chosen && !p.Named && p.Err == nil && why != "" {
		p.Chosen, p.Reason = false, why
	}
}

// against is why a place is left alone unless it is named; empty when nothing speaks against it. What could not be looked
// up keeps the place chosen, and is settled as a failure when its turn comes.
func (r *rotation) against(p *places.Place) string {
	switch {
	case p.OtherHost != "":
		return fmt.Sprintf("its variable %s names another host, %s", r.variable, p.OtherHost)
	case p.Holding != "":
		return fmt.Sprintf("it has to be %s, not a bare token", p.Holding)
	case p.Packages != nil:
		return fmt.Sprintf("the workflows use the name for hex.pm (%s:%d)", p.Packages.File, p.Packages.Line)
	}
	return ""
}

// absent has a row for each app or environment that was named and is nowhere.
func (r *rotation) absent() []*places.Place {
	var rows []*places.Place
	add := func(at github.Place, matches func(*places.Place) bool) {
		found := func(p *places.Place) bool { return p.Status != statusMissing && matches(p) }
		if !slices.ContainsFunc(r.places, found) {
			rows = append(rows, &places.Place{At: at, Chosen: true, Status: statusMissing, Reason: "no such place holds " + r.secret})
		}
	}
	owner, repo := r.org, "*"
	if len(r.targets) == 1 {
		owner, repo = r.targets[0].Owner, r.targets[0].Name
	}
	for _, name := range r.envs {
		at := github.InEnvironment(owner, repo, name)
		add(at, func(p *places.Place) bool {
			return strings.EqualFold(p.At.Environment, name) || p.At.Environment == "*"
		})
	}
	apps := places.NamedApps(r.apps)
	for _, app := range apps {
		at := github.InRepository(app, owner, repo)
		add(at, func(p *places.Place) bool { return p.At.App == app && p.At.Level != github.LevelEnvironment })
	}
	return rows
}

// writable counts the chosen places that can be replaced as far as is known.
func (r *rotation) writable() int {
	n := 0
	for _, p := range r.places {
		if p.Chosen && p.Err == nil && p.Status == "" {
			n++
		}
	}
	return n
}

func (r *rotation) confirmAll(n int) error {
	r.Say("About to replace the token in:")
	r.nameChosen()
	yes, err := r.Confirm(fmt.Sprintf("Replace the token there (%s)?", console.Counted(n, "place", "places")), true)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// pick is the checklist. Only the repository's own Actions secret is marked: that others hold the same value is not known.
func (r *rotation) pick() error {
	var options []string
	var marked []bool
	var open []*places.Place
	for _, p := range r.places {
		if p.Err != nil {
			r.Say("%s %s", r.Yellow("!"), console.Capitalised(p.Err.Error()))
		}
		if p.Err != nil || p.Status != "" {
			continue
		}
		text := fmt.Sprintf("%s, set %s", r.label(p), console.Ago(p.Entry.UpdatedAt, r.Now()))
		why := r.against(p)
		if why != "" {
			text += " (" + why + ")"
		}
		open, options = append(open, p), append(options, text)
		own := p.At.Level == github.LevelRepository && p.At.App == github.Actions && len(r.targets) > 0
		marked = append(marked, own && why == "" && !p.Repo.Archived)
	}
	chosen, err := r.Checklist("Where should the old token be replaced?", options, marked)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return console.ErrCancelled
	}
	for _, i := range chosen {
		open[i].Chosen, open[i].Named = true, true
	}
	return nil
}

// label names a place in a sentence.
func (r *rotation) label(p *places.Place) string {
	switch {
	case p.At.Repo == "*" && p.At.Level == github.LevelRepository && p.Err != nil:
		return "repositories of " + p.At.Owner
	case p.At.Environment == "*":
		return fmt.Sprintf("environments of %s/%s", p.At.Owner, p.At.Repo)
	}
	return fmt.Sprintf("%s secret %s of %s", p.At, r.secret, p.At.Target())
}

// maxWritesAtOnce bounds the places that are replaced at the same time.
const maxWritesAtOnce = 20

// replace writes the new token to the chosen places, and returns whether it was interrupted. Each place has a status then.
func (r *rotation) replace(ctx context.Context) (interrupted bool) {
	waiting := r.Wait(ctx)
	defer waiting.Close()
	ctx = waiting
	defer r.progress.Clear()
	total := r.writable()
	queue := make(chan *places.Place)
	var wg sync.WaitGroup
	for range min(maxWritesAtOnce, total) {
		wg.Go(func() {
			for p := range queue {
				r.settle(p, r.write(ctx, p))
				r.progress.Show("Replaced the token in %d of %s", r.done.Add(1), console.Counted(total, "place", "places"))
			}
		})
	}
	for _, p := range r.places {
		switch {
		case p.Chosen && p.Err == nil && p.Status == "":
			queue <- p
		case p.Chosen && p.Err != nil:
			p.Status, p.Reason = statusCannotTell, p.Err.Error()
		case p.Err != nil:
			p.Status, p.Reason = statusCannotTell, "not chosen; "+p.Err.Error()
		case p.Status == "":
			p.Status = statusUnchanged
			if p.Reason == "" {
				p.Reason = reasonNotChosen
			}
		}
	}
	close(queue)
	wg.Wait()
	r.writeRecords(ctx)
	return console.Cancelled(ctx) != nil && slices.ContainsFunc(r.places, func(p *places.Place) bool { return p.Chosen && p.Status != statusNew })
}

// settle notes what became of a place.
func (r *rotation) settle(p *places.Place, err error) {
	var doubt *github.DoubtError
	switch {
	case err == nil:
		p.Status = statusNew
		p.Entry.UpdatedAt = r.Now().UTC().Truncate(time.Second)
	case errors.Is(err, errPlanned):
		p.Status = statusPlanned
	case errors.As(err, &doubt):
		p.Status, p.Reason, p.Err = statusCannotTell, doubt.Err.Error(), err
	default:
		p.Status, p.Reason, p.Err = statusOld, err.Error(), err
	}
}

// write replaces the secret of one place.
func (r *rotation) write(ctx context.Context, p *places.Place) error {
	switch {
	case console.Cancelled(ctx) != nil:
		return errors.New("interrupted before it was written")
	case ctx.Err() != nil:
		return errors.New("not written: out of time (--timeout)")
	case p.Repo.Archived:
		return errors.New("the repository is archived: GitHub lets nobody change its secrets, and its workflows do not run")
	case p.Repo.Name != "" && !p.Repo.CanPush:
		return r.Client.NoPush(p.Repo.FullName())
	case p.Refused != nil && !r.force:
		return fmt.Errorf("left alone: %w", p.Refused)
	case !p.Named && p.HostErr != nil:
		return fmt.Errorf("left alone, since it is not known for which host it is: %w", p.HostErr)
	case !p.Named && p.ReadErr != nil:
		return fmt.Errorf("left alone, since it is not known whether the workflows use the name for hex.pm: %w", p.ReadErr)
	}
	key, err := r.Client.PublicKey(ctx, p.At)
	if err != nil {
		return github.ForWrite(err)
	}
	if r.dryRun {
		return errPlanned
	}
	sharing, err := r.sharing(ctx, p)
	if err != nil {
		return github.ForWrite(err)
	}
	if _, err = r.Client.PutSecret(ctx, p.At, key, p.Entry.Name, r.token.Reveal(), p.Entry, sharing); err == nil {
		r.recordSet(p, sharing)
	}
	return err
}

// sharing is who sees an organization's secret now: replacing the value must not change that.
func (r *rotation) sharing(ctx context.Context, p *places.Place) (github.Sharing, error) {
	e := p.Entry
	if p.At.Level == github.LevelOrganization && e.Visibility == "" {
		var err error // the listing of a repository does not tell
		if e, err = r.Client.Secret(ctx, p.At, e.Name); err != nil {
			return github.Sharing{}, err
		}
	}
	return r.Client.Sharing(ctx, p.At, e)
}

// show prints what became of every place.
func (r *rotation) show() error {
	if r.export.Asked() {
		rows := make([]places.PlaceResult, len(r.places))
		for i, p := range r.places {
			rows[i] = p.Result()
			if rows[i].Secret == "" {
				rows[i].Secret = r.secret
			}
		}
		return r.export.Write(r.Streams, rows)
	}
	icons := map[string]check.Status{
		statusNew: check.StatusOK, statusOld: check.StatusError, statusCannotTell: check.StatusUnknown,
		statusUnchanged: check.StatusSkipped, statusMissing: check.StatusSkipped,
		statusPlanned: check.StatusOK,
	}
	for _, p := range r.places {
		switch {
		case r.passedOver(p):
		case !r.OutTTY:
			r.Print("%s\t%s\t%s", p.Status, r.label(p), p.Reason)
		case p.Reason == "":
			r.Print("%s %s: %s", console.Icon(r.Streams, icons[p.Status]), r.label(p), p.Status)
		default:
			r.Print("%s %s: %s (%s)", console.Icon(r.Streams, icons[p.Status]), r.label(p), p.Status, p.Reason)
		}
	}
	r.sayTotals()
	return nil
}

// passedOver reports whether a place is only counted: nobody chose it, and nothing else is to be said of it.
func (r *rotation) passedOver(p *places.Place) bool {
	return !p.Chosen && (p.Status == statusMissing || p.Status == statusUnchanged && p.Reason == reasonNotChosen)
}

// sayTotals counts how the places ended, and those that are not listed one by one.
func (r *rotation) sayTotals() {
	count, others, without := map[string]int{}, 0, 0
	for _, p := range r.places {
		switch {
		case !r.passedOver(p):
			count[p.Status]++
		case p.Status == statusMissing:
			without++
		default:
			others++
		}
	}
	var parts []string
	for _, status := range []string{statusNew, statusPlanned, statusOld, statusCannotTell, statusMissing, statusUnchanged} {
		if count[status] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[status], status))
		}
	}
	if others > 0 {
		parts = append(parts, fmt.Sprintf("%d not chosen", others))
	}
	if without > 0 {
		parts = append(parts, fmt.Sprintf("%s without %s", console.Counted(without, "repository", "repositories"), r.secret))
	}
	r.Say("In all: %s.", strings.Join(parts, ", "))
}

// keepCopy replaces the old token on this machine, wherever it stands. It comes last: until all places are new, the old
// copy tells a second run that the token is a new one.
func (r *rotation) keepCopy(ctx context.Context) error {
	old := r.settings.Token
	if old.IsZero() {
		return nil
	}
	if usual := workspace.FindHost(ctx, r.Process, r.tree, ""); usual.Host != r.host {
		r.Say("%s The token on this machine is left alone: it is for %s", r.Yellow("!"), usual.Host.Name())
		return nil
	}
	if strings.HasSuffix(r.settings.TokenSource, workspace.TokenName) {
		r.Say("%s %s still holds the old token: set it to the new one", r.Yellow("!"), r.settings.TokenSource)
	}
	if err := r.keepInFiles(ctx, old); err != nil {
		return err
	}
	entry := workspace.Keyring(r.rotateOptions.Process, r.host)
	raw, err := entry.Get(workspace.KeyringGlance)
	if err != nil {
		return nil // nothing there to replace
	}
	if kept, err := core.ParseToken(raw); err != nil || !kept.Equal(old) {
		return nil
	}
	if err := entry.Set(r.token); err != nil {
		return err
	}
	r.Say("%s Stored the new token for %s in this machine's keyring", r.Green("✓"), r.host.Name())
	return nil
}

func (r *rotation) keepInFiles(ctx context.Context, old core.Token) error {
	if r.tree == nil {
		return nil
	}
	for _, name := range []string{".env.local", ".env"} {
		data, err := r.tree.ReadLocal(ctx, name)
		if errors.Is(err, fs.ErrNotExist) || err != nil {
			continue // not a source of the old token either
		}
		raw, _, _ := dotenv.Lookup(data, workspace.TokenName)
		if kept, err := core.ParseToken(raw); err != nil || !kept.Equal(old) {
			continue
		}
		if !r.own {
			r.Say("%s %s still holds the old token, and belongs to another repository: set it to the new one", r.Yellow("!"), name)
			continue
		}
		change, err := scaffold.PlanFile(r.tree.Root(), name, 0o600, func(data []byte) []byte {
			return dotenv.Set(data, workspace.TokenName, r.token.Reveal())
		})
		if err == nil {
			err = scaffold.Apply(ctx, r.tree.Root(), []scaffold.Change{change})
		}
		if err != nil {
			return err
		}
		r.Say("%s %s: set %s", r.Green("✓"), name, workspace.TokenName)
	}
	return nil
}
