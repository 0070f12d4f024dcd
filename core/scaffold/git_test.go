package scaffold_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/core/worktree/gittest"
)

func newTree(t testing.TB) *worktree.Tree {
	t.Helper()
	tree, err := worktree.Open(t.Context(), gittest.Init(t))
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

func git(t testing.TB, dir string, args ...string) {
	t.Helper()
	gittest.Run(t, dir, "", args...)
}

func write(t testing.TB, tree *worktree.Tree, name, data string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(tree.Root(), name), []byte(data), 0o644); err != nil {
		t.Fatal(err)
	}
}

func initialize(t testing.TB, tree *worktree.Tree) {
	t.Helper()
	changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := scaffold.Apply(t.Context(), tree.Root(), changes); err != nil {
		t.Fatal(err)
	}
}

func TestGitignoreIsCompleted(t *testing.T) {
	for name, tc := range map[string]struct{ before, added string }{
		"empty":                    {"", ".env\n.env.local\n"},
		"ignored already":          {".env\n.env.*.local\n.env.local\n", ""},
		"by another pattern":       {"*.local\n.env\n", ""},
		"everything of the kind":   {".env*\n", "!.env.example\n"},
		"with the example let in":  {".env*\n!.env.example\n", ""},
		"the example let in first": {"!.env.example\n.env*\n", "!.env.example\n"},
		"everything at all":        {"*\n", "!.env.example\n"},
		"the examples alone":       {"*.example\n", ".env\n.env.local\n!.env.example\n"},
		"taken back":               {".env\n!.env\n", ".env\n.env.local\n"},
		"only a folder":            {".env/\n.env.local/\n", ".env\n.env.local\n"},
		"a comment":                {"# .env\n\\.env.local\n", ".env\n"},
		"CRLF":                     {"dist/\r\n.env\r\n", ".env.local\r\n"},
		"byte-order mark":          {"\xef\xbb\xbf.env\n", ".env.local\n"},
		"no final newline":         {"dist/", "\n.env\n.env.local"},
		"no final newline in CRLF": {"dist/\r\na", "\r\n.env\r\n.env.local"},
		"a blank behind the name":  {".env \\ \n", ".env\n.env.local\n"},
		"not UTF-8":                {"# caf\xe9\n", ".env\n.env.local\n"},
	} {
		t.Run(name, func(t *testing.T) {
			tree := newTree(t)
			write(t, tree, ".gitignore", tc.before)
			initialize(t, tree)
			got, err := os.ReadFile(filepath.Join(tree.Root(), ".gitignore"))
			if err != nil || string(got) != tc.before+tc.added {
				t.Errorf("got %q, %v, want %q", got, err, tc.before+tc.added)
			}
			wantSettled(t, tree)
		})
	}
}

// wantSettled asks git for what Plan promises, and Plan whether there is anything left.
func wantSettled(t testing.TB, tree *worktree.Tree) {
	t.Helper()
	answers, err := tree.Ignored(t.Context(), ".env", ".env.local", ".env.example")
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range answers {
		if secret := i < 2; a.Ignored != secret || secret && !a.Shared {
			t.Errorf("git says %+v", a)
		}
	}
	changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		if c.Action != scaffold.Unchanged || c.Detail != "" {
			t.Errorf("a second run would change %+v", c)
		}
	}
}

func TestRulesOfThisMachineDoNotCount(t *testing.T) {
	tree := newTree(t)
	write(t, tree, ".git/info/exclude", ".env\n")
	write(t, tree, "excludes", ".env.*\n")
	git(t, tree.Root(), "config", "--global", "core.excludesFile", filepath.Join(tree.Root(), "excludes"))
	initialize(t, tree)
	got, err := os.ReadFile(filepath.Join(tree.Root(), ".gitignore"))
	if want := ".env\n.env.local\n!.env.example\n"; err != nil || string(got) != want {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
	wantSettled(t, tree)
}

func TestNestedGitignoreIsLeftAlone(t *testing.T) {
	tree := newTree(t)
	if err := os.Mkdir(filepath.Join(tree.Root(), "app"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, tree, "app/.gitignore", ".env*\n")
	initialize(t, tree)
	if got, err := os.ReadFile(filepath.Join(tree.Root(), "app", ".gitignore")); err != nil || string(got) != ".env*\n" {
		t.Errorf("got %q, %v", got, err)
	}
	wantSettled(t, tree)
}

func TestLinkedWorkTree(t *testing.T) {
	tree := newTree(t)
	git(t, tree.Root(), "-c", "user.name=Ada Lovelace", "-c", "user.email=ada@example.com", "commit", "-q", "--allow-empty", "-m", "first")
	linked := filepath.Join(t.TempDir(), "linked")
	git(t, tree.Root(), "worktree", "add", "-q", linked)
	other, err := worktree.Open(t.Context(), linked)
	if err != nil {
		t.Fatal(err)
	}
	initialize(t, other)
	wantSettled(t, other)
	if _, err := os.Lstat(filepath.Join(tree.Root(), ".gitignore")); err == nil {
		t.Error("the main work tree was written to")
	}
}

func TestTokenGoesWhereGitWillIgnoreIt(t *testing.T) {
	tree := newTree(t)
	token := func() string { return "secret" }
	planned, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := scaffold.PlanDotenv(tree.Root(), tree.Git(t.Context()), planned, token, "")
	if err != nil {
		t.Fatal(err)
	}
	if err := scaffold.Apply(t.Context(), tree.Root(), append(planned, c)); err != nil {
		t.Fatal(err)
	}
	data, err := tree.ReadLocal(t.Context(), ".env")
	if value, _, _ := dotenv.Lookup(data, "HEX_API_TOKEN"); err != nil || value != "secret" {
		t.Errorf("read %q, %v", data, err)
	}
	git(t, tree.Root(), "add", "-f", ".env")
	if _, err := scaffold.PlanDotenv(tree.Root(), tree.Git(t.Context()), nil, token, ""); err == nil {
		t.Error("a tracked .env was planned to hold a token")
	}
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(".env*\r\n!.env.example\r\n"), []byte("HEX_API_TOKEN=x"))
	f.Add([]byte("!.env.example\n.env*"), []byte("\xef\xbb\xbfA=\"\n"))
	f.Add([]byte("*\n!.env\n\\"), []byte("HEX_WORKSPACE_URL='\r\n"))
	f.Add([]byte("[\r\r\n/.env\\ "), []byte{})
	tree := newTree(f)
	f.Fuzz(func(t *testing.T, ignore, example []byte) {
		write(t, tree, ".gitignore", string(ignore))
		write(t, tree, ".env.example", string(example))
		changes, err := scaffold.Plan(tree.Root(), tree.Git(t.Context()), scaffold.Options{})
		if err != nil {
			if dotenv.UTF16(ignore) || dotenv.UTF16(example) || bytes.IndexByte(append(ignore, example...), 0) >= 0 {
				return
			}
			t.Fatal(err)
		}
		if err := scaffold.Apply(t.Context(), tree.Root(), changes); err != nil {
			t.Fatal(err)
		}
		for name, before := range map[string][]byte{".gitignore": ignore, ".env.example": example} {
			after, err := os.ReadFile(filepath.Join(tree.Root(), name))
			if err != nil || !bytes.HasPrefix(after, before) {
				t.Errorf("%s was %q and is %q, %v", name, before, after, err)
			}
		}
		wantSettled(t, tree)
	})
}
