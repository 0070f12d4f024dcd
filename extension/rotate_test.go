//go:build linux

package extension_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// rotating is a sandbox with an organization whose token is rotated.
type rotating struct {
	t      *testing.T
	box    *sandbox.Sandbox
	binary string
	env    []string
	token  string // the new one
}

func newRotating(t *testing.T, repositories map[string]*sandbox.Repository) *rotating {
	t.Helper()
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "hr")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	box, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { box.Close() })
	env, err := sandbox.GHEnv(dir, githubLogin)
	if err != nil {
		t.Fatal(err)
	}
	r := &rotating{
		t: t, box: box, binary: filepath.Join(bin, "gh-hex"),
		env:   append(env, "HEX_WORKSPACE_URL="+box.HexURL(), "DBUS_SESSION_BUS_ADDRESS=autolaunch:"),
		token: sandbox.NewToken(sandbox.Workspace, "new"),
	}
	box.Update(func(s *sandbox.State) {
		s.GitHub = map[string]*sandbox.Host{"github.com": {
			Logins:       map[string]*sandbox.Login{githubLogin: {User: "ada", Scopes: []string{"repo", "admin:org"}}},
			Accounts:     map[string]*sandbox.Account{"octo": {}},
			Repositories: repositories,
		}}
		s.Hex = &sandbox.Hex{Tokens: map[string]*sandbox.HexToken{"new": {Value: r.token, Kind: sandbox.Workspace}}}
	})
	return r
}

func oldSecret() *sandbox.Secret {
	return &sandbox.Secret{Value: "old", UpdatedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
}

func holding(apps ...string) map[string]map[string]*sandbox.Secret {
	secrets := map[string]map[string]*sandbox.Secret{}
	for _, app := range apps {
		secrets[app] = map[string]*sandbox.Secret{"HEX_API_TOKEN": oldSecret()}
	}
	return secrets
}

// manyRepositories have an Actions secret each.
func manyRepositories(n int) map[string]*sandbox.Repository {
	all := map[string]*sandbox.Repository{}
	for i := range n {
		all[fmt.Sprintf("octo/r%03d", i)] = &sandbox.Repository{Secrets: holding("actions")}
	}
	return all
}

// command is a rotation of all places of the organization.
func (r *rotating) command(flags ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(r.binary, append([]string{"rotate", "--with-token", "--all", "--org", "octo"}, flags...)...)
	cmd.Env, cmd.Dir = r.env, r.t.TempDir()
	cmd.Stdin = strings.NewReader(r.token + "\n")
	out := &bytes.Buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

func (r *rotating) run(flags ...string) (code int, out string) {
	cmd, buf := r.command(flags...)
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	if strings.Contains(buf.String(), r.token) {
		r.t.Errorf("the token stands in the output")
	}
	return cmd.ProcessState.ExitCode(), buf.String()
}

// labelOf names a stored secret as the command does.
func labelOf(s sandbox.StoredSecret) string {
	app := map[string]string{"actions": "Actions", "dependabot": "Dependabot", "codespaces": "Codespaces", "agents": "agents"}[s.App]
	switch {
	case s.Environment != "":
		return fmt.Sprintf("environment secret HEX_API_TOKEN of %s (environment %s)", s.Place, s.Environment)
	case !strings.Contains(s.Place, "/"):
		return fmt.Sprintf("%s organization secret HEX_API_TOKEN of %s", app, s.Place)
	}
	return fmt.Sprintf("%s secret HEX_API_TOKEN of %s", app, s.Place)
}

// rows are the statuses by label.
func rows(out string) map[string]string {
	all := map[string]string{}
	for line := range strings.Lines(out) {
		if fields := strings.Split(line, "\t"); len(fields) == 3 {
			all[fields[1]] = fields[0]
		}
	}
	return all
}

// left counts the places that do not hold the new token, and checks that what was said of each is true.
func (r *rotating) left(out string) int {
	r.t.Helper()
	said := rows(out)
	left := 0
	for _, s := range r.box.Secrets() {
		isNew := s.Value == r.token
		if !isNew {
			left++
		}
		label := labelOf(s)
		status, named := said[label]
		switch {
		case len(said) == 0: // it ended before it looked
		case !named:
			// The listing that would have shown it is what failed, and is named in its stead.
			if said["repositories of octo"] != "cannot tell" && said["environments of "+s.Place] != "cannot tell" {
				r.t.Errorf("%s is not named in:\n%s", label, out)
			}
		case status == "new" && !isNew, status == "old" && isNew, status != "new" && status != "old" && status != "cannot tell":
			r.t.Errorf("%s: said to be %s, holds the new token: %v\n%s", label, status, isNew, out)
		}
	}
	return left
}

// finishes runs again, without faults, and wants every place to be new.
func (r *rotating) finishes() {
	r.t.Helper()
	r.box.ClearFaults()
	if code, out := r.run(); code != 0 || r.left(out) > 0 {
		r.t.Errorf("second run: exit code %d\n%s", code, out)
	}
}

// writes counts the answers to PUT of secrets, by path.
func (r *rotating) writes(counts func(sandbox.Request) bool) map[string]int {
	all := map[string]int{}
	for _, q := range r.box.Requests() {
		if q.Method == http.MethodPut && counts(q) {
			all[q.Path]++
		}
	}
	return all
}

// oneOfEach has a place of every kind, and all that is looked up about them.
func oneOfEach(t *testing.T) *rotating {
	r := newRotating(t, map[string]*sandbox.Repository{"octo/a": {
		Secrets: holding("actions", "dependabot"),
		Environments: map[string]*sandbox.Environment{
			"prod/eu": {Secrets: holding("actions")["actions"]},
		},
		Files: map[string]map[string]string{"main": {".github/workflows/x.yml": "on: push\n"}},
	}})
	r.box.Update(func(s *sandbox.State) {
		secret := oldSecret()
		secret.Visibility, secret.Repositories = "selected", []string{"octo/a"}
		s.GitHub["github.com"].Accounts["octo"].Secrets = map[string]map[string]*sandbox.Secret{"actions": {"HEX_API_TOKEN": secret}}
	})
	return r
}

// TestRotateWalksFaults lets every single request of a rotation fail in every way, for good and once; without scripts/matrix
// every other one of them, in turn.
func TestRotateWalksFaults(t *testing.T) {
	t.Parallel()
	model := oneOfEach(t)
	if code, out := model.run(); code != 0 || model.left(out) != 0 {
		t.Fatalf("without faults: exit code %d\n%s", code, out)
	}
	type request struct{ service, method, path string }
	var requests []request
	for _, q := range model.box.Requests() {
		if at := (request{q.Service, q.Method, q.Path}); !slices.Contains(requests, at) {
			requests = append(requests, at)
		}
	}
	if len(requests) < 20 {
		t.Fatalf("only %d different requests", len(requests))
	}
	faults := []struct {
		name string
		sandbox.Fault
	}{
		{"reset", sandbox.Fault{Reset: true}},
		{"500", sandbox.Fault{Status: 500}},
		{"403", sandbox.Fault{Status: 403}},
		{"404", sandbox.Fault{Status: 404}},
		{"time-out", sandbox.Fault{DelayMS: 600_000}},
		{"reset once", sandbox.Fault{Reset: true, Times: 1}},
		{"answer lost", sandbox.Fault{Close: true, Apply: true, Times: 1}},
	}
	together := newTogether(t, 24)
	for i, at := range requests {
		for j, f := range faults {
			if (i+j)%2 == 1 && os.Getenv("GH_HEX_MATRIX") != "all" {
				continue
			}
			name, fault := f.name, f.Fault
			fault.Service, fault.Method, fault.Path = at.service, at.method, at.path
			together.run(fmt.Sprintf("%s %s %s", name, at.method, at.path), func(t *testing.T) { walk(t, fault) })
		}
	}
	together.Wait()
}

// together runs subtests at the same time. Those that wait for time to pass are worth more of it than there are
// processors, which is what t.Parallel allows.
type together struct {
	sync.WaitGroup
	t     *testing.T
	slots chan struct{}
}

func newTogether(t *testing.T, atOnce int) *together {
	return &together{t: t, slots: make(chan struct{}, atOnce)}
}

func (g *together) run(name string, test func(t *testing.T)) {
	g.slots <- struct{}{}
	g.Go(func() {
		defer func() { <-g.slots }()
		g.t.Run(name, test)
	})
}

func walk(t *testing.T, fault sandbox.Fault) {
	r := oneOfEach(t)
	if err := r.box.AddFaults(fault); err != nil {
		t.Fatal(err)
	}
	var flags []string
	if fault.DelayMS > 0 {
		flags = []string{"--timeout", "2s"}
	}
	code, out := r.run(flags...)
	left := r.left(out)
	said := rows(out)
	// On a busy machine the time may be over before Hex has answered.
	unasked := fault.Service == "hex" && fault.Times == 0 || fault.DelayMS > 0
	if unasked && len(said) == 0 {
		if code == 0 || len(r.writes(func(sandbox.Request) bool { return true })) > 0 {
			t.Errorf("exit code %d without Hex's word\n%s", code, out)
		}
		r.finishes()
		return
	}
	allNew := !slices.ContainsFunc(mapValues(said), func(s string) bool { return s != "new" })
	if (code == 0) != (allNew && left == 0) || code > 1 || len(said) == 0 {
		t.Errorf("exit code %d, %d places left\n%s", code, left, out)
	}
	if fault.Times == 1 {
		if code != 0 {
			t.Errorf("one failure is not overcome\n%s", out)
		}
		for path, n := range r.writes(func(q sandbox.Request) bool { return fault.Apply || q.Status != 0 }) {
			if n != 1 {
				t.Errorf("%d writes of %s", n, path)
			}
		}
		return
	}
	if left > 0 {
		r.finishes()
	}
}

func mapValues(m map[string]string) []string {
	var out []string
	for _, v := range m {
		out = append(out, v)
	}
	return out
}

// TestRotateInterrupted stops a rotation at random points. Whatever it says is true, and a second run finishes.
func TestRotateInterrupted(t *testing.T) {
	t.Parallel()
	together := newTogether(t, 6)
	defer together.Wait()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a seed that can be repeated
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGKILL} {
		for range 6 {
			at := random.IntN(150)
			together.run(fmt.Sprintf("%v after %d requests", signal, at), func(t *testing.T) {
				r := newRotating(t, manyRepositories(12))
				r.box.Update(func(s *sandbox.State) { s.DelayMS = 20 })
				cmd, out := r.command()
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				ended := make(chan error, 1)
				go func() { ended <- cmd.Wait() }()
				r.await(at, ended)
				_ = cmd.Process.Signal(signal)
				err := <-ended
				if signal != syscall.SIGKILL {
					left := r.left(out.String())
					if code := cmd.ProcessState.ExitCode(); code != 2 && (code != 0 || left > 0) {
						t.Errorf("exit code %d (%v)\n%s", code, err, out)
					}
					if strings.Contains(out.String(), "cannot tell\t") {
						t.Errorf("a write under way was not finished\n%s", out)
					}
				}
				r.finishes()
			})
		}
	}
}

// await returns when the sandbox has seen n requests. The command may end before.
func (r *rotating) await(n int, ended chan error) {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(r.box.Requests()) < n {
		select {
		case err := <-ended:
			ended <- err
			return
		case <-tick.C:
		}
	}
}

// TestRotateObeysLimits has GitHub refuse requests for a while: every place ends new, and none is written twice.
func TestRotateObeysLimits(t *testing.T) {
	t.Parallel()
	remaining := 150
	tests := map[string]struct {
		limits  sandbox.Limits
		refused int // at most
	}{
		"none above 30 at once":      {sandbox.Limits{Concurrent: 30, Status: 429, RetryAfter: 1}, 0},
		"none above 20 at once":      {sandbox.Limits{Concurrent: 20, Status: 429, RetryAfter: 1}, 0},
		"a secondary limit mid-way":  {sandbox.Limits{Writes: 15, WindowMS: 900, RetryAfter: 1}, 3 * (20 + 2)},
		"a primary limit mid-way":    {sandbox.Limits{Remaining: &remaining, ResetAfter: 2}, 3 * (20 + 2)},
		"a limit on writes, by 429s": {sandbox.Limits{Writes: 15, WindowMS: 900, RetryAfter: 1, Status: 429}, 3 * (20 + 2)},
	}
	together := newTogether(t, len(tests))
	defer together.Wait()
	for name, tt := range tests {
		together.run(name, func(t *testing.T) {
			r := newRotating(t, manyRepositories(30))
			r.box.Update(func(s *sandbox.State) { s.GitHub["github.com"].Limits = &tt.limits; s.DelayMS = 5 })
			code, out := r.run()
			if code != 0 || r.left(out) > 0 {
				t.Errorf("exit code %d\n%s", code, out)
			}
			refused := 0
			for _, q := range r.box.Requests() {
				if q.Status == 403 || q.Status == 429 {
					refused++
				}
			}
			if refused > tt.refused || tt.refused > 0 && (refused == 0 || !strings.Contains(out, "rate limit is reached; going on at")) {
				t.Errorf("%d requests refused, at most %d wanted\n%s", refused, tt.refused, out)
			}
			if peak := r.box.MaxConcurrent("github"); peak > 20 {
				t.Errorf("%d requests at once", peak)
			}
			for path, n := range r.writes(func(q sandbox.Request) bool { return q.Status < 300 }) {
				if n != 1 {
					t.Errorf("%s was written %d times", path, n)
				}
			}
		})
	}
}

// TestRotatePages looks through an organization whose repositories fill four pages; only the last one holds the secret.
func TestRotatePages(t *testing.T) {
	t.Parallel()
	repositories := map[string]*sandbox.Repository{}
	for i := range 130 { // as many more would have to wait for the next minute
		repositories[fmt.Sprintf("octo/r%04d", i)] = &sandbox.Repository{}
	}
	repositories["octo/r0129"].Secrets = holding("actions")
	r := newRotating(t, repositories)
	r.box.Update(func(s *sandbox.State) { s.GitHub["github.com"].PageSize = 40 })
	code, out := r.run()
	if code != 0 || r.left(out) > 0 || strings.Contains(out, "missing\t") || !strings.Contains(out, "In all: 1 new, 129 repositories without HEX_API_TOKEN.") {
		t.Errorf("exit code %d\n%.2000s", code, out)
	}
}

// TestRotateComparesHosts asks an organization once for what its repositories may take from it, and each of them only where
// it holds a host.
func TestRotateComparesHosts(t *testing.T) {
	t.Parallel()
	asked := func(r *rotating) (n int) {
		for _, q := range r.box.Requests() {
			if strings.HasSuffix(q.Path, "/actions/organization-variables") {
				n++
			}
		}
		return n
	}
	europe := map[string]*sandbox.Variable{"HEX_WORKSPACE_URL": {Value: "https://eu.hex.tech", Visibility: "selected", Repositories: []string{"octo/r001"}}}
	gone := sandbox.Fault{Service: "github", Regexp: "/repos/.*/actions/variables", Status: 404, Body: `{"message": "Not Found"}`}
	server := []string{"GH_HOST=ghe.example.com", "GH_ENTERPRISE_TOKEN=" + githubLogin}
	for name, tt := range map[string]struct {
		held  map[string]*sandbox.Variable
		fault sandbox.Fault
		asked int
		want  string
		env   []string
	}{
		"no host":      {map[string]*sandbox.Variable{}, sandbox.Fault{Path: "/none"}, 0, "In all: 3 new.", nil},
		"one for some": {europe, sandbox.Fault{Path: "/none"}, 3, "of octo/r001\tits variable HEX_WORKSPACE_URL names another host, https://eu.hex.tech", nil},
		"no answer":    {europe, sandbox.Fault{Service: "github", Path: "/orgs/octo/actions/variables", Status: 403}, 3, "of octo/r001\tits variable HEX_WORKSPACE_URL names another host, https://eu.hex.tech", nil},
		"no variables": {map[string]*sandbox.Variable{}, gone, 0, "In all: 3 new.", server},
		"hidden":       {map[string]*sandbox.Variable{}, gone, 0, "In all: 3 old.", nil},
	} {
		r := newRotating(t, manyRepositories(3))
		r.env = append(r.env, tt.env...)
		r.box.Update(func(s *sandbox.State) {
			s.GitHub["github.com"].Accounts["octo"].Variables = tt.held
			s.GitHub["ghe.example.com"] = s.GitHub["github.com"]
		})
		if err := r.box.AddFaults(tt.fault); err != nil {
			t.Fatal(err)
		}
		if _, out := r.run(); !strings.Contains(out, tt.want) || asked(r) != tt.asked {
			t.Errorf("%s: %d repositories were asked, want %d\n%s", name, asked(r), tt.asked, out)
		}
	}
}
