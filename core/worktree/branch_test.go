package worktree

import "testing"

func TestDefaultBranch(t *testing.T) {
	r := newRepository(t)
	expect := func(want string) {
		t.Helper()
		if got := r.open().DefaultBranch(t.Context()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	expect("main") // before the first commit, too
	r.write("a", "a")
	head := r.commit("a")
	r.git("checkout", "-q", "-b", "topic/one")
	expect("topic/one")
	r.git("update-ref", "refs/remotes/origin/trunk/main", head)
	r.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk/main")
	expect("trunk/main")
	r.git("symbolic-ref", "--delete", "refs/remotes/origin/HEAD")
	r.git("checkout", "-q", "--detach")
	expect("")
}
