package worktree

import (
	"path/filepath"
	"testing"
)

// What a tree that is still was told once is not asked again, and one that is not asks each time.
func TestStillTreesAskOnce(t *testing.T) {
	r := newRepository(t)
	tree := r.open()
	still := tree.Still()
	if still.Still() != still || (*Tree)(nil).Still() != nil {
		t.Error("another tree")
	}
	count := func(tree *Tree) (remotes, files int) {
		t.Helper()
		all, err := tree.Remotes(t.Context())
		if err != nil {
			t.Error(err)
		}
		names, err := tree.Files(t.Context())
		if err != nil {
			t.Error(err)
		}
		return len(all), len(names)
	}
	count(still)
	r.git("remote", "add", "origin", "https://github.com/octo/analytics")
	r.write("file", "")
	if remotes, files := count(still); remotes != 0 || files != 0 {
		t.Errorf("still: %d remotes, %d files", remotes, files)
	}
	if remotes, files := count(tree); remotes != 1 || files != 1 {
		t.Errorf("%d remotes, %d files", remotes, files)
	}
}

// Git is not asked for the addresses of a remote where it has no choice, and is where it has one.
func TestRemotesAreThoseOfGit(t *testing.T) {
	for name, settings := range map[string][][2]string{
		"plain":            {{"remote.origin.url", "https://github.com/octo/a"}},
		"two addresses":    {{"remote.origin.url", "https://github.com/octo/a"}, {"remote.origin.url", "https://github.com/octo/b"}},
		"one to push to":   {{"remote.origin.url", "https://github.com/octo/a"}, {"remote.origin.pushurl", "https://github.com/octo/b"}},
		"a rule":           {{"remote.origin.url", "gh:octo/a"}, {"url.https://github.com/.insteadOf", "gh:"}},
		"a rule to push":   {{"remote.origin.url", "https://github.com/octo/a"}, {"url.git@github.com:.pushInsteadOf", "https://github.com/"}},
		"dots":             {{"remote.a.url.b.url", "https://github.com/octo/a"}},
		"another's rule":   {{"remote.origin.url", "https://github.com/octo/a"}, {"remote.up.url", "https://github.com/octo/b"}, {"remote.up.pushurl", "x"}},
		"an alias of ours": {{"remote.-x.url", "https://github.com/octo/a"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			for _, s := range settings {
				r.git("config", "--add", s[0], s[1])
			}
			remotes, err := r.open().Remotes(t.Context())
			if err != nil || len(remotes) == 0 {
				t.Fatal(remotes, err)
			}
			for _, got := range remotes {
				fetch, push := r.git("remote", "get-url", "--", got.Name), r.git("remote", "get-url", "--push", "--", got.Name)
				if got.URL != fetch || got.PushURL != push {
					t.Errorf("%+v, want %s and %s", got, fetch, push)
				}
			}
		})
	}
}

// Git alone knows where a path begins that starts with a home.
func TestHooksFolderIsThatOfGit(t *testing.T) {
	home := t.TempDir()
	for value, want := range map[string]string{"": "", "~/hooks": filepath.Join(home, "hooks"), "tools": "tools", "a~b": "a~b", filepath.Join(home, "x"): filepath.Join(home, "x")} {
		r := newRepository(t)
		t.Setenv("HOME", home)
		r.git("config", "core.hooksPath", value)
		if want != "" && !filepath.IsAbs(want) {
			want = filepath.Join(r.open().Root(), want)
		}
		got, configured, err := r.open().HooksFolder(t.Context())
		if got != want || !configured || err != nil {
			t.Errorf("%q: %s, %v, %v; want %s", value, got, configured, err, want)
		}
	}
}
