package inspect

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// A workflow, or the folder of all, that may not be read is there all the same. Links out of the tree are nothing that GitHub has.
func TestWhatMayNotBeRead(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, WorkflowFolder)
	file := filepath.Join(folder, "hex.yml")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(file, []byte("on: push\n"), 0o644), os.Symlink("/etc/hostname", filepath.Join(folder, "link.yml"))); err != nil {
		t.Fatal(err)
	}
	if lost := lostIn(t, dir); lost != "" {
		t.Errorf("%s is lost", lost)
	}
	if err := os.Chmod(file, 0); err != nil {
		t.Fatal(err)
	}
	if lost := lostIn(t, dir); lost != WorkflowFolder+"/hex.yml" {
		t.Errorf("%q is lost", lost)
	}
	if err := os.Chmod(folder, 0o111); err != nil {
		t.Fatal(err)
	}
	if lost := lostIn(t, dir); lost != WorkflowFolder {
		t.Errorf("%q is lost", lost)
	}
}

// lostIn reads workflows as somebody whom file modes concern, unlike the superuser.
func lostIn(t *testing.T, dir string) string {
	t.Helper()
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	lost := make(chan string)
	go func() {
		runtime.LockOSThread() // for good: the thread ends with this function
		if os.Geteuid() == 0 {
			_ = syscall.Setfsuid(65534)
		}
		_, name := workflowFiles(root)
		lost <- name
	}()
	return <-lost
}
