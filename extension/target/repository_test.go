package target

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/core/worktree/gittest"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// loggedIn gives gh a login for github.com and, from the environment, for any other host.
func loggedIn(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	for name, value := range map[string]string{
		"GH_CONFIG_DIR": home, "HOME": home, "XDG_CONFIG_HOME": home, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": filepath.Join(home, "gitconfig"),
		"GH_TOKEN": "sample-login", "GH_ENTERPRISE_TOKEN": "sample-login", "GH_PATH": "/nonexistent", "GH_HOST": "", "GH_REPO": "",
	} {
		t.Setenv(name, value)
	}
}

// configured is a work tree whose configuration of git holds these settings, each a key and a value.
func configured(t *testing.T, settings ...string) *worktree.Tree {
	t.Helper()
	dir := t.TempDir()
	gittest.Run(t, dir, "", "init", "-q")
	for pair := range slices.Chunk(settings, 2) {
		gittest.Run(t, dir, "", "config", "--add", pair[0], pair[1])
	}
	tree, err := worktree.Open(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// Whatever git's configuration says, the host is that of the remote's own address, and one that the user gave gh.
func TestConfigurationNamesNoHost(t *testing.T) {
	loggedIn(t)
	const origin, here, chosen = "remote.origin.url", "https://github.com/octo/analytics.git", "remote.origin.gh-resolved"
	for name, test := range map[string]struct {
		settings []string
		want     string // the repository, or a part of the error
		host     string // GH_HOST
	}{
		"nothing chosen":            {[]string{origin, here}, "octo/analytics", ""},
		"this remote":               {[]string{origin, here, chosen, "base"}, "octo/analytics", ""},
		"the parent":                {[]string{origin, here, chosen, "up/stream"}, "up/stream", ""},
		"its own host":              {[]string{origin, here, chosen, "github.com/up/stream"}, "up/stream", ""},
		"its own host as a URL":     {[]string{origin, here, chosen, "https://GitHub.com/up/stream.git"}, "up/stream", ""},
		"another host":              {[]string{origin, here, chosen, "evil.example/o/r"}, "names no repository on github.com", ""},
		"another host as a URL":     {[]string{origin, here, chosen, "https://evil.example/o/r"}, "names no repository on github.com", ""},
		"another host over ssh":     {[]string{origin, here, chosen, "git@evil.example:o/r"}, "names no repository on github.com", ""},
		"another host of gh's":      {[]string{origin, here, chosen, "git.example.com/o/r"}, "names no repository on github.com", "github.com"},
		"a climbing owner":          {[]string{origin, here, chosen, "../user"}, "names no repository", ""},
		"a climbing name":           {[]string{origin, here, chosen, "octo/.."}, "names no repository", ""},
		"a query":                   {[]string{origin, here, chosen, "octo/x?y"}, "names no repository", ""},
		"an escape":                 {[]string{origin, here, chosen, "octo/%2e%2e"}, "names no repository", ""},
		"an option":                 {[]string{origin, here, chosen, "--help/x"}, "names no repository", ""},
		"one word":                  {[]string{origin, here, chosen, "analytics"}, "names no repository", ""},
		"a host nobody named":       {[]string{origin, "https://evil.example/o/r.git"}, "(found: evil.example)", ""},
		"a host nobody named, ssh":  {[]string{origin, "git@evil.example:o/r.git"}, "(found: evil.example)", ""},
		"the host that GH_HOST has": {[]string{origin, "git@git.example.com:o/r.git"}, "git.example.com/o/r", "git.example.com"},
		"a rule to another host":    {[]string{origin, here, "url.https://evil.example/.insteadOf", "https://github.com/"}, "leads to evil.example", ""},
		"a rule to a host of gh's":  {[]string{origin, here, "url.https://git.example.com/.insteadOf", "https://github.com/"}, "leads to git.example.com", "git.example.com"},
		"a rule that shortens":      {[]string{origin, "gh:octo/analytics", "url.git@github.com:.insteadOf", "gh:"}, "octo/analytics", ""},
		"a rule to ssh":             {[]string{origin, here, "url.git@github.com:.insteadOf", "https://github.com/"}, "octo/analytics", ""},
		"an address to push to":     {[]string{origin, here, "remote.origin.pushurl", "https://evil.example/o/r"}, "octo/analytics", ""},
		"a rule to push to":         {[]string{origin, here, "url.https://evil.example/.pushInsteadOf", "https://github.com/"}, "octo/analytics", ""},
		"a login in the address":    {[]string{origin, "https://github.com@evil.example/o/r"}, "(found: evil.example)", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("GH_HOST", test.host)
			found, err := Resolve(t.Context(), commandtest.New(t).Process, "", configured(t, test.settings...))
			got := found.String()
			if err != nil {
				got = err.Error()
			}
			if got != test.want && (err == nil || !strings.Contains(got, test.want)) {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}

// An included file is configuration like any other.
func TestIncludedConfigurationNamesNoHost(t *testing.T) {
	loggedIn(t)
	included := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(included, []byte("[remote \"origin\"]\n\tgh-resolved = evil.example/o/r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tree := configured(t, "remote.origin.url", "https://github.com/octo/analytics", "include.path", included)
	var stray *strayDefaultError
	if found, err := Resolve(t.Context(), commandtest.New(t).Process, "", tree); !errors.As(err, &stray) {
		t.Errorf("%v, %v", found, err)
	}
	// The way out: a repository that is named does not ask the configuration.
	if found, err := Resolve(t.Context(), commandtest.New(t).Process, "octo/analytics", tree); err != nil || found.String() != "octo/analytics" {
		t.Errorf("%v, %v", found, err)
	}
}

func TestNamesOfRepositories(t *testing.T) {
	loggedIn(t)
	for flag, want := range map[string]string{
		"octo/analytics": "octo/analytics", "github.com/octo/analytics": "octo/analytics", "https://github.com/octo/analytics.git": "octo/analytics",
		"git@github.com:octo/.github.git": "octo/.github", "ada_corp/-x.y_z": "ada_corp/-x.y_z", "git.example.com/octo/data": "git.example.com/octo/data",
		"localhost/octo/data": "localhost/octo/data", "10.0.0.7/octo/data": "10.0.0.7/octo/data",
		"../analytics": "", "octo/..": "", "octo/.": "", "-R/x": "", "--help/x": "", "octo/x?y": "", "octo/x#y": "", "octo/%2e%2e": "", "octo/x y": "",
		"octo/x\n": "", "oct\u200bo/x": "", "a@evil.example/o/r": "", "evil.example#/o/r": "", "evil.example?/o/r": "", "evil.example:1/o/r": "", "-h/o/r": "",
		"[::1]/o/r": "", "https://evil.example%2f/o/r": "", "ev%69l.example/o/r": "", "évil.example/o/r": "", "octo/a;b": "", "$(x)/a": "", "octo\\x/a": "",
	} {
		found, err := Resolve(t.Context(), commandtest.New(t).Process, flag, nil)
		if want == "" && err == nil || want != "" && (err != nil || found.String() != want) {
			t.Errorf("%q: %s, %v; want %q", flag, found, err, want)
		}
	}
}
