//go:build linux

package extension

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cli/go-gh/v2/pkg/config"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/stored"
	"github.com/gh-hex/gh-hex/extension/workspace"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

const (
	matrixLogin = "gho_matrixlogin0000000000000000000000"
	// matrixPatience is how long the services may take; a fault that outlasts it is one that never ends.
	matrixPatience = 3 * time.Second
	matrixBound    = 30 * time.Second
	matrixAtOnce   = 20
	matrixProject  = "019f681a-1870-731d-bf1e-b82d136117fa"
	matrixRun      = "019f6a00-51c2-7000-8a1b-3d0f2c9be001"
	matrixGoing    = "019f6a00-51c2-7000-8a1b-3d0f2c9be002"
	foreignHost    = "elsewhere.example.com"
)

// matrixRow is one way to call a command.
type matrixRow struct {
	command string // below "gh hex"
	args    string
	input   bool // the new token stands on standard input
	bare    bool // no token in the environment
	tree    bool // in the work tree of octo/analytics, else in an empty folder
	code    int  // without a fault
	offline bool // sends nothing, in any case
	checked bool // the default branch has the workflow that checks stored tokens, and it ran
	push    bool // what git tells its pre-push hook stands on standard input
	// own says that another row of the command cannot stand for this one where both send the same request.
	own bool
	// spare are the requests without which the command does what it was asked for.
	spare string
}

func (r matrixRow) String() string { return strings.TrimSpace(r.command + " " + r.args) }

// authSpare are the questions behind proposals, notes and dry runs; and of the two questions to Hex one is enough.
const authSpare = `variables/HEX_API_TOKEN_INFO$|github GET /(repos|orgs)/\S+(\?per_page=\d+|contents\S*|git/trees/HEAD)$|github GET \S+/variables/HEX_PROJECT_ID$|hex GET /api/v1/(users/me|projects)|hex POST /api/v1/projects/\S+/runs$`

// foundElsewhere are the places that need not be known where another one holds what the jobs read.
const foundElsewhere = `/(contents|git/trees)/|/(secrets|organization-variables)\?per_page|/organization-secrets\?|/actions/variables\?`

// matrixRows holds at least one row for each command.
func matrixRows() []matrixRow {
	return []matrixRow{
		{command: "", offline: true},
		{command: "auth", args: "--with-token", input: true, bare: true, tree: true, spare: authSpare},
		{command: "auth", args: "--with-token --app actions,dependabot,codespaces,agents -R octo/analytics", input: true, bare: true, spare: authSpare},
		{command: "auth", args: "--with-token --env staging --create-env -R octo/analytics", input: true, bare: true, spare: authSpare},
		{command: "auth", args: "--with-token --org octo --repos analytics,reports", input: true, bare: true, spare: authSpare},
		{command: "auth", args: "--with-token --local dotenv", input: true, bare: true, tree: true, own: true, spare: authSpare},
		{command: "auth", args: "--with-token --project " + matrixProject + " -R octo/analytics -R octo/reports --app actions,agents", input: true, bare: true, spare: authSpare},
		{command: "auth", args: "--with-token --dry-run -R octo/reports", input: true, bare: true, spare: authSpare},
		{command: "auth login", args: "--with-token --local dotenv", input: true, bare: true, tree: true, own: true, spare: `hex `, code: command.ExitProblem}, // git does not ignore .env there
		{command: "auth status", args: "-R octo/analytics", spare: `hex |/orgs/octo/|/(contents|git/trees)/|variables/HEX_API_TOKEN_INFO$`},
		{command: "auth status", args: "--org octo --timeout 4s", spare: `variables/HEX_API_TOKEN_INFO$`},
		{command: "auth token", offline: true},
		{command: "auth logout", offline: true, code: command.ExitProblem},
		{command: "verify", args: "-R octo/analytics", spare: `github GET /\S+\?per_page=\d+$`},
		{command: "verify", args: "--org octo --timeout 4s"},
		{command: "verify", args: "--project " + matrixProject + " --all", tree: true, spare: `/(contents|git/trees)/|/environments/prod%2Feu/secrets`},
		{command: "verify", args: "--format github", tree: true, own: true, spare: foundElsewhere},
		{command: "verify", args: "--format sarif", tree: true, own: true, spare: foundElsewhere},
		{command: "verify", args: "--pre-push origin https://github.com/octo/analytics.git", tree: true, push: true, own: true, spare: foundElsewhere},
		{command: "verify", args: "--stored --timeout 8s --only token-stored", tree: true, checked: true, own: true, spare: foundElsewhere + `|hex |/environments`},
		{command: "verify", args: "--only token-stored -R octo/analytics", checked: true, own: true, spare: foundElsewhere + `|hex |/environments`},
		{command: "init", args: "--workflow", tree: true, spare: `github `},
		{command: "init", args: "--hook", offline: true, tree: true},
		{command: "project", offline: true},
		{command: "project list", args: "-L 200"},
		{command: "project view", args: matrixProject, spare: "/users/me"},
		{command: "project run", args: matrixProject + " -f region=EMEA"},
		{command: "run", offline: true},
		{command: "run start", args: matrixProject + " --watch --timeout 4s"},
		{command: "run list", args: matrixProject},
		{command: "run view", args: matrixProject + " " + matrixRun},
		{command: "run watch", args: matrixProject + " " + matrixRun + " --timeout 4s"},
		{command: "run cancel", args: matrixProject + " " + matrixGoing},
		{command: "api", args: "users/me"},
		{command: "api", args: "groups --paginate --timeout 4s"},
		{command: "api", args: "groups/g1 -X PATCH -f name=Finance"},
		{command: "rotate", args: "--with-token --all --timeout 4s -R octo/analytics", input: true, spare: `hex |/orgs/octo/(codespaces|dependabot|agents)/|/(contents|git/trees)/|variables(/HEX_API_TOKEN_INFO)?$`},
		{command: "rotate", args: "--with-token --all --org octo --timeout 4s", input: true, spare: `hex |/orgs/octo/actions/variables|/(contents|git/trees)/|variables(/HEX_API_TOKEN_INFO)?$`},
	}
}

// matrixFault is one way in which a request goes wrong.
type matrixFault struct {
	name string
	sandbox.Fault
	// writes says that only requests that change something are spoilt so.
	writes bool
}

func matrixFaults() []matrixFault {
	refusal := func(status int, message string, header ...string) sandbox.Fault {
		f := sandbox.Fault{Status: status, Body: fmt.Sprintf(`{"message":%q,"reason":%q}`, message, message), Header: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			f.Header[header[i]] = header[i+1]
		}
		return f
	}
	return []matrixFault{
		{name: "time-out", Fault: sandbox.Fault{DelayMS: 60_000}},
		{name: "reset", Fault: sandbox.Fault{Reset: true}},
		{name: "lost answer", Fault: sandbox.Fault{Close: true, Apply: true}, writes: true},
		{name: "slow drip", Fault: sandbox.Fault{DripBytes: 1, DripMS: 3 * int(matrixPatience/time.Millisecond)}},
		{name: "cut connection", Fault: sandbox.Fault{Cut: 1}},
		{name: "cut JSON", Fault: sandbox.Fault{Status: 200, Body: `{"values":[{"id`}},
		{name: "HTML", Fault: sandbox.Fault{HTML: true}},
		{name: "401", Fault: refusal(401, "Bad credentials")},
		{name: "403 permission", Fault: refusal(403, "Resource not accessible by personal access token", "X-Accepted-GitHub-Permissions", "secrets=write")},
		{name: "403 SSO", Fault: refusal(403, "Resource protected by organization SAML enforcement", "X-GitHub-SSO", "required; url=https://github.com/orgs/octo/sso?authorization_request=A")},
		{name: "403 rate limit", Fault: refusal(403, "API rate limit exceeded", "X-RateLimit-Remaining", "0", "X-RateLimit-Reset", "4102444800")},
		{name: "404", Fault: refusal(404, "Not Found")},
		{name: "409", Fault: refusal(409, "Conflict")},
		{name: "422", Fault: refusal(422, "Validation Failed")},
		{name: "429", Fault: refusal(429, "Too many requests")},
		{name: "429 with Retry-After", Fault: refusal(429, "Too many requests", "Retry-After", "3600")},
		{name: "500", Fault: refusal(500, "Server Error")},
		{name: "502", Fault: sandbox.Fault{Status: 502, HTML: true}},
		{name: "503", Fault: refusal(503, "Service Unavailable")},
		{name: "redirect", Fault: sandbox.Fault{Redirect: "https://" + foreignHost + "/"}},
	}
}

// matrixRequest is a request that a row sends.
type matrixRequest struct{ service, method, target string }

func (r matrixRequest) String() string { return r.service + " " + r.method + " " + r.target }

// fault spoils this request and no other, each time.
func (r matrixRequest) fault(f matrixFault) sandbox.Fault {
	out := f.Fault
	out.Service, out.Method, out.Regexp = r.service, r.method, "^"+regexp.QuoteMeta(r.target)+"$"
	return out
}

// matrixCase is one cell.
type matrixCase struct {
	row     matrixRow
	request matrixRequest
	fault   matrixFault
}

func (c matrixCase) isSpare() bool {
	return c.row.spare != "" && regexp.MustCompile(c.row.spare).MatchString(c.request.String())
}

func (c matrixCase) String() string {
	return fmt.Sprintf("gh hex %s: %s of %s", c.row, c.fault.name, c.request)
}

func TestFaultMatrix(t *testing.T) {
	m := newMatrix(t)
	covered := map[string]bool{}
	var cases []matrixCase
	for _, row := range matrixRows() {
		covered[row.command] = true
		cases = append(cases, m.learn(t, row)...)
	}
	p, _, _ := newTestProcess(t)
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		name := strings.TrimSpace(strings.TrimPrefix(cmd.CommandPath(), "gh hex"))
		if !covered[name] {
			t.Errorf("the matrix has no row for gh hex %s", name)
		}
		delete(covered, name)
	})
	for name := range covered {
		t.Errorf("the matrix has a row for gh hex %s, which does not exist", name)
	}
	t.Run("faults", func(t *testing.T) { m.runAll(t, sample(cases)) })
	m.runHostile(t, cases)
	if found := tokensBelow(t, m.home); found != "" {
		t.Errorf("a token stands in %s", found)
	}
}

// sample is every case with GH_HEX_MATRIX=all, as scripts/matrix sets it. Without, it is every seventy-ninth: each fault still comes
// up, with one request or another, and the tests stay within minutes.
func sample(cases []matrixCase) []matrixCase {
	if os.Getenv("GH_HEX_MATRIX") == "all" {
		return cases
	}
	var some []matrixCase
	for i := 0; i < len(cases); i += 79 {
		some = append(some, cases[i])
	}
	return some
}

// matrix is what all cases share.
type matrix struct {
	home     string
	template string // a work tree to copy
	head     string // its commit
	learned  map[string]outcomeOf
	seen     map[string]bool        // the kinds of requests of each command
	absent   map[matrixRequest]bool // answered 404 without a fault
	began    time.Time
}

// outcomeOf is what one run of a command came to.
type outcomeOf struct {
	code           int
	stdout, stderr string
	took           time.Duration
	requests       []sandbox.Request
	strayed        []string
	changed        string // files of the work tree
	deleted        int
	leak           string // a file that holds a token
	effect         string // what the services hold afterwards
	stored         bool   // some secret is another than before
}

func newMatrix(t *testing.T) *matrix {
	t.Helper()
	m := &matrix{home: t.TempDir(), template: t.TempDir(), learned: map[string]outcomeOf{}, seen: map[string]bool{}, absent: map[matrixRequest]bool{}, began: time.Now()}
	for _, name := range []string{"GH_HOST", "GH_REPO", "GITHUB_TOKEN", "GH_ENTERPRISE_TOKEN", "GH_DEBUG", "HEX_API_TOKEN", "HEX_WORKSPACE_URL"} {
		t.Setenv(name, "")
	}
	for _, name := range []string{"HOME", "TMPDIR", "XDG_CONFIG_HOME", "GH_CONFIG_DIR"} {
		t.Setenv(name, m.home)
	}
	t.Setenv("GH_TOKEN", matrixLogin)
	t.Setenv("GIT_CONFIG_NOSYSTEM", "1")
	read, transport := config.Read, http.DefaultTransport
	config.Read = func(*config.Config) (*config.Config, error) { return config.ReadFromString(""), nil }
	http.DefaultTransport = worldTransport{}
	t.Cleanup(func() { config.Read, http.DefaultTransport = read, transport })
	m.makeTemplate(t)
	return m
}

const matrixWorkflow = `on: {push: {}, workflow_dispatch: {}}
jobs:
  deploy:
    runs-on: ubuntu-latest
    environment: prod/eu
    steps:
      - run: gh hex run start ` + matrixProject + ` --watch
        env:
          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
          HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL }}
  shared:
    uses: octo/shared/.github/workflows/call.yml@v1
    secrets: inherit
`

func (m *matrix) makeTemplate(t *testing.T) {
	t.Helper()
	write := func(name, text string) {
		path := filepath.Join(m.template, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	write(".github/workflows/hex.yml", matrixWorkflow)
	for _, args := range []string{
		"init -q -b main --template=",
		"remote add origin https://github.com/octo/analytics.git",
		"add -A",
		"-c user.name=Ada -c user.email=ada@example.com commit -q -m Start",
	} {
		cmd := exec.Command("git", append([]string{"-C", m.template}, strings.Fields(args)...)...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
	}
	head, err := exec.Command("git", "-C", m.template, "rev-parse", "HEAD").Output()
	if err != nil {
		t.Fatal(err)
	}
	m.head = strings.TrimSpace(string(head))
}

// matrixWorld is the services and the work tree of one case.
type matrixWorld struct {
	box    *sandbox.Sandbox
	dir    string
	github *http.Transport
	hex    *http.Transport

	mu      sync.Mutex
	strayed []string // hosts outside the sandbox that something wanted to reach
}

type matrixWorldKey struct{}

// worldTransport takes each request to the world that its context belongs to: many run at once.
type worldTransport struct{}

func (worldTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	w, ok := r.Context().Value(matrixWorldKey{}).(*matrixWorld)
	if !ok {
		return nil, errors.New("a request without the context of its command")
	}
	switch {
	case r.URL.Host == "api.github.com":
		r = r.Clone(r.Context())
		r.URL.Scheme = "http"
		return w.github.RoundTrip(r)
	case "http://"+r.URL.Host == w.box.HexURL():
		return w.hex.RoundTrip(r)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.strayed = append(w.strayed, r.URL.Host)
	return nil, errors.New("this host is not there")
}

func (m *matrix) newWorld(t *testing.T, tree bool) *matrixWorld {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "hx") // short: the path of a socket ends at 104 bytes
	if err != nil {
		t.Fatal(err)
	}
	box, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	w := &matrixWorld{box: box, dir: dir, hex: &http.Transport{}}
	w.github = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", box.Socket())
	}}
	if err := box.Merge([]byte(matrixState(box.HexURL()))); err != nil {
		t.Fatal(err)
	}
	if !tree {
		err = os.Mkdir(filepath.Join(dir, "work"), 0o700)
	} else {
		err = os.CopyFS(filepath.Join(dir, "work"), os.DirFS(m.template))
	}
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// addCheck puts the workflow that checks stored tokens on the default branch, and lets it have run once. What is stored
// is a good token.
func (w *matrixWorld) addCheck(t *testing.T, tree bool) {
	t.Helper()
	text := stored.File{Secret: workspace.TokenName, Environments: []string{"prod/eu"}}.Text()
	w.box.Update(func(s *sandbox.State) {
		r := s.GitHub["github.com"].Repositories["octo/analytics"]
		r.Files = map[string]map[string]string{"main": {stored.Path: text}}
		at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
		r.Variables = map[string]*sandbox.Variable{workspace.HostName: {Value: w.box.HexURL(), UpdatedAt: at}}
		r.Secrets["actions"][workspace.TokenName].Value = oldHexToken()
		e := r.Environments["prod/eu"]
		e.Secrets[workspace.TokenName].Value = oldHexToken()
		e.Variables[workspace.HostName].UpdatedAt = at
	})
	w.box.Schedule()
	w.box.ResetRequests()
	if !tree {
		return
	}
	if err := os.WriteFile(filepath.Join(w.dir, "work", stored.Path), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w *matrixWorld) close() {
	w.github.CloseIdleConnections()
	w.hex.CloseIdleConnections()
	w.box.Close()
	os.RemoveAll(w.dir)
}

func newHexToken() string { return sandbox.NewToken(sandbox.Workspace, "new") }

func oldHexToken() string { return sandbox.NewToken(sandbox.Personal, "old") }

func matrixState(hex string) string {
	return fmt.Sprintf(`{
	"github": {"github.com": {
		"logins": {%q: {"user": "ada", "scopes": ["repo", "admin:org", "workflow"]}},
		"accounts": {"octo": {"secrets": {"actions": {"HEX_API_TOKEN": {"value": "older", "visibility": "selected", "repositories": ["octo/analytics"], "updatedAt": "2026-01-02T03:04:05Z"}}}}},
		"repositories": {
			"octo/analytics": {
				"secrets": {"actions": {"HEX_API_TOKEN": {"value": "older", "updatedAt": "2026-01-02T03:04:05Z"}}, "dependabot": {"HEX_API_TOKEN": {"value": "older", "updatedAt": "2026-01-02T03:04:05Z"}}},
				"environments": {"prod/eu": {"secrets": {"HEX_API_TOKEN": {"value": "older", "updatedAt": "2026-01-02T03:04:05Z"}}, "variables": {"HEX_WORKSPACE_URL": {"value": %q}}}}
			},
			"octo/reports": {"secrets": {"actions": {"HEX_API_TOKEN": {"value": "older", "updatedAt": "2026-01-02T03:04:05Z"}}}},
			"octo/shared": {"files": {"v1": {".github/workflows/call.yml": "on:\n  workflow_call:\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: hex project list\n        env:\n          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}\n"}}}
		}}},
	"hex": {
		"tokens": {
			"old": {"name": "Ada Lovelace", "email": "ada@example.com", "exp": 4102444800},
			"new": {"kind": "workspace"}
		},
		"projectCount": 120,
		"lists": {"groups": [{"id": "g1", "name": "Sales"}]},
		"projects": {%q: {
			"title": "Weekly revenue", "runScripts": [["COMPLETED"]],
			"runs": [{"id": %q, "status": "COMPLETED", "startTime": "2026-01-02T03:04:05Z", "endTime": "2026-01-02T03:05:05Z"}, {"id": %q, "status": "RUNNING", "startTime": "2026-01-02T03:04:05Z"}]
		}}
	}}`, matrixLogin, hex, matrixProject, matrixRun, matrixGoing)
}

// runRow runs a row in a world of its own.
func (m *matrix) runRow(t *testing.T, row matrixRow, faults ...sandbox.Fault) outcomeOf {
	t.Helper()
	w := m.newWorld(t, row.tree)
	if row.checked {
		w.addCheck(t, row.tree)
	}
	defer w.close()
	if err := w.box.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
	stdout, stderr := &bytes.Buffer{}, &bytes.Buffer{}
	env := map[string]string{workspace.HostName: w.box.HexURL(), workspace.TokenName: oldHexToken(), "DBUS_SESSION_BUS_ADDRESS": "autolaunch:"}
	if row.bare {
		delete(env, workspace.TokenName)
	}
	input := ""
	switch {
	case row.input:
		input = newHexToken() + "\n"
	case row.push:
		input = fmt.Sprintf("refs/heads/main %s refs/heads/main %040d\n", m.head, 0)
	}
	p := &command.Process{
		Streams:  &console.Streams{In: strings.NewReader(input), Out: &console.StickyWriter{W: stdout}, Err: stderr, Width: 100},
		Getenv:   func(name string) string { return env[name] },
		Dir:      filepath.Join(w.dir, "work"),
		Now:      time.Now,
		Patience: matrixPatience,
	}
	before := filesBelow(t, p.Dir)
	start := time.Now()
	ctx := context.WithValue(context.Background(), matrixWorldKey{}, w)
	o := outcomeOf{code: execute(ctx, p, strings.Fields(row.command+" "+row.args)), took: time.Since(start)}
	o.stdout, o.stderr = stdout.String(), stderr.String()
	o.requests, o.deleted = w.box.Requests(), len(w.box.Deleted())
	o.changed = difference(before, filesBelow(t, p.Dir))
	o.effect = effect(w.box.State())
	for _, s := range w.box.Secrets() {
		o.stored = o.stored || s.Value != "older"
	}
	kept := ""
	if strings.Contains(row.args, "--local dotenv") {
		kept = filepath.Join(p.Dir, ".env")
	}
	o.leak = tokensBelow(t, w.dir, kept)
	w.mu.Lock()
	defer w.mu.Unlock()
	o.strayed = w.strayed
	return o
}

func filesBelow(t *testing.T, root string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && d.Name() == ".git" {
			return filepath.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, root)] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func difference(before, after map[string]string) string {
	var names []string
	for name, data := range after {
		if old, there := before[name]; !there || old != data {
			names = append(names, name)
		}
	}
	for name := range before {
		if _, there := after[name]; !there {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// tokensBelow names a file that holds a token or a login, other than the one that is meant to, which only its owner reads.
func tokensBelow(t *testing.T, root string, but ...string) (found string) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if info, err := d.Info(); slices.Contains(but, path) && err == nil && info.Mode().Perm() == 0o600 {
			return nil
		}
		data, err := os.ReadFile(path)
		if holdsToken(string(data)) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func holdsToken(text string) bool {
	for _, token := range []string{newHexToken(), oldHexToken(), matrixLogin} {
		if strings.Contains(text, token[8:32]) {
			return true
		}
	}
	return false
}

// anyRepository is what requests of one kind differ in.
var anyRepository = regexp.MustCompile(`octo/(analytics|reports|shared)`)

// learn runs a row without a fault and returns the cases that follow from its requests.
func (m *matrix) learn(t *testing.T, row matrixRow) []matrixCase {
	t.Helper()
	o := m.runRow(t, row)
	if o.code != row.code {
		t.Errorf("gh hex %s without a fault: exit code %d\n%s%s", row, o.code, o.stdout, o.stderr)
	}
	if row.offline != (len(o.requests) == 0) {
		t.Errorf("gh hex %s sends %d requests", row, len(o.requests))
	}
	m.learned[row.String()] = o
	var cases []matrixCase
	for _, r := range o.requests {
		target := r.Path
		if r.Query != "" {
			target += "?" + r.Query
		}
		request := matrixRequest{r.Service, r.Method, target}
		m.absent[request] = r.Status == http.StatusNotFound
		kind := row.command + " " + anyRepository.ReplaceAllString(request.String(), "octo/*")
		if row.own {
			kind = row.String() + " " + kind
		}
		if m.seen[kind] {
			continue
		}
		m.seen[kind] = true
		for _, f := range matrixFaults() {
			if !f.writes || r.Method != http.MethodGet {
				cases = append(cases, matrixCase{row, request, f})
			}
		}
	}
	return cases
}

func (m *matrix) runAll(t *testing.T, cases []matrixCase) {
	t.Helper()
	var wg sync.WaitGroup
	slots := make(chan struct{}, matrixAtOnce)
	for _, c := range cases {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			o := m.runRow(t, c.row, c.request.fault(c.fault))
			for _, complaint := range m.judge(c, o) {
				t.Errorf("%s: %s\nexit code %d after %s\n%s%s", c, complaint, o.code, o.took, o.stdout, o.stderr)
			}
		})
	}
	wg.Wait()
	t.Logf("%d cases, %s after the beginning", len(cases), time.Since(m.began).Round(time.Second))
}

// effect is what the services hold: secrets by value, variables and environments by name, runs by status, groups.
func effect(st sandbox.State) string {
	var lines []string
	secrets := func(where string, byApp map[string]map[string]*sandbox.Secret) {
		for app, byName := range byApp {
			for name, s := range byName {
				lines = append(lines, where+" "+app+" "+name+" "+s.Value)
			}
		}
	}
	for owner, a := range st.GitHub["github.com"].Accounts {
		secrets(owner, a.Secrets)
		for name := range a.Variables {
			lines = append(lines, owner+" "+name)
		}
	}
	for repo, r := range st.GitHub["github.com"].Repositories {
		secrets(repo, r.Secrets)
		for name := range r.Variables {
			lines = append(lines, repo+" "+name)
		}
		for name, e := range r.Environments {
			lines = append(lines, repo+"@"+name)
			secrets(repo+"@"+name, map[string]map[string]*sandbox.Secret{"actions": e.Secrets})
			for variable := range e.Variables {
				lines = append(lines, repo+"@"+name+" "+variable)
			}
		}
	}
	for _, r := range st.Hex.Projects[matrixProject].Runs {
		lines = append(lines, "run "+r.Status)
	}
	slices.Sort(lines)
	return strings.Join(append(lines, fmt.Sprint(st.Hex.Lists)), "\n")
}

var (
	rateLimits = []string{"403 rate limit", "429", "429 with Retry-After"}
	// silent faults leave open what the service would have said.
	silent = []string{"time-out", "reset", "slow drip", "cut connection", "500", "502", "503", "redirect"}
	// names says which service failed, or what it was asked for.
	names = map[string]*regexp.Regexp{
		"github": regexp.MustCompile(`github\.com|GitHub`),
		"hex":    regexp.MustCompile(`127\.0\.0\.1|/(users/me|projects|groups)|Hex`),
	}
	nextStep = regexp.MustCompile(`(?i)\bgh [a-z]|[Cc]heck |[Ww]ait|[Aa]sk |[Tt]ry again|try again|run the (same )?command again|[Mm]ake a new token|[Aa]uthorize|[Gg]ive |[Ll]ook before|needs the permission|Only |set HEX_|add: --|-F sets|replace it|[Rr]un it again|look before`)
)

// notChecked begins the one line in which a push says what it could not look at.
const notChecked = "gh hex did not check all of this push: "

// judge says what a command did wrong under a fault.
func (m *matrix) judge(c matrixCase, o outcomeOf) []string {
	var out []string
	complain := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	text := o.stdout + o.stderr
	learned := m.learned[c.row.String()]
	complain(o.took > matrixBound, "it does not end in time")
	complain(len(o.requests) > len(learned.requests)+60, "it sends %d requests", len(o.requests))
	complain(!slices.Contains(m.allowed(c, o), o.code), "the exit code is not one of %v", m.allowed(c, o))
	complain(o.code != command.ExitOK && !names[c.request.service].MatchString(text), "it does not name what failed")
	complain(o.code != command.ExitOK && !nextStep.MatchString(text), "it names no next step")
	complain(holdsToken(text), "it shows a token")
	complain(o.leak != "", "a token stands in %s", o.leak)
	complain(len(o.strayed) > 0, "it goes to %v", o.strayed)
	complain(o.deleted > 0, "it deletes")
	complain(strings.Contains(text, "panic"), "it panics")
	complain(c.row.push && !c.isSpare() && strings.Count(o.stderr, notChecked) != 1, "it does not say once what was not checked")
	return append(out, halfDone(c, o)...)
}

// halfDone says what was done that should not have been done without the rest.
func halfDone(c matrixCase, o outcomeOf) []string {
	var out []string
	accepted, starts := false, 0
	for _, r := range o.requests {
		reading := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Path == "/graphql" // which only asks
		spoilt := c.request.service == "hex" && r.Service == "hex" && r.Method == c.request.method && strings.HasPrefix(c.request.target, r.Path)
		switch {
		case r.Service == "hex" && reading && r.Status == http.StatusOK && !spoilt:
			accepted = true
		case r.Service == "github" && !reading && !accepted && !strings.HasSuffix(r.Path, "/dispatches"): // which stores nothing
			out = append(out, "it writes to GitHub before Hex accepted the token: "+r.Method+" "+r.Path)
		case r.Service == "hex" && r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/runs"):
			starts++
		}
	}
	if starts > 1 && !strings.HasPrefix(c.fault.name, "429") && c.fault.name != "503" && c.row.command != "verify" {
		out = append(out, "it starts a run twice")
	}
	if o.changed != "" && c.row.command != "init" && (c.row.command != "auth" || !o.stored) { // init stores nothing, and asks only what to write
		out = append(out, "it changes files although nothing is stored: "+o.changed)
	}
	return out
}

// allowed are the exit codes that tell the truth.
func (m *matrix) allowed(c matrixCase, o outcomeOf) []int {
	spare := c.isSpare()
	read := c.request.method == http.MethodGet
	var codes []int
	if c.row.push {
		return []int{command.ExitOK} // a push waits for nobody, and the matrix pushes nothing that is wrong
	}
	switch {
	case c.fault.name == "lost answer" && c.request.service == "github" && o.effect == m.learned[c.row.String()].effect:
		return []int{command.ExitOK} // what GitHub holds afterwards tells that it took effect
	case c.row.input && c.request.service == "hex" && c.fault.name == "401": // a rejected token replaces no good one
	case spare, m.absent[c.request] && slices.Contains([]string{"404", "cut connection", "slow drip"}, c.fault.name):
		codes = []int{command.ExitOK, command.ExitProblem} // the head of the answer says already that there is none
	case read && c.fault.name == "404" && absence.MatchString(c.request.target):
		codes = []int{command.ExitOK}
	case !read && o.effect == m.learned[c.row.String()].effect:
		codes = []int{command.ExitOK} // it took effect, and that was found out
	}
	switch judging := c.row.command == "verify" || c.row.command == "auth status"; {
	case judging && c.request.service == "hex" && strings.HasPrefix(c.fault.name, "403"):
		return append(codes, command.ExitProblem, command.ExitUnknown) // Hex has one kind of 403
	case judging && c.request.target == "/repos/octo/analytics" || strings.Contains(c.row.args, "--org"):
		return append(codes, command.ExitProblem, command.ExitUnknown, command.ExitAuth)
	case judging && slices.Contains(append(silent, rateLimits...), c.fault.name):
		return append(codes, command.ExitUnknown)
	case judging:
		return append(codes, command.ExitProblem, command.ExitUnknown, command.ExitAuth)
	case c.fault.name == "401":
		return append(codes, command.ExitAuth, command.ExitProblem)
	case strings.Contains(c.row.args, "--watch") || c.row.command == "run watch":
		return append(codes, command.ExitProblem, command.ExitUnknown)
	}
	return append(codes, command.ExitProblem)
}

// absence is what may be missing: 404 is an answer.
var absence = regexp.MustCompile(`/(secrets|variables|environments)/[A-Za-z_]+$|/users/me$`)
