package worktree

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
)

// token is shaped like a real one, and different for every seed.
func token(seed int) string {
	var digits strings.Builder
	for i := range 96 {
		digits.WriteByte("0123456789abcdef"[(seed*31+i*i*7+i/3)%16])
	}
	return "hxtp_" + digits.String()
}

// judge runs one check, or all of them for an empty id, and writes its result in short.
func (r repository) judge(id string) string {
	r.t.Helper()
	checks := slices.DeleteFunc(Checks(r.open(), "gh hex init", nil), func(c check.Check) bool { return id != "" && c.ID != id })
	return written(check.Run(r.t.Context(), checks))
}

// written writes results in short.
func written(report check.Report) string {
	var lines []string
	for _, result := range report {
		lines = append(lines, fmt.Sprintf("%s: %s [%s]", result.Status, result.Message, result.Fix))
		for _, f := range result.Findings {
			commit := ""
			if f.Commit != "" {
				commit = " in " + f.Commit
			}
			lines = append(lines, fmt.Sprintf("  %s %s:%d:%d%s %s", f.Severity, f.File, f.Line, f.Column, commit, f.Message))
		}
	}
	return strings.Join(lines, "\n")
}

func (r repository) expect(id string, want ...string) {
	r.t.Helper()
	if got := r.judge(id); got != strings.Join(want, "\n") {
		r.t.Errorf("%s is\n%s\nwant\n%s", id, got, strings.Join(want, "\n"))
	}
}

func TestEnvIgnored(t *testing.T) {
	for name, tc := range map[string]struct {
		prepare func(r repository)
		want    []string
	}{
		"ignored": {func(r repository) {
			r.write(".gitignore", ".env*\n!.env.example\n")
			r.write(".env", "")
		}, []string{"ok: git ignores .env, .env.local []"}},
		"nothing there": {func(repository) {}, []string{
			"warning: git does not ignore .env (and 1 more) [gh hex init]",
			"  warning .gitignore:0:0 git does not ignore .env",
			"  warning .gitignore:0:0 git does not ignore .env.local"}},
		"one exists": {func(r repository) { r.write(".env.local", "") }, []string{
			"error: git does not ignore .env.local (and 1 more) [gh hex init]",
			"  warning .gitignore:0:0 git does not ignore .env",
			"  error .env.local:0:0 git does not ignore .env.local"}},
		"only for this user": {func(r repository) {
			r.write(".env", "")
			r.write(".git/info/exclude", ".env\n")
			r.write("excludes", ".env.*\n")
			r.git("config", "--global", "core.excludesFile", filepath.Join(r.dir, "excludes"))
		}, []string{
			"warning: only .git/info/exclude ignores .env: teammates are not covered (and 1 more) [gh hex init]",
			"  warning .env:0:0 only .git/info/exclude ignores .env: teammates are not covered",
			"  warning .gitignore:0:0 only your own excludes file ignores .env.local: teammates are not covered"}},
		"taken back": {func(r repository) {
			r.write(".gitignore", ".env*\n!.env.production\n")
			r.write("app/.gitignore", "!.env\n")
			r.write("app/.env", "")
			r.write(".env.production", "HEX_API_TOKEN=old-style\n")
			r.write(".env.test", "HEX_API_TOKEN=x\n")
		}, []string{
			"error: git does not ignore .env.production (and 1 more) [add .env.production to .gitignore]",
			"  error .env.production:0:0 git does not ignore .env.production",
			"  error app/.env:0:0 git does not ignore app/.env"}},
		"plain settings in git": {func(r repository) {
			r.write(".gitignore", ".env.local\n")
			r.write(".env", "PORT=80\n")
			r.commit(".env")
		}, []string{
			"warning: git does not ignore .env [gh hex init]",
			"  warning .env:0:0 git does not ignore .env"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			tc.prepare(r)
			r.expect("env-ignored", tc.want...)
		})
	}
}

func TestEnvTracked(t *testing.T) {
	r := newRepository(t)
	r.expect("env-tracked", "ok: git tracks no .env file and never did []")
	r.write(".env", "HEX_API_TOKEN=secret\n")
	r.write(".env.example", "HEX_API_TOKEN=\n")
	r.commit(".env.example")
	r.expect("env-tracked", "ok: git tracks no .env file and never did []")

	r.git("add", "-f", ".env")
	r.expect("env-tracked", "error: .env is tracked by git and holds HEX_API_TOKEN [git rm --cached .env]",
		"  error .env:0:0 .env is tracked by git and holds HEX_API_TOKEN")
	// What the index holds counts, whatever the work tree says.
	r.write(".env", "PORT=80\n")
	r.expect("env-tracked", "error: .env is tracked by git and holds HEX_API_TOKEN [git rm --cached .env]",
		"  error .env:0:0 .env is tracked by git and holds HEX_API_TOKEN")
	r.git("add", "-f", ".env")
	r.expect("env-tracked", "warning: .env is tracked by git [git rm --cached .env]",
		"  warning .env:0:0 .env is tracked by git")
	r.write(".env", "PORT=80\nHEX_API_TOKEN=\n# "+token(1)+"\n")
	r.expect("env-tracked", "error: .env is tracked by git and holds what looks like a Hex token [git rm --cached .env]",
		"  error .env:0:0 .env is tracked by git and holds what looks like a Hex token")
}

func TestEnvTrackedQuotesNames(t *testing.T) {
	for name, want := range map[string]string{
		"-d/.env":      "git rm --cached ./-d/.env",
		"a b/.env":     "git rm --cached 'a b/.env'",
		"it's/.env":    `git rm --cached 'it'\''s/.env'`,
		"$(id)/.env":   "git rm --cached '$(id)/.env'",
		"a\x1b[m/.env": "",
	} {
		if nameHere(name) != name {
			continue // this system has no such name
		}
		r := newRepository(t)
		r.write(name, "")
		r.git("add", "-f", "--", name)
		r.expect("env-tracked", "warning: "+name+" is tracked by git ["+want+"]",
			"  warning "+name+":0:0 "+name+" is tracked by git")
	}
}

func TestEnvTrackedInHistory(t *testing.T) {
	for name, tc := range map[string]struct {
		path string
		make func(r repository, path string) string // returns the commit
	}{
		"the first commit": {".env", func(r repository, path string) string {
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("rm", "-q", "--cached", path)
			r.git("commit", "-q", "-m", "remove")
			return commit
		}},
		"nested and changed later": {"a/b/.env.local", func(r repository, path string) string {
			r.write("file", "")
			r.commit("file")
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.write(path, "A=2\n")
			r.commit(path)
			r.git("rm", "-q", "--cached", path)
			r.git("commit", "-q", "-m", "remove")
			return commit
		}},
		"on another branch": {".env", func(r repository, path string) string {
			r.write("file", "")
			r.commit("file")
			r.git("checkout", "-q", "-b", "other")
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("checkout", "-q", "main")
			return commit
		}},
		"under a tag alone": {".env", func(r repository, path string) string {
			r.write("file", "")
			r.commit("file")
			r.git("checkout", "-q", "--detach")
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("tag", "v1")
			r.git("checkout", "-q", "main")
			return commit
		}},
		"added and removed on a branch that was merged": {".env", func(r repository, path string) string {
			r.write("file", "")
			r.commit("file")
			r.git("checkout", "-q", "-b", "side")
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("rm", "-q", path)
			r.git("commit", "-q", "-m", "remove")
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", "--no-ff", "-m", "merge", "side")
			r.git("branch", "-D", "side")
			return commit
		}},
		"in a merge itself": {".env", func(r repository, path string) string {
			r.write("file", "")
			r.commit("file")
			r.git("checkout", "-q", "-b", "side")
			r.git("commit", "-q", "--allow-empty", "-m", "side")
			r.git("checkout", "-q", "main")
			r.git("merge", "-q", "--no-ff", "--no-commit", "side")
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("rm", "-q", path)
			r.git("commit", "-q", "-m", "remove")
			return commit
		}},
		"only when it held a Hex name": {".env.prod", func(r repository, path string) string {
			r.write(path, "A=1\n")
			r.write(".env.other", "A=1\n")
			r.commit(path, ".env.other")
			r.write(path, "HEX_TOKEN=old-style\n")
			commit := r.commit(path)
			r.write(path, "A=2\n")
			r.commit(path)
			r.git("rm", "-q", "--cached", path, ".env.other")
			r.git("commit", "-q", "-m", "remove")
			return commit
		}},
		"a strange name": {"-x\n:y/.env", func(r repository, path string) string {
			r.write(path, "A=1\n")
			commit := r.commit(path)
			r.git("rm", "-q", "--", path)
			r.git("commit", "-q", "-m", "remove")
			return commit
		}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			r.git("config", "log.showRoot", "false")
			r.git("config", "log.diffMerges", "off")
			commit := tc.make(r, tc.path)
			message := fmt.Sprintf("%s was committed in %.7s: whoever has a clone can read it", tc.path, commit)
			fix := "git show " + commit[:12] + ":" + tc.path
			if tc.path == ".env.prod" {
				fix = "revoke the token that it held (in Hex: Settings → API keys)"
			} else if strings.Contains(tc.path, "\n") {
				fix = ""
			}
			r.expect("env-tracked", "warning: "+message+" ["+fix+"]", "  warning "+tc.path+":0:0 in "+commit+" "+message)
		})
	}
}

func TestEnvTrackedInShallowClone(t *testing.T) {
	r := newRepository(t)
	r.write(".env", "A=1\n")
	r.commit(".env")
	r.git("rm", "-q", ".env")
	r.git("commit", "-q", "-m", "remove")
	clone := repository{t, filepath.Join(t.TempDir(), "clone")}
	r.git("clone", "-q", "--depth=1", "file://"+r.dir, clone.dir)
	clone.expect("env-tracked", "ok: git tracks no .env file, nor did it in the commits that are here []",
		"  note :0:0 this clone is shallow: older commits were not searched")
}

func TestEnvTrackedWithoutHistory(t *testing.T) {
	r := newRepository(t)
	r.write("file", "")
	commit := r.commit("file")
	if err := os.Remove(filepath.Join(r.dir, ".git", "objects", commit[:2], commit[2:])); err != nil {
		t.Fatal(err)
	}
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "unknown: the history could not be searched for .env files: git log: ") {
		t.Errorf("env-tracked is %s", got)
	}
	r.write(".env", "HEX_API_TOKEN=old-style\n")
	r.git("add", ".env")
	if got := r.judge("env-tracked"); !strings.HasPrefix(got, "error: .env is tracked") || !strings.Contains(got, "note") {
		t.Errorf("env-tracked is %s", got)
	}
}

func TestEnvExample(t *testing.T) {
	const complete = "HEX_API_TOKEN=\nHEX_WORKSPACE_URL=https://app.hex.tech\n"
	for name, tc := range map[string]struct {
		prepare func(r repository)
		want    []string
	}{
		"complete": {func(r repository) { r.write(".env.example", complete) },
			[]string{"ok: .env.example names what a teammate needs and holds no token []"}},
		"missing": {func(repository) {}, []string{
			"ok: there is no .env.example; gh hex init creates one []",
			"  note :0:0 there is no .env.example; gh hex init creates one"}},
		"missing beside a .env": {func(r repository) { r.write(".env.local", "") }, []string{
			"warning: there is no .env.example beside .env.local [gh hex init]",
			"  warning .env.local:0:0 there is no .env.example beside .env.local"}},
		"lacks a variable": {func(r repository) { r.write(".env.example", "HEX_API_TOKEN=\n#HEX_WORKSPACE_URL=\n") }, []string{
			"warning: .env.example lacks HEX_WORKSPACE_URL [gh hex init]",
			"  warning .env.example:0:0 .env.example lacks HEX_WORKSPACE_URL"}},
		"no regular file": {func(r repository) { r.write(".env.example/x", "") },
			[]string{"warning: .env.example is a folder, not a regular file []"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			tc.prepare(r)
			r.expect("env-example", tc.want...)
		})
	}
}

// What is wanted is what is used, and nothing else.
func TestEnvExampleWantsWhatIsUsed(t *testing.T) {
	r := newRepository(t)
	r.write(".env", "HEX_PROJECT_ID=x\nPORT=80\nHEX_API_TOKEN_INFO={}\n")
	r.write(".env.local", "HEX_API_TOKEN_EU=\n")
	used := func() []string { return []string{"HEX_API_TOKEN_US", "DASH", "HEX_API_TOKEN_EU", "AWS_KEY", ""} }
	judge := func() string {
		return written(check.Run(t.Context(), Checks(r.open(), "gh hex init", used)[3:]))
	}
	r.write(".env.example", "HEX_API_TOKEN=\nHEX_WORKSPACE_URL=\n")
	if got := judge(); !strings.HasPrefix(got, "warning: .env.example lacks HEX_API_TOKEN_EU (and 2 more) ") || !strings.Contains(got, "lacks HEX_API_TOKEN_US") ||
		!strings.Contains(got, "lacks HEX_PROJECT_ID") || strings.Contains(got, "DASH") || strings.Contains(got, "PORT") || strings.Contains(got, "_INFO") {
		t.Errorf("env-example is %s", got)
	}
	r.write(".env.example", "HEX_API_TOKEN_EU=\nHEX_API_TOKEN_US=\nHEX_PROJECT_ID=\n")
	if got := judge(); !strings.HasPrefix(got, "ok: ") {
		t.Errorf("env-example is %s", got)
	}
	r.write(".env", strings.Repeat("X", 10)+"=\n")
	r.remove(".env.local")
	if got := r.open().ExampleNames([]string{"DASH"}); !slices.Equal(got, []string{"HEX_API_TOKEN", "HEX_WORKSPACE_URL"}) {
		t.Errorf("wanted are %q", got)
	}
}

func TestEnvExampleWithToken(t *testing.T) {
	for name, secret := range map[string]string{"certain": token(2), "probable": token(3)[:60]} {
		t.Run(name, func(t *testing.T) {
			r := newRepository(t)
			r.write(".env.example", "HEX_WORKSPACE_URL=\nHEX_API_TOKEN="+secret+"\n")
			got := r.judge("env-example")
			if !strings.HasPrefix(got, "error: .env.example holds what looks like a real token (hxtp_…") || !strings.Contains(got, "  error .env.example:2:15 ") {
				t.Errorf("env-example is %s", got)
			}
			if strings.Contains(got, secret[20:40]) {
				t.Errorf("the token is shown: %s", got)
			}
		})
	}
}

func TestChecksOutsideHistoryOfGit(t *testing.T) {
	r := newRepository(t)
	tree := r.open()
	if err := os.RemoveAll(filepath.Join(r.dir, ".git")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GIT_CEILING_DIRECTORIES", filepath.Dir(r.dir))
	for _, result := range check.Run(t.Context(), Checks(tree, "gh hex init", nil)[:2]) {
		if result.Status != check.StatusUnknown || !strings.Contains(result.Message, "not a git repository") {
			t.Errorf("%s is %s: %s", result.ID, result.Status, result.Message)
		}
	}
}
