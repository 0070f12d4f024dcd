package extension

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
	"github.com/gh-hex/gh-hex/extension/github"
)

// unnamedError means that nobody said which places to replace, and that nobody can be asked.
type unnamedError struct{ places []string }

func (e *unnamedError) Error() string {
	if len(e.places) == 0 {
		return "no place holds that secret; nothing was replaced"
	}
	return "no place is named, and equal names need not hold equal values; nothing was replaced. Found:\n\t" + strings.Join(e.places, "\n\t")
}

func (e *unnamedError) Hint() string {
	if len(e.places) == 0 {
		return "Store the token with: gh hex auth"
	}
	return "Name places with --app, --env, --org and -R, or replace all of them with: --all"
}

// wants tells whether the flags name a place.
func (r *rotation) names(p *spot) bool {
	if len(r.apps)+len(r.envs) == 0 {
		top := github.LevelRepository
		if r.org != "" && len(r.targets) == 0 {
			top = github.LevelOrganization
		}
		return len(r.repos)+len(r.org) > 0 && p.store.App == github.Actions && p.store.Level == top
	}
	if p.store.Level == github.LevelEnvironment {
		return slices.ContainsFunc(r.envs, func(name string) bool { return strings.EqualFold(name, p.store.Environment) }) ||
			p.store.Environment == "*" && len(r.envs) > 0
	}
	if p.store.Level == github.LevelOrganization && r.org == "" {
		return false // others use it too
	}
	apps := namedApps(r.apps)
	return slices.Contains(apps, p.store.App)
}

// choose settles which places are replaced: those that are named, all, or what the user picks from the list.
func (r *rotation) choose() error {
	if slices.ContainsFunc(r.spots, func(p *spot) bool { return p.err == nil && p.status == "" }) && r.asks() {
		return r.pick()
	}
	named := len(r.apps)+len(r.envs)+len(r.repos)+len(r.org) > 0
	if !r.all && !named {
		return &unnamedError{r.listed()}
	}
	for _, p := range r.spots {
		r.consider(p)
	}
	r.spots = append(r.spots, r.absent()...)
	switch n := r.writable(); {
	case n == 0:
		return nil
	case r.canAsk() && !r.yes && !r.dryRun:
		return r.confirmAll(n)
	}
	if !r.dryRun {
		r.say("Replacing the token in:")
		r.nameChosen()
	}
	return nil
}

// nameChosen lists what is about to be written to, and what speaks against it.
func (r *rotation) nameChosen() {
	for _, p := range r.spots {
		if !p.chosen || p.err != nil || p.status != "" {
			continue
		}
		text := r.label(p)
		if why := r.against(p); why != "" {
			text += " (" + why + ")"
		}
		r.say("  %s", text)
	}
}

// asks tells whether the list is shown: on a terminal, when no flag chooses.
func (r *rotation) asks() bool {
	return r.canAsk() && !r.yes && !r.all && len(r.apps)+len(r.envs) == 0
}

func (r *rotation) listed() []string {
	var names []string
	for _, p := range r.spots {
		if p.status != statusMissing {
			names = append(names, r.label(p))
		}
	}
	return names
}

// consider decides about one place without asking. A repository that was named and has no such secret is a failure; one
// that the search of an organization met is not.
func (r *rotation) consider(p *spot) {
	searched := r.org != "" && len(r.targets) == 0
	switch {
	case p.status == statusMissing:
		p.chosen = !searched && (r.all || len(r.apps)+len(r.envs) == 0 || len(r.repos) > 0)
	case p.err != nil && p.store.Repo == "*":
		p.chosen = true // the search itself is not complete
	default:
		p.chosen = r.all || r.names(p)
		p.named = !r.all && (!searched || p.store.Level == github.LevelOrganization)
	}
	if why := r.against(p); p.chosen && !p.named && p.err == nil && why != "" {
		p.chosen, p.reason = false, why
	}
}

// against is why a place is left alone unless it is named; empty when nothing speaks against it. What could not be looked
// up keeps the place chosen, and is settled as a failure when its turn comes.
func (r *rotation) against(p *spot) string {
	switch {
	case p.otherHost != "":
		return fmt.Sprintf("its variable %s names another host, %s", r.variable, p.otherHost)
	case p.packages != nil:
		return fmt.Sprintf("the workflows use the name for hex.pm (%s:%d)", p.packages.File, p.packages.Line)
	}
	return ""
}

// absent has a row for each app or environment that was named and is nowhere.
func (r *rotation) absent() []*spot {
	var rows []*spot
	add := func(store github.Store, matches func(*spot) bool) {
		found := func(p *spot) bool { return p.status != statusMissing && matches(p) }
		if !slices.ContainsFunc(r.spots, found) {
			rows = append(rows, &spot{store: store, chosen: true, status: statusMissing, reason: "no such place holds " + r.secret})
		}
	}
	owner, repo := r.org, "*"
	if len(r.targets) == 1 {
		owner, repo = r.targets[0].Owner, r.targets[0].Name
	}
	for _, name := range r.envs {
		store := github.Store{App: github.Actions, Level: github.LevelEnvironment, Owner: owner, Repo: repo, Environment: name}
		add(store, func(p *spot) bool {
			return strings.EqualFold(p.store.Environment, name) || p.store.Environment == "*"
		})
	}
	apps := namedApps(r.apps)
	for _, app := range apps {
		store := github.Store{App: app, Level: github.LevelRepository, Owner: owner, Repo: repo}
		add(store, func(p *spot) bool { return p.store.App == app && p.store.Level != github.LevelEnvironment })
	}
	return rows
}

// writable counts the chosen places that can be replaced as far as is known.
func (r *rotation) writable() int {
	n := 0
	for _, p := range r.spots {
		if p.chosen && p.err == nil && p.status == "" {
			n++
		}
	}
	return n
}

func (r *rotation) confirmAll(n int) error {
	r.nameChosen()
	yes, err := r.confirm(fmt.Sprintf("Replace the token there (%s)?", counted(n, "place", "places")), true)
	if err != nil || !yes {
		return errors.Join(errCancelled, err)
	}
	return nil
}

// pick is the checklist. Only the repository's own Actions secret is marked: that others hold the same value is not known.
func (r *rotation) pick() error {
	var options []string
	var marked []bool
	var spots []*spot
	for _, p := range r.spots {
		if p.err != nil {
			r.say("%s %s", r.yellow("!"), capitalised(p.err.Error()))
		}
		if p.err != nil || p.status != "" {
			continue
		}
		text := fmt.Sprintf("%s, set %s", r.label(p), ago(p.entry.UpdatedAt, r.now()))
		why := r.against(p)
		if why != "" {
			text += " (" + why + ")"
		}
		spots, options = append(spots, p), append(options, text)
		own := p.store.Level == github.LevelRepository && p.store.App == github.Actions && len(r.targets) > 0
		marked = append(marked, own && why == "" && !p.repo.Archived)
	}
	chosen, err := r.checklist("Where is the old token to be replaced?", options, marked)
	if err != nil {
		return err
	}
	if len(chosen) == 0 {
		return errCancelled
	}
	for _, i := range chosen {
		spots[i].chosen, spots[i].named = true, true
	}
	return nil
}

// label names a place in a sentence.
func (r *rotation) label(p *spot) string {
	switch {
	case p.store.Repo == "*" && p.store.Level == github.LevelRepository && p.err != nil:
		return "repositories of " + p.store.Owner
	case p.store.Environment == "*":
		return fmt.Sprintf("environments of %s/%s", p.store.Owner, p.store.Repo)
	}
	return fmt.Sprintf("%s secret %s of %s", p.store, r.secret, p.store.Target())
}

// maxWritesAtOnce bounds the places that are replaced at the same time.
const maxWritesAtOnce = 20

// replace writes the new token to the chosen places, and returns whether it was interrupted. Each place has a status then.
func (r *rotation) replace(ctx context.Context) (interrupted bool) {
	waiting := r.wait(ctx)
	defer waiting.close()
	ctx = waiting
	defer r.progress.clear()
	total := r.writable()
	queue := make(chan *spot)
	var wg sync.WaitGroup
	for range min(maxWritesAtOnce, total) {
		wg.Go(func() {
			for p := range queue {
				r.settle(p, r.write(ctx, p))
				r.progress.show("Replaced the token in %d of %s", r.done.Add(1), counted(total, "place", "places"))
			}
		})
	}
	for _, p := range r.spots {
		switch {
		case p.chosen && p.err == nil && p.status == "":
			queue <- p
		case p.chosen && p.err != nil:
			p.status, p.reason = statusCannotTell, p.err.Error()
		case p.err != nil:
			p.status, p.reason = statusCannotTell, "not chosen; "+p.err.Error()
		case p.status == "":
			p.status = statusUnchanged
			if p.reason == "" {
				p.reason = "not chosen"
			}
		}
	}
	close(queue)
	wg.Wait()
	return cancelled(ctx) != nil && slices.ContainsFunc(r.spots, func(p *spot) bool { return p.chosen && p.status != statusNew })
}

// settle notes what became of a place.
func (r *rotation) settle(p *spot, err error) {
	var doubt *github.DoubtError
	switch {
	case err == nil:
		p.status = statusNew
		p.entry.UpdatedAt = r.now().UTC().Truncate(time.Second)
	case errors.Is(err, errPlanned):
		p.status = statusPlanned
	case errors.As(err, &doubt):
		p.status, p.reason, p.err = statusCannotTell, doubt.Err.Error(), err
	default:
		p.status, p.reason, p.err = statusOld, err.Error(), err
	}
}

// write replaces the secret of one place.
func (r *rotation) write(ctx context.Context, p *spot) error {
	switch {
	case cancelled(ctx) != nil:
		return errors.New("interrupted before it was written")
	case ctx.Err() != nil:
		return errors.New("not written: the time is over (--timeout)")
	case p.repo.Archived:
		return errors.New("the repository is archived: GitHub lets nobody change its secrets, and its workflows do not run")
	case p.repo.Name != "" && !p.repo.CanPush:
		return noPush(r.client, p.repo.FullName())
	case p.refused != nil && !r.force:
		return fmt.Errorf("left alone: %w", p.refused)
	case !p.named && p.hostErr != nil:
		return fmt.Errorf("left alone, since it is not known for which host it is: %w", p.hostErr)
	case !p.named && p.readErr != nil:
		return fmt.Errorf("left alone, since it is not known whether the workflows use the name for hex.pm: %w", p.readErr)
	}
	key, err := r.client.PublicKey(ctx, p.store)
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
	_, err = r.client.PutSecret(ctx, p.store, key, p.entry.Name, r.token.Reveal(), p.entry, sharing)
	return err
}

// sharing is who sees an organization's secret now: replacing the value must not change that.
func (r *rotation) sharing(ctx context.Context, p *spot) (github.Sharing, error) {
	e := p.entry
	if p.store.Level == github.LevelOrganization && e.Visibility == "" {
		var err error // the listing of a repository does not tell
		if e, err = r.client.Secret(ctx, p.store, e.Name); err != nil {
			return github.Sharing{}, err
		}
	}
	return r.client.Sharing(ctx, p.store, e)
}

// show prints what became of every place.
func (r *rotation) show() error {
	if r.export.asked() {
		rows := make([]placeResult, len(r.spots))
		for i, p := range r.spots {
			rows[i] = p.result()
			if rows[i].Secret == "" {
				rows[i].Secret = r.secret
			}
		}
		return r.export.write(r.streams, rows)
	}
	icons := map[string]check.Status{
		statusNew: check.StatusOK, statusOld: check.StatusError, statusCannotTell: check.StatusUnknown,
		statusUnchanged: check.StatusSkipped, statusMissing: check.StatusSkipped,
		statusPlanned: check.StatusOK,
	}
	for _, p := range r.spots {
		switch {
		case !r.outTTY:
			r.print("%s\t%s\t%s", p.status, r.label(p), p.reason)
		case p.reason == "":
			r.print("%s %s: %s", icon(r.streams, icons[p.status]), r.label(p), p.status)
		default:
			r.print("%s %s: %s (%s)", icon(r.streams, icons[p.status]), r.label(p), p.status, p.reason)
		}
	}
	return nil
}

// keepCopy replaces the old token on this machine, wherever it stands. It comes last: until all places are new, the old
// copy tells a second run that the token is a new one.
func (r *rotation) keepCopy(ctx context.Context) error {
	old := r.settings.token
	if old.IsZero() {
		return nil
	}
	if usual := findHostSettings(ctx, r.process, r.tree, ""); usual.host != r.host {
		r.say("%s The token on this machine is left alone: it is for %s", r.yellow("!"), usual.host.Name())
		return nil
	}
	if strings.HasSuffix(r.settings.tokenSource, tokenName) {
		r.say("%s %s still holds the old token: set it to the new one", r.yellow("!"), r.settings.tokenSource)
	}
	if err := r.keepInFiles(ctx, old); err != nil {
		return err
	}
	entry := r.keyring(r.host)
	raw, err := entry.get(keyringGlance)
	if err != nil {
		return nil // nothing there to replace
	}
	if kept, err := core.ParseToken(raw); err != nil || !kept.Equal(old) {
		return nil
	}
	if err := entry.set(r.token); err != nil {
		return err
	}
	r.say("%s Saved the new token for %s in this machine's keyring", r.green("✓"), r.host.Name())
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
		raw, _, _ := dotenv.Lookup(data, tokenName)
		if kept, err := core.ParseToken(raw); err != nil || !kept.Equal(old) {
			continue
		}
		if !r.own {
			r.say("%s %s still holds the old token, and belongs to another repository: set it to the new one", r.yellow("!"), name)
			continue
		}
		change, err := scaffold.PlanFile(r.tree.Root(), name, 0o600, func(data []byte) []byte {
			return dotenv.Set(data, tokenName, r.token.Reveal())
		})
		if err == nil {
			err = scaffold.Apply(r.tree.Root(), []scaffold.Change{change})
		}
		if err != nil {
			return err
		}
		r.say("%s %s: set %s", r.green("✓"), name, tokenName)
	}
	return nil
}
