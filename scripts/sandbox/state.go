package sandbox

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// State is everything the services know. It is kept in maps keyed by name, so that a JSON merge patch (RFC 7386) adds
// to one entry without repeating the others, and null takes an entry out.
type State struct {
	// DelayMS holds back every answer of both services, in milliseconds.
	DelayMS int `json:"delayMs,omitempty"`
	// GitHub is keyed by host: github.com, or that of an Enterprise Server.
	GitHub map[string]*Host `json:"github,omitempty"`
	Hex    *Hex             `json:"hex,omitempty"`
}

// Host is one GitHub: github.com or an Enterprise Server.
type Host struct {
	Logins       map[string]*Login      `json:"logins,omitempty"`       // by token
	Accounts     map[string]*Account    `json:"accounts,omitempty"`     // by login; missing owners and users are added
	Repositories map[string]*Repository `json:"repositories,omitempty"` // by OWNER/NAME
	Limits       *Limits                `json:"limits,omitempty"`
	// PageSize is the most that a page of any list holds, whatever is asked for; 0 leaves it to GitHub.
	PageSize int `json:"pageSize,omitempty"`
	// Generate adds many repositories that are alike, and is then empty.
	Generate []*Series `json:"generate,omitempty"`
	// RunDetails is what a server that does not know them makes of return_run_details in a dispatch: ignored or refused.
	RunDetails string `json:"runDetails,omitempty"`
	// EmptyCreated makes the PUT of a new secret answer 201 without a body instead of {}.
	EmptyCreated bool `json:"emptyCreated,omitempty"`
}

// Login is what a GitHub token stands for. Its kind follows from what is set: a token that begins with ghs_ is that of
// a job in Actions, which can list nothing; one with Permissions is fine-grained; any other is classic.
type Login struct {
	User string `json:"user"`
	// Scopes of a classic token; when missing: gist, read:org, repo, workflow. An empty list means none.
	Scopes []string `json:"scopes"`
	// Permissions of a fine-grained token, to read or write: metadata, contents, secrets, actions_variables, agent_variables, environments,
	// administration, dependabot_secrets, codespaces_secrets, agent_secrets, organization_secrets and so on.
	Permissions map[string]string `json:"permissions,omitempty"`
	// Repositories that a fine-grained token was given; all when missing.
	Repositories []string `json:"repositories,omitempty"`
	// SSO names the organizations that want this token authorized first.
	SSO []string `json:"sso,omitempty"`
}

// Account is a user or an organization.
type Account struct {
	ID    int64  `json:"id,omitempty"`
	Type  string `json:"type,omitempty"` // User or Organization
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// Admins of an organization; when missing, everybody.
	Admins []string `json:"admins,omitempty"`
	// Secrets are keyed by app (actions, dependabot, codespaces, agents), then by name.
	Secrets        map[string]map[string]*Secret `json:"secrets,omitempty"`
	Variables      map[string]*Variable          `json:"variables,omitempty"`      // of Actions
	AgentVariables map[string]*Variable          `json:"agentVariables,omitempty"` // of agents
}

// Repository is a repository with all that hangs on it.
type Repository struct {
	ID            int64  `json:"id,omitempty"`
	Private       bool   `json:"private,omitempty"`
	ForbidForking bool   `json:"forbidForking,omitempty"`
	Parent        string `json:"parent,omitempty"` // OWNER/NAME of what this is a fork of
	Archived      bool   `json:"archived,omitempty"`
	DefaultBranch string `json:"defaultBranch,omitempty"` // main when missing
	// Permission is what everybody has: admin (when missing), maintain, write, triage, read or none.
	Permission string `json:"permission,omitempty"`
	// Collaborators have a permission of their own, by login.
	Collaborators map[string]string `json:"collaborators,omitempty"`
	// Secrets are keyed by app (actions, dependabot, codespaces, agents), then by name.
	Secrets        map[string]map[string]*Secret `json:"secrets,omitempty"`
	Variables      map[string]*Variable          `json:"variables,omitempty"`      // of Actions
	AgentVariables map[string]*Variable          `json:"agentVariables,omitempty"` // of agents
	Environments   map[string]*Environment       `json:"environments,omitempty"`
	// Files are keyed by branch, tag or commit, then by path.
	Files map[string]map[string]string `json:"files,omitempty"`
	// Links are the symbolic links of all branches: what they lead to, by path.
	Links map[string]string `json:"links,omitempty"`
	// Releases, oldest first.
	Releases []*Release `json:"releases,omitempty"`
	// WorkflowRuns are those of .github/workflows/hex-check.yml, WorkflowStates (active when missing, disabled_manually,
	// disabled_inactivity) are by the name of a workflow's file.
	WorkflowRuns   []*WorkflowRun    `json:"workflowRuns,omitempty"`
	WorkflowStates map[string]string `json:"workflowStates,omitempty"`
}

// Environment is a deployment environment.
type Environment struct {
	ID        int64                `json:"id,omitempty"`
	CreatedAt time.Time            `json:"createdAt"`
	Secrets   map[string]*Secret   `json:"secrets,omitempty"`
	Variables map[string]*Variable `json:"variables,omitempty"`
	// Reviewers says that jobs wait for a person, WaitTimer for how many minutes they wait; Branches and Tags are the patterns that are let in, all when both are empty.
	Reviewers bool     `json:"reviewers,omitempty"`
	WaitTimer int      `json:"waitTimer,omitempty"`
	Branches  []string `json:"branches,omitempty"`
	Tags      []string `json:"tags,omitempty"`
}

// Secret is a stored secret. Visibility (all, private, selected) and Repositories (OWNER/NAME) are an organization's.
type Secret struct {
	Value        string    `json:"value"`
	CreatedAt    time.Time `json:"createdAt"`
	UpdatedAt    time.Time `json:"updatedAt"`
	Visibility   string    `json:"visibility,omitempty"`
	Repositories []string  `json:"repositories,omitempty"`
}

// Variable has the fields of a secret, and GitHub shows its value.
type Variable = Secret

// Release is a published version whose assets are the files of a folder.
type Release struct {
	Tag        string `json:"tag"`
	Dir        string `json:"dir,omitempty"`
	Draft      bool   `json:"draft,omitempty"`
	Prerelease bool   `json:"prerelease,omitempty"`
}

// Limits make GitHub refuse requests. The zero value refuses none.
type Limits struct {
	// Remaining requests before the primary limit; no limit when missing.
	Remaining *int `json:"remaining,omitempty"`
	// ResetAfter is the number of seconds from the first refusal until the primary limit is lifted.
	ResetAfter int `json:"resetAfter,omitempty"`
	// Writes is how many content-creating requests may arrive within WindowMS milliseconds; 0 for no limit.
	Writes   int `json:"writes,omitempty"`
	WindowMS int `json:"windowMs,omitempty"`
	// Points is how many points may be used within any minute, one for a read and five for a write; 0 for no limit.
	Points int `json:"points,omitempty"`
	// Concurrent is how many requests may be under way at once; 0 for no limit.
	Concurrent int `json:"concurrent,omitempty"`
	// RetryAfter is the header of a secondary refusal in seconds; 0 leaves it out.
	RetryAfter int `json:"retryAfter,omitempty"`
	// Status of a secondary refusal: 403 when missing, or 429.
	Status int `json:"status,omitempty"`
}

// Hex is the Hex workspace.
type Hex struct {
	// Tokens are keyed by a name of the test's own.
	Tokens map[string]*HexToken `json:"tokens,omitempty"`
	// ProjectCount adds that many generated, published projects to those in Projects.
	ProjectCount int                 `json:"projectCount,omitempty"`
	Projects     map[string]*Project `json:"projects,omitempty"` // by ID
	// Lists are the other collections (users, groups, collections …), by the path below /api/v1/.
	Lists map[string][]map[string]any `json:"lists,omitempty"`
	// MeMissing makes /users/me answer 404, as old single-tenant hosts do.
	MeMissing bool `json:"meMissing,omitempty"`
	// NewErrors selects the bodies {code,message} instead of {reason,details}.
	NewErrors bool `json:"newErrors,omitempty"`
	// VersionNumber makes projectVersion of a run a number, as it once was, instead of a string.
	VersionNumber bool `json:"versionNumber,omitempty"`
	// KernelsBusy is how many starts of a run are answered 503; -1 for all.
	KernelsBusy int `json:"kernelsBusy,omitempty"`
}

// HexToken is what a Hex token stands for.
type HexToken struct {
	Value string `json:"value,omitempty"` // NewToken(Kind, its name) when missing
	Kind  string `json:"kind,omitempty"`  // personal (when missing), workspace or legacy (a personal one without a prefix)
	Name  string `json:"name,omitempty"`
	Email string `json:"email,omitempty"`
	// Exp is sent as it is: seconds or milliseconds since 1970; missing for a token that never expires. One in the past
	// is not refused by itself: see Revoked.
	Exp *int64 `json:"exp,omitempty"`
	// Scopes of a workspace token, such as projects:read or projects:run (which includes read); all when missing.
	Scopes  []string `json:"scopes"`
	Revoked bool     `json:"revoked,omitempty"`
}

// Project is a Hex project. Times are RFC 3339 text.
type Project struct {
	Title           string   `json:"title,omitempty"`
	Description     string   `json:"description,omitempty"`
	Type            string   `json:"type,omitempty"`    // PROJECT (when missing) or COMPONENT
	Creator         string   `json:"creator,omitempty"` // an address
	Owner           string   `json:"owner,omitempty"`   // an address
	Status          string   `json:"status,omitempty"`
	Categories      []string `json:"categories,omitempty"`
	Collections     []string `json:"collections,omitempty"` // IDs
	CreatedAt       string   `json:"createdAt,omitempty"`
	LastEditedAt    string   `json:"lastEditedAt,omitempty"`
	LastPublishedAt string   `json:"lastPublishedAt,omitempty"`
	ArchivedAt      string   `json:"archivedAt,omitempty"`
	TrashedAt       string   `json:"trashedAt,omitempty"`
	Unpublished     bool     `json:"unpublished,omitempty"`
	// Inputs are the input parameters and their types: STRING, NUMBER, BOOLEAN. Anything is accepted when missing.
	Inputs map[string]string `json:"inputs,omitempty"`
	// RunScripts holds, for the first, second … run that is started, the statuses that its polls see. The last status
	// stays, the last script is used again; RUNNING, COMPLETED when missing.
	RunScripts [][]string `json:"runScripts,omitempty"`
	// EndTimeAfter is how many polls see an ended status without its endTime; -1 for all.
	EndTimeAfter int    `json:"endTimeAfter,omitempty"`
	Runs         []*Run `json:"runs,omitempty"`
}

// Run is a run of a project. Status is what a poll saw last.
type Run struct {
	ID        string    `json:"id"`
	Status    string    `json:"status"`
	Trigger   string    `json:"trigger,omitempty"` // API when missing
	Version   int       `json:"version,omitempty"`
	StartTime time.Time `json:"startTime"`
	EndTime   time.Time `json:"endTime"`
	// Script holds the statuses still to come. EndTimeAfter counts down as that of the project.
	Script       []string `json:"script,omitempty"`
	EndTimeAfter int      `json:"endTimeAfter,omitempty"`
}

// State returns a copy of the present state.
func (s *Sandbox) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.clone()
}

// Update changes the state; what is missing (IDs, times, owners) is filled in afterwards.
func (s *Sandbox) Update(change func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change(&s.state)
	s.state.complete(s.now())
}

// Merge applies a JSON merge patch (RFC 7386) to the state. A field that does not exist is an error, and nothing changes then.
func (s *Sandbox) Merge(patch []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.checks > 0 {
		s.idle.Wait() // runs of workflows hold on to the state that they began with
	}
	var change any
	if err := decode(patch, &change); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	if _, object := change.(map[string]any); !object {
		return fmt.Errorf("read state: not a JSON object")
	}
	var base any
	if err := decode(mustJSON(s.state), &base); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	d := json.NewDecoder(bytes.NewReader(mustJSON(merge(base, change))))
	d.DisallowUnknownFields()
	var next State
	if err := d.Decode(&next); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	next.complete(s.now())
	s.state = next
	return nil
}

func merge(base, patch any) any {
	changes, object := patch.(map[string]any)
	if !object {
		return patch
	}
	result, object := base.(map[string]any)
	if !object {
		result = map[string]any{}
	}
	for key, value := range changes {
		if value == nil {
			delete(result, key)
			continue
		}
		result[key] = merge(result[key], value)
	}
	return result
}

// decode keeps numbers as they are written: an ID must not pass through a float.
func decode(raw []byte, out any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(out)
}

// mustJSON encodes values of this package, which always can be encoded.
func mustJSON(v any) []byte {
	raw, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return raw
}

func (st *State) clone() State {
	var c State
	if err := json.Unmarshal(mustJSON(st), &c); err != nil {
		panic(err)
	}
	return c
}

func (st *State) complete(now time.Time) {
	if st.GitHub == nil {
		st.GitHub = map[string]*Host{}
	}
	if st.Hex == nil {
		st.Hex = &Hex{}
	}
	for _, h := range st.GitHub {
		h.complete(now)
	}
	st.Hex.complete()
}

func (h *Host) complete(now time.Time) {
	h.Logins = orEmpty(h.Logins)
	h.Accounts = orEmpty(h.Accounts)
	h.Repositories = orEmpty(h.Repositories)
	h.generate()
	for _, l := range h.Logins {
		h.addAccount(l.User, "User")
	}
	for name := range h.Repositories {
		owner, _, _ := strings.Cut(name, "/")
		h.addAccount(owner, "Organization")
	}
	for _, name := range sortedKeys(h.Accounts) {
		h.Accounts[name].complete(h, now)
	}
	for _, name := range sortedKeys(h.Repositories) {
		h.Repositories[name].complete(h, now)
	}
}

func (h *Host) addAccount(login, kind string) {
	if _, present := lookup(h.Accounts, login); !present && login != "" {
		h.Accounts[login] = &Account{Type: kind}
	}
}

// nextID is one more than the largest ID in use, so that a merge never changes one that was handed out.
func (h *Host) nextID() int64 {
	id := int64(1000)
	for _, a := range h.Accounts {
		id = max(id, a.ID)
	}
	for _, r := range h.Repositories {
		id = max(id, r.ID)
		for _, e := range r.Environments {
			id = max(id, e.ID)
		}
	}
	return id + 1
}

func (a *Account) complete(h *Host, now time.Time) {
	if a.ID == 0 {
		a.ID = h.nextID()
	}
	if a.Type == "" {
		a.Type = "Organization"
	}
	a.Secrets = completeApps(a.Secrets, now)
	a.Variables = completeSecrets(a.Variables, now)
	for _, secrets := range a.Secrets {
		completeVisibility(secrets)
	}
	a.AgentVariables = completeSecrets(a.AgentVariables, now)
	completeVisibility(a.Variables)
	completeVisibility(a.AgentVariables)
}

func completeVisibility(secrets map[string]*Secret) {
	for _, s := range secrets {
		s.Visibility = cmp.Or(s.Visibility, "private")
	}
}

func (r *Repository) complete(h *Host, now time.Time) {
	if r.ID == 0 {
		r.ID = h.nextID()
	}
	if r.DefaultBranch == "" {
		r.DefaultBranch = "main"
	}
	if r.Permission == "" {
		r.Permission = "admin"
	}
	r.Secrets = completeApps(r.Secrets, now)
	r.Variables = completeSecrets(r.Variables, now)
	r.AgentVariables = completeSecrets(r.AgentVariables, now)
	r.Environments = orEmpty(r.Environments)
	r.completeRuns(h, now)
	for _, name := range sortedKeys(r.Environments) {
		e := r.Environments[name]
		if e.ID == 0 {
			e.ID = h.nextID()
		}
		if e.CreatedAt.IsZero() {
			e.CreatedAt = now
		}
		e.Secrets = completeSecrets(e.Secrets, now)
		e.Variables = completeSecrets(e.Variables, now)
	}
}

func completeApps(apps map[string]map[string]*Secret, now time.Time) map[string]map[string]*Secret {
	apps = orEmpty(apps)
	for _, app := range secretApps() {
		apps[app] = completeSecrets(apps[app], now)
	}
	return apps
}

func completeSecrets(secrets map[string]*Secret, now time.Time) map[string]*Secret {
	done := make(map[string]*Secret, len(secrets))
	for name, s := range secrets {
		if s.CreatedAt.IsZero() {
			s.CreatedAt = now
		}
		if s.UpdatedAt.IsZero() {
			s.UpdatedAt = s.CreatedAt
		}
		done[strings.ToUpper(name)] = s
	}
	return done
}

func (x *Hex) complete() {
	x.Tokens = orEmpty(x.Tokens)
	x.Projects = orEmpty(x.Projects)
	x.Lists = orEmpty(x.Lists)
	for name, t := range x.Tokens {
		if t.Kind == "" {
			t.Kind = Personal
		}
		if t.Value == "" {
			t.Value = NewToken(t.Kind, name)
		}
	}
	for _, p := range x.Projects {
		p.complete()
	}
}

func (p *Project) complete() {
	p.Type = cmp.Or(p.Type, "PROJECT")
	p.Title = cmp.Or(p.Title, "Untitled")
	p.Owner = cmp.Or(p.Owner, "ada@example.com")
	p.Creator = cmp.Or(p.Creator, p.Owner)
	p.CreatedAt = cmp.Or(p.CreatedAt, "2026-01-05T09:00:00.000Z")
	p.LastEditedAt = cmp.Or(p.LastEditedAt, p.CreatedAt)
	if p.LastPublishedAt == "" && !p.Unpublished {
		p.LastPublishedAt = p.LastEditedAt
	}
}

func orEmpty[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// lookup finds a name as GitHub does: case does not matter.
func lookup[V any](m map[string]V, name string) (V, bool) {
	if v, present := m[name]; present {
		return v, true
	}
	for key, v := range m {
		if strings.EqualFold(key, name) {
			return v, true
		}
	}
	var none V
	return none, false
}
