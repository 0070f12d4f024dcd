//go:build linux

package extension_test

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// demo runs scripts/demo with something to read, and returns what it printed and its exit code.
func demo(t *testing.T, input string, args ...string) (string, int) {
	t.Helper()
	if err := missing(); err != nil { // scripts/demo would install it
		t.Fatal(err)
	}
	cmd := exec.Command("bash", append([]string{"../scripts/demo"}, args...)...)
	cmd.Stdin = strings.NewReader(input)
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

func TestDemoUsage(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		arg  string
		code int
	}{{"--help", 0}, {"-h", 0}, {"--shel", 1}} {
		out, code := demo(t, "", tt.arg)
		if code != tt.code || !strings.Contains(out, "usage: scripts/demo [--shell]") || strings.Contains(out, "building") {
			t.Errorf("scripts/demo %s: exit code %d, want %d, and printed\n%s", tt.arg, code, tt.code, out)
		}
	}
}

// What the pages show is what the demo shows: the same projects, ages, findings and runs.
func TestDemoShowsTheExamples(t *testing.T) {
	t.Parallel()
	out, code := demo(t, "")
	if code != 0 {
		t.Fatalf("exit code %d:\n%s", code, out)
	}
	out = steady(out, regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(out))
	for _, name := range []string{"verify-failing", "verify-passing", "project-list", "run-start"} {
		// Standard error is no terminal there, and its lines are not broken.
		if want := onPages(t).wanted(t, name)[0].text; !strings.Contains(words(out), words(want)) {
			t.Errorf("the demo does not show %s:\n%s\nbut\n%s", name, want, out)
		}
	}
	if end := "To try it by hand in the same world: scripts/demo --shell\n"; !strings.HasSuffix(out, end) {
		t.Errorf("the demo does not end with %q", end)
	}
}

func words(text string) string { return strings.Join(strings.Fields(text), " ") }

// What the shell of the demo proposes, and what the README proposes for the first minute, works in it, as far as nobody has to be asked. A marker tells what belongs to which command.
func TestDemoShell(t *testing.T) {
	t.Parallel()
	typed := regexp.MustCompile(`(?m)^ {4}gh hex auth .*\n {4}(gh hex init --workflow) .*\n {4}(git add .*)$`).FindStringSubmatch(readPage(t, "../README.md"))
	if typed == nil {
		t.Fatal("the README does not say how the workflows are written and pushed")
	}
	steps := []struct{ command, want string }{
		{"pwd", `/analytics\n0\n$`},
		{"gh hex verify", `secret-stored.*error[\s\S]*\n1\n$`},
		{"gh hex auth --with-token <~/tokens/revoked", `rejects the token[\s\S]*\n4\n$`},
		{"gh hex auth --with-token <~/tokens/good", `Set Actions secret HEX_API_TOKEN for octo/analytics[\s\S]*\n0\n$`},
		{"gh hex verify", `No problems in \d[\s\S]*\n0\n$`},
		{"gh hex verify --stored --only token-stored", `github.com shows no .*hex-check.yml[\s\S]*\n3\n$`},
		{"gh hex auth status --org octo", `octo/analytics\t.*\.github/workflows/hex\.yml[\s\S]*\n0\n$`},
		{typed[1] + " && " + typed[2], `hex-check.yml: created[\s\S]*\n0\n$`},
		{"gh hex verify --stored --only token-stored", `Hex accepted the stored token just now[\s\S]*\n0\n$`},
		{"tail -c 1 ~/tokens/good | od -An -c", `^ +\\n\n0\n$`},
		{"export HEX_API_TOKEN=$(cat ~/tokens/good)", `^0\n$`},
		{"gh hex run start 019f681a-1870-731d-bf1e-b82d136117fa --watch", `COMPLETED\t.*\t5s\n[\s\S]*0\n$`},
		{"gh hex run start 019f681a-1870-731d-bf1e-b82d136117fc --watch", `ERRORED[\s\S]*1\n$`},
		{"gh hex api groups", `"name":\s*"Analysts"[\s\S]*\n0\n$`},
		{"gh hex api groups -f name=Finance -F 'members[users][][id]=019a7c1e-77b2-7000-8d42-0c1b5d3e9f10'", `Finance[\s\S]*\n0\n$`},
		{"gh hex init --hook", `pre-push: created[\s\S]*\n0\n$`},
		{`echo "token = '$HEX_API_TOKEN'" >query.py; git add .; git commit -qm Query; git push`, `gh hex stopped this push[\s\S]*\n1\n$`},
		{`echo "import os" >query.py; git add .; git commit -q --amend --no-edit; git push`, `main -> main[\s\S]*\n0\n$`},
		{"gh hex rotate --all --org octo --with-token <~/tokens/new", `new\tDependabot secret HEX_API_TOKEN of octo/reports[\s\S]*\n0\n$`},
		{"gh extension remove hex && gh extension install gh-hex/gh-hex", `^0\n$`},
		{"exit", `^$`},
	}
	var input strings.Builder
	for _, s := range steps {
		input.WriteString("echo '==='; { " + s.command + "; } 2>&1; echo $?\n")
	}
	out, code := demo(t, input.String(), "--shell")
	shown := strings.Split(out, "===\n")
	if code != 0 || len(shown) != len(steps)+1 {
		t.Fatalf("exit code %d and %d steps, want %d:\n%s", code, len(shown)-1, len(steps), out)
	}
	if welcome := shown[0]; !strings.Contains(welcome, "~/tokens/good") || strings.Count(welcome[strings.Index(welcome, "A throw-away"):], "\n") > 24 {
		t.Errorf("the shell begins with\n%s", welcome)
	}
	for line := range strings.SplitSeq(shown[0], "\n") {
		if len(line) > 80 {
			t.Errorf("%d columns: %s", len(line), line)
		}
	}
	for i, s := range steps {
		if got := shown[i+1]; !regexp.MustCompile(s.want).MatchString(got) {
			t.Errorf("$ %s\n%s\nwant %s", s.command, got, s.want)
		}
	}
	world := strings.TrimSuffix(strings.SplitN(shown[1], "\n", 2)[0], "/analytics")
	if _, err := os.Stat(world); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", world, err)
	}
}
