package worktree

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/scaffold"
)

const (
	// maxLocal bounds a file that is read as a source of token and host, in bytes.
	maxLocal = 64 << 10
	// maxEnvFile bounds a .env file that is judged, in bytes.
	maxEnvFile = 1 << 20
)

// EnvFile is a .env file that may hold Hex's settings.
type EnvFile struct {
	Path    string
	Tracked bool
	Exists  bool        // as a regular file in the work tree
	Mode    fs.FileMode // of the file in the work tree, permission bits only

	blob string // object ID of a tracked regular file
}

// EnvFiles finds .env and .env.local, and any other .env.* that holds a Hex name, in every folder that git does not
// ignore as a whole; examples apart. Submodules are left alone.
func (t *Tree) EnvFiles(ctx context.Context) ([]EnvFile, error) {
	files, err := t.candidates(ctx)
	if err != nil {
		return nil, err
	}
	r, err := os.OpenRoot(t.root)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	var kept []EnvFile
	for _, f := range files {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if info, err := r.Lstat(f.Path); err == nil && info.Mode().IsRegular() {
			f.Exists, f.Mode = true, info.Mode().Perm()
		}
		if !f.Tracked && !f.Exists {
			continue
		}
		if own(f.Path) || slices.ContainsFunc(t.versions(ctx, f), namesHex) {
			kept = append(kept, f)
		}
	}
	return kept, nil
}

// candidates lists files by their names alone, sorted by path.
func (t *Tree) candidates(ctx context.Context) ([]EnvFile, error) {
	found := map[string]EnvFile{}
	there, err := t.list(ctx, "-t", "--stage", "--others", "--exclude-standard")
	if err != nil {
		return nil, err
	}
	for _, record := range there {
		if name, other := strings.CutPrefix(record, "? "); other {
			found[name] = EnvFile{Path: name}
			continue
		}
		// "H 100644 <object> <stage>\t<path>"
		for _, v := range parseStages([]string{record[min(len(record), 2):]}) {
			f := EnvFile{Path: v.path, Tracked: true}
			if strings.HasPrefix(v.mode, "100") {
				f.blob = v.blob
			}
			found[v.path] = f
		}
	}
	// With --directory git names an ignored folder, such as node_modules, without walking it.
	ignored, err := t.list(ctx, "--others", "--ignored", "--exclude-standard", "--directory")
	if err != nil {
		return nil, err
	}
	for _, name := range ignored {
		found[name] = EnvFile{Path: name}
	}
	maps.DeleteFunc(found, func(name string, _ EnvFile) bool { return !isEnvFile(name) })
	files := make([]EnvFile, 0, len(found))
	for _, name := range slices.Sorted(maps.Keys(found)) {
		files = append(files, found[name])
	}
	return files, nil
}

func (t *Tree) list(ctx context.Context, flags ...string) ([]string, error) {
	args := append(append([]string{"ls-files", "-z"}, flags...), "--")
	out, err := t.git.run(ctx, t.root, nil, append(args, envPathspecs()...)...)
	return fields(out), err
}

func envPathspecs() []string { return []string{":(glob)**/.env", ":(glob)**/.env.*"} }

// isEnvFile judges by the name; a path that ends in "/" is a folder.
func isEnvFile(name string) bool {
	if strings.HasSuffix(name, "/") {
		return false
	}
	base := path.Base(name)
	if base == ".env" {
		return true
	}
	if !strings.HasPrefix(base, ".env.") {
		return false
	}
	switch strings.ToLower(path.Ext(base)) {
	case ".example", ".sample", ".template", ".dist":
		return false
	}
	return true
}

// own tells whether a file counts whatever it holds.
func own(name string) bool { return path.Base(name) == ".env" || path.Base(name) == ".env.local" }

// versions returns what the file holds in the work tree and in the index, as far as either can be read.
func (t *Tree) versions(ctx context.Context, f EnvFile) [][]byte {
	var all [][]byte
	if data, err := readWhole(t.root, f.Path, maxEnvFile); err == nil {
		all = append(all, data)
	}
	if f.blob != "" {
		if data, err := t.git.runLimited(ctx, t.root, nil, maxEnvFile, "cat-file", "blob", f.blob); err == nil {
			all = append(all, data)
		}
	}
	return all
}

// maxNames bounds what .env.example is wanted to name.
const maxNames = 50

// ExampleNames are what .env.example should name: those of Hex's names that .env and .env.local at the top assign and, of
// used, that workflows read; HEX_API_TOKEN and HEX_WORKSPACE_URL where there is none. Tokens come first.
func (t *Tree) ExampleNames(used []string) []string {
	all := slices.Clone(used)
	for _, file := range []string{".env", ".env.local"} {
		if data, err := readWhole(t.root, file, maxEnvFile); err == nil {
			all = append(all, dotenv.Names(data)...)
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	var names []string
	for _, kind := range []func(string) bool{tokenName, settingName} {
		for _, name := range all {
			if kind(name) && len(names) < maxNames {
				names = append(names, name)
			}
		}
	}
	if len(names) == 0 {
		return []string{"HEX_API_TOKEN", "HEX_WORKSPACE_URL"}
	}
	return names
}

// namesHex tells whether data assigns a name that belongs to Hex.
func namesHex(data []byte) bool {
	return slices.ContainsFunc(dotenv.Names(data), func(name string) bool { return tokenName(name) || settingName(name) })
}

func tokenName(name string) bool {
	return hasName(name, core.TokenNames()...) && !strings.HasSuffix(name, "_INFO") // the record of a stored token
}

func settingName(name string) bool {
	return hasName(name, core.HostNames()...) || hasName(name, core.ProjectName)
}

// hasName tells whether name is one of known, or one with a suffix such as _EU.
func hasName(name string, known ...string) bool {
	return slices.ContainsFunc(known, func(k string) bool { return name == k || strings.HasPrefix(name, k+"_") })
}

// ReadLocal reads a regular file of at most 64 KiB at the top of the work tree, as a source of token and host. The error
// wraps fs.ErrNotExist when there is none, ErrTracked when it is somebody else's input, or is a *scaffold.PathError or a
// *GitError.
func (t *Tree) ReadLocal(ctx context.Context, name string) ([]byte, error) {
	if name != path.Base(name) {
		return nil, &scaffold.PathError{Path: name, Reason: "is not at the top of the work tree"}
	}
	data, err := readWhole(t.root, name, maxLocal)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	// That it is tracked says more than that it is, say, a symbolic link.
	tracked, trouble := t.tracks(ctx, name)
	if trouble != nil {
		return nil, trouble
	}
	if tracked {
		return nil, &scaffold.PathError{Path: name, Reason: "is not read", Err: ErrTracked}
	}
	return data, err
}
