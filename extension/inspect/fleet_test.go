package inspect

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// When the time is over while workflows are read, a repository of which not all was read is unknown: the rest may use Hex.
func TestFleetCutShort(t *testing.T) {
	dir, err := os.MkdirTemp("", "sb") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Merge([]byte(`{"github": {"github.com": {"logins": {"sample": {"user": "ada"}}, "repositories": {"octo/one": {}}}}}`)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GH_CONFIG_DIR", dir)
	t.Setenv("GH_TOKEN", "sample")
	if err := os.WriteFile(filepath.Join(dir, "config.yml"), []byte("http_unix_socket: "+s.Socket()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client, err := github.NewClient("github.com", github.Options{})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	f := NewFleet(commandtest.New(t).Process, Scope{}, client)
	// The called workflow is read after the secrets are listed, which a script that may be read waits for.
	f.called["octo/shared/.github/workflows/call.yml@v1"] = func() ([]byte, error) {
		cancel()
		return []byte("on: workflow_call\njobs:\n  a: {runs-on: x, steps: [{run: hex project list, env: {HEX_API_TOKEN: '${{ secrets.HEX_API_TOKEN }}'}}]}\n"), nil
	}
	j := f.judge(ctx, github.Snapshot{Repository: github.Repository{Owner: "octo", Name: "one"}, Files: []github.File{{
		Path: ".github/workflows/a.yml",
		Data: []byte("on: push\njobs:\n  a: {runs-on: x, steps: [{run: ./a.sh}]}\n  b: {uses: octo/shared/.github/workflows/call.yml@v1}\n"),
	}}})
	if ctx.Err() == nil {
		t.Fatal("the called workflow was not read")
	}
	if j.Status != check.StatusUnknown {
		t.Errorf("%s: %s", j.Status, j.Message)
	}
}
