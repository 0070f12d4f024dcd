package extension

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// A fault is told in the same words, with the same way out, whichever command meets it. Those that ask GitHub as well are
// in the script voice.txtar.
var voices = [][]string{
	{"project", "list"},
	{"project", "view", commandtest.Project},
	{"run", "start", commandtest.Project},
	{"run", "list", commandtest.Project},
	{"run", "view", commandtest.Project, commandtest.Run},
	{"run", "watch", commandtest.Project, commandtest.Run},
	{"run", "cancel", commandtest.Project, commandtest.Run},
	{"api", "users/me"},
	{"api", "projects", "--paginate"},
	{"verify", "--only", "token-accepted"},
}

// inRepository makes a work tree of the bench's folder, whose .env files git ignores.
func inRepository(t *testing.T, b *commandtest.Bench) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", "init", "-q", b.Dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	write(t, b, ".gitignore", ".env*\n")
}

func write(t *testing.T, b *commandtest.Bench, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.Dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRejectedTokenInOneVoice(t *testing.T) {
	for source, fix := range map[string]string{
		"the environment variable HEX_API_TOKEN": "set HEX_API_TOKEN to a new token from ",
		".env":                                   "gh hex auth login --local dotenv, with a new token from ",
		".env.local":                             "set HEX_API_TOKEN in .env.local to a new token from ",
	} {
		for _, args := range voices {
			b := at(commandtest.New(t), t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "Unauthorized", http.StatusUnauthorized) })
			inRepository(t, b)
			if strings.HasPrefix(source, ".env") {
				write(t, b, source, "HEX_API_TOKEN="+b.Env["HEX_API_TOKEN"]+"\n")
				b.Env["HEX_API_TOKEN"] = ""
			}
			host := b.Env["HEX_WORKSPACE_URL"]
			code := runIn(b, t, args...)
			said := b.Stdout.String() + b.Stderr.String()
			for _, want := range []string{
				host + " rejects the token from " + source + " (401): it is expired, revoked, or belongs to another region's host",
				fix + strings.TrimPrefix(host, "http://") + ": Settings → API keys → New Token; or set HEX_WORKSPACE_URL to the host you log in to",
			} {
				if strings.Count(said, want) != 1 {
					t.Errorf("%v, %s: not once %q in: %s", args, source, want, said)
				}
			}
			if code != command.ExitAuth {
				t.Errorf("%v, %s: exit code %d: %s", args, source, code, said)
			}
		}
	}
}

// A page of something between here and Hex says nothing about the token.
func TestPageWith401RejectsNothing(t *testing.T) {
	for _, args := range voices {
		b := at(commandtest.New(t), t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte("<html>log in to the proxy</html>"))
		})
		inRepository(t, b)
		code := runIn(b, t, args...)
		said := b.Stdout.String() + b.Stderr.String()
		if code == command.ExitOK || code == command.ExitAuth || strings.Contains(said, "rejects") || !strings.Contains(said, "HEX_WORKSPACE_URL") {
			t.Errorf("%v: exit code %d: %s", args, code, said)
		}
	}
}

func TestMissingTokenInOneVoice(t *testing.T) {
	for _, args := range append(voices[:len(voices):len(voices)], []string{"auth", "token"}) {
		b := at(commandtest.New(t), t, func(http.ResponseWriter, *http.Request) { t.Errorf("%v: a request was sent", args) })
		b.Env["HEX_API_TOKEN"] = ""
		inRepository(t, b)
		code := runIn(b, t, args...)
		said := b.Stdout.String() + b.Stderr.String()
		for _, want := range []string{"no Hex token on this machine", "gh hex auth login (without a keyring: --local dotenv), or set HEX_API_TOKEN"} {
			if strings.Count(said, want) != 1 || code != command.ExitAuth {
				t.Errorf("%v: exit code %d, not once %q in: %s", args, code, want, said)
			}
		}
	}
}

func TestTokenOfAnotherVendorInOneVoice(t *testing.T) {
	for _, args := range append(voices[:len(voices):len(voices)], []string{"auth", "token"}) {
		b := at(commandtest.New(t), t, func(http.ResponseWriter, *http.Request) { t.Errorf("%v: a request was sent", args) })
		b.Env["HEX_API_TOKEN"] = ""
		inRepository(t, b)
		write(t, b, ".env", "HEX_API_TOKEN=ghp_0123456789abcdefghijklmnopqrstuvwxyz\n")
		code := runIn(b, t, args...)
		said := b.Stdout.String() + b.Stderr.String()
		if args[0] == "verify" {
			continue // says so as the check token-format
		}
		if want := " (from .env)\n"; !strings.Contains(said, want) || code != command.ExitProblem {
			t.Errorf("%v: exit code %d, no %q in: %s", args, code, want, said)
		}
	}
}

func TestHostThatCannotBeUsedInOneVoice(t *testing.T) {
	for _, args := range append(voices[:len(voices):len(voices)], []string{"verify", "--only", "workspace-url"}, []string{"auth", "token"}, []string{"auth", "login"}) {
		b := at(commandtest.New(t), t, func(http.ResponseWriter, *http.Request) { t.Errorf("%v: a request was sent", args) })
		b.Env["HEX_WORKSPACE_URL"] = "http://hex.example.com"
		inRepository(t, b)
		code := runIn(b, t, args...)
		said := b.Stdout.String() + b.Stderr.String()
		for _, want := range []string{
			"a token is only sent over https: use https://hex.example.com (from the environment variable HEX_WORKSPACE_URL)",
			"set HEX_WORKSPACE_URL to the host you log in to, such as https://app.hex.tech",
		} {
			if !strings.Contains(said, want) || code != command.ExitProblem {
				t.Errorf("%v: exit code %d, no %q in: %s", args, code, want, said)
			}
		}
	}
}
