package scaffold

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// fakeGit ignores for everyone what is listed in the .gitignore of root, literally, and tracks what is named.
func fakeGit(root string, tracked ...string) Git {
	return Git{
		Ignored: func(path string) (Reach, error) {
			data, _ := os.ReadFile(filepath.Join(root, ".gitignore"))
			if slices.Contains(strings.Fields(string(data)), path) {
				return Everyone, nil
			}
			return Nobody, nil
		},
		Tracked: func(path string) (bool, error) { return slices.Contains(tracked, path), nil },
	}
}

func put(t *testing.T, root, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(root, name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func get(t *testing.T, root, name string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func plan(t *testing.T, root string, o Options) []Change {
	t.Helper()
	changes, err := Plan(root, fakeGit(root), o)
	if err != nil {
		t.Fatal(err)
	}
	return changes
}

func summary(changes ...Change) string {
	var lines []string
	for _, c := range changes {
		lines = append(lines, strings.TrimRight(fmt.Sprintf("%s: %s %s", c.Path, c.Action, c.Detail), " "))
	}
	return strings.Join(lines, "\n")
}

func TestPlanAndApplyInEmptyTree(t *testing.T) {
	root := t.TempDir()
	changes := plan(t, root, Options{})
	if got, want := summary(changes...), ".gitignore: created added .env, .env.local\n.env.example: created"; got != want {
		t.Errorf("plan:\n%s\nwant:\n%s", got, want)
	}
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("planning left %v", left)
	}
	if err := Apply(t.Context(), root, changes); err != nil {
		t.Fatal(err)
	}
	if got := get(t, root, ".gitignore"); got != ".env\n.env.local\n" {
		t.Errorf(".gitignore is %q", got)
	}
	example := get(t, root, ".env.example")
	if !strings.Contains(example, "\nHEX_API_TOKEN=\n") || !strings.HasSuffix(example, "\nHEX_WORKSPACE_URL=https://app.hex.tech\n") {
		t.Errorf(".env.example is %q", example)
	}
	if got, want := summary(plan(t, root, Options{Host: "https://eu.hex.tech"})...), ".gitignore: unchanged\n.env.example: unchanged"; got != want {
		t.Errorf("second plan:\n%s\nwant:\n%s", got, want)
	}
	if left, _ := os.ReadDir(root); len(left) != 2 {
		t.Errorf("applying left %v", left)
	}
}

func TestExampleIsCompleted(t *testing.T) {
	for name, tc := range map[string]struct{ before, after, detail string }{
		"both missing":  {"A=1\n", "A=1\nHEX_API_TOKEN=\nHEX_WORKSPACE_URL=https://eu.hex.tech\n", "added HEX_API_TOKEN, HEX_WORKSPACE_URL"},
		"host missing":  {"HEX_API_TOKEN=paste\r\n", "HEX_API_TOKEN=paste\r\nHEX_WORKSPACE_URL=https://eu.hex.tech\r\n", "added HEX_WORKSPACE_URL"},
		"token missing": {"HEX_WORKSPACE_URL=x", "HEX_WORKSPACE_URL=x\nHEX_API_TOKEN=", "added HEX_API_TOKEN"},
		"complete":      {"HEX_API_TOKEN=\nexport HEX_WORKSPACE_URL=", "HEX_API_TOKEN=\nexport HEX_WORKSPACE_URL=", ""},
		"byte-order mark": {"\xef\xbb\xbfHEX_API_TOKEN=\n", "\xef\xbb\xbfHEX_API_TOKEN=\nHEX_WORKSPACE_URL=https://eu.hex.tech\n",
			"added HEX_WORKSPACE_URL"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put(t, root, ".env.example", tc.before)
			changes := plan(t, root, Options{Host: "https://eu.hex.tech"})
			if changes[1].Detail != tc.detail {
				t.Errorf("detail %q, want %q", changes[1].Detail, tc.detail)
			}
			if err := Apply(t.Context(), root, changes); err != nil {
				t.Fatal(err)
			}
			if got := get(t, root, ".env.example"); got != tc.after {
				t.Errorf("got %q, want %q", got, tc.after)
			}
		})
	}
}

func TestReach(t *testing.T) {
	for name, tc := range map[string]struct {
		env, example Reach
		want         string
	}{
		"nobody":           {Nobody, Nobody, ".env\n.env.local\n"},
		"the user alone":   {User, Nobody, ".env\n.env.local\n"},
		"the example too":  {Everyone, Everyone, "!.env.example\n"},
		"user hides all":   {User, User, ".env\n.env.local\n!.env.example\n"},
		"only the example": {Everyone, User, "!.env.example\n"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			ignored := func(path string) (Reach, error) {
				if path == ".env.example" {
					return tc.example, nil
				}
				return tc.env, nil
			}
			changes, err := Plan(root, Git{Ignored: ignored}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := Apply(t.Context(), root, changes); err != nil {
				t.Fatal(err)
			}
			if got := get(t, root, ".gitignore"); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestFileThatLacksNothingMayBeAnything(t *testing.T) {
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, ".gitignore"), 0o755); err != nil {
		t.Fatal(err)
	}
	git := Git{Ignored: func(path string) (Reach, error) {
		if path == ".env.example" {
			return Nobody, nil
		}
		return Everyone, nil
	}}
	changes, err := Plan(root, git, Options{})
	if err != nil || summary(changes...) != ".gitignore: unchanged\n.env.example: created" {
		t.Errorf("plan %s, %v", summary(changes...), err)
	}
}

// What git says is about the file as it was when it was asked.
func TestFileThatIsCompletedWhilePlanning(t *testing.T) {
	root := t.TempDir()
	put(t, root, ".gitignore", "first\n")
	git := fakeGit(root)
	honest, asked := git.Ignored, 0
	git.Ignored = func(path string) (Reach, error) {
		reach, err := honest(path)
		if asked++; asked == 3 { // the last question of the first round
			put(t, root, ".gitignore", "first\n.env\n.env.local\n")
		}
		return reach, err
	}
	changes, err := Plan(root, git, Options{})
	if err != nil || changes[0].Action != Unchanged {
		t.Errorf("%s, %v", summary(changes...), err)
	}

	git.Ignored = func(path string) (Reach, error) {
		asked++
		put(t, root, ".gitignore", fmt.Sprintln(asked))
		return honest(path)
	}
	_, err = Plan(root, git, Options{})
	wantPathError(t, err, ".gitignore", "keeps changing")
}

func TestGitsErrorComesBack(t *testing.T) {
	broken := errors.New("broken")
	git := Git{Ignored: func(string) (Reach, error) { return Nobody, broken }}
	if _, err := Plan(t.TempDir(), git, Options{}); !errors.Is(err, broken) {
		t.Errorf("error is %v", err)
	}
}

// refusals are files that must be left alone; what they are made of is the same for planning and for applying.
var refusals = map[string]struct {
	make func(root, path string) error
	want string
}{
	"symbolic link": {func(root, path string) error {
		if err := os.WriteFile(filepath.Join(root, "target"), []byte("A=1\n"), 0o644); err != nil {
			return err
		}
		return os.Symlink("target", path)
	}, "is a symbolic link"},
	"dangling link out of the tree": {func(_, path string) error { return os.Symlink("/nowhere/at/all", path) }, "is a symbolic link"},
	"folder":                        {func(_, path string) error { return os.Mkdir(path, 0o755) }, "is a folder"},
	"too large": {func(_, path string) error { return os.WriteFile(path, bytes.Repeat([]byte("#\n"), maxSize/2+1), 0o644) },
		"is larger than 1024 KiB"},
	"read-only":         {func(_, path string) error { return os.WriteFile(path, []byte("A=1\n"), 0o444) }, "is read-only"},
	"UTF-16":            {func(_, path string) error { return os.WriteFile(path, []byte("\xff\xfeA\x00=\x00"), 0o644) }, "is not UTF-8 text"},
	"UTF-16 big-endian": {func(_, path string) error { return os.WriteFile(path, []byte("\xfe\xff\x00A"), 0o644) }, "is not UTF-8 text"},
	"binary":            {func(_, path string) error { return os.WriteFile(path, []byte("A\x00"), 0o644) }, "is not UTF-8 text"},
}

func TestRefusals(t *testing.T) {
	for _, name := range []string{".gitignore", ".env.example", ".env"} {
		for what, tc := range refusals {
			t.Run(name+" "+what, func(t *testing.T) {
				root := t.TempDir()
				path := filepath.Join(root, name)
				fresh := planAll(t, root)
				if err := tc.make(root, path); err != nil {
					t.Fatal(err)
				}
				before := snapshot(t, root)
				_, err := Plan(root, fakeGit(root), Options{})
				if name == ".env" {
					_, err = PlanDotenv(root, ignoring(), nil, func() string { return "v" }, "")
				}
				wantPathError(t, err, name, tc.want)
				// The same thing put there between planning and applying is refused as well.
				if err := Apply(t.Context(), root, fresh); err == nil || what != "read-only" && !strings.Contains(err.Error(), tc.want) {
					t.Errorf("Apply: %v", err)
				}
				if after := snapshot(t, root); after != before {
					t.Errorf("changed\n%s\nto\n%s", before, after)
				}
			})
		}
	}
}

func ignoring() Git {
	return Git{
		Ignored: func(string) (Reach, error) { return Everyone, nil },
		Tracked: func(string) (bool, error) { return false, nil },
	}
}

func planAll(t *testing.T, root string) []Change {
	t.Helper()
	changes := plan(t, root, Options{})
	dotenv, err := PlanDotenv(root, fakeGit(root), changes, func() string { return "v" }, "")
	if err != nil {
		t.Fatal(err)
	}
	return append(changes, dotenv)
}

func wantPathError(t *testing.T, err error, path, reason string) {
	t.Helper()
	known := (*PathError)(nil)
	if !errors.As(err, &known) || known.Path != path || !strings.Contains(err.Error(), reason) {
		t.Errorf("error is %v, want one about %s that it %s", err, path, reason)
	}
}

// snapshot lists every name below root with its mode, size and link target.
func snapshot(t *testing.T, root string) string {
	t.Helper()
	var lines []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == root {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		target, _ := os.Readlink(path)
		size := info.Size()
		if info.IsDir() {
			size = 0
		}
		lines = append(lines, fmt.Sprintln(strings.TrimPrefix(path, root), info.Mode(), size, target))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "")
}

func TestPlanFileStaysInside(t *testing.T) {
	root := t.TempDir()
	outside := t.TempDir()
	put(t, outside, "file", "x")
	if err := os.Symlink(outside, filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "real"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("real", filepath.Join(root, "alias")); err != nil {
		t.Fatal(err)
	}
	put(t, root, "plain", "x")
	for path, want := range map[string]string{
		"link/file":     "link is a symbolic link",
		"link/new/file": "link is a symbolic link",
		"alias/file":    "alias is a symbolic link",
		"plain/file":    "plain is a file",
		"../file":       "is outside the work tree",
		"real/../../a":  "is outside the work tree",
	} {
		_, err := PlanFile(root, path, 0o644, func([]byte) []byte { return []byte("new") })
		wantPathError(t, err, path, want)
	}
	c, err := PlanFile(root, "real/new/deep/file", 0o644, func([]byte) []byte { return []byte("new") })
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "real", "new")); err != nil {
		t.Fatal(err)
	}
	if err := Apply(t.Context(), root, []Change{c}); err == nil {
		t.Error("Apply followed a link that came up meanwhile")
	}
	if err := os.Remove(filepath.Join(root, "real", "new")); err != nil {
		t.Fatal(err)
	}
	if err := Apply(t.Context(), root, []Change{c}); err != nil || get(t, root, "real/new/deep/file") != "new" {
		t.Errorf("Apply: %v", err)
	}
	if left, _ := os.ReadDir(outside); len(left) != 1 {
		t.Errorf("outside there is %v", left)
	}
}

func TestApplyRefusesWhatChanged(t *testing.T) {
	for name, change := range map[string]func(t *testing.T, root string){
		"another text": func(t *testing.T, root string) { put(t, root, ".gitignore", "other\n") },
		"removed": func(t *testing.T, root string) {
			if err := os.Remove(filepath.Join(root, ".gitignore")); err != nil {
				t.Fatal(err)
			}
		},
		"another that was to be created": func(t *testing.T, root string) { put(t, root, ".env.example", "mine\n") },
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			put(t, root, ".gitignore", "first\n")
			changes := plan(t, root, Options{})
			change(t, root)
			before := snapshot(t, root)
			if err := Apply(t.Context(), root, changes); err == nil || !strings.Contains(err.Error(), "changed meanwhile") {
				t.Errorf("Apply: %v", err)
			}
			if after := snapshot(t, root); after != before {
				t.Errorf("changed\n%s\nto\n%s", before, after)
			}
		})
	}
}

func TestApplyLeavesOldFileWhenInterrupted(t *testing.T) {
	root := t.TempDir()
	put(t, root, ".gitignore", "first\n")
	changes := plan(t, root, Options{})
	full := errors.New("disk full")
	err := apply(t.Context(), root, changes, func(r *os.Root, from, to string) error {
		if got := get(t, root, to); got != "first\n" {
			t.Errorf("before the rename %s is %q", to, got)
		}
		if got := get(t, root, from); got != "first\n.env\n.env.local\n" {
			t.Errorf("before the rename %s is %q", from, got)
		}
		return full
	})
	if !errors.Is(err, full) {
		t.Errorf("error is %v", err)
	}
	wantPathError(t, err, ".gitignore", "cannot be written: disk full")
	if left, _ := os.ReadDir(root); len(left) != 1 || get(t, root, ".gitignore") != "first\n" {
		t.Errorf("left %v", left)
	}
}

func TestApplyLooksAgainBeforeEachWrite(t *testing.T) {
	root := t.TempDir()
	changes := plan(t, root, Options{})
	err := apply(t.Context(), root, changes, func(r *os.Root, from, to string) error {
		put(t, root, ".env.example", "mine\n")
		return r.Rename(from, to)
	})
	wantPathError(t, err, ".env.example", "changed meanwhile")
	if got := get(t, root, ".env.example"); got != "mine\n" {
		t.Errorf("overwritten with %q", got)
	}
	if left, _ := os.ReadDir(root); len(left) != 2 {
		t.Errorf("left %v", left)
	}
}

func TestApplyCannotCreate(t *testing.T) {
	root := t.TempDir()
	c, err := PlanFile(root, "dir/file", 0o644, func([]byte) []byte { return []byte("new") })
	if err != nil {
		t.Fatal(err)
	}
	put(t, root, "dir", "in the way")
	wantPathError(t, Apply(t.Context(), root, []Change{c}), "dir/file", "dir is a file")
}

func TestDotenv(t *testing.T) {
	const eu = "https://eu.hex.tech"
	for name, tc := range map[string]struct{ before, host, after, want string }{
		"new":                 {"", DefaultHost, "HEX_API_TOKEN=secret-value\n", ".env: created set HEX_API_TOKEN"},
		"another host":        {"", eu, "HEX_API_TOKEN=secret-value\nHEX_WORKSPACE_URL=https://eu.hex.tech\n", ".env: created set HEX_API_TOKEN, HEX_WORKSPACE_URL"},
		"token replaced":      {"A=1\nHEX_API_TOKEN=old # mine\n", "", "A=1\nHEX_API_TOKEN=secret-value # mine\n", ".env: updated set HEX_API_TOKEN; made private"},
		"back to the default": {"HEX_WORKSPACE_URL=https://eu.hex.tech\n", DefaultHost, "HEX_WORKSPACE_URL=https://app.hex.tech\nHEX_API_TOKEN=secret-value\n", ".env: updated set HEX_API_TOKEN, HEX_WORKSPACE_URL; made private"},
		"a host not to name":  {"HEX_WORKSPACE_URL=https://eu.hex.tech\n", "", "HEX_WORKSPACE_URL=https://eu.hex.tech\nHEX_API_TOKEN=secret-value\n", ".env: updated set HEX_API_TOKEN; made private"},
		"only the mode":       {"HEX_API_TOKEN=secret-value\n", "", "HEX_API_TOKEN=secret-value\n", ".env: updated made private"},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			if tc.before != "" {
				put(t, root, ".env", tc.before)
			}
			token := func() string { return "secret-value" }
			c, err := PlanDotenv(root, ignoring(), nil, token, tc.host)
			if err != nil {
				t.Fatal(err)
			}
			if got := summary(c); got != tc.want {
				t.Errorf("plan %q, want %q", got, tc.want)
			}
			if err := Apply(t.Context(), root, []Change{c}); err != nil {
				t.Fatal(err)
			}
			if got := get(t, root, ".env"); got != tc.after {
				t.Errorf("got %q, want %q", got, tc.after)
			}
			again, err := PlanDotenv(root, ignoring(), nil, token, tc.host)
			if err != nil || again.Action != Unchanged {
				t.Errorf("second plan: %s, %v", summary(again), err)
			}
		})
	}
}

func TestDotenvOnlyWhereGitIgnoresIt(t *testing.T) {
	root := t.TempDir()
	token := func() string { return "secret-value" }
	_, err := PlanDotenv(root, fakeGit(root), nil, token, "")
	wantPathError(t, err, ".env", "is not ignored by git")
	changes := plan(t, root, Options{})
	_, err = PlanDotenv(root, fakeGit(root, ".env"), changes, token, "")
	wantPathError(t, err, ".env", "is tracked by git")
	c, err := PlanDotenv(root, fakeGit(root), changes, token, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := Apply(t.Context(), root, append(changes, c)); err != nil {
		t.Fatal(err)
	}
	if _, err := PlanDotenv(root, fakeGit(root), nil, token, ""); err != nil {
		t.Error(err)
	}
	// The user's own excludes keep the token out of this user's commits.
	user := Git{
		Ignored: func(string) (Reach, error) { return User, nil },
		Tracked: func(string) (bool, error) { return false, nil },
	}
	if _, err := PlanDotenv(root, user, nil, token, ""); err != nil {
		t.Error(err)
	}
}

func TestNoTokenWithoutItsIgnoreRule(t *testing.T) {
	root := t.TempDir()
	changes := planAll(t, root)
	err := apply(t.Context(), root, changes, func(r *os.Root, from, to string) error {
		if to == ".gitignore" {
			return errors.New("disk full")
		}
		return r.Rename(from, to)
	})
	if err == nil {
		t.Error("no error")
	}
	if left, _ := os.ReadDir(root); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestChangeShowsNoContents(t *testing.T) {
	root := t.TempDir()
	put(t, root, ".env", "HEX_API_TOKEN=older-secret\n")
	c, err := PlanDotenv(root, ignoring(), nil, func() string { return "newer-secret" }, "")
	if err != nil {
		t.Fatal(err)
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		for _, value := range []any{c, &c, []Change{c}, []*Change{&c}, map[string]Change{"a": c}, struct{ C Change }{c}} {
			shown := fmt.Sprintf(verb, value)
			for _, secret := range []string{"newer-secret", "older-secret", "6e657765722d736563726574", "110 101 119 101 114"} {
				if strings.Contains(shown, secret) {
					t.Errorf("%s of %T shows %s", verb, value, shown)
				}
			}
		}
	}
}
