package worktree

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

// committed is a .env file that was added to the history.
type committed struct{ path, commit string }

// Contents of the history that are read: of .env and .env.local, and of others, which count only with a Hex name.
const (
	versionsRead = 1000
	othersRead   = 200
)

// past is what the history, or a push, has of a .env file. It stands for the oldest content that may hold a token, else
// for the oldest that is more than plain settings, else for the oldest.
type past struct {
	version
	stand  bool // some content has a reference, an encrypted value or a placeholder
	unread bool // some content could not be read, so what it held is not known
	sums   []string
	others []string // of contents that are plain
}

// history lists the .env files that were ever added on any ref; those that count only when they hold a Hex name, as far as
// they do.
func (t *Tree) history(ctx context.Context) ([]past, error) {
	changed, err := t.changes(ctx, revisions{args: []string{"--all"}}, envPathspecs()...)
	if err != nil {
		return nil, err
	}
	versions, err := t.envVersions(ctx, changed)
	if err != nil {
		return nil, err
	}
	return gather(versions), ctx.Err()
}

// gather puts versions together by path, which come the newest first.
func gather(versions []version) []past {
	var all []past
	place := map[string]int{}
	for _, v := range slices.Backward(versions) {
		i, known := place[v.path]
		if !known {
			i = len(all)
			place[v.path] = i
			all = append(all, past{version: v})
		}
		all[i].take(v)
	}
	return all
}

// take adds a content that is younger than those before it.
func (p *past) take(v version) {
	p.stand, p.unread = p.stand || v.held.stand, p.unread || !v.read
	if p.held.what == "" && v.held.what != "" || !p.held.token() && v.held.token() {
		p.version = v
	}
	if v.held.what != "" {
		p.sums = append(p.sums, v.sum)
	} else {
		p.others = append(p.others, v.sum)
	}
}

// fingerprint is that of all contents with something of Hex's in them, else of all of them; empty where one is not known.
func (p *past) fingerprint() string {
	switch {
	case p.unread:
		return ""
	case len(p.sums) > 0:
		return contentFingerprint(p.sums...)
	}
	return contentFingerprint(p.others...)
}

// inHistory is a warning: what was pushed cannot be taken back. Only what may have held a token is to be revoked.
func (p *past) inHistory() (f check.Finding, fix string) {
	f = check.Finding{File: p.path, Commit: p.commit, Severity: check.SeverityWarning, Fingerprint: p.fingerprint(),
		Message: fmt.Sprintf("%s was committed in %.7s: whoever has a clone can read it", p.path, p.commit)}
	switch {
	case p.held.token() || p.unread && p.held.what == "":
		return f, "revoke the token that it held (in Hex: Settings → API keys)"
	case p.stand:
		f.Message = fmt.Sprintf("%s was committed in %.7s, with references or placeholders where a token would stand", p.path, p.commit)
	}
	return f, look(p.path, p.commit)
}

func (p *past) inPush() check.Finding {
	f := check.Finding{File: p.path, Commit: p.commit, Severity: check.SeverityWarning, Fingerprint: p.fingerprint(),
		Message: p.path + " is in a commit to be pushed"}
	if p.held.what != "" {
		f.Severity = check.SeverityError
		f.Message += " and holds " + p.held.what
	}
	return f
}

// look is how to see what a path held in a commit.
func look(path, commit string) string {
	if core.Printable(path) != path {
		return ""
	}
	return "git show " + core.ShellWord(fmt.Sprintf("%.12s:%s", commit, path))
}

// changes lists what these revisions did to files of these pathspecs, the newest first.
func (t *Tree) changes(ctx context.Context, r revisions, paths ...string) ([]version, error) {
	args := r.command("log", "--full-history", "-m", "--no-renames", "--no-ext-diff", "--no-textconv",
		"--raw", "-z", "--no-abbrev", "--no-color", "--no-decorate", "--no-notes", "--format=%x01%H")
	out, err := t.git.run(ctx, t.root, []byte(r.input), append(args, paths...)...)
	return parseLog(fields(out)), err
}

// envVersions are those of the changes that brought in the content of a .env file.
func (t *Tree) envVersions(ctx context.Context, changes []version) ([]version, error) {
	var versions []version
	for _, v := range changes {
		if isEnvFile(v.path) && (v.status == "A" || v.status == "M") {
			versions = append(versions, v)
		}
	}
	if err := t.readVersions(ctx, versions); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(versions, func(v version) bool { return !own(v.path) && !v.namesHex }), nil
}

// readVersions judges the contents, as far as they are here and their number allows.
func (t *Tree) readVersions(ctx context.Context, versions []version) error {
	var ids []string
	wanted := map[string][]*version{}
	left := map[bool]int{true: versionsRead, false: othersRead}
	for i := range versions {
		v := &versions[i]
		if !strings.HasPrefix(v.mode, "100") {
			continue
		}
		if known := wanted[v.blob]; known == nil {
			if left[own(v.path)]--; left[own(v.path)] < 0 {
				continue
			}
			ids = append(ids, v.blob)
		}
		wanted[v.blob] = append(wanted[v.blob], v)
	}
	return t.readBlobs(ctx, ids, maxEnvFile, func(id string, data []byte) {
		held, names, sum := hold(data), namesHex(data), contentSum(data)
		for _, v := range wanted[id] {
			v.read, v.held, v.namesHex, v.sum = true, held, names, sum
		}
	})
}

type version struct {
	committed
	mode, blob string
	status     string // what became of the file there, such as A for added; empty where git was not asked

	// What readVersions fills in.
	read     bool
	namesHex bool
	held     held
	sum      string
}

// parseLog reads what "log --raw -z --format=%x01%H" prints: a commit, then for each of its files
// ":<mode> <mode> <object> <object> <status>" and the path.
func parseLog(tokens []string) []version {
	var all []version
	commit := ""
	for i := 0; i < len(tokens); i++ {
		token := strings.TrimPrefix(tokens[i], "\n")
		if hash, ok := strings.CutPrefix(token, "\x01"); ok {
			commit = hash
			continue
		}
		parts := strings.Fields(token)
		if !strings.HasPrefix(token, ":") || len(parts) != 5 || i+1 == len(tokens) {
			continue
		}
		i++
		all = append(all, version{committed: committed{path: tokens[i], commit: commit}, mode: parts[1], blob: parts[3], status: parts[4]})
	}
	return all
}
