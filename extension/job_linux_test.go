package extension_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rhysd/actionlint"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// release: publishes the extension that the scripts use as the release of its version, for gh extension install.
func cmdRelease(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: release")
	}
	bin, err := build()
	ts.Check(err)
	dir := filepath.Join(worldOf(ts).dir, "release")
	ts.Check(os.Mkdir(dir, 0o700))
	data, err := os.ReadFile(filepath.Join(bin, "gh-hex"))
	ts.Check(err)
	ts.Check(os.WriteFile(filepath.Join(dir, "gh-hex_v"+builtVersion+"_linux-"+runtime.GOARCH), data, 0o700))
	worldOf(ts).box.Update(func(s *sandbox.State) {
		s.GitHub["github.com"].Repositories["gh-hex/gh-hex"] = &sandbox.Repository{Releases: []*sandbox.Release{{Tag: "v" + builtVersion, Dir: dir}}}
	})
}

// job CODE FILE JOB TOKEN [NAME=VALUE...]: carries out the run steps of a job as a runner of GitHub Actions does, each by
// a shell of its own, and asserts that the job ends with that exit code. The secret HEX_API_TOKEN is the token of that
// name, this text where there is none, or missing for none; NAME=VALUE sets a variable of the repository or, in lower case, an input; cancel=STEP cancels the workflow once that step has
// set an output. What all steps printed is then in the file "log", the summary in "summary".
func cmdJob(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: job CODE FILE JOB TOKEN [NAME=VALUE...]")
	}
	w, problems := actionlint.Parse([]byte(ts.ReadFile(args[1])))
	if len(problems) > 0 {
		ts.Fatalf("%v", problems)
	}
	r := newRunner(ts, args[3], args[4:])
	job := w.Jobs[args[2]]
	r.addEnv(w.Env)
	r.addEnv(job.Env)
	code := 0
	for _, s := range job.Steps {
		exec, ok := s.Exec.(*actionlint.ExecRun)
		if !ok {
			ts.Fatalf("a step that is no script: %v", s.Exec)
		}
		if !r.due(s, code) {
			fmt.Fprintf(&r.log, "[%s: skipped]\n", s.Name.Value)
			continue
		}
		c := r.carryOut(s, exec.Run.Value)
		fmt.Fprintf(&r.log, "[%s: %d]\n", s.Name.Value, c)
		if c != 0 {
			code = c
		}
	}
	ts.Check(os.WriteFile(ts.MkAbs("log"), r.log.Bytes(), 0o600))
	ts.Logf("[log]\n%s", r.log.String())
	clean(ts, "the log", r.log.Bytes())
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("the job ends with %d, want %s", code, args[0])
	}
}

// expires TOKEN DAYS: makes a workspace token of that name that expires in so many days.
func cmdExpires(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: expires TOKEN DAYS")
	}
	days, err := strconv.Atoi(args[1])
	ts.Check(err)
	w, value := worldOf(ts), sandbox.NewToken(sandbox.Workspace, args[0])
	w.tokens[args[0]] = value
	ts.Check(os.WriteFile(filepath.Join(w.dir, "tokens", args[0]), []byte(value+"\n"), 0o600))
	at := time.Now().Add(time.Duration(days) * 24 * time.Hour).Unix()
	w.box.Update(func(s *sandbox.State) {
		s.Hex.Tokens[args[0]] = &sandbox.HexToken{Value: value, Kind: sandbox.Workspace, Exp: &at}
	})
}

type runner struct {
	ts        *testscript.TestScript
	env       []string
	values    map[string]string // of expressions
	cancel    string            // the step to cancel in
	cancelled bool
	log       bytes.Buffer
}

func newRunner(ts *testscript.TestScript, token string, settings []string) *runner {
	w := worldOf(ts)
	value, known := w.tokens[token]
	if !known && token != "none" {
		value = token
	}
	r := &runner{ts: ts, values: map[string]string{
		"github.token": githubLogin, "github.repository": "octo/analytics", "secrets.HEX_API_TOKEN": value, "vars.HEX_WORKSPACE_URL": w.box.HexURL(),
	}}
	for _, s := range settings {
		name, value, _ := strings.Cut(s, "=")
		switch {
		case name == "cancel":
			r.cancel = value
		case strings.ToUpper(name) == name:
			r.values["vars."+name] = value
		default:
			r.values["inputs."+name] = value
		}
	}
	// A runner has none of the settings of this machine.
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GH_CONFIG_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "HTTPS_PROXY", "HTTP_PROXY"} {
		r.env = append(r.env, name+"="+ts.Getenv(name))
	}
	r.env = append(r.env, "CI=true", "GITHUB_ACTIONS=true", "GITHUB_STEP_SUMMARY="+ts.MkAbs("summary"))
	ts.Check(os.WriteFile(ts.MkAbs("summary"), nil, 0o600))
	return r
}

var (
	expression = regexp.MustCompile(`\$\{\{\s*(.*?)\s*\}\}`)
	fallback   = regexp.MustCompile(`^(\S+) \|\| '(.*)'$`)
	comparison = regexp.MustCompile(`^(\S+) (==|!=) ''$`)
	told       = regexp.MustCompile(`^\$\{\{ !cancelled\(\) && \((.*)\) \}\}$`)
	equals     = regexp.MustCompile(`^(\S+) == '(.*)'$`)
)

func (r *runner) expand(text string) string {
	return expression.ReplaceAllStringFunc(text, func(e string) string {
		name, otherwise := expression.FindStringSubmatch(e)[1], ""
		if m := fallback.FindStringSubmatch(name); m != nil {
			name, otherwise = m[1], m[2]
		}
		if value := r.values[name]; value != "" {
			return value
		}
		return otherwise
	})
}

func (r *runner) addEnv(env *actionlint.Env) {
	if env == nil {
		return
	}
	for _, v := range env.Vars {
		r.env = append(r.env, strings.ToUpper(v.Name.Value)+"="+r.expand(v.Value.Value))
	}
}

// due judges the condition of a step; only what generated workflows say is understood.
func (r *runner) due(s *actionlint.Step, code int) bool {
	if s.If == nil {
		return code == 0 && !r.cancelled
	}
	if m := told.FindStringSubmatch(s.If.Value); m != nil {
		return !r.cancelled && slices.ContainsFunc(strings.Split(m[1], " || "), func(term string) bool {
			of := equals.FindStringSubmatch(term)
			return r.values[of[1]] == of[2]
		})
	}
	for _, term := range strings.Split(s.If.Value, " && ") {
		m := comparison.FindStringSubmatch(term)
		switch {
		case term == "cancelled()" && r.cancelled:
		case term == "cancelled()":
			return false
		case m == nil:
			r.ts.Fatalf("a condition that the test does not understand: %s", term)
		case (r.values[m[1]] == "") != (m[2] == "=="):
			return false
		}
	}
	return true
}

func (r *runner) carryOut(s *actionlint.Step, script string) int {
	output := r.ts.MkAbs("output")
	r.ts.Check(os.WriteFile(output, nil, 0o600))
	file := filepath.Join(worldOf(r.ts).dir, "step.sh")
	r.ts.Check(os.WriteFile(file, []byte(script), 0o600))
	ctx, stop := context.WithTimeout(context.Background(), 90*time.Second)
	defer stop()
	cmd := exec.CommandContext(ctx, "bash", "-e", file)
	before := slices.Clone(r.env)
	r.addEnv(s.Env)
	cmd.Env, r.env = append(r.env, "GITHUB_OUTPUT="+output), before
	cmd.Dir, cmd.Stdout, cmd.Stderr = r.ts.MkAbs("."), &r.log, &r.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	r.ts.Check(cmd.Start())
	if s.ID != nil && s.ID.Value == r.cancel {
		r.cancelOnce(output, stop)
	}
	_ = cmd.Wait()
	if s.ID != nil {
		r.takeOutputs(s.ID.Value, r.ts.ReadFile(output))
	}
	return cmd.ProcessState.ExitCode() & 0xff
}

// cancelOnce waits until the step has set an output, then kills it, as a runner does in the end.
func (r *runner) cancelOnce(output string, kill func()) {
	for deadline := time.Now().Add(60 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if data, err := os.ReadFile(output); err == nil && bytes.Contains(data, []byte("run-url=")) {
			r.cancelled = true
			kill()
			return
		}
	}
	r.ts.Fatalf("no output to cancel after")
}

func (r *runner) takeOutputs(step, text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		r.values["steps."+step+".outputs."+name] = value
	}
}
