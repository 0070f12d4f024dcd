package sandbox_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// realGh runs gh itself against the sandbox. Its absence is a failure: everything else rests on what gh really does.
func realGh(t *testing.T, s *sandbox.Sandbox, extra ...string) func(args ...string) string {
	t.Helper()
	gh, err := exec.LookPath("gh")
	if err != nil {
		t.Fatalf("this test drives the real gh, and this machine has none: scripts/test installs it (%v)", err)
	}
	env, err := sandbox.GHEnv(filepath.Dir(s.Socket()), classic)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), gh, args...)
		cmd.Env, cmd.Dir = slices.Concat(env, extra), dir
		var stderr strings.Builder
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gh %s: %v\n%s%s", strings.Join(args, " "), err, out, stderr.String())
		}
		return string(out) + stderr.String()
	}
}

func contains(t *testing.T, text, part string) {
	t.Helper()
	if !strings.Contains(text, part) {
		t.Errorf("%q is not in:\n%s", part, text)
	}
}

func TestRealGhStoresSecrets(t *testing.T) {
	s := start(t)
	gh := realGh(t, s)
	contains(t, gh("auth", "status"), "Logged in to github.com")
	gh("secret", "set", "FIRST", "-R", "octo/analytics", "--body", "one")
	gh("secret", "set", "FIRST", "-R", "octo/analytics", "--body", "two")
	gh("secret", "set", "FIRST", "-R", "octo/analytics", "--body", "env", "--env", "staging")
	gh("secret", "set", "FIRST", "-R", "octo/analytics", "--body", "bot", "--app", "dependabot")
	gh("secret", "set", "SHARED", "--org", "octo", "--body", "org", "--visibility", "selected", "--repos", "site")
	for _, c := range [][5]string{
		{"octo/analytics", "actions", "", "FIRST", "two"},
		{"octo/analytics", "actions", "Staging", "FIRST", "env"},
		{"octo/analytics", "dependabot", "", "FIRST", "bot"},
		{"octo", "actions", "", "SHARED", "org"},
	} {
		if value, _ := secret(s, c[0], c[1], c[2], c[3]); value != c[4] {
			t.Errorf("%v: stored %q", c, value)
		}
	}
	contains(t, gh("secret", "list", "-R", "octo/analytics"), "FIRST")
	contains(t, gh("secret", "list", "--org", "octo"), "SELECTED")
	contains(t, gh("api", "repos/octo/site/actions/organization-secrets", "--jq", ".secrets[].name"), "SHARED")
	for _, r := range s.Requests() {
		if r.Host != "api.github.com" || r.Header.Get("Authorization") != "token "+classic {
			t.Errorf("%s %s%s with %q", r.Method, r.Host, r.Path, r.Header.Get("Authorization"))
		}
	}
}

func TestRealGhPagesThroughLists(t *testing.T) {
	s := start(t)
	s.Update(func(st *sandbox.State) {
		r := st.GitHub["github.com"].Repositories["octo/analytics"]
		for _, letter := range "ABCDEFGHIJKLMNOPQRSTUVWXYZ" {
			for _, digit := range "12345" {
				r.Secrets["actions"][string(letter)+string(digit)] = &sandbox.Secret{}
			}
		}
	})
	out := realGh(t, s)("api", "--paginate", "repos/octo/analytics/actions/secrets?per_page=100", "--jq", ".secrets[].name")
	if n := len(strings.Fields(out)); n != 130 {
		t.Errorf("%d names", n)
	}
}

func TestRealGhKnowsRepositories(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"repositories": {"ada/analytics": {"parent": "octo/analytics"}}}}}`)
	gh := realGh(t, s)
	out := gh("repo", "view", "ada/analytics", "--json", "nameWithOwner,isFork,parent,defaultBranchRef,viewerPermission")
	contains(t, out, `"isFork":true`)
	contains(t, out, `"login":"octo"`)
	contains(t, out, `"viewerPermission":"ADMIN"`)
}

func TestRealGhInSeveralRemotes(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"github.com": {"repositories": {"ada/analytics": {"parent": "octo/analytics"}}}}}`)
	tree := t.TempDir()
	git := func(args ...string) string {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "git", append([]string{"-C", tree}, args...)...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("git %v: %v\n%s", args, err, out)
		}
		return string(out)
	}
	git("init", "-q")
	git("remote", "add", "origin", "https://github.com/ada/analytics.git")
	git("remote", "add", "upstream", "https://github.com/octo/analytics.git")
	gh := realGh(t, s, "GIT_DIR="+filepath.Join(tree, ".git"))
	gh("repo", "set-default", "ada/analytics")
	contains(t, git("config", "remote.origin.gh-resolved"), "base")
	contains(t, gh("repo", "view", "--json", "nameWithOwner"), "ada/analytics")
}

func TestRealGhOnAnEnterpriseHost(t *testing.T) {
	s := start(t)
	merge(t, s, `{"github": {"ghe.example.com": {"logins": {"ent": {"user": "grace"}}, "repositories": {"corp/data": {}}}}}`)
	gh := realGh(t, s, "GH_ENTERPRISE_TOKEN=ent")
	gh("secret", "set", "A", "-R", "ghe.example.com/corp/data", "--body", "v")
	if value, _ := secret(s, "corp/data", "actions", "", "A"); value != "v" {
		t.Errorf("stored %q", value)
	}
	for _, r := range s.Requests() {
		if r.Header.Get("Authorization") != "token ent" {
			t.Errorf("%s%s got %q", r.Host, r.Path, r.Header.Get("Authorization"))
		}
	}
}

func TestRealGhInstallsAndUpgradesAnExtension(t *testing.T) {
	s := start(t)
	release := func(version string) *sandbox.Release {
		dir := t.TempDir()
		name := "gh-hex_" + version + "_" + runtime.GOOS + "-" + runtime.GOARCH
		script := "#!/bin/sh\necho " + version + " \"$@\"\n"
		if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o700); err != nil { //nolint:gosec // it is run
			t.Fatal(err)
		}
		return &sandbox.Release{Tag: version, Dir: dir}
	}
	publish := func(r *sandbox.Release) {
		s.Update(func(st *sandbox.State) {
			h := st.GitHub["github.com"]
			if h.Repositories["octo/gh-hex"] == nil {
				h.Repositories["octo/gh-hex"] = &sandbox.Repository{}
			}
			h.Repositories["octo/gh-hex"].Releases = append(h.Repositories["octo/gh-hex"].Releases, r)
		})
	}
	gh := realGh(t, s)
	publish(release("v1.0.0"))
	gh("extension", "install", "octo/gh-hex")
	contains(t, gh("hex", "hello"), "v1.0.0 hello")
	publish(release("v1.1.0"))
	if err := sandbox.ForgetReleases(filepath.Dir(s.Socket())); err != nil {
		t.Fatal(err)
	}
	contains(t, gh("extension", "upgrade", "hex"), "v1.1.0")
	contains(t, gh("hex", "hello"), "v1.1.0 hello")
}
