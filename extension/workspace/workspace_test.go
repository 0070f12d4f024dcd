package workspace

import (
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

func TestLink(t *testing.T) {
	for _, good := range []string{commandtest.RunURL, "http://127.0.0.1:8080/x?y=z#a", "https://eu.hex.tech/a%20b"} {
		if Link(good) != good {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "javascript:alert(1)", "file:///etc/passwd", "https://app.hex.tech/a b", "https://app.hex.tech/\x1b[31m",
		"https://app.hex.tech/##[error]", "https://app.hex.tech/<b>", "https://app.hex.tech/\n::error::", "https://app.hex.tech/" + strings.Repeat("x", 4096)} {
		if Link(bad) != "" {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRunArguments(t *testing.T) {
	for _, test := range []struct {
		env  string
		args string
		want string // project and run; empty when refused
	}{
		{"", commandtest.Project + " " + commandtest.Run, commandtest.Project + " " + commandtest.Run},
		{"", commandtest.RunURL, commandtest.Project + " " + commandtest.Run},
		{"", "https://app.hex.tech/acme/app/Sales-033qADkKFIi4rt3feMxx3C/latest " + commandtest.Run, commandtest.Project + " " + commandtest.Run},
		{commandtest.Project, commandtest.Run, commandtest.Project + " " + commandtest.Run},
		{"https://app.hex.tech/acme/app/" + commandtest.Project + "/latest", commandtest.Run, commandtest.Project + " " + commandtest.Run},
		{"", commandtest.Run, ""},
		{"", "", ""},
		{commandtest.Project, "", ""},
		{"nonsense", commandtest.Run, ""},
		{"", commandtest.Project + " ../x", ""},
		{"", commandtest.Project + " " + commandtest.RunURL, ""},
		{"", "https://app.hex.tech/acme/app/" + commandtest.Project + "/latest", ""},
	} {
		b := commandtest.New(t)
		b.Env["HEX_PROJECT_ID"] = test.env
		r, err := RunArguments(b.Process, strings.Fields(test.args))
		got := ""
		if err == nil {
			got = r.Project + " " + r.Run
		}
		if got != test.want {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

// Git Bash says in MSYSTEM that it is there; its older windows give a Windows program a pipe instead of a terminal.
func TestNoTerminal(t *testing.T) {
	for _, test := range []struct{ system, typed, want string }{
		{"", "gh hex auth", ""},
		{"MINGW64", "gh hex auth", "Git Bash's window may not be a terminal for it; to be asked there: winpty gh hex auth"},
		{"UCRT64", "gh hex auth login", "Git Bash's window may not be a terminal for it; to be asked there: winpty gh hex auth login"},
	} {
		b := commandtest.New(t)
		b.Env["MSYSTEM"] = test.system
		_, _, err := ReadToken(b.Process, false, core.Host{}, test.typed, true)
		if got := command.Hint(err); got != test.want || command.ExitCode(err) != command.ExitAuth {
			t.Errorf("%+v: %q after %v", test, got, err)
		}
		if _, _, err := ReadToken(b.Process, true, core.Host{}, test.typed, true); strings.Contains(command.Hint(err), "winpty") {
			t.Errorf("%+v: whoever pipes a token in needs no terminal: %q", test, command.Hint(err))
		}
	}
}
