//go:build linux

package extension_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// The scripts in testdata/script drive the real gh and the real git against the sandbox. Each one ends with a search
// for its tokens in everything that it printed, wrote, or passed to a child as an argument.
//
// Tokens by name are in files below $TOKENS: good (personal, read and run), workspace, readless, reader,
// expiring, revoked.

// githubLogin is gh's own token in the scripts.
const githubLogin = "ghp_sandboxlogin0000000000000000000000"

// builtVersion is stamped into the extension as into a release: what it writes into workflows is pinned to it.
const builtVersion = "1.2.3"

// missing is an error that names the programs that the scripts need and this machine lacks.
func missing() error {
	var names []string
	for _, name := range []string{"gh", "git", "dbus-run-session", "gnome-keyring-daemon"} {
		if _, err := exec.LookPath(name); err != nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("the scripts drive the real gh and a real keyring, and this machine has no %s: scripts/test installs what is missing", strings.Join(names, ", no "))
}

// build is the folder of the extension, for what drives it with the real gh.
func build() (string, error) {
	if err := missing(); err != nil {
		return "", err
	}
	return compiled()
}

// compiled builds the extension once, as a release does, in a folder named gh-hex: that is what gh wants of a local extension.
var compiled = sync.OnceValues(func() (string, error) { //nolint:gochecknoglobals // one build for all scripts
	base, err := os.MkdirTemp("", "hexbuild")
	if err != nil {
		return "", err
	}
	dir := filepath.Join(base, "gh-hex")
	cmd := exec.Command("go", "build", "-ldflags=-s -w -X github.com/gh-hex/gh-hex/extension/command.Version="+builtVersion, "-o", filepath.Join(dir, "gh-hex"), "github.com/gh-hex/gh-hex")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return dir, nil
})

func TestScripts(t *testing.T) {
	runScripts(t, "testdata/script")
}

func runScripts(t *testing.T, dir string) {
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               func(env *testscript.Env) error { return setUp(env, bin, dir) },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sandbox":  cmdSandbox,
			"requests": cmdRequests,
			"body":     cmdBody,
			"stored":   cmdStored,
			"repo":     cmdRepo,
			"tokenenv": cmdTokenEnv,
			"dotenv":   cmdDotenv,
			"status":   cmdStatus,
			"terminal": cmdTerminal,
			"orphan":   cmdOrphan,
			"left":     cmdLeft,
			"example":  cmdExample,
			"clean":    cmdClean,
			"covers":   cmdCovers,
			"release":  cmdRelease,
			"job":      cmdJob,
			"expires":  cmdExpires,
			"alike":    cmdAlike,
			"publish":  cmdPublish,
			"age":      cmdAge,
		},
	})
}

// world is what one script lives in.
type world struct {
	dir     string
	scripts string // the folder that the script is in
	box     *sandbox.Sandbox
	tokens  map[string]string
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

func setUp(env *testscript.Env, bin, scripts string) error {
	dir, err := os.MkdirTemp("/tmp", "hx") // short: the path of a socket ends at 104 bytes
	if err != nil {
		return err
	}
	env.Defer(func() { os.RemoveAll(dir) })
	box, err := sandbox.New(dir)
	if err != nil {
		return err
	}
	env.Defer(func() { box.Close() })
	w := &world{dir: dir, scripts: scripts, box: box}
	env.Values[worldKey{}] = w
	if err := w.furnish(); err != nil {
		return err
	}
	vars, err := sandbox.GHEnv(dir, githubLogin)
	if err != nil {
		return err
	}
	shims, err := writeShims(dir)
	if err != nil {
		return err
	}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		if name == "PATH" {
			value = shims + string(os.PathListSeparator) + value
		}
		env.Setenv(name, value)
	}
	if managers := os.Getenv("GH_HEX_MANAGERS"); managers != "" {
		offered, err := filepath.Abs("../.pre-commit-hooks.yaml")
		if err != nil {
			return err
		}
		env.Setenv("OFFERED", offered)
		env.Setenv("MANAGERS", managers)
		env.Setenv("PATH", env.Getenv("PATH")+string(os.PathListSeparator)+filepath.Join(managers, "now", "node_modules", ".bin"))
	}
	env.Setenv("TOKENS", filepath.Join(dir, "tokens"))
	env.Setenv("SANDBOX", dir)
	env.Setenv("HEX_WORKSPACE_URL", box.HexURL())
	env.Setenv("GIT_AUTHOR_NAME", "Ada")
	env.Setenv("GIT_AUTHOR_EMAIL", "ada@example.com")
	env.Setenv("GIT_COMMITTER_NAME", "Ada")
	env.Setenv("GIT_COMMITTER_EMAIL", "ada@example.com")
	return install(env, bin)
}

// install lets the real gh install the extension, as `gh extension install .` in a checkout does.
func install(env *testscript.Env, bin string) error {
	cmd := exec.Command("gh", "extension", "install", ".")
	cmd.Dir, cmd.Env = bin, env.Vars
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("gh extension install .: %w: %s", err, out)
	}
	return nil
}

// furnish gives the sandbox a repository, a login and Hex tokens of every sort.
func (w *world) furnish() error {
	exp := int64(4102444800)  // 2100-01-01
	soon := int64(1767225600) // replaced by scripts that care
	w.tokens = map[string]string{
		"good":      sandbox.NewToken(sandbox.Personal, "good"),
		"workspace": sandbox.NewToken(sandbox.Workspace, "workspace"),
		"readless":  sandbox.NewToken(sandbox.Workspace, "readless"),
		"reader":    sandbox.NewToken(sandbox.Workspace, "reader"),
		"revoked":   sandbox.NewToken(sandbox.Personal, "revoked"),
		"expiring":  sandbox.NewToken(sandbox.Workspace, "expiring"),
	}
	w.box.Update(func(s *sandbox.State) {
		s.GitHub = map[string]*sandbox.Host{"github.com": {
			Logins:       map[string]*sandbox.Login{githubLogin: {User: "ada"}},
			Accounts:     map[string]*sandbox.Account{"octo": {Type: "Organization"}, "ada": {Type: "User"}},
			Repositories: map[string]*sandbox.Repository{"octo/analytics": {}},
		}}
		s.Hex = &sandbox.Hex{
			ProjectCount: 30,
			Tokens: map[string]*sandbox.HexToken{
				"good":      {Value: w.tokens["good"], Kind: sandbox.Personal, Name: "Ada Lovelace", Email: "ada@example.com", Exp: &exp},
				"workspace": {Value: w.tokens["workspace"], Kind: sandbox.Workspace},
				"readless":  {Value: w.tokens["readless"], Kind: sandbox.Workspace, Scopes: []string{}},
				"reader":    {Value: w.tokens["reader"], Kind: sandbox.Workspace, Scopes: []string{"projects:read"}},
				"revoked":   {Value: w.tokens["revoked"], Kind: sandbox.Personal, Revoked: true},
				"expiring":  {Value: w.tokens["expiring"], Kind: sandbox.Workspace, Exp: &soon},
			},
		}
	})
	if err := os.Mkdir(filepath.Join(w.dir, "tokens"), 0o700); err != nil {
		return err
	}
	for name, value := range w.tokens {
		if err := os.WriteFile(filepath.Join(w.dir, "tokens", name), []byte(value+"\n"), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// writeShims puts programs in front of gh, git and ssh that note their arguments and become the real one.
func writeShims(dir string) (string, error) {
	shims := filepath.Join(dir, "bin")
	if err := os.Mkdir(shims, 0o700); err != nil {
		return "", err
	}
	for _, name := range []string{"gh", "git"} {
		real, err := exec.LookPath(name)
		if err != nil {
			return "", fmt.Errorf("the scripts need the real %s: %w", name, err)
		}
		shim := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"%s $*\" >>'%s/arguments'\nexec '%s' \"$@\"\n", name, dir, real)
		if err := os.WriteFile(filepath.Join(shims, name), []byte(shim), 0o700); err != nil {
			return "", err
		}
	}
	return shims, nil
}

// sandbox merge JSON | fault JSON | clear | reset | schedule: changes the state, adds a fault, takes faults away, forgets
// requests, has every scheduled check run.
func cmdSandbox(ts *testscript.TestScript, neg bool, args []string) {
	w := worldOf(ts)
	if neg || len(args) == 0 {
		ts.Fatalf("usage: sandbox merge|fault|clear|reset|schedule [JSON or file]")
	}
	var err error
	switch args[0] {
	case "merge":
		err = w.box.Merge(argument(ts, args))
	case "fault":
		var f sandbox.Fault
		if err = json.Unmarshal(argument(ts, args), &f); err == nil {
			err = w.box.AddFaults(f)
		}
	case "clear":
		w.box.ClearFaults()
	case "reset":
		w.box.ResetRequests()
	case "schedule":
		w.box.Schedule()
	default:
		ts.Fatalf("unknown: sandbox %s", args[0])
	}
	ts.Check(err)
}

func argument(ts *testscript.TestScript, args []string) []byte {
	if len(args) != 2 {
		ts.Fatalf("usage: sandbox %s JSON|FILE", args[0])
	}
	if strings.HasPrefix(args[1], "{") {
		return []byte(args[1])
	}
	return []byte(ts.ReadFile(args[1]))
}

// requests COUNT METHOD [PATH-REGEXP]: asserts how many such requests arrived; METHOD may be *.
func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 || len(args) > 3 {
		ts.Fatalf("usage: requests COUNT METHOD [PATH-REGEXP]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	pattern := regexp.MustCompile("")
	if len(args) == 3 {
		pattern = regexp.MustCompile(args[2])
	}
	var got []string
	for _, r := range worldOf(ts).box.Requests() {
		if (args[1] == "*" || r.Method == args[1]) && pattern.MatchString(r.Path) {
			got = append(got, r.Method+" "+r.Path)
		}
	}
	if len(got) != want {
		ts.Fatalf("%d requests, want %d:\n%s", len(got), want, strings.Join(got, "\n"))
	}
}

// body METHOD PATH-REGEXP BODY: asserts what the last such request carried.
func cmdBody(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: body METHOD PATH-REGEXP BODY")
	}
	pattern := regexp.MustCompile(args[1])
	got := "no such request"
	for _, r := range worldOf(ts).box.Requests() {
		if r.Method == args[0] && pattern.MatchString(r.Path) {
			got = strings.TrimSuffix(r.Body, "\n")
		}
	}
	if got != args[2] {
		ts.Fatalf("the body is %s, want %s", got, args[2])
	}
}

// stored PLACE APP NAME TOKEN: asserts that the sandbox decrypted exactly that token; ! stored PLACE APP NAME that there
// is no such secret. PLACE is OWNER/NAME, an organization, or OWNER/NAME@ENVIRONMENT.
func cmdStored(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: stored PLACE APP NAME [TOKEN]")
	}
	w := worldOf(ts)
	place, environment, _ := strings.Cut(args[0], "@")
	for _, s := range w.box.Secrets() {
		if s.Place != place || s.Environment != environment || s.App != args[1] || s.Name != args[2] {
			continue
		}
		if neg {
			ts.Fatalf("secret %s is stored for %s", args[2], args[0])
		}
		if want, known := w.tokens[args[3]]; s.Value != want && (known || s.Value != args[3]) {
			ts.Fatalf("secret %s of %s does not hold the token %s", args[2], args[0], args[3])
		}
		return
	}
	if !neg {
		ts.Fatalf("no secret %s is stored for %s", args[2], args[0])
	}
}

// repo DIR [REMOTE-REPOSITORY]: makes a git repository with one commit and the remote origin.
func cmdRepo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: repo DIR [OWNER/NAME]")
	}
	dir := ts.MkAbs(args[0])
	ts.Check(os.MkdirAll(dir, 0o755))
	remote := "octo/analytics"
	if len(args) > 1 {
		remote = args[1]
	}
	for _, command := range [][]string{
		{"init", "-q", "-b", "main"},
		{"add", "-A"},
		{"commit", "-q", "--allow-empty", "-m", "Start"},
		{"remote", "add", "origin", "https://github.com/" + remote + ".git"},
	} {
		ts.Check(ts.Exec("git", append([]string{"-C", dir}, command...)...))
	}
	ts.Check(ts.Chdir(dir))
}

// tokenenv [TOKEN]: sets HEX_API_TOKEN, or unsets it, without the value standing in the script's log.
func cmdTokenEnv(ts *testscript.TestScript, _ bool, args []string) {
	value := ""
	if len(args) > 0 {
		value = worldOf(ts).tokens[args[0]]
	}
	ts.Setenv("HEX_API_TOKEN", value)
}

// dotenv FILE TOKEN: writes a .env file that holds the token.
func cmdDotenv(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte("HEX_API_TOKEN="+worldOf(ts).tokens[args[1]]+"\n"), 0o600))
}

// status CODE COMMAND...: runs a command and asserts its exit code.
func cmdStatus(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: status CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
	clean(ts, "stdout", []byte(ts.ReadFile("stdout")))
	clean(ts, "stderr", []byte(ts.ReadFile("stderr")))
}

// publish FILE...: puts files of the work tree on the default branch of octo/analytics on GitHub.
func cmdPublish(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: publish FILE...")
	}
	worldOf(ts).box.Update(func(s *sandbox.State) {
		r := s.GitHub["github.com"].Repositories["octo/analytics"]
		files := map[string]string{}
		for _, name := range args {
			files[name] = ts.ReadFile(name)
		}
		r.Files = map[string]map[string]string{"main": files}
	})
}

// age DURATION: lets everything that was stored or ran on GitHub have happened so much earlier. Its times are whole seconds,
// so that a script would have to wait for a run to be younger than a secret.
func cmdAge(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: age DURATION")
	}
	by, err := time.ParseDuration(args[0])
	ts.Check(err)
	worldOf(ts).box.Update(func(s *sandbox.State) {
		for _, h := range s.GitHub {
			var all []map[string]*sandbox.Secret
			for _, a := range h.Accounts {
				all = slices.Concat(all, slices.Collect(maps.Values(a.Secrets)), []map[string]*sandbox.Secret{a.Variables})
			}
			for _, r := range h.Repositories {
				all = slices.Concat(all, slices.Collect(maps.Values(r.Secrets)), []map[string]*sandbox.Secret{r.Variables})
				for _, e := range r.Environments {
					all = append(all, e.Secrets, e.Variables)
				}
				for _, run := range r.WorkflowRuns {
					run.CreatedAt = run.CreatedAt.Add(-by)
				}
			}
			for _, entries := range all {
				for _, e := range entries {
					e.UpdatedAt = e.UpdatedAt.Add(-by)
				}
			}
		}
	})
}

// alike FILE: asserts that gh prints the same of the sandbox's document by this template with and without us: in a pipe,
// in color, and on terminals of three widths. With ! every line of the file is a template that has to fail for both.
func cmdAlike(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: [!] alike FILE")
	}
	file := ts.ReadFile(args[0])
	if neg {
		for template := range strings.Lines(file) {
			compareWithGH(ts, "", strings.TrimSuffix(template, "\n"), true)
		}
		return
	}
	for _, setting := range []string{"", "CLICOLOR_FORCE=1", "GH_FORCE_TTY=20", "GH_FORCE_TTY=50", "GH_FORCE_TTY=200"} {
		compareWithGH(ts, setting, file, false)
	}
}

func compareWithGH(ts *testscript.TestScript, setting, template string, fails bool) {
	if name, value, found := strings.Cut(setting, "="); found {
		defer ts.Setenv(name, ts.Getenv(name))
		ts.Setenv(name, value)
	}
	wantErr := ts.Exec("gh", "api", "document", "--template", template)
	want := ts.ReadFile("stdout")
	err := ts.Exec("gh", "hex", "api", "document", "--template", template)
	got := ts.ReadFile("stdout")
	if (err != nil) != fails || (wantErr != nil) != fails || got != want {
		ts.Fatalf("%s %s\ngh hex api: %q, %v\ngh api:     %q, %v", setting, template, got, err, want, wantErr)
	}
}

// clean [FILE...]: asserts that no token stands in the arguments of any child, nor in any file but those named.
func cmdClean(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: clean [FILE...]")
	}
	allowed := map[string]bool{}
	for _, a := range args {
		allowed[ts.MkAbs(a)] = true
	}
	w := worldOf(ts)
	for _, root := range []string{ts.Getenv("WORK"), w.dir} {
		ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() || allowed[path] || filepath.Dir(path) == filepath.Join(w.dir, "tokens") {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil {
				clean(ts, path, data)
			}
			return err
		}))
	}
	if deleted := w.box.Deleted(); len(deleted) > 0 {
		ts.Fatalf("something was deleted on GitHub: %s %s", deleted[0].Method, deleted[0].Path)
	}
}

func clean(ts *testscript.TestScript, where string, data []byte) {
	for name, token := range worldOf(ts).tokens {
		if bytes.Contains(data, []byte(token)) || bytes.Contains(data, []byte(token[8:40])) {
			ts.Fatalf("the token %s stands in %s", name, where)
		}
	}
}
