//go:build linux

package extension

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// fleetKind is a repository out of the tables of cases: what it holds, and what GitHub stores for it.
type fleetKind struct {
	name  string
	files map[string]string
	setup []string
}

// fleetKinds reads the cases of package workflow; those that are about flags, or about places that cannot be listed, say
// nothing here.
func fleetKinds(t *testing.T) []*fleetKind {
	t.Helper()
	archives, err := filepath.Glob("workflow/testdata/cases/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var kinds []*fleetKind
	byName := map[string]*fleetKind{}
	for _, path := range archives {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range archive.Files {
			of, file, _ := strings.Cut(f.Name, "/")
			name := strings.TrimSuffix(filepath.Base(path), ".txtar") + "-" + of
			k := byName[name]
			if k == nil {
				k = &fleetKind{name: name, files: map[string]string{}}
				kinds, byName[name] = append(kinds, k), k
			}
			switch {
			case file == "setup":
				k.setup = strings.FieldsFunc(string(f.Data), func(r rune) bool { return r == '\n' })
			case file == "want":
			case strings.Contains(file, "/"):
				k.files[file] = string(f.Data)
			default:
				k.files[".github/workflows/"+file] = string(f.Data)
			}
		}
	}
	odd := regexp.MustCompile(`^(all|offline|secret:|host:|default branch)|\?$|^organization dependabot`)
	return slices.DeleteFunc(kinds, func(k *fleetKind) bool {
		return slices.ContainsFunc(k.setup, odd.MatchString)
	})
}

// entries reads "A B=value".
func entries(text string) map[string]*sandbox.Secret {
	out := map[string]*sandbox.Secret{}
	for _, field := range strings.Fields(text) {
		name, value, _ := strings.Cut(field, "=")
		out[name] = &sandbox.Secret{Value: value}
	}
	return out
}

// addTo stores the kind as a repository of octo; false when the world holds something else in its place already.
func (k *fleetKind) addTo(h *sandbox.Host) bool {
	r := &sandbox.Repository{Private: true, ForbidForking: true, Secrets: map[string]map[string]*sandbox.Secret{}, Environments: map[string]*sandbox.Environment{}}
	files := map[string]string{}
	for name, text := range k.files {
		remote, elsewhere := strings.CutPrefix(name, "remote/")
		if !elsewhere {
			files[name] = text
			continue
		}
		where, ref, _ := strings.Cut(remote, "@")
		parts := strings.SplitN(where, "/", 3)
		if !addRemote(h, parts[0]+"/"+parts[1], ref, parts[2], text) {
			return false
		}
	}
	shared := map[string]map[string]*sandbox.Secret{}
	for _, line := range k.setup {
		what, value, _ := strings.Cut(line, ":")
		words := strings.Fields(what)
		switch {
		case what == "public":
			r.Private = false
		case what == "forks":
			r.ForbidForking = false
		case what == "crlf" || what == "bom":
			for name, text := range files {
				files[name] = map[string]string{"crlf": strings.ReplaceAll(text, "\n", "\r\n"), "bom": "\ufeff" + text}[what]
			}
		case what == "secrets":
			r.Secrets["actions"] = entries(value)
		case what == "dependabot secrets":
			r.Secrets["dependabot"] = entries(value)
			files[".github/dependabot.yml"] = "version: 2\n"
		case what == "vars":
			r.Variables = entries(value)
		case words[0] == "organization":
			shared[words[1]] = entries(value)
		case what == "environments":
			for _, name := range strings.Fields(value) {
				r.Environments[name] = &sandbox.Environment{}
			}
		case words[0] == "environment":
			e := r.Environments[words[1]]
			if e == nil {
				e = &sandbox.Environment{}
				r.Environments[words[1]] = e
			}
			if words[2] == "secrets" {
				e.Secrets = entries(value)
			} else {
				e.Variables = entries(value)
			}
		}
	}
	octo := h.Accounts["octo"]
	for kind, list := range shared {
		target := octo.Variables
		if kind == "secrets" {
			target = octo.Secrets["actions"]
		}
		for name, e := range list {
			if there := target[name]; there != nil && there.Value != e.Value {
				return false
			}
		}
		for name, e := range list {
			if target[name] == nil {
				e.Visibility = "selected"
				target[name] = e
			}
			target[name].Repositories = append(target[name].Repositories, "octo/"+k.name)
		}
	}
	r.Files = map[string]map[string]string{"main": files}
	h.Repositories["octo/"+k.name] = r
	return true
}

func addRemote(h *sandbox.Host, name, ref, path, text string) bool {
	r := h.Repositories[name]
	if r == nil {
		r = &sandbox.Repository{Archived: true, Files: map[string]map[string]string{}}
		h.Repositories[name] = r
	}
	if r.Files[ref] == nil {
		r.Files[ref] = map[string]string{}
	}
	if there, found := r.Files[ref][path]; found && there != text {
		return false
	}
	r.Files[ref][path] = text
	return true
}

// fleetWorld is a world whose organization octo is filled by the test.
func (m *matrix) fleetWorld(t *testing.T) *matrixWorld {
	t.Helper()
	w := m.newWorld(t, false)
	t.Cleanup(w.close)
	w.box.Update(func(st *sandbox.State) {
		st.GitHub["github.com"].Repositories = map[string]*sandbox.Repository{}
		st.GitHub["github.com"].Accounts["octo"] = &sandbox.Account{Secrets: map[string]map[string]*sandbox.Secret{"actions": {}}, Variables: map[string]*sandbox.Variable{}}
	})
	return w
}

// run runs a command in a folder, without anything in its environment.
func (w *matrixWorld) run(ctx context.Context, dir string, env map[string]string, args ...string) (code int, stdout, stderr string) {
	out, errOut := &bytes.Buffer{}, &bytes.Buffer{}
	p := &command.Process{
		Streams:  &console.Streams{In: strings.NewReader(""), Out: &console.StickyWriter{W: out}, Err: errOut, Width: 100},
		Getenv:   func(name string) string { return env[name] },
		Dir:      dir,
		Now:      time.Now,
		Patience: matrixPatience,
	}
	code = execute(context.WithValue(ctx, matrixWorldKey{}, w), p, args)
	return code, out.String(), errOut.String()
}

// judgedRepository is a repository in the output of --json.
type judgedRepository struct {
	Repository string
	Status     check.Status
	Message    string
	NeedsToken bool
	Checks     check.Report
	Unread     []string
}

func (w *matrixWorld) fleet(t *testing.T, args ...string) (int, map[string]judgedRepository, string) {
	t.Helper()
	code, stdout, stderr := w.run(t.Context(), filepath.Join(w.dir, "work"), nil,
		append([]string{"verify", "--json", "repository,status,message,needsToken,checks,unread"}, args...)...)
	var list []judgedRepository
	if err := json.Unmarshal([]byte(stdout), &list); err != nil && stdout != "" {
		t.Fatalf("%v: %s%s", err, stdout, stderr)
	}
	byName := map[string]judgedRepository{}
	for _, r := range list {
		byName[r.Repository] = r
	}
	return code, byName, stderr
}

// cloneOf makes the work tree of a repository.
func cloneOf(t *testing.T, dir, name string, files map[string]string) {
	t.Helper()
	for path, text := range files {
		full := filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"init", "-q", "-b", "main", "--template="}, {"remote", "add", "origin", "https://github.com/octo/" + name + ".git"}, {"add", "-A"},
		{"-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "--allow-empty", "-m", "Start"},
		{"update-ref", "refs/remotes/origin/main", "HEAD"},
	} {
		if out, err := exec.Command("git", append([]string{"-C", dir}, args...)...).CombinedOutput(); err != nil {
			t.Fatalf("git %s: %v: %s", args, err, out)
		}
	}
}

// comparable leaves of a report what a fleet judges too.
func comparableReport(report check.Report, name string) check.Report {
	groups := map[string]check.Group{}
	for _, c := range inspect.Catalogue() {
		groups[c.ID] = c.Group
	}
	var out check.Report
	for _, r := range report {
		switch groups[r.ID] {
		case check.GroupGitHub, check.GroupWorkflows, check.GroupHex:
		default:
			continue
		}
		if r.ID == "push-scope" {
			continue
		}
		r.Message = regexp.MustCompile(`last set [^,)]*`).ReplaceAllString(r.Message, "last set then") // a loaded machine takes minutes in between
		plain := func(text string) string { return strings.ReplaceAll(text, " -R octo/"+name, "") }
		r.ElapsedMS, r.Message, r.Fix = 0, plain(r.Message), plain(r.Fix)
		for n, f := range r.Findings {
			r.Findings[n].Message, r.Findings[n].Fix = plain(f.Message), plain(f.Fix)
		}
		out = append(out, r)
	}
	return out
}

// A repository is judged alike from GitHub alone, by itself or among others, and in a clean clone of it.
func TestFleetJudgesAsInAClone(t *testing.T) {
	if testing.Short() {
		t.Skip("runs a command for each repository")
	}
	m := newMatrix(t)
	w := m.fleetWorld(t)
	kinds := fleetKinds(t)
	stride := max(1, len(kinds)/90)
	w.box.Update(func(st *sandbox.State) {
		n := 0
		kinds = slices.DeleteFunc(kinds, func(k *fleetKind) bool {
			n++
			// Those that need the list of all files are always among them.
			return n%stride != 0 && !strings.HasPrefix(k.name, "hex-toolkit-") || !k.addTo(st.GitHub["github.com"])
		})
	})
	if len(kinds) < 60 {
		t.Fatalf("%d kinds of repositories", len(kinds))
	}
	_, fleet, stderr := w.fleet(t, "--org", "octo")
	if len(fleet) != len(kinds) {
		t.Fatalf("%d of %d repositories: %s", len(fleet), len(kinds), stderr)
	}
	using := 0
	var mu sync.Mutex
	slots := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for _, k := range kinds {
		wg.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			dir := t.TempDir()
			own := maps.Clone(w.box.State().GitHub["github.com"].Repositories["octo/"+k.name].Files["main"])
			cloneOf(t, dir, k.name, own)
			_, stdout, stderr := w.run(t.Context(), dir, nil, "verify", "--json", "id,title,status,message,fix,findings")
			var here check.Report
			if err := json.Unmarshal([]byte(stdout), &here); err != nil {
				t.Errorf("%s: %v %s%s", k.name, err, stdout, stderr)
				return
			}
			here = comparableReport(here, k.name)
			there := comparableReport(fleet["octo/"+k.name].Checks, k.name)
			mu.Lock()
			defer mu.Unlock()
			if fleet["octo/"+k.name].NeedsToken {
				using++
				compareReports(t, k.name, there, here)
				return
			}
			for _, r := range here {
				if r.Status != check.StatusOK && r.Status != check.StatusSkipped && r.ID != "secret-stored" {
					t.Errorf("%s uses no Hex, and a clone says %s: %s", k.name, r.ID, r.Message)
				}
			}
		})
	}
	wg.Wait()
	t.Logf("%d kinds, %d of them use Hex", len(kinds), using)
	if using < 60 {
		t.Errorf("only %d kinds use Hex", using)
	}
}

func compareReports(t *testing.T, name string, got, want check.Report) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%s: %d checks, want %d", name, len(got), len(want))
		return
	}
	for n := range want {
		if !reflect.DeepEqual(got[n], want[n]) {
			t.Errorf("%s:\n from GitHub %s\n in a clone  %s", name, asText(got[n]), asText(want[n]))
		}
	}
}

func asText(r check.Result) string {
	return fmt.Sprintf("%s %s %q %q %+v", r.ID, r.Status, r.Message, r.Fix, r.Findings)
}

const hexJob = `
    runs-on: ubuntu-latest
    steps:
      - run: hex project list
        env:
          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
          HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL }}
`

// smallFleet is an organization with one repository of each kind that takes requests of its own.
func smallFleet(st *sandbox.State) {
	h := st.GitHub["github.com"]
	token := func() map[string]map[string]*sandbox.Secret {
		return map[string]map[string]*sandbox.Secret{"actions": {"HEX_API_TOKEN": {Value: "x"}}}
	}
	host := func() map[string]*sandbox.Variable {
		return map[string]*sandbox.Variable{"HEX_WORKSPACE_URL": {Value: "https://app.hex.tech"}}
	}
	files := func(list ...string) map[string]map[string]string {
		of := map[string]string{}
		for n := 0; n < len(list); n += 2 {
			of[list[n]] = list[n+1]
		}
		return map[string]map[string]string{"main": of}
	}
	const workflow = ".github/workflows/hex.yml"
	h.Repositories = map[string]*sandbox.Repository{
		"octo/fine":  {Secrets: token(), Variables: host(), Files: files(workflow, "on: push\njobs:\n  a:"+hexJob)},
		"octo/bare":  {Variables: host(), Files: files(workflow, "on: push\njobs:\n  a:"+hexJob)},
		"octo/none":  {Files: files("README.md", "x")},
		"octo/holds": {Secrets: token(), Files: files(".github/workflows/test.yml", "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: make\n")},
		"octo/environment": {Private: true, Variables: host(), Environments: map[string]*sandbox.Environment{"prod": {Secrets: map[string]*sandbox.Secret{"HEX_API_TOKEN": {Value: "x"}}}},
			Files: files(workflow, "on: push\njobs:\n  a:\n    environment: prod"+hexJob, ".github/dependabot.yml", "version: 2\n")},
		"octo/action": {Secrets: token(), Variables: host(), Files: files(workflow, "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: ./refresh\n        with:\n          token: ${{ secrets.HEX_API_TOKEN }}\n",
			"refresh/action.yaml", "inputs:\n  token:\nruns:\n  using: composite\n  steps:\n    - run: hex project list\n      shell: bash\n      env:\n        HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}\n")},
		"octo/toolkit": {Secrets: token(), Variables: host(), Files: files("hex_context.config.json", `{"guides": [{"path": "a.md"}]}`, "a.md", "# A\n", workflow,
			"on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: actions/checkout@v4\n      - uses: hex-inc/action-context-toolkit@v2\n        with:\n          token: ${{ secrets.HEX_API_TOKEN }}\n")},
		"octo/linked":  {Secrets: token(), Variables: host(), Links: map[string]string{workflow: "../../hex.yml"}, Files: files("hex.yml", "on: push\njobs:\n  a:"+hexJob)},
		"octo/calling": {Secrets: token(), Variables: host(), Files: files(workflow, "on: push\njobs:\n  a:\n    uses: octo/shared/.github/workflows/call.yml@v1\n    secrets: inherit\n")},
		"octo/shared":  {Archived: true, Files: map[string]map[string]string{"v1": {".github/workflows/call.yml": "on: workflow_call\njobs:\n  a:" + hexJob}}},
	}
}

// With each request failing in turn a repository is judged as it is, or said to be unknown; nothing is taken for in order
// that was not seen, and the exit code says so.
func TestFleetWithOneRequestFailing(t *testing.T) {
	m := newMatrix(t)
	w := m.fleetWorld(t)
	w.box.Update(smallFleet)
	code, whole, stderr := w.fleet(t, "--org", "octo")
	if code != command.ExitProblem || len(whole) != 9 || whole["octo/bare"].Status != check.StatusError {
		t.Fatalf("exit code %d, %d repositories: %s", code, len(whole), stderr)
	}
	for name, want := range map[string]check.Status{"fine": "ok", "none": "ok", "holds": "ok", "environment": "warning", "action": "error", "toolkit": "ok", "linked": "ok", "calling": "ok"} {
		if got := whole["octo/"+name]; got.Status != want {
			t.Errorf("%s is %s: %s", name, got.Status, got.Message)
		}
	}
	if got := whole["octo/holds"]; len(got.Unread) != 1 || got.NeedsToken || len(whole["octo/calling"].Unread) != 0 {
		t.Errorf("what nothing reads: %v, %v", got.Unread, whole["octo/calling"].Unread)
	}
	requests := w.box.Requests()
	seen := map[string]int{}
	for _, r := range requests {
		key := r.Method + " " + r.Path
		if seen[key]++; seen[key] > 1 && r.Path != "/graphql" {
			t.Errorf("asked %d times: %s", seen[key], key)
		}
		for n, fault := range []sandbox.Fault{{HTML: true}, {Status: 403, Body: `{"message":"Resource not accessible"}`}} {
			if n == 1 && strings.Contains(r.Path, "octo/shared") {
				continue // a called workflow that may not be read is a note
			}
			fault.Regexp = "^" + regexp.QuoteMeta(r.Path) + `(\?|$)`
			if r.Path == "/graphql" {
				fault.Skip, fault.Times = seen[key]-1, 1
			}
			fw := m.fleetWorld(t)
			fw.box.Update(smallFleet)
			if err := fw.box.AddFaults(fault); err != nil {
				t.Fatal(err)
			}
			code, got, stderr := fw.fleet(t, "--org", "octo")
			w.wantUnknown(t, fmt.Sprintf("%s %s, fault %d", r.Method, r.Path, n), whole, got, code, stderr)
		}
	}
}

func (w *matrixWorld) wantUnknown(t *testing.T, what string, whole, got map[string]judgedRepository, code int, stderr string) {
	t.Helper()
	if len(got) == 0 && strings.HasSuffix(strings.SplitN(what, ",", 2)[0], "/orgs/octo/repos") {
		if code == command.ExitOK || stderr == "" {
			t.Errorf("%s: exit code %d, %q", what, code, stderr)
		}
		return
	}
	if len(got) != len(whole) {
		t.Errorf("%s: %d repositories", what, len(got))
	}
	for name, r := range got {
		as := whole[name]
		for n := range r.Checks {
			r.Checks[n].ElapsedMS = 0
		}
		for n := range as.Checks {
			as.Checks[n].ElapsedMS = 0
		}
		if !reflect.DeepEqual(r, as) && r.Status == check.StatusOK {
			t.Errorf("%s: %s is ok", what, name)
		}
		if r.Status == check.StatusUnknown && code != command.ExitProblem && code != command.ExitUnknown {
			t.Errorf("%s: %s is unknown, exit code %d", what, name, code)
		}
	}
}

// A rate limit in mid-way is waited for, and what was answered before is not asked again.
func TestFleetWaitsForLimits(t *testing.T) {
	m := newMatrix(t)
	retry := map[string]string{"Retry-After": "1"}
	for name, limit := range map[string]func(*matrixWorld) error{
		"secondary": func(w *matrixWorld) error {
			return w.box.AddFaults(sandbox.Fault{Service: "github", Skip: 15, Times: 3, Status: 403, Body: `{"message":"You have exceeded a secondary rate limit."}`, Header: retry})
		},
		"secondary of queries": func(w *matrixWorld) error {
			return w.box.AddFaults(sandbox.Fault{Service: "github", Path: "/graphql", Skip: 1, Times: 1, Status: 403, Body: `{"message":"You have exceeded a secondary rate limit."}`, Header: retry})
		},
		"primary": func(w *matrixWorld) error {
			remaining := 60
			w.box.Update(func(st *sandbox.State) {
				st.GitHub["github.com"].Limits = &sandbox.Limits{Remaining: &remaining, ResetAfter: 1}
			})
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := m.fleetWorld(t)
			w.box.Update(smallFleet)
			w.box.Update(func(st *sandbox.State) {
				st.GitHub["github.com"].Generate = []*sandbox.Series{{Name: "octo/plain-*", Count: 40}}
			})
			if err := limit(w); err != nil {
				t.Fatal(err)
			}
			code, found, stderr := w.fleet(t, "--org", "octo")
			if code != command.ExitProblem || len(found) != 49 {
				t.Fatalf("exit code %d, %d repositories: %s", code, len(found), stderr)
			}
			for repo, r := range found {
				if r.Status == check.StatusUnknown {
					t.Errorf("%s is unknown: %s", repo, r.Message)
				}
			}
			if !strings.Contains(stderr, "GitHub's rate limit is reached; going on at ") {
				t.Errorf("nothing is said of the limit: %q", stderr)
			}
			answered, refused := map[string]int{}, 0
			for _, r := range w.box.Requests() {
				key := r.Method + " " + r.Path + "?" + r.Query + " " + r.Body
				if r.Status == 403 {
					refused++
				} else if answered[key]++; answered[key] > 1 {
					t.Errorf("asked again although it was answered: %s", key)
				}
			}
			if refused == 0 || refused > matrixAtOnce {
				t.Errorf("%d requests were refused", refused)
			}
		})
	}
}
