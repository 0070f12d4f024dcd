//go:build !windows

package scaffold

import (
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestNamedPipeIsNotOpened(t *testing.T) {
	for _, name := range []string{".gitignore", ".env.example"} {
		root := t.TempDir()
		if err := syscall.Mkfifo(filepath.Join(root, name), 0o644); err != nil {
			t.Fatal(err)
		}
		_, err := Plan(root, Git{Ignored: func(string) (Reach, error) { return Nobody, nil }}, Options{})
		wantPathError(t, err, name, "is a named pipe")
	}
}

func TestReadOnlyFolder(t *testing.T) {
	root := t.TempDir()
	put(t, root, ".gitignore", ".env\n.env.local\n")
	if err := os.Chmod(root, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(root, 0o755) })
	_, err := Plan(root, fakeGit(root), Options{})
	wantPathError(t, err, ".env.example", "cannot be written in this folder")

	// Where nothing has to be written, that nothing can be is no matter.
	os.Chmod(root, 0o755)
	put(t, root, ".env.example", "HEX_API_TOKEN=\nHEX_WORKSPACE_URL=\n")
	os.Chmod(root, 0o555)
	if _, err := Plan(root, fakeGit(root), Options{}); err != nil {
		t.Error(err)
	}
}

func TestModes(t *testing.T) {
	for name, tc := range map[string]struct {
		path         string
		before, want fs.FileMode // before 0: there is no such file
	}{
		"kept":            {".gitignore", 0o640, 0o640},
		"group may write": {".env.example", 0o664, 0o664},
		"executable":      {".env.example", 0o755, 0o755},
		"new token file":  {".env", 0, 0o600},
		"tightened":       {".env", 0o664, 0o600},
		"tight already":   {".env", 0o600, 0o600},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			path := filepath.Join(root, tc.path)
			if tc.before != 0 {
				put(t, root, tc.path, "A=1\n")
				if err := os.Chmod(path, tc.before); err != nil {
					t.Fatal(err)
				}
			}
			if err := Apply(t.Context(), root, planAll(t, root)); err != nil {
				t.Fatal(err)
			}
			info, err := os.Lstat(path)
			if err != nil || info.Mode() != tc.want {
				t.Errorf("mode is %v, want %v (%v)", info.Mode(), tc.want, err)
			}
		})
	}
}

func TestChmod(t *testing.T) {
	root := t.TempDir()
	put(t, root, "file", "")
	if err := os.Symlink("file", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	wantPathError(t, Chmod(r, "link", 0o600), "link", "is a symbolic link")
	if err := Chmod(r, "file", 0o600); err != nil {
		t.Fatal(err)
	}
	if info, _ := os.Lstat(filepath.Join(root, "file")); info.Mode() != 0o600 {
		t.Errorf("mode is %v", info.Mode())
	}
}
