package hook

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/gh-hex/gh-hex/core/scaffold"
)

const foreignHook = "#!/bin/sh\nexit 0 # somebody else's\n"

// Each of these planned before any of them wrote.
func TestHookIsWrittenOnceByMany(t *testing.T) {
	for _, there := range []string{"", foreignHook, earlierHooks(t)[0]} {
		r := newRepository(t)
		if there != "" {
			r.writeHook(hookName, there)
		}
		planned := r.planHook()
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if h, err := planned.Write(); err != nil || h.Obstacle != "" {
					t.Errorf("%.30q: %q, %v", there, h.Obstacle, err)
				}
			})
		}
		wg.Wait()
		kept := "none"
		if there == foreignHook {
			kept = there
		}
		if r.hook(hookName) != scriptFor("") || r.hook(keptName) != kept {
			t.Errorf("%.30q: the hook is\n%s\nkept is\n%s", there, r.hook(hookName), r.hook(keptName))
		}
		r.expectNothingLeft()
	}
}

func (r repository) expectNothingLeft() {
	r.t.Helper()
	if left, _ := filepath.Glob(filepath.Join(r.dir, ".git", "hooks", ".gh-hex-*")); left != nil {
		r.t.Errorf("left behind: %q", left)
	}
}

// What is done depends on what stands there when it is written, whatever was planned.
func TestHookThatCameMeanwhile(t *testing.T) {
	const other = "#!/bin/sh\nexit 1 # another one\n"
	for _, c := range []struct {
		name, planned, came, cameKept string
		hook, kept, obstacle          string
	}{
		{"one came", "", foreignHook, "", scriptFor(""), foreignHook, ""},
		{"another came", foreignHook, other, "", scriptFor(""), other, ""},
		{"ours came", foreignHook, scriptFor(""), foreignHook, scriptFor(""), foreignHook, ""},
		{"ours came alone", foreignHook, scriptFor(""), "", scriptFor(""), "none", ""},
		{"the kept name was taken", foreignHook, foreignHook, other, foreignHook, other, "there is a hook already, and a pre-push.kept too"},
		{"an old one became foreign", earlierHooks(t)[0], other, "", scriptFor(""), other, ""},
		{"half done before", foreignHook, foreignHook, foreignHook, scriptFor(""), foreignHook, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRepository(t)
			if c.planned != "" {
				r.writeHook(hookName, c.planned)
			}
			planned := r.planHook()
			r.writeHook(hookName, c.came)
			if c.cameKept != "" {
				r.writeHook(keptName, c.cameKept)
			}
			h, err := planned.Write()
			if err != nil || h.Obstacle != c.obstacle {
				t.Errorf("obstacle %q, %v", h.Obstacle, err)
			}
			if r.hook(hookName) != c.hook || r.hook(keptName) != c.kept {
				t.Errorf("the hook is\n%s\nkept is\n%s", r.hook(hookName), r.hook(keptName))
			}
			r.expectNothingLeft()
		})
	}
}

func TestEarlierHookIsReplaced(t *testing.T) {
	for _, before := range append(earlierHooks(t), scriptFor("/opt/tools")) {
		r := newRepository(t)
		r.writeHook(hookName, before)
		plan := func() Hook {
			h, err := Plan(t.Context(), r.open(), "/usr/bin")
			if err != nil {
				t.Fatal(err)
			}
			return h
		}
		if h := plan(); h.Action != scaffold.Updated || h.Kept != "" || h.Obstacle != "" {
			t.Fatalf("planned %+v", h)
		}
		if h, err := plan().Write(); err != nil || h.Action != scaffold.Updated {
			t.Fatalf("%+v, %v", h, err)
		}
		if r.hook(hookName) != scriptFor("/usr/bin") {
			t.Errorf("the hook is\n%s", r.hook(hookName))
		}
		r.writeHook(hookName, strings.ReplaceAll(before, Line, "true")+"make test\n")
		if h := plan(); h.Obstacle == "" || h.Add == "" {
			t.Errorf("a changed one: %+v", h)
		}
	}
}

// Where it is not known where gh is, what an earlier command knew stays.
func TestHookKeepsTheFolderOfGH(t *testing.T) {
	r := newRepository(t)
	r.writeHook(hookName, scriptFor("/opt/tools"))
	if h := r.planHook(); h.Action != scaffold.Unchanged {
		t.Errorf("planned %+v", h)
	}
}

func TestFolderOfGHIsOneWord(t *testing.T) {
	for folder, want := range map[string]string{
		"/usr/bin": "/usr/bin", "/home/a b/bin": "'/home/a b/bin'", "/x/$(id)`id`": "'/x/$(id)`id`'", "/it's": `'/it'\''s'`,
		"": "''", "bin": "''", "/a\nb": "''", "/a:b": "''", "/a\u202eb": "''",
	} {
		text := scriptFor(folder)
		if !strings.Contains(text, "\nwrote="+want+"\n") || !isOurs(text) {
			t.Errorf("%q:\n%s", folder, text)
		}
	}
	for _, text := range []string{"", template, scriptFor("/usr/bin") + "x", "x" + scriptFor("/usr/bin"), strings.Replace(scriptFor("/a"), "wrote=/a", "wrote=/a\nid", 1), strings.Replace(scriptFor("/a"), "wrote=/a", "wrote=/a; id", 1)} {
		if isOurs(text) {
			t.Errorf("taken for ours:\n%s", text)
		}
	}
}

// earlierHooks are what gh hex wrote before.
func earlierHooks(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, name := range []string{"earlier-hook", "earlier-hook-kept-first"} {
		text, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(text))
	}
	return all
}

func TestGuarded(t *testing.T) {
	for text, want := range map[string]bool{
		scriptFor(""): true,
		Line:          true,
		`gh hex verify --pre-push --strict -- "$@"`:     true,
		"gh hex verify --pre-push":                      true,
		"gh hex verify --pre-push \\\n  -- \"$@\"":      true,
		`gh hex verify --pre-push "$@"`:                 false,
		`gh hex verify --pre-push $1 "$2"`:              false,
		"gh hex verify --pre-push \\\n  \"$@\"":         false,
		`gh hex verify --pre-push "$@" -- x`:            false,
		"gh hex verify --pre-push\necho \"$@\"":         true,
		"x -- y\ngh hex verify --pre-push --all \"$@\"": false,
	} {
		if got := guarded(text); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if strings.Contains(preCommitEntry, "$") || !strings.Contains(preCommitEntry, "--pre-push --\n") {
		t.Errorf("the entry for pre-commit is\n%s", preCommitEntry)
	}
}
