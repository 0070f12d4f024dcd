package worktree

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/leak"
	"github.com/gh-hex/gh-hex/core/scaffold"
)

// historyTime bounds the search of the history.
const historyTime = 20 * time.Second

// Checks returns env-ignored, env-tracked, env-permissions and env-example. complete is the command that completes
// .gitignore and .env.example; used are the names that workflows use, nil for none.
func Checks(t *Tree, complete string, used func() []string) []check.Check {
	s := &survey{tree: t, complete: complete, used: used}
	return []check.Check{
		{ID: "env-ignored", Group: check.GroupFiles, Title: ".env files are ignored by git", Run: s.of(s.ignored)},
		{ID: "env-tracked", Group: check.GroupFiles, Title: ".env files are not in git", Run: s.of(s.tracked)},
		{ID: "env-permissions", Group: check.GroupFiles, Title: ".env files are private", Run: s.of(s.permissions)},
		{ID: "env-example", Group: check.GroupFiles, Title: ".env.example is complete and holds no token", Run: s.example},
	}
}

// survey is what the checks share: the .env files are looked for once.
type survey struct {
	tree     *Tree
	complete string
	used     func() []string
	once     sync.Once
	files    []EnvFile
	err      error
}

// of is a check of these files.
func (s *survey) of(judge func(context.Context, []EnvFile) check.Result) func(context.Context) check.Result {
	return func(ctx context.Context) check.Result {
		s.once.Do(func() { s.files, s.err = s.tree.EnvFiles(ctx) })
		if s.err != nil {
			return check.Unknown(s.err.Error(), "")
		}
		return judge(ctx, s.files)
	}
}

// verdict collects findings.
type verdict struct {
	findings []check.Finding
	accepted int
}

func (v *verdict) add(f check.Finding, fix string) {
	f.Fix = fix
	v.findings = append(v.findings, f)
}

// without makes notes of what is accepted.
func (v *verdict) without(a *accepted, whole bool) *verdict {
	v.accepted = a.apply(v.findings)
	v.findings = append(v.findings, a.notes(whole)...)
	return v
}

func (v *verdict) result(fine string) check.Result {
	return check.Judge(v.findings, apart(fine, v.accepted), "")
}

// apart completes what a check says that found nothing.
func apart(fine string, accepted int) string {
	if accepted == 0 {
		return fine
	}
	return fmt.Sprintf("%s, apart from %d accepted", fine, accepted)
}

func (s *survey) ignored(ctx context.Context, files []EnvFile) check.Result {
	known := map[string]EnvFile{".env": {}, ".env.local": {}}
	paths := []string{".env", ".env.local"}
	for _, f := range files {
		if _, listed := known[f.Path]; !listed {
			paths = append(paths, f.Path)
		}
		known[f.Path] = f
	}
	answers, err := s.tree.Ignored(ctx, paths...)
	if err != nil {
		return check.Unknown(err.Error(), "")
	}
	var v verdict
	for _, a := range answers {
		if a.Ignored && a.Shared {
			continue
		}
		f, fix := s.unignored(ctx, a, known[a.Path]), s.complete
		if a.Path != ".env" && a.Path != ".env.local" {
			fix = fmt.Sprintf("add %s to .gitignore", core.Printable(a.Path))
		}
		v.add(f, fix)
	}
	return v.result("git ignores " + list(paths))
}

// unignored is the finding about a path that not everybody's git ignores. A file that does not exist yet has no place, so
// the finding is about the .gitignore that should name it.
func (s *survey) unignored(ctx context.Context, a Ignore, f EnvFile) check.Finding {
	if a.Ignored {
		whose := "your own excludes file"
		if strings.HasSuffix(a.Source, "info/exclude") {
			whose = ".git/info/exclude"
		}
		return check.Finding{File: place(f, a.Path), Severity: check.SeverityWarning,
			Message: fmt.Sprintf("only %s ignores %s: teammates are not covered", whose, a.Path)}
	}
	if !f.Exists && !f.Tracked {
		return check.Finding{File: ".gitignore", Severity: check.SeverityWarning,
			Message: fmt.Sprintf("git does not ignore %s", a.Path)}
	}
	severity := check.SeverityError
	if held := hold(s.tree.versions(ctx, f)...); held.what == "" && (f.Tracked || held.stand) {
		severity = check.SeverityWarning
	}
	return check.Finding{File: a.Path, Severity: severity, Message: fmt.Sprintf("git does not ignore %s", a.Path)}
}

func place(f EnvFile, path string) string {
	if f.Exists || f.Tracked {
		return path
	}
	return ".gitignore"
}

func (s *survey) tracked(ctx context.Context, files []EnvFile) check.Result {
	var v verdict
	now := map[string][]string{}
	for _, f := range files {
		if !f.Tracked {
			continue
		}
		finding := check.Finding{File: f.Path, Severity: check.SeverityWarning, Message: f.Path + " is tracked by git"}
		contents := s.tree.versions(ctx, f)
		now[f.Path] = contentSums(contents)
		finding.Fingerprint = contentFingerprint(now[f.Path]...)
		if held := hold(contents...); held.what != "" {
			finding.Severity = check.SeverityError
			finding.Message += " and holds " + held.what
		}
		v.add(finding, command("git rm --cached", f.Path))
	}
	whole, err := s.addHistory(ctx, &v, now)
	v.without(s.tree.accepted("env-tracked"), whole && err == nil)
	fine := "git tracks no .env file and never did"
	if !whole {
		fine = "git tracks no .env file, nor did it in the commits that are here"
	}
	r := v.result(fine)
	if err != nil && r.Status == check.StatusOK {
		return check.Unknown(err.Error(), "")
	}
	if err != nil {
		r.Findings = append(r.Findings, check.Finding{Severity: check.SeverityNote, Message: err.Error()})
	} else if !whole {
		r.Open, r.Next = "the commits that this shallow clone lacks", "git fetch --unshallow"
	}
	return r
}

// addHistory adds what was ever committed. A file that is tracked now is reported already, unless it held other tokens.
// whole tells that no commit is missing.
func (s *survey) addHistory(ctx context.Context, v *verdict, now map[string][]string) (whole bool, err error) {
	limited, cancel := context.WithTimeout(ctx, historyTime)
	defer cancel()
	past, err := s.tree.history(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return false, fmt.Errorf("the history could not be searched for .env files within %s", historyTime)
	}
	if err != nil {
		return false, fmt.Errorf("the history could not be searched for .env files: %w", err)
	}
	for _, c := range past {
		if sums, tracked := now[c.path]; tracked && (!c.held.token() || !slices.ContainsFunc(c.sums, func(sum string) bool { return !slices.Contains(sums, sum) })) {
			continue
		}
		f, fix := c.inHistory()
		v.add(f, fix)
	}
	if len(s.tree.shallowCommits()) > 0 {
		v.add(check.Finding{Severity: check.SeverityNote, Message: "this clone is shallow: older commits were not searched"}, "")
		return false, nil
	}
	return true, nil
}

func (s *survey) permissions(ctx context.Context, files []EnvFile) check.Result {
	if runtime.GOOS == "windows" {
		return check.Leave("the mode of a file says nothing on Windows", "the mode of a file says nothing on Windows")
	}
	var v verdict
	looked := false
	for _, f := range files {
		if ctx.Err() != nil {
			return check.Unknown(ctx.Err().Error(), "")
		}
		if !s.tree.keepsToken(f) {
			continue
		}
		looked = true
		if f.Mode&0o077 != 0 {
			v.add(check.Finding{File: f.Path, Severity: check.SeverityWarning,
				Message: fmt.Sprintf("%s holds a token, and its mode %04o lets others on this machine read it", f.Path, f.Mode)},
				command("chmod 600", f.Path))
		}
	}
	if !looked {
		return check.Skip("no untracked .env file holds a token")
	}
	return v.result("only you can read the .env files that hold a token")
}

// keepsToken tells whether f is an untracked file with a token in it. What is tracked is world-readable anyway.
func (t *Tree) keepsToken(f EnvFile) bool {
	if f.Tracked || !f.Exists {
		return false
	}
	data, err := readWhole(t.root, f.Path, maxEnvFile)
	if err != nil {
		return false
	}
	held := hold(data)
	return held.what != "" && !held.setting
}

// FixPermissions makes every untracked .env file that holds a token readable by its owner alone, and returns the paths
// of those that were not. It does nothing on Windows.
func FixPermissions(ctx context.Context, t *Tree) ([]string, error) {
	if runtime.GOOS == "windows" {
		return nil, nil
	}
	files, err := t.EnvFiles(ctx)
	if err != nil {
		return nil, err
	}
	r, err := os.OpenRoot(t.root)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var fixed []string
	for _, f := range files {
		if ctx.Err() != nil {
			return fixed, ctx.Err()
		}
		if f.Mode&0o077 == 0 || !t.keepsToken(f) {
			continue
		}
		if err := scaffold.Chmod(r, f.Path, f.Mode&0o700); err != nil {
			return fixed, err
		}
		fixed = append(fixed, f.Path)
	}
	return fixed, nil
}

func (s *survey) example(ctx context.Context) check.Result {
	const name = ".env.example"
	data, err := readWhole(s.tree.root, name, maxEnvFile)
	if errors.Is(err, fs.ErrNotExist) {
		return s.missingExample()
	}
	if err != nil {
		return check.Warn(err.Error(), "")
	}
	var v verdict
	for _, m := range leak.Find(data) {
		v.add(check.Finding{File: name, Line: m.Line, Column: m.Column, Severity: check.SeverityError,
			Message: fmt.Sprintf("%s holds what looks like a real token (%s)", name, m.Masked)},
			"empty the value, and revoke the token if it was ever pushed (in Hex: Settings → API keys)")
	}
	var used []string
	if s.used != nil {
		used = s.used()
	}
	present := dotenv.Names(data)
	for _, wanted := range s.tree.ExampleNames(used) {
		if !slices.Contains(present, wanted) {
			v.add(check.Finding{File: name, Severity: check.SeverityWarning, Message: fmt.Sprintf("%s lacks %s", name, wanted)}, s.complete)
		}
	}
	return v.result(name + " names what a teammate needs and holds no token")
}

func (s *survey) missingExample() check.Result {
	for _, name := range []string{".env", ".env.local"} {
		if info, err := os.Lstat(filepath.Join(s.tree.root, name)); err == nil && !info.IsDir() {
			return check.Judge([]check.Finding{{File: name, Severity: check.SeverityWarning,
				Message: fmt.Sprintf("there is no .env.example beside %s", name)}}, "", s.complete)
		}
	}
	note := "there is no .env.example; " + s.complete + " creates one"
	return check.Judge([]check.Finding{{Severity: check.SeverityNote, Message: note}}, note, "")
}

func list(paths []string) string {
	if len(paths) > 4 {
		return fmt.Sprintf("%s and %d more", strings.Join(paths[:3], ", "), len(paths)-3)
	}
	return strings.Join(paths, ", ")
}

// command is a line to type about a path that came from the repository, quoted so that a shell takes it as one word.
func command(line, path string) string {
	if strings.HasPrefix(path, "-") {
		path = "./" + path
	}
	if core.Printable(path) != path {
		return ""
	}
	return line + " " + core.ShellWord(path)
}
