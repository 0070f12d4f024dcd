//go:build !windows

package target

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/cli/go-gh/v2/pkg/auth"
	"github.com/cli/go-gh/v2/pkg/ssh"
)

// What becomes an argument of ssh is the name of a host.
func TestOnlyHostNamesReachSSH(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "arguments")
	if err := os.WriteFile(filepath.Join(dir, "ssh"), []byte("#!/bin/sh\necho \"$@\" >>'"+log+"'\necho hostname github.com\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	loggedIn(t)
	for _, address := range []string{
		"ssh://-oProxyCommand=x/o/r", "-oProxyCommand=x:o/r", "ssh://a;b/o/r", "ssh://a$(b)/o/r", "ssh://a'b/o/r", "ssh://a&b/o/r", "ssh://%2doX/o/r", "git@a,b:o/r", "ssh://[::1]/o/r",
	} {
		if repo, err := ParseRemote(address, auth.KnownHosts(), ssh.NewTranslator()); err == nil {
			t.Errorf("%s: %v", address, repo)
		}
	}
	if given, err := os.ReadFile(log); err == nil {
		t.Errorf("ssh was given %s", given)
	}
	repo, err := ParseRemote("work:octo/analytics.git", auth.KnownHosts(), ssh.NewTranslator())
	if given, _ := os.ReadFile(log); err != nil || repo.Host != "github.com" || string(given) != "-G work\n" {
		t.Errorf("an alias: %v, %v, ssh was given %q", repo, err, given)
	}
}
