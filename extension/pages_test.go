package extension

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rhysd/actionlint"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func pagesOf(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	pages := map[string]string{}
	for _, name := range append(names, "../README.md", "../CONTRIBUTING.md", "../CHANGELOG.md") {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		pages[filepath.ToSlash(name)] = string(text)
	}
	return pages
}

// What is there to be typed stands in blocks of code and in code of a sentence. In what a command shows, only the line
// with the command counts.
var (
	blockOfCode = regexp.MustCompile("(?ms)^```[a-z]*\n(.*?)^```$|^ {4}(.*?)$")
	shownOutput = regexp.MustCompile("(?ms)^```console\n(\\$ .*?\n).*?^```$")
	inlineCode  = regexp.MustCompile("`([^`\n]+)`")
	ofGhHex     = regexp.MustCompile("\\bgh hex\\b([^|<>&;#\n\"')`]*)")
)

// commandLines are the arguments of every gh hex in a text.
func commandLines(text string) []string {
	var lines []string
	for _, m := range ofGhHex.FindAllStringSubmatch(text, -1) {
		lines = append(lines, m[1])
	}
	return lines
}

// commandsIn are those of a page, as far as they stand in code.
func commandsIn(page string) []string {
	page = shownOutput.ReplaceAllString(page, "```\n$1```")
	var lines []string
	for _, m := range blockOfCode.FindAllStringSubmatch(page, -1) {
		lines = append(lines, commandLines(m[1]+m[2])...)
	}
	for _, m := range inlineCode.FindAllStringSubmatch(blockOfCode.ReplaceAllString(page, ""), -1) {
		lines = append(lines, commandLines(m[1])...)
	}
	return lines
}

// misspelt says which command or flag in the arguments does not exist.
func misspelt(root *cobra.Command, line string) string {
	cmd, value := root, false
	for word := range strings.FieldsSeq(strings.Trim(line, " .,:…")) {
		name, _, given := strings.Cut(strings.TrimRight(word, ".,:"), "=")
		switch {
		case value:
			value = false
		case name == "--", strings.HasPrefix(name, "$("), strings.HasPrefix(name, "@("): // what follows are no flags of ours
			return ""
		case strings.HasPrefix(name, "-") && name != "-":
			f := lookup(cmd, func(f *pflag.Flag) bool { return "--"+f.Name == name || "-"+f.Shorthand == name })
			if f == nil {
				return fmt.Sprintf("%q has no flag %s", cmd.CommandPath(), name)
			}
			value = !given && f.NoOptDefVal == ""
		case cmd.HasSubCommands():
			i := slices.IndexFunc(cmd.Commands(), func(c *cobra.Command) bool { return c.Name() == name })
			if i < 0 {
				return fmt.Sprintf("%q has no command %s", cmd.CommandPath(), name)
			}
			cmd = cmd.Commands()[i]
		}
	}
	return ""
}

// lookup finds a flag that the command shows in its help.
func lookup(cmd *cobra.Command, is func(*pflag.Flag) bool) *pflag.Flag {
	var found *pflag.Flag
	for _, flags := range []*pflag.FlagSet{cmd.LocalFlags(), cmd.InheritedFlags()} {
		flags.VisitAll(func(f *pflag.Flag) {
			if is(f) && !f.Hidden {
				found = f
			}
		})
	}
	return found
}

func TestMisspelt(t *testing.T) {
	p, _, _ := newTestProcess(t)
	tests := []struct{ line, want string }{
		{" verify --only token-leaked -R octo/analytics", ""},
		{" auth status", ""},
		{" auth login --with-token", ""},
		{" run start <project> -f region=EMEA --watch", ""},
		{" run watch --interval=5s", ""},
		{" auth --aplication actions", `"gh hex auth" has no flag --aplication`},
		{" verfy", `"gh hex" has no command verfy`},
		{" auth --secret NAME status", ""},
		{" auth signout", `"gh hex auth" has no command signout`},
		{" run begin", `"gh hex run" has no command begin`},
		{" verify -w", `"gh hex verify" has no flag -w`},
		{` verify --pre-push -- --help "$@"`, ""},
		{" auth --secrt $(sed ", `"gh hex auth" has no flag --secrt`},
		{" auth $(sed ", ""},
		{" init -R octo/analytics", `"gh hex init" has no flag -R`},
		{" project list --watch", `"gh hex project list" has no flag --watch`},
	}
	for _, tt := range tests {
		if got := misspelt(newRootCmd(p), tt.line); got != tt.want {
			t.Errorf("gh hex%s: %q, want %q", tt.line, got, tt.want)
		}
	}
}

func TestPagesNameCommandsThatExist(t *testing.T) {
	p, _, _ := newTestProcess(t)
	root := newRootCmd(p)
	for name, page := range pagesOf(t) {
		for _, line := range commandsIn(page) {
			if problem := misspelt(root, line); problem != "" {
				t.Errorf("%s: gh hex%s: %s", name, line, problem)
			}
		}
	}
	walk(root, func(cmd *cobra.Command) {
		for _, line := range commandLines(cmd.Example) {
			if problem := misspelt(root, line); problem != "" {
				t.Errorf("%s --help: gh hex%s: %s", cmd.CommandPath(), line, problem)
			}
		}
	})
}

// A flag that a sentence names without its command belongs to one of them.
func TestPagesNameFlagsThatExist(t *testing.T) {
	p, _, _ := newTestProcess(t)
	known := map[string]bool{}
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if !f.Hidden {
				known["--"+f.Name], known["-"+f.Shorthand] = true, true
			}
		})
	})
	flag := regexp.MustCompile(`^--?[a-z][a-z-]*`)
	for name, page := range pagesOf(t) {
		for _, m := range inlineCode.FindAllStringSubmatch(blockOfCode.ReplaceAllString(page, ""), -1) {
			if f := flag.FindString(m[1]); f != "" && !known[f] {
				t.Errorf("%s: no command has the flag %s", name, f)
			}
		}
	}
}

func TestReadmeNamesEveryCommand(t *testing.T) {
	p, _, _ := newTestProcess(t)
	readme := pagesOf(t)["../README.md"]
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		if !regexp.MustCompile(regexp.QuoteMeta(cmd.CommandPath()) + `\b`).MatchString(readme) {
			t.Errorf("README.md does not name %s", cmd.CommandPath())
		}
	})
}

func TestPagesNameFilesThatExist(t *testing.T) {
	ours := regexp.MustCompile(`^(\.ci|core|docs|extension|scripts)(/[\w.-]+)*$`)
	placeholder := regexp.MustCompile(`\b[A-Z]{2,}\b`) // ID.txtar stands for several
	for name, page := range pagesOf(t) {
		for _, m := range inlineCode.FindAllStringSubmatch(page, -1) {
			for _, word := range strings.Fields(m[1]) {
				path := strings.TrimPrefix(word, "./")
				switch {
				case strings.HasSuffix(path, ".txtar") && !strings.Contains(path, "/"):
					path = "extension/testdata/script/" + path
				case !ours.MatchString(path):
					continue
				}
				if found, _ := filepath.Glob(filepath.Join("..", placeholder.ReplaceAllString(path, "*"))); len(found) == 0 {
					t.Errorf("%s: there is no %s", name, path)
				}
			}
		}
		for _, m := range regexp.MustCompile(`(?m)^ {4}(scripts/[\w.-]+)`).FindAllStringSubmatch(page, -1) {
			if _, err := os.Stat("../" + m[1]); err != nil {
				t.Errorf("%s: there is no %s", name, m[1])
			}
		}
	}
}

// What a page says stands `somewhere` in `a/file.go` is declared there.
func TestPagesNameDeclarationsThatExist(t *testing.T) {
	inFile := regexp.MustCompile("`(\\w+)` in\\s+`([\\w./-]+\\.go)`")
	for name, page := range pagesOf(t) {
		for _, m := range inFile.FindAllStringSubmatch(page, -1) {
			source, err := os.ReadFile("../" + m[2])
			declared := regexp.MustCompile(`(?m)^(?:func|type|const|var) ` + m[1] + `\b|"` + m[1] + `": `)
			if err != nil || !declared.Match(source) {
				t.Errorf("%s: %s does not declare %s (%v)", name, m[2], m[1], err)
			}
		}
	}
}

func TestPagesNameTestsThatExist(t *testing.T) {
	known := testsOf(t)
	named := regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark)[A-Z]\w*`)
	for name, page := range pagesOf(t) {
		for _, test := range named.FindAllString(page, -1) {
			if !known[test] {
				t.Errorf("%s: there is no %s", name, test)
			}
		}
	}
}

// testsOf are the tests, fuzz targets and benchmarks of all packages.
func testsOf(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark)[A-Z]\w*)\(`)
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			known[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return known
}

// The figures of docs/performance.md can be measured again, and all that is measured stands there.
func TestBenchmarksAreDocumented(t *testing.T) {
	page := pagesOf(t)["../docs/performance.md"]
	var named []string
	for _, m := range regexp.MustCompile("`scripts/bench ([a-z]+)`").FindAllStringSubmatch(page, -1) {
		named = append(named, m[1])
	}
	entries, err := os.ReadDir("../scripts/benchmarks")
	if err != nil {
		t.Fatal(err)
	}
	var there []string
	for _, e := range entries {
		there = append(there, e.Name())
	}
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(named, there) {
		t.Errorf("docs/performance.md names the benchmarks %q; scripts/benchmarks has %q", named, there)
	}
}

// The README is read in two minutes, and what nobody else does stands on its first screen.
func TestReadmeIsShort(t *testing.T) {
	readme := pagesOf(t)["../README.md"]
	if lines, words := strings.Count(readme, "\n"), len(strings.Fields(readme)); lines > 140 || words > 1300 {
		t.Errorf("%d lines and %d words, want at most 140 and 1,300", lines, words)
	}
	if at := strings.Index(readme, "gh hex verify --stored"); at < 0 || strings.Count(readme[:at], "\n") > 6 {
		t.Error("the stored token is not on the first screen")
	}
}

// What is to be typed can be read without scrolling on a page that is as wide as GitHub's.
func TestTypedLinesFit(t *testing.T) {
	for name, page := range pagesOf(t) {
		if name == "../CONTRIBUTING.md" {
			continue
		}
		for _, m := range regexp.MustCompile(`(?m)^ {4}((?:gh|git|op|scripts/)\b.*)$`).FindAllStringSubmatch(page, -1) {
			if utf8.RuneCountInString(m[1]) > 95 {
				t.Errorf("%s: %q is %d columns wide, want at most 95", name, m[1], utf8.RuneCountInString(m[1]))
			}
		}
	}
}

func TestReadmeLeadsToEveryPage(t *testing.T) {
	pages := pagesOf(t)
	for name := range pages {
		if target := strings.TrimPrefix(name, "../"); target != "README.md" && !strings.Contains(pages["../README.md"], "]("+target+")") {
			t.Errorf("README.md has no link to %s", target)
		}
	}
}

// yamlBlocks are those of all pages but docs/checks.md, whose examples are there to fail.
func yamlBlocks(t *testing.T) []string {
	t.Helper()
	var blocks []string
	for name, page := range pagesOf(t) {
		if name == "../docs/checks.md" {
			continue
		}
		for _, m := range regexp.MustCompile("(?ms)^```yaml\r?\n(.*?)^```\r?$").FindAllStringSubmatch(page, -1) {
			blocks = append(blocks, m[1])
		}
	}
	return blocks
}

// The workflows on the pages are some that GitHub can read, and what is copied from them is the same tomorrow.
func TestWorkflowsOnPagesAreValidAndPinned(t *testing.T) {
	pinned := regexp.MustCompile(`uses: \S+@[0-9a-f]{40} # v[0-9.]+$|gh extension install gh-hex/gh-hex --pin v[0-9]+\.[0-9]+\.[0-9]+$`)
	count := 0
	for _, text := range yamlBlocks(t) {
		if !strings.Contains(text, "\njobs:\n") {
			continue
		}
		count++
		if _, problems := actionlint.Parse([]byte(text)); len(problems) > 0 {
			t.Errorf("%v in\n%s", problems[0], text)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimSpace(line)
			if (strings.Contains(line, "uses:") || strings.Contains(line, "gh extension install")) && !pinned.MatchString(line) {
				t.Errorf("not pinned: %s", line)
			}
		}
	}
	if count < 4 {
		t.Errorf("%d workflows, want those of the README, of docs/ci.md and of docs/fleet.md", count)
	}
}

// The program on core's page is the example that is compiled and run.
func TestCorePageShowsTheExample(t *testing.T) {
	source, err := os.ReadFile("../core/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?ms)^```go\n(.*?)^```$").FindStringSubmatch(pagesOf(t)["../docs/core.md"])
	if dedented := regexp.MustCompile(`(?m)^\t`).ReplaceAllString(string(source), ""); shown == nil || !strings.Contains(dedented, shown[1]) {
		t.Error("docs/core.md shows something else than core/example_test.go")
	}
}

// Links and pictures within the repository lead to a file, and to a heading of it.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)|\b(?:src|srcset|href)="([^"\s]+)"`)
	for name, page := range pagesOf(t) {
		for _, m := range link.FindAllStringSubmatch(page, -1) {
			target, anchor, _ := strings.Cut(m[1]+m[2], "#")
			if strings.Contains(target, "://") {
				continue
			}
			path := name
			if target != "" {
				path = filepath.Join(filepath.Dir(name), target)
			}
			text, err := os.ReadFile(path)
			if err != nil {
				t.Errorf("%s: %s: %v", name, target, err)
			} else if anchor != "" && !slices.Contains(anchors(string(text)), anchor) {
				t.Errorf("%s: %s has no heading #%s", name, path, anchor)
			}
		}
	}
}

// anchors are those that GitHub gives to headings.
func anchors(page string) []string {
	var out []string
	page = regexp.MustCompile("(?ms)^```.*?^```$").ReplaceAllString(page, "")
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(page, -1) {
		text := regexp.MustCompile(`[^\w\s-]`).ReplaceAllString(strings.ToLower(m[1]), "")
		out = append(out, strings.ReplaceAll(text, " ", "-"))
	}
	return out
}
