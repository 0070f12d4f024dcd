package core

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
)

const (
	expirySoon = 14 * 24 * time.Hour
	maxDryRuns = 5 // Hex allows 20 starts a minute
	keysMenu   = "Settings → API keys → New Token"
)

// What to do about faults that are met in checks and elsewhere.
const (
	// NameHost is for a host that cannot be used.
	NameHost = "set HEX_WORKSPACE_URL to the host you log in to, such as https://app.hex.tech or https://eu.hex.tech"
	// WaitForHex is for [ErrRateLimited].
	WaitForHex = "wait, then try again: Hex allows only so many requests a minute"
)

// TokenInput is what [TokenChecks] judges.
type TokenInput struct {
	// Token is the token on this machine; TokenErr says why there is none that can be used, such as a [*TokenError].
	// With neither, there is no token at all.
	Token       Token
	TokenErr    error
	TokenSource string // where it was found, such as ".env"
	Advice      Advice

	// Host is where the token belongs; HostErr says why there is none that can be used.
	Host       Host
	HostErr    error
	HostSource string // where it was found, such as "HEX_WORKSPACE_URL in .env"

	// Missing is the result of token-present when there is no token; nil for an error.
	Missing func(context.Context) check.Result

	// Shared says that the token is the one that workflows use, and not just one found on this machine.
	Shared bool

	// RunsProjects says that a workflow runs projects. Projects tells those to try: it may have to look them up, is called
	// at most once, and only when a check needs them; nil for none.
	RunsProjects bool
	Projects     func(context.Context) []ProjectUse

	Options ClientOptions // TokenSource and Advice in it are those above
	// Now tells the time; nil for time.Now.
	Now func() time.Time
}

// Advice is what to do, in the commands of the program that shows the results. What is left out is not said. other is a
// token in words, such as "a new token from https://app.hex.tech: Settings → API keys → New Token".
type Advice struct {
	Keep    string                    // keep a token on this machine
	Replace func(other string) string // put another token in the place of the one that was found
	Rotate  string                    // put another token wherever the old one is
	Name    string                    // name a project to check
}

func (a Advice) replace(other string) string {
	if a.Replace == nil {
		return "use " + other
	}
	return a.Replace(other)
}

// ProjectUse is a project that should be runnable, and where that is said. Severity and Message of Place are not used.
type ProjectUse struct {
	ID    string
	Place check.Finding
}

// TokenChecks returns the checks token-present, token-format, workspace-url, token-accepted, token-expiry, token-owner,
// scope-read, scope-run and project-runnable. Together they ask Hex who the token is and which projects it sees, once
// each and at the same time, and then send one dry run for each project, for five at most; all that within the patience
// of the client. The result of token-accepted has Auth set when Hex rejected the token.
func TokenChecks(in TokenInput) []check.Check { return newTokenChecks(in).list() }

func newTokenChecks(in TokenInput) *tokenChecks {
	if in.Now == nil {
		in.Now = time.Now
	}
	in.Advice.Rotate = cmp.Or(in.Advice.Rotate, "put it in the place of the old one")
	in.Options.TokenSource, in.Options.Advice = in.TokenSource, in.Advice
	c := &tokenChecks{in: in, client: NewClient(in.Host, in.Token, in.Options), asked: make(chan struct{}), done: make(chan struct{})}
	c.deadline = sync.OnceValue(func() time.Time { return time.Now().Add(c.client.patience) })
	return c
}

func (c *tokenChecks) list() []check.Check {
	checks := []check.Check{
		{ID: "token-present", Title: "A Hex token is on this machine", Run: c.present},
		{ID: "token-format", Title: "The token looks like a Hex token", Needs: []string{"token-present"}, Run: c.format},
		{ID: "workspace-url", Title: "The Hex host is right", Run: c.workspaceURL},
		{ID: "token-accepted", Title: "Hex accepts the token", Needs: []string{"token-format", "workspace-url"}, Run: c.accepted},
		{ID: "token-expiry", Title: "The token does not expire soon", Needs: []string{"token-accepted"}, Run: c.expiry},
		{ID: "token-owner", Title: "The token does not depend on one person", Needs: []string{"token-accepted"}, Run: c.owner},
		{ID: "scope-read", Title: "The token can read projects", Needs: []string{"token-accepted"}, Run: c.scopeRead},
		{ID: "scope-run", Title: "The token can run projects", Needs: []string{"token-accepted"}, Run: c.scopeRun},
		{ID: "project-runnable", Title: "The projects can be run", Needs: []string{"token-accepted"}, Run: c.runnable},
	}
	for i := range checks {
		checks[i].Group, checks[i].Network = check.GroupToken, true
	}
	return checks
}

type tokenChecks struct {
	in       TokenInput
	client   *Client
	deadline func() time.Time

	askOnce sync.Once
	asked   chan struct{} // closed once answers holds them: the clock of a test stands still for whoever waits for a lock
	answers tokenAnswers

	findOnce sync.Once
	projects []ProjectUse

	tryOnce sync.Once
	done    chan struct{}    // closed once tried is complete
	tried   map[string]error // what the dry run of a project said, by its ID
}

type tokenAnswers struct {
	me          Identity
	meErr       error
	projects    ProjectPage
	projectsErr error
}

// ask sends both questions at once, the first time only. The checks of one report share a context.
func (c *tokenChecks) ask(ctx context.Context) tokenAnswers {
	c.askOnce.Do(func() {
		go func() {
			defer close(c.asked)
			ctx, cancel := context.WithDeadline(ctx, c.deadline())
			defer cancel()
			var wg sync.WaitGroup
			wg.Go(func() { c.answers.me, c.answers.meErr = c.client.Me(ctx) })
			wg.Go(func() { c.answers.projects, c.answers.projectsErr = c.client.Projects(ctx, ProjectListOptions{}) })
			wg.Wait()
		}()
	})
	<-c.asked
	return c.answers
}

// find looks the projects up, the first time only.
func (c *tokenChecks) find(ctx context.Context) []ProjectUse {
	c.findOnce.Do(func() {
		if c.in.Projects != nil {
			c.projects = c.in.Projects(ctx)
		}
	})
	return c.projects
}

// try sends the dry runs at once, the first time only.
func (c *tokenChecks) try(ctx context.Context) map[string]error {
	c.tryOnce.Do(func() {
		c.find(ctx)
		go func() {
			defer close(c.done)
			ctx, cancel := context.WithDeadline(ctx, c.deadline())
			defer cancel()
			c.dryRuns(ctx)
		}()
	})
	<-c.done
	return c.tried
}

func (c *tokenChecks) dryRuns(ctx context.Context) {
	ids := c.projectIDs()
	errs := make([]error, len(ids))
	var wg sync.WaitGroup
	for i, id := range ids {
		wg.Go(func() {
			_, errs[i] = c.client.startRun(ctx, id, Request{Once: true}, RunInput{DryRun: true})
		})
	}
	wg.Wait()
	c.tried = make(map[string]error, len(ids))
	for i, id := range ids {
		c.tried[id] = errs[i]
	}
}

// projectIDs are the first five different ones.
func (c *tokenChecks) projectIDs() []string {
	seen := map[string]bool{}
	var ids []string
	for _, p := range c.projects {
		if !seen[p.ID] && len(ids) < maxDryRuns {
			seen[p.ID] = true
			ids = append(ids, p.ID)
		}
	}
	return ids
}

func (c *tokenChecks) present(ctx context.Context) check.Result {
	var refused *TokenError
	switch {
	case errors.As(c.in.TokenErr, &refused):
		return check.OK(c.here())
	case c.in.TokenErr != nil:
		return check.Unknown("the token"+from(c.in.TokenSource)+" could not be read: "+cleanText(c.in.TokenErr.Error()), c.in.Advice.replace("a token from "+c.menu()))
	case !c.in.Token.IsZero():
		return check.OK(c.here() + " (" + c.in.Token.String() + ")")
	case c.in.Missing != nil:
		return c.in.Missing(ctx)
	}
	return NoToken("no Hex token on this machine", c.in.Advice.Keep)
}

func (c *tokenChecks) here() string {
	if c.in.TokenSource == "" {
		return "token on this machine"
	}
	return "token on this machine, from " + c.in.TokenSource
}

// NoToken is the result of token-present that fails because this machine has no token; keep is how to keep one there.
func NoToken(message, keep string) check.Result {
	r := check.Fail(message, keep)
	r.Auth = true
	return r
}

func from(source string) string {
	if source == "" {
		return ""
	}
	return " (from " + source + ")"
}

func (c *tokenChecks) format(context.Context) check.Result {
	var refused *TokenError
	if c.in.TokenErr != nil && !errors.As(c.in.TokenErr, &refused) {
		return check.Leave("needs token-present", "needs token-present")
	}
	switch {
	case refused != nil && refused.Reference:
		return check.Fail("the token "+cleanText(refused.Reason)+from(c.in.TokenSource), refused.Way+"; or set HEX_API_TOKEN to the token itself")
	case refused != nil:
		return check.Fail(cleanText(c.in.TokenErr.Error())+from(c.in.TokenSource), c.in.Advice.replace("a token from "+c.menu()))
	}
	if warning := c.in.Token.ShapeWarning(); warning != "" {
		return check.Warn(warning, "copy the token again, or create a new one ("+c.menu()+")")
	}
	return check.OK(string(c.in.Token.Kind()) + " token (" + c.in.Token.String() + ")")
}

// menu is where tokens are made. No deep link to it is reliable.
func (c *tokenChecks) menu() string { return menuOf(c.in.Host) }

func menuOf(host Host) string {
	if host.IsZero() {
		host = DefaultHost()
	}
	return host.Name() + ": " + keysMenu
}

func (c *tokenChecks) usable() bool {
	return c.in.TokenErr == nil && !c.in.Token.IsZero() && c.in.HostErr == nil
}

func (c *tokenChecks) workspaceURL(ctx context.Context) check.Result {
	if c.in.HostErr != nil {
		return check.Fail(cleanText(c.in.HostErr.Error())+from(c.in.HostSource), NameHost)
	}
	if !c.usable() {
		return check.OK(c.in.Host.String() + from(c.in.HostSource))
	}
	answers := c.ask(ctx)
	switch err := answers.projectsErr; {
	case errors.Is(err, ErrNotFound):
		return check.Fail(fmt.Sprintf("%s%s is not a Hex API host: it answers 404 for the list of projects", c.in.Host, from(c.in.HostSource)), NameHost)
	case errors.Is(err, ErrNotHexAPI):
		return check.Fail(fmt.Sprintf("%s%s is not a Hex API host: its answer is not JSON", c.in.Host, from(c.in.HostSource)), NameHost)
	}
	if noAnswer(answers.projectsErr) && noAnswer(answers.meErr) {
		return c.unclear("whether "+c.in.Host.String()+from(c.in.HostSource)+" is a Hex API host", answers.projectsErr)
	}
	return check.OK(c.in.Host.String() + from(c.in.HostSource))
}

// noAnswer reports whether nothing came back at all, so that the host may be a wrong one as well as one that is down.
func noAnswer(err error) bool {
	var network *networkError
	return errors.As(err, &network) && !errors.Is(err, ErrRedirect)
}

// isClear reports whether err is an answer of Hex's API itself with that status.
func isClear(err error, status int) bool {
	var answer *APIError
	return errors.As(err, &answer) && answer.Status == status && !answer.HTML
}

func (c *tokenChecks) accepted(ctx context.Context) check.Result {
	a := c.ask(ctx)
	me, projects := verdictOf(a.meErr), verdictOf(a.projectsErr)
	switch {
	case me == rejects && projects == accepts, me == accepts && projects == rejects:
		return c.unclear("whether Hex accepts the token", fmt.Errorf("%s accepts and rejects it at the same time", c.in.Host.Name()))
	case me == accepts:
		return check.OK("accepted by " + c.in.Host.String() + ": " + describe(a.me))
	case me == rejects, projects == rejects:
		return rejected(errors.Join(a.meErr, a.projectsErr))
	case projects == accepts:
		return check.OK("accepted by " + c.in.Host.String())
	case isClear(a.meErr, http.StatusNotFound) && isClear(a.projectsErr, http.StatusForbidden):
		return check.OK("accepted by " + c.in.Host.String())
	case isClear(a.meErr, http.StatusForbidden):
		r := c.unclear("whether Hex accepts the token", a.meErr)
		r.Fix = "ask an admin of the Hex workspace whether API access is on (Settings → API keys)"
		return r
	}
	return c.unclear("whether Hex accepts the token", errors.Join(a.meErr, a.projectsErr))
}

type verdict int

const (
	unclear verdict = iota
	accepts
	rejects
)

func verdictOf(err error) verdict {
	switch {
	case err == nil:
		return accepts
	case errors.Is(err, ErrUnauthorized):
		return rejects
	}
	return unclear
}

func rejected(err error) check.Result {
	var e *RejectedError
	errors.As(err, &e)
	r := check.Fail(e.Error(), e.Fix())
	r.Auth = true
	return r
}

// unclear takes the first line of joined errors: the second question failed for the same reason as a rule.
func (c *tokenChecks) unclear(what string, err error) check.Result {
	if joined, ok := err.(interface{ Unwrap() []error }); ok && len(joined.Unwrap()) > 0 {
		err = joined.Unwrap()[0]
	}
	fix := "try again; if that does not help, check the network and HEX_WORKSPACE_URL"
	var answer *APIError
	switch {
	case errors.As(err, &answer) && answer.RetryAfter > 0:
		fix = "try again in " + answer.RetryAfter.String()
	case errors.Is(err, ErrRateLimited):
		fix = WaitForHex
	}
	return check.Unknown("could not tell "+what+": "+err.Error(), fix)
}

func describe(me Identity) string {
	if owner := me.Owner(); owner != "" {
		return owner + ", " + string(me.Kind) + " token"
	}
	return string(me.Kind) + " token"
}

// withoutMe is the result of a check that lives on the answer of Me, when there is none; ok is false when there is.
func (c *tokenChecks) withoutMe(a tokenAnswers, what string) (r check.Result, ok bool) {
	switch {
	case a.meErr == nil:
		return check.Result{}, false
	case errors.Is(a.meErr, ErrNotFound):
		return check.Leave(fmt.Sprintf("not checked: %s does not say %s (it has no users/me)", c.in.Host.Name(), what), c.in.Host.Name()+" does not say"), true
	}
	return c.unclear(what, a.meErr), true
}

func (c *tokenChecks) expiry(ctx context.Context) check.Result {
	a := c.ask(ctx)
	if r, ok := c.withoutMe(a, "when the token expires"); ok {
		return r
	}
	if a.me.OddExpiry {
		return c.unclear("when the token expires", c.client.garbled("/users/me"))
	}
	if a.me.NeverExpires {
		return check.OK("never expires")
	}
	if !a.me.HasExpiry {
		return check.Leave(fmt.Sprintf("not checked: %s does not say when the token expires", c.in.Host.Name()), c.in.Host.Name()+" does not say")
	}
	left := a.me.ExpiresAt.Sub(c.in.Now())
	date := a.me.ExpiresAt.Format(time.DateOnly)
	fix := c.in.Advice.Rotate + ", with a new token from " + c.menu()
	switch {
	case left <= 0:
		return check.Fail("the token expired on "+date, fix)
	case left <= expirySoon:
		return check.Warn("the token expires on "+date+", "+inDays(left), fix)
	}
	return check.OK("expires on " + date + ", " + inDays(left))
}

func inDays(d time.Duration) string {
	switch days := int(d / (24 * time.Hour)); days {
	case 0:
		return "in less than a day"
	case 1:
		return "in 1 day"
	default:
		return fmt.Sprintf("in %d days", days)
	}
}

func (c *tokenChecks) owner(ctx context.Context) check.Result {
	a := c.ask(ctx)
	if r, ok := c.withoutMe(a, "whose token it is"); ok {
		return r
	}
	if a.me.Kind != KindPersonal {
		return check.OK("workspace token")
	}
	whose := "personal token of " + a.me.Owner()
	if c.in.Shared {
		return check.Warn(whose+": workflows stop when that account is deactivated",
			"ask an admin of the Hex workspace for a workspace token ("+c.menu()+", Workspace tokens), then "+c.in.Advice.Rotate)
	}
	r := check.OK(whose)
	r.Findings = []check.Finding{{Severity: check.SeverityNote, Message: whose + "; the one stored on GitHub may be another"}}
	return r
}

func (c *tokenChecks) scopeRead(ctx context.Context) check.Result {
	a := c.ask(ctx)
	if isClear(a.projectsErr, http.StatusForbidden) {
		return check.Fail("the token may not list projects (403)"+because(a.projectsErr), c.grant("Projects: Read"))
	}
	if a.projectsErr != nil {
		return c.unclear("whether the token can read projects", a.projectsErr)
	}
	more := ""
	if a.projects.Next != "" {
		more = "+"
	}
	r := check.OK(fmt.Sprintf("can read projects (%d%s visible)", len(a.projects.Projects), more))
	if note := nothingToRun(a.projects); note != "" {
		r.Findings = []check.Finding{{Severity: check.SeverityNote, Message: note}}
	}
	return r
}

func because(err error) string {
	var answer *APIError
	if errors.As(err, &answer) && answer.Detail() != "" {
		return ": " + answer.Detail()
	}
	return ""
}

// grant says how to come by a right. Only workspace tokens have scopes.
func (c *tokenChecks) grant(scope string) string {
	if c.answers.me.Kind == KindPersonal || c.in.Token.Kind() == KindPersonal {
		return "ask an admin of the Hex workspace for the right, and whether API access is on; or use a workspace token with the scope " + scope
	}
	return "ask an admin of the Hex workspace to tick " + scope + " for the token, or create a new one (" + c.menu() + ")"
}

func nothingToRun(page ProjectPage) string {
	if len(page.Projects) == 0 {
		return "no project is visible to the token: nothing can run yet"
	}
	if page.Next != "" || slices.ContainsFunc(page.Projects, Project.Published) {
		return ""
	}
	return "none of the visible projects is published: nothing can run yet"
}

func (c *tokenChecks) scopeRun(ctx context.Context) check.Result {
	if !slices.ContainsFunc(c.find(ctx), c.toRun) {
		return c.noProjects()
	}
	tried := c.try(ctx)
	var findings []check.Finding
	var failed error
	ran := false
	for _, p := range c.projects {
		err, asked := tried[p.ID]
		switch {
		case !asked, !c.toRun(p), refusedFor(err, ErrNotFound):
			// Says nothing about the scope, or nobody needs it.
		case refusedFor(err, ErrForbidden):
			findings = append(findings, at(p, check.SeverityError, "Hex does not let the token run project "+cleanText(p.ID)+" (403)"+because(err)))
		case err == nil, refusedFor(err, ErrInputs), refusedFor(err, ErrUnpublished), refusedFor(err, errOther):
			ran = true
		default:
			failed = err
		}
	}
	switch {
	case len(findings) > 0:
		return check.Judge(findings, "", c.grant("Projects: Run"))
	case ran:
		return check.OK("can run projects")
	case failed != nil:
		return c.unclear("whether the token can run projects", failed)
	}
	return check.Leave("not checked: no project to try it on", "needs project-runnable")
}

// toRun reports whether the token has to be able to run a project: one that somebody named here, or a workflow that runs
// projects.
func (c *tokenChecks) toRun(p ProjectUse) bool { return c.in.RunsProjects || p.Place.File == "" }

func (c *tokenChecks) noProjects() check.Result {
	if c.in.RunsProjects {
		why := "no project ID is known" + c.in.Advice.name("")
		return check.Leave("not checked: "+why, why)
	}
	return check.Skip("nothing runs projects" + c.in.Advice.name(" to check it"))
}

func (a Advice) name(why string) string {
	if a.Name == "" {
		return ""
	}
	return "; " + a.Name + why
}

func at(p ProjectUse, severity check.Severity, message string) check.Finding {
	f := p.Place
	f.Severity, f.Message = severity, message
	return f
}

func (c *tokenChecks) runnable(ctx context.Context) check.Result {
	if len(c.find(ctx)) == 0 {
		return c.noProjects()
	}
	tried := c.try(ctx)
	var findings []check.Finding
	var failed error
	can := map[string]bool{}
	for _, p := range c.projects {
		err, asked := tried[p.ID]
		switch problem := runProblem(p.ID, err); {
		case !asked:
			findings = append(findings, at(p, check.SeverityNote, fmt.Sprintf("project %s was not tried: only the first %d are", cleanText(p.ID), maxDryRuns)))
		case problem != "":
			findings = append(findings, at(p, check.SeverityError, problem))
		case err == nil, refusedFor(err, ErrInputs), refusedFor(err, errOther):
			can[p.ID] = true
		case refusedFor(err, ErrForbidden):
			// A matter of scope-run.
		default:
			failed = err
			findings = append(findings, at(p, check.SeverityNote, "could not tell whether project "+cleanText(p.ID)+" can be run: "+err.Error()))
		}
	}
	r := check.Judge(findings, fmt.Sprintf("%d of %d can be run", len(can), len(tried)),
		"check the ID and the host, and publish the project in Hex (Publish, at the top right)")
	switch {
	case r.Status == check.StatusError:
		return r
	case failed != nil:
		r = c.unclear("whether the projects can be run", failed)
		r.Findings = findings
		return r
	case len(can) == 0:
		return check.Leave("not checked: the token may not run them, see scope-run", "needs scope-run")
	}
	return r
}

// runProblem says why a project cannot be run; empty when it can, or when that cannot be told. Inputs that do not fit
// are no matter of the project: the dry run sends none.
func runProblem(id string, err error) string {
	switch {
	case refusedFor(err, ErrNotFound):
		return "project " + cleanText(id) + " does not exist, or is not visible to the token"
	case refusedFor(err, ErrUnpublished):
		return "project " + cleanText(id) + " is not published, and only published projects run" + because(err)
	}
	return ""
}
