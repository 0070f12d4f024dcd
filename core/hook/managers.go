package hook

import (
	"context"
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

// maxConfig bounds the file of a manager, in bytes.
const maxConfig = 256 << 10

// kind is a tool that owns the hooks of a repository: it writes them, and reads what they run from a file of its own.
type kind struct {
	name string
	// mark stands in every hook that it writes; husky is known by its folder instead.
	mark string
	// files are the names that its file can have, from the top of the work tree. What is in package.json counts with this key.
	files []string
	key   string
	// install is the command that writes its hooks.
	install string
	// entry is what to add to its file, under says where, found is what of it is there.
	entry func(f file) string
	under func(f file) string
	found func(f file) entry
}

func kinds() []kind {
	return []kind{
		{name: "lefthook", mark: "call_lefthook", files: lefthookFiles(), install: "lefthook install", entry: lefthookEntry, under: within(""), found: lefthookFound},
		{name: "prek", mark: "github.com/j178/prek", files: []string{"prek.toml"}, install: "prek install --hook-type pre-push",
			entry: func(file) string { return prekEntry }, under: within(""), found: namedIn},
		{name: "pre-commit", mark: "https://pre-commit.com", files: []string{".pre-commit-config.yaml", ".pre-commit-config.yml"},
			install: "pre-commit install --hook-type pre-push", entry: func(file) string { return preCommitEntry }, under: within("under repos"), found: preCommitFound},
		{name: "simple-git-hooks", mark: "SKIP_SIMPLE_GIT_HOOKS", files: scriptable("simple-git-hooks", ".json"), key: "simple-git-hooks",
			install: "npx simple-git-hooks", entry: simpleEntry, under: ofPackage("simple-git-hooks"), found: hooksFound("simple-git-hooks")},
		{name: "husky", mark: `/husky.sh"`, files: append(scriptable("huskyrc", "", ".json", ".yaml", ".yml"), "husky.config.js", "husky.config.cjs"), key: "husky",
			install: "npm rebuild husky", entry: oldHuskyEntry, under: ofPackage("husky.hooks"), found: hooksFound("husky", "hooks")},
	}
}

func lefthookFiles() []string {
	var names []string
	for _, name := range []string{"lefthook", ".lefthook", ".config/lefthook", "lefthook-local", ".lefthook-local", ".config/lefthook-local"} {
		for _, extension := range []string{".yml", ".yaml", ".toml", ".json", ".jsonc"} {
			names = append(names, name+extension)
		}
	}
	return names
}

// scriptable are the names of a file that may be a script of node.
func scriptable(name string, others ...string) []string {
	var names []string
	for _, extension := range append([]string{".cjs", ".js", ".mjs", ".ts"}, others...) {
		names = append(names, "."+name+extension, name+extension)
	}
	return names
}

// file is one that belongs to a manager. path is absolute; text is empty when there is none, or none that can be read.
type file struct {
	path string
	text []byte
}

// entry says whether a manager's file has gh hex run before a push; flaw is why not, or not well, although it is named.
type entry struct {
	there bool
	flaw  string
}

// manager is a kind in this repository, with its file.
type manager struct {
	kind
	file  file
	entry entry
}

// roots are the folders that may hold the file of a manager: the work tree, and the main one, for which the same hooks run.
func roots(t *worktree.Tree) []string {
	roots := []string{t.Root()}
	if main, name := filepath.Split(t.CommonDir()); name == ".git" && filepath.Clean(main) != filepath.Clean(t.Root()) {
		roots = append(roots, filepath.Clean(main))
	}
	return roots
}

// managers finds who owns the hooks by their files, whether or not they have written any hook yet. The one whose entry is
// there comes first.
func managers(ctx context.Context, t *worktree.Tree) ([]manager, error) {
	var all []manager
	for _, root := range roots(t) {
		if len(all) > 0 {
			break
		}
		for _, folder := range huskyFolders(ctx, t, root) {
			all = append(all, huskyAt(folder))
		}
		for _, k := range kinds() {
			for _, f := range k.filesIn(root) {
				all = append(all, manager{k, f, k.found(f)})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b manager) int { return b.rank() - a.rank() })
	return all, ctx.Err()
}

func (m manager) rank() int {
	switch {
	case m.entry.there:
		return 2
	case m.entry.flaw != "":
		return 1
	}
	return 0
}

func (k kind) filesIn(root string) []file {
	var found []file
	for _, name := range k.files {
		if f, ok := readConfig(root, name); ok {
			found = append(found, f)
		}
	}
	if f, ok := readConfig(root, "package.json"); ok && k.key != "" && f.object()[k.key] != nil {
		found = append(found, f)
	}
	return found
}

// readConfig reads a file of a manager; one that cannot be read is there all the same.
func readConfig(root, name string) (file, bool) {
	f := file{path: filepath.Join(root, filepath.FromSlash(name))}
	r, err := os.OpenRoot(root)
	if err != nil {
		return f, false
	}
	defer r.Close()
	if info, err := r.Stat(filepath.FromSlash(name)); err != nil || info.IsDir() {
		return f, false
	}
	f.text, _, _ = scaffold.Read(r, name, maxConfig)
	return f, true
}

// object is the file as a JSON object; nil when it is none.
func (f file) object() map[string]any {
	var object map[string]any
	_ = json.Unmarshal(f.text, &object)
	return object
}

// huskyFolders are those that husky runs hooks from, or will once it was installed. One below the top counts when a
// package has husky told of it: it may be a mere example.
func huskyFolders(ctx context.Context, t *worktree.Tree, root string) []string {
	var folders []string
	scripts, named := huskyScripts(root)
	if info, err := os.Lstat(filepath.Join(root, ".husky")); named || err == nil && info.IsDir() {
		folders = append(folders, filepath.Join(root, ".husky"))
	}
	tracked, _ := t.Matching(ctx, ":(glob)*/**/.husky/*")
	for _, name := range tracked {
		folder := path.Dir(name)
		full := filepath.Join(root, filepath.FromSlash(folder))
		own, _ := huskyScripts(filepath.Dir(full))
		if strings.Contains(scripts+own, folder) && !slices.Contains(folders, full) {
			folders = append(folders, full)
		}
	}
	return folders
}

var huskyScript = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\bhusky( +install)?( +(&&|;|\|\|).*)?$`) })

// huskyScripts are the lines that npm runs after it installed what a package needs, as far as they run husky; plain tells of
// one that names no other folder than the usual one.
func huskyScripts(folder string) (lines string, plain bool) {
	f, _ := readConfig(folder, "package.json")
	scripts, _ := f.object()["scripts"].(map[string]any)
	for _, name := range []string{"prepare", "postinstall", "install", "postprepare"} {
		line, _ := scripts[name].(string)
		if strings.Contains(line, "husky") {
			lines += line + "\n"
			plain = plain || huskyScript().MatchString(line)
		}
	}
	return lines, plain
}

// huskyAt is husky from version 5 on: its file is a script of shell.
func huskyAt(folder string) manager {
	k := kind{name: "husky", install: "npm install", entry: shellEntry, under: amongCommands, found: shellFound}
	f, _ := readConfig(folder, hookName)
	return manager{k, f, k.found(f)}
}
