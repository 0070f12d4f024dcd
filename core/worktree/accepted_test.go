package worktree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// print is the fingerprint of the first finding of a check that has one.
func (r repository) print(id string, o LeakOptions) string {
	r.t.Helper()
	for _, f := range r.results(o).Of(id).Findings {
		if f.Fingerprint != "" {
			return f.Fingerprint
		}
	}
	r.t.Fatalf("no finding of %s has a fingerprint", id)
	return ""
}

func (r repository) results(o LeakOptions) check.Report {
	r.t.Helper()
	o.Host = "https://app.hex.tech"
	return check.Run(r.t.Context(), append(Checks(r.open(), "gh hex init", nil), LeakCheck(r.open(), o)))
}

func (r repository) accept(lines ...string) {
	r.write(AcceptedFile, strings.Join(lines, "\n")+"\n")
}

// A token in pushed history is accepted by its content, and by nothing else; what matches nothing is said.
func TestAcceptedLeak(t *testing.T) {
	r := newRepository(t)
	r.write("old.py", token(1))
	r.commit("old.py")
	r.git("rm", "-q", "old.py")
	r.git("commit", "-q", "-m", "remove")
	r.remote()
	history := LeakOptions{History: true}
	fp := r.print("token-leaked", history)
	if strings.Contains(token(1), fp[:6]) || len(fp) != 32 {
		t.Errorf("the fingerprint is %s", fp)
	}
	for _, entry := range []string{
		"token-leaked " + fp, "token-leaked " + fp + " REASON", "token-leaked " + fp[:31] + " revoked", "env-tracked " + fp + " revoked",
		"env-ignored " + fp + " revoked", "# token-leaked " + fp + " revoked", "token-leaked",
	} {
		r.accept(entry)
		got := r.leaks(history)
		if !strings.HasPrefix(got, "error: old.py holds a Hex token") {
			t.Errorf("%q accepts it: %s", entry, got)
		}
		said := strings.Contains(got, "note .gh-hex-accepted:1:0 ")
		if want := !strings.HasPrefix(entry, "#") && !strings.HasPrefix(entry, "env-tracked"); said != want {
			t.Errorf("%q: %s", entry, got)
		}
	}
	r.accept("# reviewed in May", "", "token-leaked "+fp+"\trevoked in 2025, the repository is archived", "token-leaked "+strings.Repeat("0", 32)+" gone")
	got := r.leaks(history)
	if !strings.HasPrefix(got, "ok: no Hex token in 1 file and 2 commits, apart from 1 accepted []\n") ||
		!strings.Contains(got, " accepted (revoked in 2025, the repository is archived): old.py holds a Hex token ("+short(token(1))+")") ||
		!strings.Contains(got, "note .gh-hex-accepted:4:0 this entry no longer matches anything") {
		t.Errorf("token-leaked is %s", got)
	}
	if got := r.results(history).Accepted(); got != 1 {
		t.Errorf("%d accepted", got)
	}
	// Without the history nobody knows what it matches.
	if got := r.leaks(LeakOptions{}); strings.Contains(got, "no longer matches") || !strings.HasPrefix(got, "ok: ") {
		t.Errorf("token-leaked is %s", got)
	}
	// Another token in the same place is an error, and the steps are about it alone.
	r.write("old.py", token(2))
	last := r.commit("old.py")
	if got := r.leaks(history); !strings.HasPrefix(got, "error: old.py holds a Hex token ("+short(token(2))) || !strings.Contains(got, "\n  error old.py:1:1 in "+last) ||
		!strings.Contains(got, "\n  note old.py:1:1 in ") {
		t.Errorf("token-leaked is %s", got)
	}
	if got := r.results(history).Of("token-leaked"); strings.Contains(fmt.Sprintf("%+v", got), token(1)[20:40]) {
		t.Errorf("the token is shown: %+v", got)
	}
}

// More accepted tokens than are listed hide nothing.
func TestAcceptedTokensHideNothing(t *testing.T) {
	many := func(n int) string { return strings.Repeat(token(1)+"\n", n) }
	for name, tc := range map[string]struct {
		data string
		want string
	}{
		"more than one object is remembered for": {many(maxInObject+1) + token(2), "error: file holds a Hex token (" + short(token(2))},
		"more than are looked at":                {many(leak.MaxMatches) + token(2), "unknown: there are too many tokens to look at each"},
		"all of them":                            {many(maxInObject + 1), "ok: "},
	} {
		r := newRepository(t)
		r.write("file", token(1))
		r.accept("token-leaked " + r.print("token-leaked", LeakOptions{}) + " for a test")
		r.write("file", tc.data)
		r.commit("file")
		r.write("file", "")
		if got := r.leaks(LeakOptions{}); !strings.HasPrefix(got, tc.want) {
			t.Errorf("%s: token-leaked is %.300s", name, got)
		}
		if got := r.pushed(r.update("HEAD", zero)); !strings.Contains(got, tc.want) {
			t.Errorf("%s: the push is %.300s", name, got)
		}
	}
}

func TestAcceptedEnv(t *testing.T) {
	r := newRepository(t)
	r.write(".gitignore", ".env.local\n")
	r.write(".env", "HEX_API_TOKEN=old-style\n")
	r.commit(".env")
	fp := r.print("env-tracked", LeakOptions{})
	r.accept("env-tracked "+fp+" a server that is gone", "env-ignored "+fp+" the same", "env-permissions "+fp+" the same")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "ok: git tracks no .env file and never did, apart from 1 accepted []") {
		t.Errorf("env-tracked is %s", got)
	}
	if got := r.pushed(r.update("HEAD", zero)); !strings.HasPrefix(got, "ok: no .env file is pushed, apart from 1 accepted []\n  note .env:0:0 in ") {
		t.Errorf("the push is %s", got)
	}
	if got := r.judge("env-ignored"); !strings.HasPrefix(got, "error: git does not ignore .env") {
		t.Errorf("env-ignored is %s", got)
	}
	if got := r.leaks(LeakOptions{}); strings.Count(got, "only findings of token-leaked and env-tracked can be accepted here") != 2 {
		t.Errorf("token-leaked is %s", got)
	}
	// Line ends are no content; other values are.
	r.write(".env", "HEX_API_TOKEN=old-style\r\n")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("env-tracked is %s", got)
	}
	r.write(".env", "HEX_API_TOKEN=other-style\n")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "error: .env is tracked") || !strings.Contains(got, "no longer matches anything") {
		t.Errorf("env-tracked is %s", got)
	}
	// In the history each content counts.
	r.commit(".env")
	r.git("rm", "-q", "-f", ".env")
	r.git("commit", "-q", "-m", "remove")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "warning: .env was committed in ") {
		t.Errorf("env-tracked is %s", got)
	}
	r.accept("env-tracked " + r.print("env-tracked", LeakOptions{}) + " both are gone")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("env-tracked is %s", got)
	}
}

// asking plays a host that accepts one token, and counts what it is asked.
type asking struct {
	mu    sync.Mutex
	alive string
	fails bool
	asked []string
}

func (a *asking) accepts(_ context.Context, t core.Token) (bool, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.asked = append(a.asked, t.Reveal())
	if a.fails {
		return false, errors.New("no answer")
	}
	return t.Reveal() == a.alive, nil
}

func TestCheckLeaked(t *testing.T) {
	r := newRepository(t)
	bare := token(3)[5:]
	r.write("a", token(1)+"\n"+token(2)+"\n")
	r.write("b", token(1)+"\nHEX_API_TOKEN="+bare+"\n")
	host := &asking{alive: token(1)}
	got := r.leaks(LeakOptions{Accepts: host.accepts})
	for _, want := range []string{
		"error a:1:1 a holds a Hex token (" + short(token(1)) + "); still accepted: revoke it now",
		"error a:2:1 a holds a Hex token (" + short(token(2)) + "); app.hex.tech does not accept it (revoked, or of another host)",
		"error b:1:1 b holds a Hex token (" + short(token(1)) + "); still accepted: revoke it now",
		"warning b:2:15 b holds what may be a Hex token (…" + bare[92:] + "); not asked about: without hxtp_ or hxtw_ it may be another service's",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("token-leaked is %s\nwant %s", got, want)
		}
	}
	slices.Sort(host.asked)
	if want := []string{token(1), token(2)}; !slices.Equal(host.asked, slices.Sorted(slices.Values(want))) {
		t.Errorf("%d tokens were asked about", len(host.asked))
	}
	// What is accepted here stays an error while the host accepts it too.
	fp := func(text string) string {
		return leak.Find([]byte(text))[0].Token.Fingerprint()
	}
	r.accept("token-leaked "+fp(token(1))+" revoked", "token-leaked "+fp(token(2))+" revoked", "token-leaked "+fp("HEX_API_TOKEN="+bare)+" a digest")
	if got := r.leaks(LeakOptions{Accepts: host.accepts}); !strings.HasPrefix(got, "error: a holds a Hex token ("+short(token(1))+"); still accepted") ||
		!strings.Contains(got, "note a:2:1 accepted (revoked): ") || !strings.Contains(got, "note .gh-hex-accepted:1:0 app.hex.tech still accepts this token") {
		t.Errorf("token-leaked is %s", got)
	}
	host.alive = ""
	if got := r.leaks(LeakOptions{Accepts: host.accepts}); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("token-leaked is %s", got)
	}
	host.fails = true
	if got := r.leaks(LeakOptions{Accepts: host.accepts}); !strings.HasPrefix(got, "unknown: could not tell whether app.hex.tech still accepts a token: no answer") {
		t.Errorf("token-leaked is %s", got)
	}
}

func TestCheckLeakedIsBounded(t *testing.T) {
	r := newRepository(t)
	var lines strings.Builder
	for i := range maxAsked + 5 {
		digits := token(i)[5:]
		lines.WriteString("hxtp_" + digits[i/16:] + digits[:i/16] + "\n")
	}
	r.write("many", lines.String())
	host := &asking{}
	got := r.leaks(LeakOptions{Accepts: host.accepts})
	if len(host.asked) != maxAsked || strings.Count(got, "; not asked about: at most 20 tokens are") != 5 {
		t.Errorf("%d tokens were asked about: %s", len(host.asked), got)
	}
}
