package worktree

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree/gittest"
)

// repository is a fresh one, with a configuration of its user that nothing on this machine has a part in.
type repository struct {
	t   *testing.T
	dir string
}

func newRepository(t *testing.T) repository {
	t.Helper()
	r := repository{t, gittest.Init(t)}
	r.git("config", "--global", "user.name", "Ada Lovelace")
	r.git("config", "--global", "user.email", "ada@example.com")
	r.git("config", "--global", "protocol.file.allow", "always")
	return r
}

func (r repository) git(args ...string) string {
	r.t.Helper()
	return r.gitInput("", args...)
}

func (r repository) gitInput(input string, args ...string) string {
	r.t.Helper()
	return gittest.Run(r.t, r.dir, input, args...)
}

func (r repository) commitEmpty(message string) {
	r.git("commit", "-q", "--allow-empty", "-m", message)
}

func (r repository) write(name, data string) {
	r.t.Helper()
	path := filepath.Join(r.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		r.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(data), 0o644); err != nil {
		r.t.Fatal(err)
	}
}

// nameHere is name as this system can have it: Windows lacks control characters and some others in names of files.
func nameHere(name string) string {
	if runtime.GOOS != "windows" {
		return name
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`:*?"<>|`, r) {
			return '_'
		}
		return r
	}, name)
}

func (r repository) commit(paths ...string) string {
	r.t.Helper()
	r.git(append([]string{"add", "-f", "--"}, paths...)...)
	r.git("commit", "-q", "-m", "change")
	return r.git("rev-parse", "HEAD")
}

func (r repository) open() *Tree {
	r.t.Helper()
	tree, err := Open(r.t.Context(), r.dir)
	if err != nil {
		r.t.Fatal(err)
	}
	return tree
}

func TestOpen(t *testing.T) {
	r := newRepository(t)
	r.write("a b/ü/file", "")
	for _, sub := range []string{".", "a b", "a b/ü"} {
		tree, err := Open(t.Context(), filepath.Join(r.dir, filepath.FromSlash(sub)))
		if err != nil {
			t.Fatal(err)
		}
		if tree.Root() != r.dir || tree.CommonDir() != filepath.Join(r.dir, ".git") {
			t.Errorf("from %s: root %s, common folder %s", sub, tree.Root(), tree.CommonDir())
		}
	}
}

func TestOpenLinkedWorkTree(t *testing.T) {
	r := newRepository(t)
	r.write("file", "")
	r.commit("file")
	linked := filepath.Join(filepath.Dir(r.dir), "linked")
	r.git("worktree", "add", "-q", linked)
	tree, err := Open(t.Context(), linked)
	if err != nil {
		t.Fatal(err)
	}
	if tree.Root() != linked || tree.CommonDir() != filepath.Join(r.dir, ".git") {
		t.Errorf("root %s, common folder %s", tree.Root(), tree.CommonDir())
	}
	// An exclude file of the repository holds for its linked work trees, and is still only this machine's.
	r.write(".git/info/exclude", ".env\n")
	answers, err := tree.Ignored(t.Context(), ".env")
	if err != nil || !answers[0].Ignored || answers[0].Shared {
		t.Errorf("answer %+v, %v", answers, err)
	}
}

func TestOpenIgnoresWhatAHookInherits(t *testing.T) {
	other := newRepository(t)
	r := newRepository(t)
	t.Setenv("GIT_DIR", filepath.Join(other.dir, ".git"))
	t.Setenv("GIT_WORK_TREE", other.dir)
	if tree := r.open(); tree.Root() != r.dir {
		t.Errorf("root is %s, want %s", tree.Root(), r.dir)
	}
}

func TestOpenErrors(t *testing.T) {
	r := newRepository(t)
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
	bare := t.TempDir()
	r.git("init", "-q", "--bare", bare)
	elsewhere := t.TempDir()
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(elsewhere))
	for dir, want := range map[string]error{
		elsewhere:                        ErrNotRepository,
		bare:                             ErrBare,
		filepath.Join(r.dir, ".git"):     ErrBare,
		filepath.Join(elsewhere, "none"): fs.ErrNotExist,
	} {
		if _, err := Open(t.Context(), dir); !errors.Is(err, want) {
			t.Errorf("%s: error is %v, want %v", dir, err, want)
		}
	}

	r.write("broken/.git", "gitdir: /nowhere\n")
	known := (*GitError)(nil)
	if _, err := Open(t.Context(), filepath.Join(r.dir, "broken")); !errors.As(err, &known) || known.Code != 128 || !strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("error is %v", err)
	}

	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(cancelled, r.dir); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v", err)
	}

	t.Setenv("PATH", t.TempDir())
	if _, err := Open(t.Context(), r.dir); !errors.Is(err, ErrNoGit) {
		t.Errorf("error is %v", err)
	}
}

func TestOpenNamesUnsafeOwnership(t *testing.T) {
	r := newRepository(t)
	t.Setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1")
	cmd := exec.Command("git", "rev-parse", "--git-dir")
	cmd.Dir = r.dir
	said, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("this git does not mind")
	}
	// The variable does not get through to git, as none of its kind does, so the message is taken from here.
	if text := message(string(said), err); !strings.HasPrefix(text, "detected dubious ownership in repository at") || !strings.Contains(text, "safe.directory") {
		t.Errorf("message is %q", text)
	}
	r.open()
}

func TestIgnored(t *testing.T) {
	r := newRepository(t)
	r.write("user-excludes", ".env.local\n*.user\n")
	r.git("config", "--global", "core.excludesFile", filepath.ToSlash(filepath.Join(r.dir, "user-excludes")))
	r.write(".git/info/exclude", "*.mine\n")
	r.write(".gitignore", "\xef\xbb\xbf.env*\r\n!.env.example\n/dir/\n-x\n:(literal)\n")
	r.write("sub/.gitignore", "!.env\n")
	r.write("dir/.env.example", "")
	r.write(".env", "")
	r.commit(".env")
	type want struct {
		path, source    string
		line            int
		ignored, shared bool
	}
	wants := []want{
		{".env", ".gitignore", 1, true, true},
		{".env.local", ".gitignore", 1, true, true},
		{".env.example", ".gitignore", 2, false, true},
		{"sub/.env", "sub/.gitignore", 1, false, true},
		{"sub/.env.x", ".gitignore", 1, true, true},
		{"dir/.env.example", ".gitignore", 3, true, true},
		{"a.user", filepath.ToSlash(filepath.Join(r.dir, "user-excludes")), 2, true, false},
		{"a.mine", ".git/info/exclude", 1, true, false},
		{"-x", ".gitignore", 4, true, true},
		{":(literal)", ".gitignore", 5, true, true},
		{"a\nb", "", 0, false, false},
		{"*", "", 0, false, false},
	}
	var paths []string
	for _, w := range wants {
		paths = append(paths, w.path)
	}
	answers, err := r.open().Ignored(t.Context(), paths...)
	if err != nil {
		t.Fatal(err)
	}
	if len(answers) != len(wants) {
		t.Fatalf("%d answers to %d questions", len(answers), len(wants))
	}
	for i, a := range answers {
		if got := (want{a.Path, a.Source, a.Line, a.Ignored, a.Shared}); got != wants[i] {
			t.Errorf("got %+v, want %+v", got, wants[i])
		}
	}
	if _, err := r.open().Ignored(t.Context(), "../x"); err == nil {
		t.Error("no error for a path outside")
	}
}

func TestEnvFiles(t *testing.T) {
	r := newRepository(t)
	const hex = "HEX_API_TOKEN=\n"
	r.write(".gitignore", ".env\nnode_modules/\n/venv/.env/\nsecret.*\n")
	for name, data := range map[string]string{
		".env":                             "A=1\n",
		".env.local":                       "",
		".env.production":                  "export HEX_WORKSPACE_URL_EU=x\n",
		".env.other":                       "A=1\nMY_HEX_API_TOKEN=\nHEXAGON=1\n",
		".env.example":                     hex,
		".env.local.Sample":                hex,
		".env.dist":                        hex,
		"app/.env":                         hex,
		"app/deep/.env.prod":               hex,
		"-dash/.env":                       hex,
		nameHere("line\nfeed") + "/.env.x": hex,
		"node_modules/pkg/.env":            hex,
		"venv/.env/bin/.env.prod":          hex,
		"tracked/.env.staging":             hex,
		"gone/.env.staging":                hex,
		"changed/.env.staging":             hex,
		"not.env":                          hex,
		"folder/.env.d/settings":           hex,
	} {
		r.write(name, data)
	}
	if err := os.Symlink("app/.env", filepath.Join(r.dir, ".env.link")); err != nil {
		t.Fatal(err)
	}
	r.commit("tracked", "gone", "changed", ".env.link")
	if err := os.Remove(filepath.Join(r.dir, "gone", ".env.staging")); err != nil {
		t.Fatal(err)
	}
	r.write("changed/.env.staging", "A=1\n")

	sub := repository{t, filepath.Join(r.dir, "module")}
	if err := os.Mkdir(sub.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	sub.git("init", "-q", "-b", "main")
	sub.write(".env", hex)
	sub.commit(".env")
	r.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", "./module")
	nested := repository{t, filepath.Join(r.dir, "nested")}
	if err := os.Mkdir(nested.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	nested.git("init", "-q")
	nested.write(".env", hex)

	files, err := r.open().EnvFiles(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range files {
		about := f.Path
		if f.Tracked {
			about += " tracked"
		}
		if !f.Exists {
			about += " gone"
		}
		got = append(got, about)
	}
	want := []string{"-dash/.env", ".env", ".env.local", ".env.production", "app/.env", "app/deep/.env.prod", "changed/.env.staging tracked",
		"gone/.env.staging tracked gone", nameHere("line\nfeed") + "/.env.x", "tracked/.env.staging tracked"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestReadLocal(t *testing.T) {
	r := newRepository(t)
	r.write(".env", "A=1\n")
	r.write("other", "A=1\n")
	r.write(".env.big", strings.Repeat("#", maxLocal+1))
	r.write(".env.full", strings.Repeat("#", maxLocal))
	if err := os.Symlink("other", filepath.Join(r.dir, ".env.link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(r.dir, ".env.dir"), 0o755); err != nil {
		t.Fatal(err)
	}
	tree := r.open()
	for name, want := range map[string]string{
		".env.link": "is a symbolic link",
		".env.dir":  "is a folder",
		".env.big":  "is larger than 64 KiB",
		"../other":  "is not at the top",
	} {
		known := (*scaffold.PathError)(nil)
		if _, err := tree.ReadLocal(t.Context(), name); !errors.As(err, &known) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error is %v, want %q", name, err, want)
		}
	}
	if data, err := tree.ReadLocal(t.Context(), ".env"); err != nil || string(data) != "A=1\n" {
		t.Errorf("read %q, %v", data, err)
	}
	if data, err := tree.ReadLocal(t.Context(), ".env.full"); err != nil || len(data) != maxLocal {
		t.Errorf("read %d bytes, %v", len(data), err)
	}
	if _, err := tree.ReadLocal(t.Context(), ".env.none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	r.git("add", "-N", ".env")
	if data, err := tree.ReadLocal(t.Context(), ".env"); !errors.Is(err, ErrTracked) || data != nil {
		t.Errorf("read %q of a tracked file, %v", data, err)
	}
}

// A file system that takes two names for one file is played by a hard link.
func TestReadLocalKnowsATrackedFileByAnotherName(t *testing.T) {
	for _, tracked := range []string{".ENV", "ENV~1"} {
		r := newRepository(t)
		r.write(tracked, "HEX_WORKSPACE_URL=https://evil.hex.tech\n")
		r.commit(tracked)
		// Where the file system folds case by itself there is nothing left to play.
		if err := os.Link(filepath.Join(r.dir, tracked), filepath.Join(r.dir, ".env")); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
		if _, err := r.open().ReadLocal(t.Context(), ".env"); !errors.Is(err, ErrTracked) {
			t.Errorf("%s: error is %v", tracked, err)
		}
	}
}

func TestRemotes(t *testing.T) {
	r := newRepository(t)
	tree := r.open()
	if remotes, err := tree.Remotes(t.Context()); err != nil || remotes != nil {
		t.Errorf("without any: %v, %v", remotes, err)
	}
	r.git("remote", "add", "origin", "work:octo/analytics")
	r.git("config", "url.git@github.com:.insteadOf", "work:")
	r.git("remote", "add", "up.stream", "https://github.com/hubot/analytics.git")
	r.git("remote", "set-url", "--push", "up.stream", "no_push")
	r.git("config", "remote.up.stream.gh-resolved", "base")
	r.git("config", "remote.nourl.fetch", "x")
	got, err := tree.Remotes(t.Context())
	want := []Remote{
		{Name: "origin", Configured: "work:octo/analytics", URL: "git@github.com:octo/analytics", PushURL: "git@github.com:octo/analytics"},
		{Name: "up.stream", Configured: "https://github.com/hubot/analytics.git", URL: "https://github.com/hubot/analytics.git", PushURL: "no_push", Resolved: "base"},
	}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}

func TestOutputIsBounded(t *testing.T) {
	r := newRepository(t)
	r.write("file", strings.Repeat("x", 1<<20))
	r.commit("file")
	g := r.open().git
	if _, err := g.runLimited(t.Context(), r.dir, nil, 1<<19, "cat-file", "blob", "HEAD:file"); !errors.Is(err, ErrTooMuch) {
		t.Errorf("error is %v", err)
	}
	if out, err := g.runLimited(t.Context(), r.dir, nil, 1<<20, "cat-file", "blob", "HEAD:file"); err != nil || len(out) != 1<<20 {
		t.Errorf("read %d bytes, %v", len(out), err)
	}
}

func TestEnvironment(t *testing.T) {
	got := environment([]string{"PATH=/bin", "HEX_API_TOKEN=a", "hex_x=a", "GH_TOKEN=a", "GITHUB_TOKEN=a", "GIT_DIR=a", "GIT_TRACE=1", "GIT_CONFIG=a",
		"GIT_CONFIG_GLOBAL=a", "GIT_EXEC_PATH=a", "GITHUB_REPOSITORY=a", "LC_ALL=de", "EMPTY="})
	want := []string{"PATH=/bin", "GIT_CONFIG_GLOBAL=a", "GIT_EXEC_PATH=a", "GITHUB_REPOSITORY=a", "EMPTY=",
		"LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE=" + os.DevNull}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func FuzzParseLog(f *testing.F) {
	f.Add("\x01abc\x00\n:000000 100644 0 1 A\x00.env\x00\x00\x01def\x00\n:1 1 1 1 M\x00:x\x00")
	f.Fuzz(func(t *testing.T, out string) {
		for _, v := range parseLog(fields([]byte(out))) {
			if v.blob == "" {
				t.Errorf("no object: %+v", v)
			}
		}
	})
}
