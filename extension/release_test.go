//go:build linux

package extension_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// TestReleaseInstalls lets the real gh install, pin and upgrade a release. GH_HEX_RELEASE names a folder of release
// files, as scripts/release-check makes; without it, one is built here for this system alone.
func TestReleaseInstalls(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "hx") // short: the path of a socket ends at 104 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	box, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer box.Close()
	assets := os.Getenv("GH_HEX_RELEASE")
	if assets == "" {
		assets = buildAsset(t)
	}
	release := func(tags ...string) {
		var releases []*sandbox.Release
		for _, tag := range tags {
			releases = append(releases, &sandbox.Release{Tag: tag, Dir: assets})
		}
		box.Update(func(s *sandbox.State) {
			s.GitHub = map[string]*sandbox.Host{"github.com": {
				Logins:       map[string]*sandbox.Login{githubLogin: {User: "ada"}},
				Repositories: map[string]*sandbox.Repository{"gh-hex/gh-hex": {Releases: releases}},
			}}
		})
	}
	env, err := sandbox.GHEnv(dir, githubLogin)
	if err != nil {
		t.Fatal(err)
	}
	gh := func(args ...string) string {
		t.Helper()
		if err := sandbox.ForgetReleases(dir); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("gh", args...)
		cmd.Env, cmd.Dir = env, dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("gh %s: %v: %s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	release("v0.1.0")
	gh("extension", "install", "gh-hex/gh-hex")
	if out := gh("hex", "--version"); !strings.Contains(out, "gh hex version ") {
		t.Errorf("the installed release says %q", out)
	}
	release("v0.1.0", "v0.2.0")
	if out := gh("extension", "upgrade", "hex"); !strings.Contains(out, "v0.2.0") && !strings.Contains(gh("extension", "list"), "v0.2.0") {
		t.Errorf("upgrade says %q", out)
	}
	gh("extension", "remove", "hex")
	gh("extension", "install", "gh-hex/gh-hex", "--pin", "v0.1.0")
	if out := gh("extension", "list"); !strings.Contains(out, "v0.1.0") {
		t.Errorf("a pinned release is listed as %q", out)
	}
}

func buildAsset(t *testing.T) string {
	bin, err := build()
	if err != nil {
		t.Fatal(err)
	}
	assets := t.TempDir()
	data, err := os.ReadFile(filepath.Join(bin, "gh-hex"))
	if err != nil {
		t.Fatal(err)
	}
	name := "gh-hex_v0.0.0_" + runtime.GOOS + "-" + runtime.GOARCH
	if err := os.WriteFile(filepath.Join(assets, name), data, 0o755); err != nil {
		t.Fatal(err)
	}
	return assets
}
