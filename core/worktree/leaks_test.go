package worktree

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
)

const revoke = "revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the files"

// short is what may be shown of a token.
func short(token string) string { return token[:5] + "…" + token[len(token)-4:] }

func (r repository) leaks(o LeakOptions) string {
	r.t.Helper()
	o.Host = "https://app.hex.tech"
	return written(check.Run(r.t.Context(), []check.Check{LeakCheck(r.open(), o)}))
}

func (r repository) expectLeaks(o LeakOptions, want ...string) {
	r.t.Helper()
	if got := r.leaks(o); got != strings.Join(want, "\n") {
		r.t.Errorf("token-leaked is\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

// remote makes what HEAD reaches known as the remote's.
func (r repository) remote() { r.git("update-ref", "refs/remotes/origin/main", "HEAD") }

func TestLeaksInFiles(t *testing.T) {
	r := newRepository(t)
	r.write(".gitignore", "ignored\n")
	r.write("ignored", token(1))
	r.write("clean", "hxtp_\nHEX_API_TOKEN=\n")
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 2 files (no unpushed commits) []")

	r.write("dir/tracked.py", "a = 1\nkey = \""+token(2)+"\"\n")
	r.git("add", "dir")
	r.write("dir/untracked", token(3)+"\n"+token(3)[:60]+"\n")
	r.write("data.bin", "\x00\x01\n\x00"+base64.StdEncoding.EncodeToString([]byte("x="+token(4))))
	r.write(token(5)+".txt", "")
	r.expectLeaks(LeakOptions{},
		"error: data.bin holds a Hex token ("+short(token(4))+") in base64 (and 4 more) ["+revoke+", and git add those that are staged]",
		"  error data.bin:2:4 data.bin holds a Hex token ("+short(token(4))+") in base64",
		"  error dir/tracked.py:2:8 dir/tracked.py holds a Hex token ("+short(token(2))+")",
		"  error dir/untracked:1:1 dir/untracked holds a Hex token ("+short(token(3))+")",
		"  warning dir/untracked:2:1 dir/untracked holds what may be a Hex token ("+short(token(3)[:60])+")",
		"  error "+short(token(5))+".txt:0:0 the name of "+short(token(5))+".txt holds a Hex token ("+short(token(5))+")")
}

func (r repository) remove(name string) {
	r.t.Helper()
	if err := os.Remove(filepath.Join(r.dir, name)); err != nil {
		r.t.Fatal(err)
	}
}

// What is staged is in the next commit, whatever the file holds by then.
func TestLeaksInTheIndex(t *testing.T) {
	for name, committed := range map[string]bool{"before the first commit": false, "after it": true} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			r.write("q.py", "clean")
			r.write("same.py", "clean")
			if committed {
				r.commit("q.py", "same.py")
				r.remote()
			}
			r.write("q.py", "\nkey = "+token(1))
			r.write("same.py", token(2))
			r.write("gone", token(3))
			r.git("add", ".")
			r.write("q.py", "clean")
			r.git("-c", "core.hooksPath=/dev/null", "rm", "-q", "--cached", "gone")
			r.remove("gone")
			fix := revoke + ", and git add those that are staged"
			r.expectLeaks(LeakOptions{},
				"error: q.py holds a Hex token ("+short(token(1))+") as it is staged (and 1 more) ["+fix+"]",
				"  error q.py:2:7 q.py holds a Hex token ("+short(token(1))+") as it is staged",
				"  error same.py:1:1 same.py holds a Hex token ("+short(token(2))+")")
			r.write("same.py", "clean")
			r.git("add", ".")
			if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "ok: ") {
				t.Errorf("after git add, %s", got)
			}
			// A file that is gone may still be staged.
			r.write("q.py", token(4))
			r.git("add", ".")
			r.remove("q.py")
			if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: q.py holds a Hex token ("+short(token(4))+") as it is staged [") {
				t.Error(got)
			}
		})
	}
}

// Nothing that the repository configures runs when the index is compared: neither a filter nor a program for differences.
func TestIndexIsReadWithoutPrograms(t *testing.T) {
	r := newRepository(t)
	r.write("q.py", "clean")
	r.commit("q.py")
	r.write(".gitattributes", "*.py filter=x diff=x\n")
	r.git("add", ".gitattributes")
	r.write("q.py", token(1))
	r.git("add", "q.py")
	r.write("q.py", "other")
	for _, key := range []string{"filter.x.clean", "filter.x.smudge", "filter.x.process", "diff.x.command", "diff.x.textconv", "diff.external"} {
		r.git("config", key, "touch executed")
	}
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: q.py holds a Hex token") {
		t.Error(got)
	}
	if _, err := os.Stat(filepath.Join(r.dir, "executed")); err == nil {
		t.Error("a program of the repository's configuration was run")
	}
}

func TestProbableLeaksAreWarnings(t *testing.T) {
	r := newRepository(t)
	r.write("notes", token(1)[:60])
	r.expectLeaks(LeakOptions{},
		"warning: notes holds what may be a Hex token ("+short(token(1)[:60])+") ["+revoke+"]",
		"  warning notes:1:1 notes holds what may be a Hex token ("+short(token(1)[:60])+")")
}

func TestOtherRepositoriesAreLeftAlone(t *testing.T) {
	r := newRepository(t)
	r.git("init", "-q", "nested")
	r.write("nested/file", token(1))
	r.git("init", "-q", "module")
	r.write("module/file", token(1))
	r.git("-C", "module", "add", ".")
	r.git("-C", "module", "commit", "-q", "-m", "x")
	r.git("-c", "advice.addEmbeddedRepo=false", "add", "module")
	r.git("commit", "-q", "-m", "module")
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 1 file and 1 unpushed commit []")
}

func TestConflictIsReportedOnce(t *testing.T) {
	r := newRepository(t)
	for stage := range 3 {
		r.write("file", fmt.Sprint(stage))
		id := r.git("hash-object", "-w", "file")
		cmd := "100644 " + id + fmt.Sprintf(" %d\tfile", stage+1)
		r.gitInput(cmd+"\n", "update-index", "--index-info")
	}
	r.write("file", token(1))
	r.expectLeaks(LeakOptions{},
		"error: file holds a Hex token ("+short(token(1))+") ["+revoke+"]",
		"  error file:1:1 file holds a Hex token ("+short(token(1))+")")
}

func TestLeaksInCommits(t *testing.T) {
	r := newRepository(t)
	r.write("pushed", token(1))
	r.commit("pushed")
	r.write("pushed", "")
	r.commit("pushed")
	r.remote()
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 1 file (no unpushed commits) []")

	odd := nameHere("a\nb")
	r.write(odd, "x "+token(2))
	first := r.commit(odd)
	r.write(odd, "y\n"+token(2)) // reported with the first commit
	r.commit(odd)
	r.write(odd, "")
	r.commit(odd)
	r.git("commit", "-q", "--allow-empty", "-m", "Subject\n\nuse "+token(3))
	message := r.git("rev-parse", "HEAD")
	r.write("dir/"+token(4), "")
	named := r.commit("dir")
	r.git("rm", "-q", "-r", "dir")
	r.git("commit", "-q", "-m", "remove")
	fix := revoke + " and the commits: git rebase --interactive " + first[:12] + "^, mark the commits that are listed as edit, and at each stop: " +
		"edit the file, git add it, rename with git mv, git commit --amend, git rebase --continue"
	r.expectLeaks(LeakOptions{},
		"error: "+odd+" holds a Hex token ("+short(token(2))+") in an unpushed commit (and 2 more) ["+fix+"]",
		"  error "+odd+":1:3 in "+first+" "+odd+" holds a Hex token ("+short(token(2))+") in an unpushed commit",
		"  error :3:5 in "+message+" the message of commit "+message[:7]+" holds a Hex token ("+short(token(3))+")",
		"  error dir/"+short(token(4))+":0:0 in "+named+" the name of dir/"+short(token(4))+" holds a Hex token ("+short(token(4))+") in an unpushed commit")
	r.remote()
	r.expectLeaks(LeakOptions{}, "ok: no Hex token in 2 files (no unpushed commits) []")
}

func TestWayOutOfCommits(t *testing.T) {
	r := newRepository(t)
	r.write("file", token(1))
	only := r.commit("file")
	r.write("file", "")
	want := func(command string) {
		t.Helper()
		r.expectLeaks(LeakOptions{},
			"error: file holds a Hex token ("+short(token(1))+") in an unpushed commit ["+revoke+" and the commits: "+command+"]",
			"  error file:1:1 in "+only+" file holds a Hex token ("+short(token(1))+") in an unpushed commit")
	}
	want("edit the file, git add it, git commit --amend --no-edit")
	r.commit("file")
	want("git rebase --interactive --root, mark the commits that are listed as edit, and at each stop: edit the file, git add it, git commit --amend --no-edit, git rebase --continue")
}

// Whoever does what the fix says, and nothing else, is rid of the token.
func TestWayOutOfCommitsLeadsOut(t *testing.T) {
	for name, later := range map[string]bool{"the last commit": false, "an older commit": true} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			r.commitEmpty("start")
			r.write("file", token(1))
			bad := r.commit("file")
			if later {
				r.write("other", "x")
				r.commit("other")
				r.git("-c", `sequence.editor=f() { sed '1s/^pick/edit/' "$1" >"$1.new" && mv "$1.new" "$1"; }; f`, "rebase", "-q", "--interactive", bad[:12]+"^")
			}
			r.write("file", "clean")
			r.git("add", "file")
			r.git("commit", "-q", "--amend", "--no-edit")
			if later {
				r.git("-c", "core.editor=false", "rebase", "--continue")
			}
			if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "ok: ") {
				t.Error(got)
			}
		})
	}
}

func TestWayOutOfMessages(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.commitEmpty("use " + token(1))
	bad := r.git("rev-parse", "HEAD")
	want := func(steps string) {
		t.Helper()
		if got, _, _ := strings.Cut(r.leaks(LeakOptions{}), "\n"); !strings.HasSuffix(got, " then take it out of the commits: "+steps+"]") {
			t.Errorf("%s\nwant %s", got, steps)
		}
	}
	want("git commit --amend")
	r.commitEmpty("later")
	want("git rebase --interactive " + bad[:12] + "^, mark the commits that are listed as reword")
}

// Of what a rewritten commit held, only a reflog remains. Nobody else has it, unless it was pushed before.
func TestLeaksThatWereRewritten(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.remote()
	r.write("file", token(1))
	local := r.commit("file")
	r.write("file", "clean")
	r.git("commit", "-q", "-a", "--amend", "--no-edit")
	forget := "to forget what only the reflog has, and all stashes: git reflog expire --expire=now --all && git gc --prune=now"
	r.expectLeaks(LeakOptions{History: true},
		"error: file holds a Hex token ("+short(token(1))+") in a commit that only the reflog of this clone has ["+revoke+"; "+forget+"]",
		"  error file:1:1 in "+local+" file holds a Hex token ("+short(token(1))+") in a commit that only the reflog of this clone has")
	r.git("reflog", "expire", "--expire=now", "--all")
	r.git("gc", "-q", "--prune=now")
	if got := r.leaks(LeakOptions{History: true}); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("after that, %s", got)
	}

	r.write("file", token(2))
	r.git("commit", "-q", "-a", "-m", "pushed")
	pushed := r.git("rev-parse", "HEAD")
	r.git("update-ref", "--create-reflog", "refs/remotes/origin/main", "HEAD")
	r.write("file", "clean again")
	r.git("commit", "-q", "-a", "--amend", "--no-edit")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	r.expectLeaks(LeakOptions{History: true},
		"error: file holds a Hex token ("+short(token(2))+") in the history ["+revoke+"; whoever has a clone keeps what was pushed]",
		"  error file:1:1 in "+pushed+" file holds a Hex token ("+short(token(2))+") in the history")
}

func TestReplacementsHideNothing(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.remote()
	r.write("file", token(1))
	bad := r.commit("file")
	r.git("reset", "-q", "--hard", "HEAD^")
	r.commitEmpty("harmless")
	harmless := r.git("rev-parse", "HEAD")
	r.git("reset", "-q", "--hard", bad)
	r.write("file", "")
	r.commit("file")
	r.git("replace", bad, harmless)
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: file holds a Hex token") {
		t.Errorf("with a replaced commit: %s", got)
	}
	r.git("replace", "-d", bad)
	r.write(".git/info/grafts", r.git("rev-parse", "HEAD")+"\n")
	if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, "error: file holds a Hex token") {
		t.Errorf("with a graft: %s", got)
	}
}

func TestLeaksInHistory(t *testing.T) {
	r := newRepository(t)
	r.write("pushed", token(1))
	pushed := r.commit("pushed")
	r.write("pushed", "")
	r.write("copy", token(1))
	r.commit("pushed", "copy")
	r.git("rm", "-q", "copy")
	r.git("commit", "-q", "-m", "clean")
	r.remote()
	fix := revoke + "; whoever has a clone keeps what was pushed"
	want := []string{
		"error: pushed holds a Hex token (" + short(token(1)) + ") in the history [" + fix + "]",
		"  error pushed:1:1 in " + pushed + " pushed holds a Hex token (" + short(token(1)) + ") in the history",
	}
	r.expectLeaks(LeakOptions{History: true}, want...)

	id := r.gitInput(token(2), "hash-object", "-w", "--stdin") // belongs to no history
	r.expectLeaks(LeakOptions{History: true}, want...)

	r.git("tag", "-a", "v1", "-m", "first\n"+token(3))
	r.git("tag", "blob", id)
	r.write("stashed", token(4))
	r.git("add", "stashed")
	r.git("stash", "-q")
	stash := r.git("rev-parse", "stash^2")
	r.git("commit", "-q", "--allow-empty", "-m", "rewritten "+token(5))
	rewritten := r.git("rev-parse", "HEAD")
	r.git("commit", "-q", "--amend", "--allow-empty", "-m", "better")
	got := r.leaks(LeakOptions{History: true})
	for _, line := range append(want[1:],
		"  error stashed:1:1 in "+stash+" stashed holds a Hex token ("+short(token(4))+") in an unpushed commit",
		"  error :1:11 in "+rewritten+" the message of commit "+rewritten[:7]+" holds a Hex token ("+short(token(5))+")",
		"  error :0:0 the message of tag v1 holds a Hex token ("+short(token(3))+")",
		"holds a Hex token ("+short(token(2))+")",
	) {
		if strings.Count(got, line) != 1 {
			t.Errorf("not once: %s\nin %s", line, got)
		}
	}
}

func TestCloneWithoutItsHistory(t *testing.T) {
	origin := newRepository(t)
	origin.write("old", token(1))
	origin.commit("old")
	origin.write("old", "1")
	origin.commit("old")
	origin.write("old", "2")
	origin.commit("old")
	origin.git("config", "uploadpack.allowFilter", "true")
	clone := func(args ...string) repository {
		r := repository{t, filepath.Join(t.TempDir(), "clone")}
		origin.git(append(append([]string{"clone", "-q"}, args...), "file:///"+strings.TrimPrefix(filepath.ToSlash(origin.dir), "/"), r.dir)...)
		return r
	}

	shallow := clone("--depth", "2")
	shallow.expectLeaks(LeakOptions{}, "ok: no Hex token in 1 file (no unpushed commits) []")
	shallow.expectLeaks(LeakOptions{History: true}, "unknown: this clone is shallow: only its 2 commits were searched []")
	shallow.git("remote", "remove", "origin")
	shallow.expectLeaks(LeakOptions{}, "unknown: this clone is shallow: only the newest 2 commits were searched []")

	partial := clone("--filter=blob:none")
	partial.expectLeaks(LeakOptions{}, "ok: no Hex token in 1 file (no unpushed commits) []")
	partial.expectLeaks(LeakOptions{History: true}, "unknown: this clone is partial: 7 of at least 9 objects were searched, the rest is on the remote []")
	partial.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--allow-empty", "-m", "use "+token(2))
	if got := partial.leaks(LeakOptions{History: true}); !strings.HasPrefix(got, "error: the message of commit") || !strings.Contains(got, "\n  note :0:0 this clone is partial: 8 of at least 10") {
		t.Errorf("with a leak in a partial clone: %s", got)
	}
	// A token that is only on the remote is neither fetched nor about to be pushed.
	partial.git("config", "remote.origin.url", "ext::sh -c 'touch "+partial.dir+"/executed'")
	partial.gitInput("100644 blob "+origin.git("rev-parse", "HEAD~2:old")+"\told\n", "mktree", "--missing")
	tree := partial.gitInput("100644 blob "+origin.git("rev-parse", "HEAD~2:old")+"\told\n", "mktree", "--missing")
	partial.git("update-ref", "HEAD", partial.git("commit-tree", tree, "-p", "HEAD", "-m", "back"))
	if got := partial.leaks(LeakOptions{}); !strings.Contains(got, "\n  note :0:0 what this partial clone left on its remote was not read: 1 object") {
		t.Errorf("with a missing blob: %s", got)
	}
	if _, err := os.Stat(filepath.Join(partial.dir, "executed")); err == nil {
		t.Error("something was fetched")
	}
}

func TestFindingsAreBounded(t *testing.T) {
	r := newRepository(t)
	var many strings.Builder
	for i := range 600 {
		fmt.Fprintln(&many, token(i))
	}
	r.write("a", many.String())
	r.write("b", many.String())
	got := r.leaks(LeakOptions{})
	if n := strings.Count(got, "\n  error "); n != maxFindings || !strings.HasSuffix(got, "\n  note :0:0 200 more places are not listed") {
		t.Errorf("%d findings, ending in %s", n, got[len(got)-200:])
	}
}

func FuzzObjectReader(f *testing.F) {
	f.Add([]byte("0123 blob 3\nabc\n4567 missing\n89ab commit 4\na\n\nb\n"))
	f.Add([]byte("0123 blob 9999999999999\nabc\n"))
	f.Add([]byte("0123 tag 0\n\n"))
	f.Add([]byte("0123 tree -1\n\n"))
	f.Fuzz(func(t *testing.T, out []byte) {
		o := objectReader{objects: objects{unopened: map[uint64]bool{}, unkept: map[string]bool{}}}
		if err := o.read(bytes.NewReader(out)); err == nil && len(out) > 0 && out[len(out)-1] != '\n' {
			t.Errorf("a cut output is taken for a whole one")
		}
	})
}
