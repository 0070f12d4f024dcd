//go:build !windows

package hook

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A named pipe where a hook should be is not waited for.
func TestNamedPipeIsNotWaitedFor(t *testing.T) {
	r := newRepository(t)
	path := filepath.Join(r.dir, ".git", "hooks", hookName)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if h := r.planHook(); h.Kept == "" || h.Idle == "" {
		t.Errorf("planned %+v", h)
	}
}
