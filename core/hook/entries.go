package hook

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/gh-hex/gh-hex/core"
)

const preCommitEntry = `  - repo: local
    hooks:
      - id: gh-hex
        name: gh hex
        entry: gh hex verify --pre-push --
        language: system
        stages: [push]
        always_run: true
        pass_filenames: false
        verbose: true`

const prekEntry = `[[repos]]
repo = "local"

[[repos.hooks]]
id = "gh-hex"
name = "gh hex"
entry = "gh hex verify --pre-push --"
language = "system"
stages = ["pre-push"]
always_run = true
pass_filenames = false
verbose = true`

// lefthookRun is no more than Line for lefthook, which puts values for {1} and {2} itself, and passes over a command that
// names no file that is there, when what is pushed is not checked out.
const lefthookRun = `true {files} && gh hex verify --pre-push -- '{1}' '{2}'`

func lefthookEntry(f file) string {
	name := filepath.Base(f.path)
	if filepath.Base(filepath.Dir(f.path)) == ".config" {
		name = ".config/" + name
	}
	switch filepath.Ext(name) {
	case ".toml":
		return "[pre-push.commands.gh-hex]\nfiles = \"echo " + name + "\"\nrun = \"" + lefthookRun + "\"\nuse_stdin = true"
	case ".json", ".jsonc":
		return "\"pre-push\": {\n  \"commands\": {\n    \"gh-hex\": {\n      \"files\": \"echo " + name + "\",\n      \"run\": \"" + lefthookRun +
			"\",\n      \"use_stdin\": true\n    }\n  }\n}"
	}
	return "pre-push:\n  commands:\n    gh-hex:\n      files: echo " + name + "\n      run: " + lefthookRun + "\n      use_stdin: true"
}

// lefthookFound looks for a command before a push that gets standard input, and is never passed over.
func lefthookFound(f file) entry {
	config := f.values()
	if config == nil {
		return namedForLefthook(f)
	}
	best := entry{}
	for _, command := range objects(config["pre-push"]) {
		run, _ := command["run"].(string)
		e := judgeLine(run)
		_, skips := command["skip"]
		switch {
		case !e.there:
		case command["use_stdin"] != true:
			e = entry{flaw: noInput}
		case !strings.Contains(run, "{files}") || command["files"] == nil:
			e = entry{flaw: "lefthook skips it when the pushed branch is not checked out, because files is missing"}
		case skips:
			e = entry{flaw: "lefthook is told to skip it"}
		}
		best = e.or(best)
	}
	return best
}

const noInput = "lefthook does not tell it what is pushed, because use_stdin: true is missing"

func (e entry) or(other entry) entry {
	if e.there || e.flaw != "" && !other.there {
		return e
	}
	return other
}

// preCommitFound looks for a hook of the framework that runs before a push.
func preCommitFound(f file) entry {
	repos, _ := f.values()["repos"].([]any)
	best := entry{}
	for _, repo := range repos {
		about, _ := repo.(map[string]any)
		address, _ := about["repo"].(string)
		for _, hook := range objects(about["hooks"]) {
			line, _ := hook["entry"].(string)
			e := judgeLine(line)
			e.there = e.there || hook["id"] == "gh-hex" && strings.Contains(address, "gh-hex")
			stages, limited := hook["stages"].([]any)
			if e.there && limited && !slices.Contains(stages, any("push")) && !slices.Contains(stages, any("pre-push")) {
				e = entry{flaw: "it does not run before a push, because stages: [push] is missing"}
			}
			best = e.or(best)
		}
	}
	return best
}

// hooksFound looks below keys for the line of a hook; in a script of node the text decides.
func hooksFound(keys ...string) func(file) entry {
	return func(f file) entry {
		config := f.values()
		if config == nil {
			return namedIn(f)
		}
		value := any(config)
		for n, key := range keys {
			object, _ := value.(map[string]any)
			if n == 0 && filepath.Base(f.path) != "package.json" {
				continue // the file is what stands below that key
			}
			value = object[key]
		}
		hooks, _ := value.(map[string]any)
		line, _ := hooks[hookName].(string)
		return judgeLine(line)
	}
}

func simpleEntry(f file) string {
	line := Line
	config := f.object()
	if filepath.Base(f.path) == "package.json" {
		config, _ = config["simple-git-hooks"].(map[string]any)
	}
	if before, ok := config[hookName].(string); ok && !judgeLine(before).there {
		line += " && " + before
	}
	return `"` + hookName + `": ` + quoted(line)
}

// oldHuskyEntry is for husky before version 5, which hands over what git says in variables of its own.
func oldHuskyEntry(file) string { return `"` + hookName + `": ` + quoted("gh hex verify --pre-push") }

func within(section string) func(file) string {
	return func(file) string { return section }
}

// ofPackage is for what a package.json holds among other things, and a file of its own does not.
func ofPackage(section string) func(file) string {
	return func(f file) string {
		if filepath.Base(f.path) == "package.json" {
			return "under " + section
		}
		return ""
	}
}

func quoted(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(text) // a string always can be
	return core.Printable(strings.TrimSpace(out.String()))
}

// judgeLine tells whether a script, or a line of one, runs gh hex.
func judgeLine(text string) entry {
	runs, maybe := runsVerify(text)
	switch {
	case runs && guarded(text):
		return entry{there: true}
	case runs:
		return entry{flaw: "the name of the remote is read as an option of gh hex, because -- is missing"}
	case maybe:
		return entry{flaw: "it names gh hex verify --pre-push, and may or may not run it"}
	}
	return entry{}
}

// namedIn is for a file that is not read otherwise.
func namedIn(f file) entry { return entry{there: namesVerify(string(f.text))} }

// namedForLefthook is for such a file of lefthook.
func namedForLefthook(f file) entry {
	e := namedIn(f)
	if e.there && !strings.Contains(string(f.text), "use_stdin") {
		return entry{flaw: noInput}
	}
	return e
}

// values is the file as an object of JSON or YAML; nil when it is none.
func (f file) values() map[string]any {
	if filepath.Ext(f.path) == ".json" {
		return f.object()
	}
	switch filepath.Ext(f.path) {
	case ".yml", ".yaml", "":
		var document yaml.Node
		if yaml.Unmarshal(f.text, &document) != nil || len(document.Content) != 1 {
			return nil
		}
		left := maxValues
		object, _ := plain(document.Content[0], &left).(map[string]any)
		return object
	}
	return nil
}

// maxValues bounds the values of a file of YAML, aliases followed.
const maxValues = 100_000

// plain is a value of YAML as one of JSON. The decoder of the library takes the square of the time for keys that repeat.
func plain(n *yaml.Node, left *int) any {
	if *left--; *left < 0 {
		return nil
	}
	switch n.Kind {
	case yaml.AliasNode:
		return plain(n.Alias, left)
	case yaml.SequenceNode:
		list := []any{}
		for _, inner := range n.Content {
			list = append(list, plain(inner, left))
		}
		return list
	case yaml.MappingNode:
		object := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			object[n.Content[i].Value] = plain(n.Content[i+1], left)
		}
		return object
	}
	if n.ShortTag() == "!!bool" {
		return n.Value == "true"
	}
	return n.Value
}

// objects lists all objects in a value, from the outside in.
func objects(value any) []map[string]any {
	var all []map[string]any
	switch v := value.(type) {
	case map[string]any:
		all = append(all, v)
		for _, inner := range v {
			all = append(all, objects(inner)...)
		}
	case []any:
		for _, inner := range v {
			all = append(all, objects(inner)...)
		}
	}
	return all
}
