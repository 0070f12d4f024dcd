// Package scaffold keeps the files that go with a Hex token in order: .gitignore, .env.example and, when asked, .env.
// Planning only reads, [Apply] only writes, and a second run changes nothing.
package scaffold

import (
	"bytes"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/dotenv"
)

// DefaultHost is the value of HEX_WORKSPACE_URL in a new .env.example unless [Options] names another.
const DefaultHost = "https://app.hex.tech"

// Options says what goes into the files.
type Options struct {
	Host string // origin of the Hex host, such as https://eu.hex.tech; empty means DefaultHost
	// Names are what .env.example has to assign; none means HEX_API_TOKEN and HEX_WORKSPACE_URL. A new one names the host in
	// any case.
	Names []string
}

// Reach says for whom git ignores a path.
type Reach int

const (
	// Nobody means that git does not ignore the path.
	Nobody Reach = iota
	// User means that only .git/info/exclude or the user's own excludes file ignores it: teammates are not covered.
	User
	// Everyone means that a rule in the repository ignores it.
	Everyone
)

// Git answers what planning asks of git. Paths are relative to the top of the work tree and "/"-separated.
type Git struct {
	Ignored func(path string) (Reach, error)
	Tracked func(path string) (bool, error)
}

// Action is what a [Change] does to its file.
type Action string

// The actions.
const (
	Created   Action = "created"
	Updated   Action = "updated"
	Unchanged Action = "unchanged"
)

// Change is one file as it was found and as it will be. What it will hold stays out of every print of it.
type Change struct {
	Path   string // relative to the root, "/"-separated
	Action Action
	Detail string // such as "added .env, .env.local"; may be empty

	write   func() write // behind a func: a verb of fmt that does not fit follows even a pointer
	ignores []string     // lines that this change adds to .gitignore
}

// Describe says in a few words what happens to the file.
func (c Change) Describe() string {
	switch {
	case c.Action == Unchanged:
		return "nothing to change"
	case c.Detail == "" || c.Action == Created:
		return string(c.Action)
	}
	return c.Detail
}

// Plan says what .gitignore and .env.example lack, in that order; a file that lacks nothing is listed as Unchanged. An
// error is a *PathError or one of git's.
func Plan(root string, git Git, o Options) ([]Change, error) {
	ignore, err := planIgnore(root, git)
	if err != nil {
		return nil, err
	}
	example, err := planExample(root, o)
	if err != nil {
		return nil, err
	}
	return []Change{ignore, example}, nil
}

// planIgnore asks git and then reads the file, which another process may complete in between: what is planned has to come
// from the file that git answered for, or the same lines are added twice. A file that lacks nothing may be anything.
func planIgnore(root string, git Git) (Change, error) {
	const name, attempts = ".gitignore", 10
	for range attempts {
		asked := readIgnore(root, name)
		lines, err := missingPatterns(git)
		if err != nil || len(lines) == 0 {
			return Change{Path: name, Action: Unchanged}, err
		}
		change, err := PlanFile(root, name, 0o666, func(old []byte) []byte { return dotenv.Append(old, lines...) })
		if err != nil {
			return Change{}, err
		}
		if bytes.Equal(change.write().before, asked) {
			change.ignores, change.Detail = lines, added(lines)
			return change, nil
		}
	}
	return Change{}, &PathError{Path: name, Reason: "keeps changing; run the command again"}
}

// readIgnore is nil for a file that cannot be completed: whoever wants to hears it from PlanFile.
func readIgnore(root, name string) []byte {
	r, err := os.OpenRoot(root)
	if err != nil {
		return nil
	}
	defer r.Close()
	now, _ := current(r, name)
	return now.before
}

// missingPatterns relies on the last pattern of the topmost .gitignore winning over every other for files beside it.
func missingPatterns(git Git) ([]string, error) {
	var lines []string
	for _, name := range []string{".env", ".env.local"} {
		reach, err := git.Ignored(name)
		if err != nil {
			return nil, err
		}
		if reach != Everyone {
			lines = append(lines, name)
		}
	}
	reach, err := git.Ignored(".env.example")
	if err != nil {
		return nil, err
	}
	if reach != Nobody {
		lines = append(lines, "!.env.example")
	}
	return lines, nil
}

func planExample(root string, o Options) (Change, error) {
	var missing []string
	change, err := PlanFile(root, ".env.example", 0o666, func(old []byte) []byte {
		var lines []string
		lines, missing = exampleLines(old, o)
		if len(lines) == 0 {
			return old
		}
		return dotenv.Append(old, lines...)
	})
	if change.Action == Updated {
		change.Detail = added(missing)
	}
	return change, err
}

// exampleLines returns the lines to append to an example, and the names that they assign. Only a file that is new gets
// comments.
func exampleLines(old []byte, o Options) (lines, missing []string) {
	host := o.Host
	if host == "" {
		host = DefaultHost
	}
	present := dotenv.Names(old)
	for i, name := range o.wanted(len(old) == 0) {
		if slices.Contains(present, name) {
			continue
		}
		value := ""
		if name == hostName {
			value = host
		}
		missing = append(missing, name)
		if len(old) == 0 {
			lines = append(lines, comments(i, name)...)
		}
		lines = append(lines, strings.TrimSuffix(string(dotenv.Set(nil, name, value)), "\n"))
	}
	return lines, missing
}

// wanted are the names to assign. Who copies a new example has to know which host is meant.
func (o Options) wanted(fresh bool) []string {
	if len(o.Names) == 0 {
		return []string{tokenName, hostName}
	}
	named := slices.ContainsFunc(o.Names, func(name string) bool { return strings.Contains(name, "_URL") || strings.Contains(name, "_BASE") })
	if !fresh || named {
		return o.Names
	}
	return append(slices.Clone(o.Names), hostName)
}

// comments stand before the line that assigns the name.
func comments(line int, name string) []string {
	var about []string
	if line == 0 {
		about = append(about, "# Copy this file to .env, which git ignores, and paste a token from Hex: Settings > API keys.")
	}
	switch name {
	case hostName:
		about = append(about, "# Where you open Hex in the browser.")
	case "HEX_PROJECT_ID":
		about = append(about, "# The ID of the project, as in its address in Hex.")
	}
	return about
}

const (
	tokenName = "HEX_API_TOKEN"
	hostName  = "HEX_WORKSPACE_URL"
)

// PlanDotenv says what has to be written to keep token in .env, readable by its owner alone: HEX_API_TOKEN, and
// HEX_WORKSPACE_URL when host is not the default or the file names another; with an empty host, which the file is not to
// name, that line stays as it is. It fails when git tracks .env, or would not
// ignore it even after planned, the result of [Plan] (nil when that will not be applied). The change goes behind those
// of planned into [Apply].
func PlanDotenv(root string, git Git, planned []Change, token func() string, host string) (Change, error) {
	if err := mayHoldToken(git, planned); err != nil {
		return Change{}, err
	}
	var names []string
	change, err := PlanFile(root, ".env", 0o600, func(old []byte) []byte {
		values := map[string]string{tokenName: token()}
		if stored, _, ok := dotenv.Lookup(old, hostName); host != "" && (host != DefaultHost || ok && stored != host) {
			values[hostName] = host
		}
		data := old
		for _, name := range []string{tokenName, hostName} {
			value, wanted := values[name]
			if stored, _, ok := dotenv.Lookup(data, name); wanted && (!ok || stored != value) {
				data = dotenv.Set(data, name, value)
				names = append(names, name)
			}
		}
		return data
	})
	if err != nil {
		return Change{}, err
	}
	return change.private(names), nil
}

func mayHoldToken(git Git, planned []Change) error {
	tracked, err := git.Tracked(".env")
	if err != nil {
		return err
	}
	if tracked {
		return &PathError{Path: ".env", Reason: "is tracked by git, so a token in it would be pushed"}
	}
	reach, err := git.Ignored(".env")
	if err != nil {
		return err
	}
	willBe := slices.ContainsFunc(planned, func(c Change) bool { return slices.Contains(c.ignores, ".env") })
	if reach == Nobody && !willBe {
		return &PathError{Path: ".env", Reason: "is not ignored by git, so a token in it could be committed"}
	}
	return nil
}

// private takes the rights of others away from a file that will hold a token.
func (c Change) private(names []string) Change {
	if len(names) > 0 {
		c.Detail = "set " + strings.Join(names, ", ")
	}
	w := c.write()
	if mode := private(w.mode); mode != w.mode {
		w.mode = mode
		c.write = func() write { return w }
		c.Detail = strings.TrimPrefix(c.Detail+"; made private", "; ")
		if c.Action == Unchanged {
			c.Action = Updated
		}
	}
	return c
}

func added(names []string) string { return "added " + strings.Join(names, ", ") }

// parents lists the folders above a "/"-separated path, the topmost first and without the root.
func parents(name string) []string {
	var all []string
	for dir := path.Dir(name); dir != "."; dir = path.Dir(dir) {
		all = append([]string{dir}, all...)
	}
	return all
}
