package worktree

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
)

const zero = "0000000000000000000000000000000000000000"

func (r repository) expectPush(p Push, want ...string) {
	r.t.Helper()
	if got := r.pushed(p); got != strings.Join(want, "\n") {
		r.t.Errorf("the push is judged\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func (r repository) pushed(p Push) string {
	return written(check.Run(r.t.Context(), r.open().Sending(r.t.Context(), p).Checks("https://app.hex.tech")))
}

// update is a push of HEAD, or of another revision, to a branch that is at old.
func (r repository) update(revision, old string) Push {
	return Push{Remote: "origin", Updates: []Update{{"refs/heads/x", r.git("rev-parse", revision), "refs/heads/x", old}}}
}

func TestPushWithoutLeaks(t *testing.T) {
	r := newRepository(t)
	r.write("file", token(1))
	r.write(".env", "HEX_API_TOKEN="+token(1))
	pushed := r.commit("file", ".env")
	r.write("file", "")
	r.git("rm", "-q", ".env")
	r.commit("file")
	r.write("untracked", token(2))
	clean := []string{"ok: no .env file is pushed []", "ok: no Hex token in 1 commit []"}
	r.expectPush(r.update("HEAD", pushed), clean...)
	r.git("update-ref", "refs/remotes/origin/main", pushed)
	r.expectPush(r.update("HEAD", zero), clean...) // a new branch
	r.git("commit", "-q", "--amend", "-m", "other")
	r.expectPush(r.update("HEAD", strings.Repeat("1", 40)), clean...) // forced, over what somebody else pushed
	nothing := []string{"skipped: nothing is sent []", "skipped: nothing is sent []"}
	r.expectPush(Push{Remote: "origin"}, nothing...)
	r.expectPush(Push{Remote: "origin", Updates: []Update{{"(delete)", zero, "refs/heads/x", pushed}}}, nothing...)
}

func TestPushWithLeaks(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	start := r.git("rev-parse", "HEAD")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	r.write("file", token(1))
	r.write("app/.env", "PORT=1\n")
	first := r.commit("file", "app")
	r.write("app/.env", "PORT=1\nHEX_API_TOKEN=old-style\n")
	r.write("file", "")
	second := r.commit("file", "app")
	r.git("rm", "-q", "app/.env")
	r.git("commit", "-q", "-m", "clean")
	want := []string{
		"error: app/.env is in a commit to be pushed and holds HEX_API_TOKEN [take it out of the commits (git rebase --interactive " + second[:12] + "^, mark the commits that are listed as edit, and at each stop: git rm --cached app/.env, git commit --amend --no-edit, git rebase --continue), and revoke the token that it held]",
		"  error app/.env:0:0 in " + second + " app/.env is in a commit to be pushed and holds HEX_API_TOKEN",
		"error: file holds a Hex token (" + short(token(1)) + ") in a commit to be pushed [revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the commits: git rebase --interactive " + first[:12] + "^, mark the commits that are listed as edit, and at each stop: edit the file, git add it, git commit --amend --no-edit, git rebase --continue]",
		"  error file:1:1 in " + first + " file holds a Hex token (" + short(token(1)) + ") in a commit to be pushed",
	}
	r.expectPush(r.update("HEAD", start), want...)
	r.expectPush(r.update("HEAD", zero), want...)
	// What another remote has is new to this one.
	r.git("update-ref", "refs/remotes/other/main", "HEAD")
	r.expectPush(r.update("HEAD", zero), want...)
	unknown := r.update("HEAD", zero)
	unknown.Remote = ""
	r.expectPush(unknown, "ok: no .env file is pushed []", "ok: no Hex token in 0 commits []")
	// The address of a remote has no refs of its own: everything is looked at.
	address := r.update("HEAD", start)
	address.Remote = "https://github.com/octo/*.git"
	r.expectPush(address, want...)
}

func TestPushOfTags(t *testing.T) {
	r := newRepository(t)
	r.commitEmpty("start")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	r.git("tag", "-a", "v1", "-m", token(1))
	r.expectPush(r.update("v1", zero), "ok: no .env file is pushed []",
		"error: the message of tag v1 holds a Hex token ("+short(token(1))+") [revoke it in Hex (https://app.hex.tech: Settings → API keys), then take it out of the tag: git tag --force --annotate v1 'v1^{}']",
		"  error :0:0 the message of tag v1 holds a Hex token ("+short(token(1))+")")
}

func TestCommitsOfASending(t *testing.T) {
	r := newRepository(t)
	r.write("call/action.yml", "a")
	r.write("link.yml", "x")
	r.commit("call", "link.yml")
	r.git("update-ref", "refs/remotes/origin/main", "HEAD")
	r.write(".github/workflows/a.yml", "on: push\n")
	r.write(".github/workflows/sub/b.yml", "no")
	changed := r.commit(".github")
	r.write(".github/workflows/a.yml", "not committed")
	r.git("branch", "other", "HEAD^")
	r.git("tag", "-a", "v1", "-m", "x")
	p := Push{Remote: "origin"}
	for _, ref := range []string{"main", "other", "v1"} {
		p.Updates = append(p.Updates, Update{ref, r.git("rev-parse", ref), ref, zero})
	}
	tree, ctx := r.open(), t.Context()
	got, err := tree.Sending(ctx, p, ".github/workflows", ":(glob)**/action.yml").Commits(ctx)
	if err != nil || !slices.Equal(got, []string{changed}) {
		t.Errorf("commits %q, %v; want %s", got, err, changed)
	}
	if got, err := tree.Sending(ctx, p, "link.yml").Commits(ctx); err != nil || got != nil {
		t.Errorf("commits %q, %v", got, err)
	}
	r.write("new.yml", "x")
	twice := r.commit("new.yml")
	r.git("branch", "second")
	p.Updates = []Update{{"main", twice, "main", twice}, {"second", twice, "second", zero}} // it is news of the second one
	if got, err := tree.Sending(ctx, p, "new.yml").Commits(ctx); err != nil || !slices.Equal(got, []string{twice}) {
		t.Errorf("of two refs: %q, %v", got, err)
	}
	r.git("rm", "-q", "call/action.yml")
	r.git("commit", "-q", "-m", "delete")
	if got, err := tree.Sending(ctx, r.update("HEAD", changed), ":(glob)**/action.yml").Commits(ctx); err != nil || len(got) != 1 {
		t.Errorf("a deleted action: %q, %v", got, err)
	}
	all := func(string) bool { return true }
	if names, texts, err := tree.FilesAt(ctx, changed, ".github/workflows", 100, all); err != nil || !slices.Equal(names, []string{".github/workflows/a.yml"}) || string(texts[names[0]]) != "on: push\n" {
		t.Errorf("files %q, %v", names, err)
	}
	if data, ok := tree.FileAt(ctx, changed, ".github/workflows/a.yml", 100); !ok || string(data) != "on: push\n" {
		t.Errorf("content %q, %v", data, ok)
	}
	for _, path := range []string{"none", ".github", "../x", ".github/workflows/a.yml/", "-x", ""} {
		if data, ok := tree.FileAt(ctx, changed, path, 100); ok {
			t.Errorf("%q is read as %q", path, data)
		}
	}
	if _, ok := tree.FileAt(ctx, changed, ".github/workflows/a.yml", 3); ok {
		t.Error("a file beyond the limit is read")
	}
	if names, texts, err := tree.FilesAt(ctx, changed, ".github/workflows", 3, all); err != nil || len(names) != 1 || len(texts) > 0 {
		t.Errorf("files beyond the limit: %q, %q, %v", names, texts, err)
	}
	if names, _, err := tree.FilesAt(ctx, changed, ".github/workflows", 100, func(string) bool { return false }); err != nil || len(names) > 0 {
		t.Errorf("files that nobody wants: %q, %v", names, err)
	}
}

func TestReadPushIsBounded(t *testing.T) {
	line := "refs/heads/x " + zero + " refs/heads/x " + zero + "\n"
	fits := maxPush / len(line)
	for count, want := range map[int]error{fits: nil, fits + 2: ErrPushList} {
		if updates, err := ReadPush(strings.NewReader(strings.Repeat(line, count))); !errors.Is(err, want) || err == nil && len(updates) != count {
			t.Errorf("%d of %d lines, %v", len(updates), count, err)
		}
	}
}

func FuzzReadPush(f *testing.F) {
	f.Add("refs/heads/x " + zero + " refs/heads/x " + zero + "\n")
	f.Add("(delete) " + zero + " refs/heads/x " + strings.Repeat("a", 64) + "\n")
	f.Add(":/two words " + zero + " refs/heads/x " + zero + "\n")
	f.Add("x --all y " + zero)
	f.Fuzz(func(t *testing.T, list string) {
		updates, err := ReadPush(strings.NewReader(list))
		for _, u := range updates {
			if !IsObjectID(u.Local) || !IsObjectID(u.Remote) {
				t.Errorf("%q gives %+v", list, u)
			}
		}
		if err != nil && !errors.Is(err, ErrPushList) && len(list) < 64<<10 {
			t.Errorf("%q: %v", list, err)
		}
	})
}
