package worktree

import (
	"context"
	"slices"
	"strings"
)

// committed is a .env file that was added to the history.
type committed struct{ path, commit string }

// versionsRead bounds how many blobs of the history are read to find a Hex name in them.
const versionsRead = 200

// history lists the .env files that were ever added on any ref, each with the oldest commit that shows it; of those that
// count only when they hold a Hex name, the oldest that does.
func (t *Tree) history(ctx context.Context) ([]committed, error) {
	versions, err := t.envVersions(ctx, revisions{args: []string{"--all"}})
	if err != nil {
		return nil, err
	}
	oldest := map[string]string{}
	var order []string
	for _, v := range versions {
		if _, seen := oldest[v.path]; !seen {
			order = append(order, v.path)
		}
		oldest[v.path] = v.commit
	}
	all := make([]committed, 0, len(order))
	for _, path := range order {
		all = append(all, committed{path: path, commit: oldest[path]})
	}
	return all, ctx.Err()
}

// envVersions lists each content of a .env file that these revisions brought in, the newest first.
func (t *Tree) envVersions(ctx context.Context, r revisions) ([]version, error) {
	args := r.command("log", "--full-history", "-m", "--no-renames", "--diff-filter=AM", "--no-ext-diff", "--no-textconv",
		"--raw", "-z", "--no-abbrev", "--no-color", "--no-decorate", "--no-notes", "--format=%x01%H")
	out, err := t.git.run(ctx, t.root, []byte(r.input), append(args, envPathspecs()...)...)
	if err != nil {
		return nil, err
	}
	read := 0
	return slices.DeleteFunc(parseLog(fields(out)), func(v version) bool {
		if !isEnvFile(v.path) || own(v.path) {
			return !own(v.path)
		}
		read++
		return read > versionsRead || ctx.Err() != nil || !t.blobNamesHex(ctx, v.blob)
	}), nil
}

type version struct {
	committed
	mode, blob string
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
		all = append(all, version{committed: committed{path: tokens[i], commit: commit}, mode: parts[1], blob: parts[3]})
	}
	return all
}

func (t *Tree) blobNamesHex(ctx context.Context, blob string) bool {
	data, err := t.git.runLimited(ctx, t.root, nil, maxEnvFile, "cat-file", "blob", blob)
	return err == nil && namesHex(data)
}

// shallow tells whether older commits are missing from this clone.
func (t *Tree) shallow(ctx context.Context) bool {
	answer, err := t.git.line(ctx, t.root, "rev-parse", "--is-shallow-repository")
	return err == nil && answer == "true"
}
