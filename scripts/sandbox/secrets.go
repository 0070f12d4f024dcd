package sandbox

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/nacl/box"
)

// maxValue is the size of a secret in bytes.
const maxValue = 48 << 10

func secretApps() []string { return []string{"actions", "dependabot", "codespaces", "agents"} }

// collection is one place that holds secrets or variables.
type collection struct {
	id      string // names its key pair
	account *Account
	entries map[string]*Secret
	apiPath string
}

type keyPair struct {
	id      string
	public  *[32]byte
	private *[32]byte
}

// finder returns the collection of a call, or the answer to a login that may not use it.
type finder func(*call) (collection, answer, bool)

func (s *Sandbox) secretRoutes() []route {
	environment := "/repos/{owner}/{repo}/environments/{env}/secrets"
	routes := s.collectionRoutes(environment, findEnvironment("environments", false))
	for _, app := range secretApps() {
		routes = append(routes, s.collectionRoutes("/repos/{owner}/{repo}/"+app+"/secrets", findRepository(app, false))...)
		orgs := "/orgs/{owner}/" + app + "/secrets"
		routes = append(routes, s.collectionRoutes(orgs, findOrganization(app, false))...)
		routes = append(routes, selectionRoutes(orgs, findOrganization(app, false))...)
	}
	for _, app := range []string{"actions", "agents"} {
		routes = append(routes, route{"GET", "/repos/{owner}/{repo}/" + app + "/organization-secrets", reaching(app, false)})
	}
	return routes
}

func (s *Sandbox) collectionRoutes(path string, find finder) []route {
	return []route{
		{"GET", path, func(c *call) answer { return listSecrets(c, find) }},
		{"GET", path + "/public-key", func(c *call) answer { return s.getPublicKey(c, find) }},
		{"GET", path + "/{name}", func(c *call) answer { return getSecret(c, find) }},
		{"PUT", path + "/{name}", func(c *call) answer { return s.putSecret(c, find) }},
	}
}

func selectionRoutes(path string, find finder) []route {
	return []route{
		{"GET", path + "/{name}/repositories", func(c *call) answer { return getSelection(c, find) }},
		{"PUT", path + "/{name}/repositories", func(c *call) answer { return putSelection(c, find) }},
	}
}

func permissionFor(app string, variables bool) string {
	switch {
	case variables:
		return map[string]string{"actions": "actions_variables", "agents": "agent_variables"}[app]
	case app == "actions":
		return "secrets"
	case app == "agents":
		return "agent_secrets"
	}
	return app + "_secrets"
}

func findRepository(app string, variables bool) finder {
	return func(c *call) (collection, answer, bool) {
		// Anybody who can read a repository gets its public key: it proves no right to write.
		if name, r := c.visible(); r != nil && strings.HasSuffix(c.path, "/public-key") && !c.ofActions() {
			return collection{id: c.collectionID(name, app), entries: r.Secrets[app]}, answer{}, true
		}
		name, r, refusal := c.forRepository(need{permissionFor(app, variables), "repo", "write"})
		if r == nil {
			return collection{}, refusal, false
		}
		if variables {
			return collection{id: c.collectionID(name, app, "variables"), entries: variablesOf(app, r.Variables, r.AgentVariables)}, answer{}, true
		}
		return collection{id: c.collectionID(name, app), entries: r.Secrets[app]}, answer{}, true
	}
}

func findEnvironment(permission string, variables bool) finder {
	return func(c *call) (collection, answer, bool) {
		name, r, refusal := c.forRepository(need{permission, "repo", "write"})
		if r == nil {
			return collection{}, refusal, false
		}
		env, e, found := c.environment(r)
		if !found {
			return collection{}, notFound(), false
		}
		entries := e.Secrets
		if variables {
			entries = e.Variables
		}
		return collection{id: c.collectionID(name, "environment", env), entries: entries}, answer{}, true
	}
}

func findOrganization(app string, variables bool) finder {
	return func(c *call) (collection, answer, bool) {
		a, refusal := c.forOrganization(need{permission: "organization_" + permissionFor(app, variables), scope: "admin:org"})
		if a == nil {
			return collection{}, refusal, false
		}
		entries := a.Secrets[app]
		if variables {
			entries = variablesOf(app, a.Variables, a.AgentVariables)
		}
		id := c.collectionID(c.arg("owner"), app)
		return collection{id: id, account: a, entries: entries, apiPath: c.base() + "/orgs/" + c.arg("owner") + "/" + app}, answer{}, true
	}
}

// variablesOf picks an app's own: those of Actions do not reach agents.
func variablesOf(app string, actions, agents map[string]*Variable) map[string]*Variable {
	if app == "agents" {
		return agents
	}
	return actions
}

func (c *call) collectionID(parts ...string) string {
	return strings.ToLower(c.name + " " + strings.Join(parts, " "))
}

// reaching lists what an organization shares with a repository.
func reaching(app string, variables bool) func(*call) answer {
	return func(c *call) answer {
		name, r, refusal := c.forRepository(need{permissionFor(app, variables), "repo", "write"})
		if r == nil {
			return refusal
		}
		account, found := lookup(c.host.Accounts, strings.Split(name, "/")[0])
		if !found || account.Type != "Organization" {
			return c.listEntries(collection{}, variables)
		}
		source := account.Secrets[app]
		if variables {
			source = variablesOf(app, account.Variables, account.AgentVariables)
		}
		reached := map[string]*Secret{}
		for key, entry := range source {
			if entry.reaches(name, r) {
				reached[key] = entry
			}
		}
		return c.listEntries(collection{entries: reached}, variables)
	}
}

func (e *Secret) reaches(name string, r *Repository) bool {
	switch e.Visibility {
	case "all":
		return true
	case "selected":
		return slices.ContainsFunc(e.Repositories, func(n string) bool { return strings.EqualFold(n, name) })
	}
	return r.Private
}

func listSecrets(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	return c.listEntries(place, false)
}

func (c *call) listEntries(place collection, variables bool) answer {
	items := []any{}
	for _, name := range sortedKeys(place.entries) {
		items = append(items, place.describe(name, place.entries[name], variables))
	}
	if variables {
		return c.page(items, 30, "variables")
	}
	return c.page(items, 100, "secrets")
}

// describe is what GitHub shows of a secret, or of a variable.
func (p collection) describe(name string, e *Secret, variable bool) map[string]any {
	kind := "secrets"
	d := map[string]any{
		"name": name, "created_at": e.CreatedAt.Format(time.RFC3339), "updated_at": e.UpdatedAt.Format(time.RFC3339),
	}
	if variable {
		kind = "variables"
		d["value"] = e.Value
	}
	if p.account != nil {
		d["visibility"] = e.Visibility
		if e.Visibility == "selected" {
			d["selected_repositories_url"] = p.apiPath + "/" + kind + "/" + name + "/repositories"
		}
	}
	return d
}

func getSecret(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	e, found := lookup(place.entries, c.arg("name"))
	if !found {
		return notFound()
	}
	return jsonAnswer(http.StatusOK, place.describe(strings.ToUpper(c.arg("name")), e, false))
}

// keyOf makes the key pair of a collection when it is first asked for.
func (s *Sandbox) keyOf(id string) *keyPair {
	if s.keys[id] == nil {
		public, private, err := box.GenerateKey(rand.Reader)
		if err != nil {
			panic(err) // crypto/rand never fails
		}
		s.keys[id] = &keyPair{id: strconv.Itoa(568250167242549743 + len(s.keys)), public: public, private: private}
	}
	return s.keys[id]
}

func (s *Sandbox) getPublicKey(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	key := s.keyOf(place.id)
	return jsonAnswer(http.StatusOK, map[string]any{"key_id": key.id, "key": base64.StdEncoding.EncodeToString(key.public[:])})
}

// entryInput is the body with which a secret or a variable is set. The IDs may be numbers or text: apps differ.
type entryInput struct {
	Name         string        `json:"name"`
	Value        *string       `json:"value"`
	Encrypted    string        `json:"encrypted_value"`
	KeyID        string        `json:"key_id"`
	Visibility   string        `json:"visibility"`
	Repositories []json.Number `json:"selected_repository_ids"`
}

func (s *Sandbox) putSecret(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	var in entryInput
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	name := strings.ToUpper(c.arg("name"))
	if complaint := badName(name, "Secret"); complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	value, complaint := s.keyOf(place.id).open(in)
	if complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	e, found := place.entries[name]
	if !found {
		e = &Secret{CreatedAt: s.now()}
	}
	if complaint := c.share(place, e, in, true); complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	e.Value, e.UpdatedAt = value, s.now()
	place.entries[name] = e
	return created(found, c.host.EmptyCreated)
}

func created(found, empty bool) answer {
	switch {
	case found:
		return answer{status: http.StatusNoContent}
	case empty:
		return answer{status: http.StatusCreated}
	}
	return jsonAnswer(http.StatusCreated, map[string]any{})
}

func badName(name, what string) string {
	switch {
	case strings.HasPrefix(name, "GITHUB_"):
		return what + " names must not start with GITHUB_."
	case !regexp.MustCompile(`^[A-Z_][A-Z0-9_]*$`).MatchString(name):
		return what + " names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_). " +
			"Spaces are not allowed. Must start with a letter ([a-z], [A-Z]) or underscores (_)."
	}
	return ""
}

// open decrypts what was put, as GitHub only does much later: here a wrong key shows at once.
func (k *keyPair) open(in entryInput) (value, complaint string) {
	if in.KeyID != k.id {
		return "", "Invalid key_id: it is not that of this collection's public key"
	}
	sealed, err := base64.StdEncoding.DecodeString(in.Encrypted)
	if err != nil {
		return "", "encrypted_value is not valid base64"
	}
	plain, ok := box.OpenAnonymous(nil, sealed, k.public, k.private)
	if !ok {
		return "", "encrypted_value cannot be decrypted with this collection's key"
	}
	if len(plain) > maxValue {
		return "", "Secret value is too large"
	}
	return string(plain), ""
}

// share sets who can see an organization's entry. needed is whether the visibility must be given.
func (c *call) share(place collection, e *Secret, in entryInput, needed bool) (complaint string) {
	if place.account == nil || in.Visibility == "" && !needed {
		return ""
	}
	if !slices.Contains([]string{"all", "private", "selected"}, in.Visibility) {
		return fmt.Sprintf("Invalid request.\n\n%q is not a possible visibility: all, private, selected.", in.Visibility)
	}
	names, complaint := c.selected(in.Repositories)
	if complaint != "" {
		return complaint
	}
	if in.Visibility != "selected" && len(names) > 0 {
		return "selected_repository_ids can only be given when visibility is selected"
	}
	e.Visibility, e.Repositories = in.Visibility, names
	return ""
}

// selected turns IDs of the organization's repositories into names.
func (c *call) selected(ids []json.Number) (names []string, complaint string) {
	for _, id := range ids {
		name := c.repositoryByID(id.String())
		if owner, _, _ := strings.Cut(name, "/"); !strings.EqualFold(owner, c.arg("owner")) {
			return nil, "selected_repository_ids: no repository of this organization has the ID " + id.String()
		}
		names = append(names, name)
	}
	return names, ""
}

func (c *call) repositoryByID(id string) string {
	for name, r := range c.host.Repositories {
		if strconv.FormatInt(r.ID, 10) == id {
			return name
		}
	}
	return ""
}

func getSelection(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	e, found := lookup(place.entries, c.arg("name"))
	if !found || e.Visibility != "selected" {
		return notFound()
	}
	items := []any{}
	for _, name := range e.Repositories {
		if r, found := lookup(c.host.Repositories, name); found {
			items = append(items, c.describeRepository(name, r))
		}
	}
	return c.page(items, 100, "repositories")
}

func putSelection(c *call, find finder) answer {
	place, refusal, ok := find(c)
	if !ok {
		return refusal
	}
	e, found := lookup(place.entries, c.arg("name"))
	if !found {
		return notFound()
	}
	if e.Visibility != "selected" {
		return failure(http.StatusConflict, "Visibility of the entry is not selected")
	}
	var in entryInput
	if err := json.Unmarshal([]byte(c.Body), &in); err != nil {
		return failure(http.StatusBadRequest, "Problems parsing JSON")
	}
	names, complaint := c.selected(in.Repositories)
	if complaint != "" {
		return failure(http.StatusUnprocessableEntity, complaint)
	}
	e.Repositories = names
	return answer{status: http.StatusNoContent}
}

// StoredSecret is a secret as the sandbox holds it, in the clear.
type StoredSecret struct {
	Host        string `json:"host"`
	Place       string `json:"place"` // OWNER/NAME or an organization
	App         string `json:"app"`   // actions, dependabot, codespaces, agents
	Environment string `json:"environment,omitempty"`
	Name        string `json:"name"`
	Secret
}

// Secrets returns all secrets of all hosts, decrypted, in a steady order: hosts, repositories, organizations.
func (s *Sandbox) Secrets() []StoredSecret {
	state := s.State()
	list := []StoredSecret{}
	for _, host := range sortedKeys(state.GitHub) {
		h := state.GitHub[host]
		for _, repo := range sortedKeys(h.Repositories) {
			r := h.Repositories[repo]
			list = append(list, storedByApp(host, repo, r.Secrets)...)
			for _, env := range sortedKeys(r.Environments) {
				list = append(list, stored(StoredSecret{Host: host, Place: repo, App: "actions", Environment: env}, r.Environments[env].Secrets)...)
			}
		}
		for _, account := range sortedKeys(h.Accounts) {
			list = append(list, storedByApp(host, account, h.Accounts[account].Secrets)...)
		}
	}
	return list
}

func storedByApp(host, place string, apps map[string]map[string]*Secret) []StoredSecret {
	var list []StoredSecret
	for _, app := range secretApps() {
		list = append(list, stored(StoredSecret{Host: host, Place: place, App: app}, apps[app])...)
	}
	return list
}

func stored(at StoredSecret, secrets map[string]*Secret) []StoredSecret {
	var list []StoredSecret
	for _, name := range sortedKeys(secrets) {
		at.Name, at.Secret = name, *secrets[name]
		list = append(list, at)
	}
	return list
}
