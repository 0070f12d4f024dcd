package github

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/nacl/box"
)

// App is the part of GitHub that reads a secret.
type App string

// The apps that have secrets of their own.
const (
	Actions    App = "actions"
	Dependabot App = "dependabot"
	Codespaces App = "codespaces"
	Agents     App = "agents"
)

// Level is where a secret lives.
type Level string

// The levels. Only Actions has environments.
const (
	LevelRepository   Level = "repository"
	LevelEnvironment  Level = "environment"
	LevelOrganization Level = "organization"
)

// Place is one place that holds secrets: a row of GitHub's table, with its own public key.
type Place struct {
	App   App
	Level Level
	// Owner and Repo name the repository; for an organization Owner alone counts.
	Owner, Repo string
	// Environment names the deployment environment at [LevelEnvironment].
	Environment string
}

// InRepository is where an app's secrets and variables of a repository are.
func InRepository(app App, owner, repo string) Place {
	return Place{App: app, Level: LevelRepository, Owner: owner, Repo: repo}
}

// InEnvironment is where those of an environment are, which only Actions has.
func InEnvironment(owner, repo, name string) Place {
	return Place{App: Actions, Level: LevelEnvironment, Owner: owner, Repo: repo, Environment: name}
}

// InOrganization is where those of an organization are.
func InOrganization(app App, org string) Place {
	return Place{App: app, Level: LevelOrganization, Owner: org}
}

// String names the place as people do: "Actions secret", "Dependabot organization secret".
func (p Place) String() string {
	name := map[App]string{Actions: "Actions", Dependabot: "Dependabot", Codespaces: "Codespaces", Agents: "agents"}[p.App]
	switch p.Level {
	case LevelEnvironment:
		return "environment"
	case LevelOrganization:
		return name + " organization"
	}
	return name
}

// Target is what the place belongs to: "octo/analytics", "octo/analytics (environment prod)" or "octo".
func (p Place) Target() string {
	switch p.Level {
	case LevelOrganization:
		return p.Owner
	case LevelEnvironment:
		return fmt.Sprintf("%s/%s (environment %s)", p.Owner, p.Repo, p.Environment)
	}
	return p.Owner + "/" + p.Repo
}

// path is the collection of the place's "secrets" or "variables".
func (p Place) path(kind string) string {
	owner, repo := url.PathEscape(p.Owner), url.PathEscape(p.Repo)
	switch p.Level {
	case LevelOrganization:
		return fmt.Sprintf("orgs/%s/%s/%s", owner, p.App, kind)
	case LevelEnvironment:
		return fmt.Sprintf("repos/%s/%s/environments/%s/%s", owner, repo, url.PathEscape(p.Environment), kind)
	}
	return fmt.Sprintf("repos/%s/%s/%s/%s", owner, repo, p.App, kind)
}

// PublicKey seals values for one place.
type PublicKey struct {
	id  string
	key [32]byte
}

// PublicKey fetches the key of a place. It proves no right to write: whoever can read the repository gets it.
func (c *Client) PublicKey(ctx context.Context, at Place) (PublicKey, error) {
	var raw struct {
		ID  string `json:"key_id"`
		Key string `json:"key"`
	}
	what := fmt.Sprintf("read the public key of the %s secrets of %s", at, at.Target())
	if _, err := c.get(ctx, at.path("secrets")+"/public-key", what, &raw); err != nil {
		return PublicKey{}, err
	}
	key, err := base64.StdEncoding.DecodeString(raw.Key)
	if err != nil || len(key) != 32 {
		return PublicKey{}, c.unusable(http.StatusOK, what, errors.New("GitHub sent a key that is not 32 bytes of base64"))
	}
	return PublicKey{raw.ID, [32]byte(key)}, nil
}

func (k PublicKey) seal(value string) (string, error) {
	sealed, err := box.SealAnonymous(nil, []byte(value), &k.key, rand.Reader)
	if err != nil {
		return "", fmt.Errorf("encrypt the secret: %w", err)
	}
	return base64.StdEncoding.EncodeToString(sealed), nil
}

// Sharing says which repositories of an organization see its secret or variable. The zero value is for the other
// levels and, for a variable that exists, leaves it as it is.
type Sharing struct {
	Visibility   string // all, private or selected
	Repositories []int64
}

// into adds the sharing to the body of a request. Dependabot wants the IDs as text.
func (o Sharing) into(body map[string]any, at Place) {
	if at.Level != LevelOrganization || o.Visibility == "" {
		return
	}
	body["visibility"] = o.Visibility
	if o.Visibility != "selected" {
		return
	}
	if at.App != Dependabot {
		body["selected_repository_ids"] = append([]int64{}, o.Repositories...)
		return
	}
	ids := make([]string, len(o.Repositories))
	for i, id := range o.Repositories {
		ids[i] = strconv.FormatInt(id, 10)
	}
	body["selected_repository_ids"] = ids
}

// Sharing reads who sees an organization's secret, given its metadata. It is the zero value for the other levels.
func (c *Client) Sharing(ctx context.Context, at Place, e Entry) (Sharing, error) {
	return c.sharing(ctx, at, "secret", e)
}

// VariableSharing is [Client.Sharing] for a variable.
func (c *Client) VariableSharing(ctx context.Context, at Place, e Entry) (Sharing, error) {
	return c.sharing(ctx, at, "variable", e)
}

func (c *Client) sharing(ctx context.Context, at Place, kind string, e Entry) (Sharing, error) {
	if at.Level != LevelOrganization {
		return Sharing{}, nil
	}
	if e.Visibility != "selected" {
		return Sharing{Visibility: e.Visibility}, nil
	}
	o := Sharing{Visibility: e.Visibility}
	what := fmt.Sprintf("list the repositories that see the %s %s %s of %s", at, kind, e.Name, at.Target())
	err := c.pages(ctx, at.path(kind+"s")+"/"+url.PathEscape(e.Name)+"/repositories?per_page=100", "repositories", what, func(raw json.RawMessage) error {
		var page []struct{ ID int64 }
		if err := json.Unmarshal(raw, &page); err != nil {
			return errNotJSON
		}
		for _, r := range page {
			if r.ID <= 0 {
				return errNotJSON
			}
			o.Repositories = append(o.Repositories, r.ID)
		}
		return nil
	})
	return o, err
}

// Secret reads the metadata of a secret; the value is never readable. A missing one is [ErrNotFound].
func (c *Client) Secret(ctx context.Context, at Place, name string) (Entry, error) {
	return c.entry(ctx, at, "secrets", name, fmt.Sprintf("look up the %s secret %s of %s", at, name, at.Target()))
}

func (c *Client) entry(ctx context.Context, at Place, kind, name, what string) (Entry, error) {
	var e entry
	if _, err := c.get(ctx, at.path(kind)+"/"+url.PathEscape(name), what, &e); err != nil {
		return Entry{}, err
	}
	if !strings.EqualFold(e.Name, name) {
		return Entry{}, c.unusable(http.StatusOK, what, errNotJSON)
	}
	return e.public(), nil
}

// PutSecret stores a value under a name. It returns whether the secret is new. An answer that does not tell whether
// the value was stored is settled by reading the secret's metadata again and comparing it with before, the metadata
// from before this call (zero when there was none). When that does not tell either, the error is a [*DoubtError].
func (c *Client) PutSecret(ctx context.Context, at Place, k PublicKey, name, value string, before Entry, o Sharing) (created bool, err error) {
	sealed, err := k.seal(value)
	if err != nil {
		return false, err
	}
	body := map[string]any{"encrypted_value": sealed, "key_id": k.id}
	o.into(body, at)
	r := request{
		method: http.MethodPut, path: at.path("secrets") + "/" + url.PathEscape(name), body: body, once: true,
		what: fmt.Sprintf("set the %s secret %s of %s", at, name, at.Target()),
	}
	ctx, cancel := c.patient(ctx)
	defer cancel()
	for attempt := 0; ; attempt++ {
		sent := c.clock.now()
		a, err := c.send(ctx, r)
		if err == nil && (a.status == http.StatusCreated || a.status == http.StatusNoContent) {
			return a.status == http.StatusCreated, nil
		}
		if err == nil {
			err = &Error{What: r.what, Host: c.host, Status: 0, err: fmt.Errorf("unexpected answer: HTTP %d", a.status)}
		}
		var e *Error
		if !errors.As(err, &e) || !e.Ambiguous() || errors.Is(err, errRedirect) {
			return false, err
		}
		trace, known := c.settle(ctx, at, name, before, sent)
		if trace == stored {
			return before.Name == "", nil
		}
		late := errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
		if known == nil && attempt < 2 && !(late && attempt == 1) && c.pause(ctx, backoff(attempt)) == nil {
			continue
		}
		if trace == unclear || late {
			return false, &DoubtError{err} // a write that was not answered in time may still come to pass
		}
		return false, err
	}
}

// trace is what the metadata of a secret tells of a write without an answer.
type trace int

const (
	unclear trace = iota
	stored
	absent
)

// settle reads a secret's metadata after a write without an answer. Its times have a resolution of one second.
func (c *Client) settle(ctx context.Context, at Place, name string, before Entry, sent time.Time) (trace, error) {
	if ctx.Err() != nil {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
	}
	now, err := c.Secret(ctx, at, name)
	switch {
	case errors.Is(err, ErrNotFound) && before.Name == "":
		return absent, nil
	case err != nil:
		return unclear, err
	case !now.UpdatedAt.Equal(before.UpdatedAt) && now.UpdatedAt.Before(sent.Add(-2*time.Second)):
		return absent, nil // somebody else's, from before ours
	case !now.UpdatedAt.Equal(before.UpdatedAt):
		return stored, nil
	case before.UpdatedAt.After(sent.Add(-2 * time.Second)):
		return unclear, nil // set within the same second: the time would be the same
	}
	return absent, nil
}

// DoubtError means that it cannot be told whether a write took effect.
type DoubtError struct{ Err error }

func (e *DoubtError) Error() string { return e.Err.Error() + "; cannot tell whether it was stored" }
func (e *DoubtError) Unwrap() error { return e.Err }

// Secrets lists the secrets of a place.
func (c *Client) Secrets(ctx context.Context, at Place) Listing {
	what := fmt.Sprintf("list the %s secrets of %s", at, at.Target())
	return c.list(ctx, at.path("secrets")+"?per_page=100", "secrets", what)
}

// Variables lists the variables of a place.
func (c *Client) Variables(ctx context.Context, at Place) Listing {
	what := fmt.Sprintf("list the %s variables of %s", at, at.Target())
	return c.list(ctx, at.path("variables")+"?per_page=30", "variables", what)
}

// VisibleOrganization lists the organization's "secrets" or "variables" that reach a repository.
func (c *Client) VisibleOrganization(ctx context.Context, owner, repo, kind string) Listing {
	perPage := map[string]int{"secrets": 100, "variables": 30}[kind]
	path := fmt.Sprintf("repos/%s/%s/actions/organization-%s?per_page=%d", url.PathEscape(owner), url.PathEscape(repo), kind, perPage)
	return c.list(ctx, path, kind, fmt.Sprintf("list the organization %s that reach %s/%s", kind, owner, repo))
}

// Environment looks an environment up and returns its name as GitHub spells it. A missing one is [ErrNotFound].
func (c *Client) Environment(ctx context.Context, owner, repo, name string) (string, error) {
	var e entry
	path := fmt.Sprintf("repos/%s/%s/environments/%s", url.PathEscape(owner), url.PathEscape(repo), url.PathEscape(name))
	what := fmt.Sprintf("look up the environment %s of %s/%s", name, owner, repo)
	if _, err := c.get(ctx, path, what, &e); err != nil {
		return "", err
	}
	if !strings.EqualFold(e.Name, name) {
		return "", c.unusable(http.StatusOK, what, errNotJSON)
	}
	return e.Name, nil
}

// CreateEnvironment creates an environment without any protection rule; it takes the permission Administration. It must
// not be called for one that exists: GitHub would take its rules away.
func (c *Client) CreateEnvironment(ctx context.Context, owner, repo, name string) error {
	_, err := c.send(ctx, request{
		method: http.MethodPut, path: fmt.Sprintf("repos/%s/%s/environments/%s", url.PathEscape(owner), url.PathEscape(repo), url.PathEscape(name)),
		what: fmt.Sprintf("create the environment %s of %s/%s", name, owner, repo),
	})
	return err
}

// Environments lists the deployment environments of a repository.
func (c *Client) Environments(ctx context.Context, owner, repo string) Listing {
	path := fmt.Sprintf("repos/%s/%s/environments?per_page=100", url.PathEscape(owner), url.PathEscape(repo))
	return c.list(ctx, path, "environments", fmt.Sprintf("list the environments of %s/%s", owner, repo))
}

// maxName bounds the name of a secret, a variable or an environment, in bytes; GitHub allows 255.
const maxName = 1 << 10

// entry is a secret, a variable or an environment as GitHub sends it.
type entry struct {
	Name       string    `json:"name"`
	Value      string    `json:"value"`
	UpdatedAt  time.Time `json:"updated_at"`
	Visibility string    `json:"visibility"`
	Rules      []struct {
		Type string `json:"type"`
	} `json:"protection_rules"`
	Policy *struct {
		Protected bool `json:"protected_branches"`
	} `json:"deployment_branch_policy"`
}

func (e entry) public() Entry {
	out := Entry{Name: e.Name, Value: e.Value, UpdatedAt: e.UpdatedAt, Visibility: e.Visibility}
	for _, r := range e.Rules {
		out.Gate.Reviewers = out.Gate.Reviewers || r.Type == "required_reviewers"
	}
	if e.Policy != nil {
		out.Gate.Branches = "custom"
		if e.Policy.Protected {
			out.Gate.Branches = "protected"
		}
	}
	return out
}

// list reads all pages of a collection whose entries stand under key.
func (c *Client) list(ctx context.Context, path, key, what string) Listing {
	var l Listing
	err := c.pages(ctx, path, key, what, func(raw json.RawMessage) error {
		var entries []entry
		if err := json.Unmarshal(raw, &entries); err != nil || len(entries) > maxPage {
			return errNotJSON
		}
		for _, e := range entries {
			if e.Name == "" || len(e.Name) > maxName {
				return errNotJSON
			}
			l.Entries = append(l.Entries, e.public())
		}
		return nil
	})
	if err != nil {
		return Listing{Err: err}
	}
	return l
}

// pages reads a collection page by page. Its items stand under key, or are the whole answer when key is empty; an answer
// without a list is an error, not an empty collection, unless it counts none.
func (c *Client) pages(ctx context.Context, path, key, what string, yield func(json.RawMessage) error) error {
	ctx, cancel := c.patient(ctx) // of all pages together
	defer cancel()
	seen := map[string]bool{}
	for path != "" {
		if seen[path] || len(seen) == maxPages {
			return c.unusable(http.StatusOK, what, errCircle)
		}
		seen[path] = true
		var raw json.RawMessage
		next, err := c.get(ctx, path, what, &raw)
		if err != nil {
			return err
		}
		if key != "" {
			var object map[string]json.RawMessage
			if json.Unmarshal(raw, &object) != nil {
				return c.unusable(http.StatusOK, what, errNotJSON)
			}
			raw = object[key]
			if string(raw) == "null" && string(object["total_count"]) == "0" {
				raw = json.RawMessage("[]") // there are none, and the answer says so
			}
		}
		if !bytes.HasPrefix(raw, []byte("[")) {
			return c.unusable(http.StatusOK, what, errNotJSON)
		}
		if err := yield(raw); err != nil {
			return c.unusable(http.StatusOK, what, err)
		}
		path = next
	}
	return nil
}

// Variable reads one variable. A missing one is [ErrNotFound].
func (c *Client) Variable(ctx context.Context, at Place, name string) (Entry, error) {
	return c.entry(ctx, at, "variables", name, fmt.Sprintf("read the %s variable %s of %s", at, name, at.Target()))
}

// SetVariable creates or updates a variable; exists says which to try first.
func (c *Client) SetVariable(ctx context.Context, at Place, name, value string, exists bool, o Sharing) error {
	body := map[string]any{"name": name, "value": value}
	o.into(body, at)
	what := fmt.Sprintf("set the %s variable %s of %s", at, name, at.Target())
	create := request{method: http.MethodPost, path: at.path("variables"), body: body, what: what}
	update := request{method: http.MethodPatch, path: at.path("variables") + "/" + url.PathEscape(name), body: body, what: what}
	if exists {
		return c.change(ctx, update, http.StatusNoContent)
	}
	err := c.change(ctx, create, http.StatusCreated)
	var e *Error
	// 409: it is there already, be it from an attempt of ours whose answer was lost.
	if errors.As(err, &e) && e.Status == http.StatusConflict {
		err = c.change(ctx, update, http.StatusNoContent)
	}
	if errors.As(err, &e) && e.Ambiguous() && c.holds(ctx, at, name, value) {
		return nil // it was not there before: it is ours
	}
	return err
}

// holds says whether a variable is known to have a value.
func (c *Client) holds(ctx context.Context, at Place, name, value string) bool {
	e, err := c.Variable(ctx, at, name)
	return err == nil && e.Value == value
}

// change sends a request whose proof of success is its status: a page from something in between comes with 200.
func (c *Client) change(ctx context.Context, r request, proof int) error {
	a, err := c.send(ctx, r)
	if err == nil && a.status != proof {
		err = c.unusable(a.status, r.what, errNotJSON)
	}
	return err
}
