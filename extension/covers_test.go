package extension_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/inspect"
)

// covers FLAG...: runs gh hex verify in a pipe and asserts that its last line covers every check there is: what it does not
// count as judged, or as one with nothing to look at, it names. Standard output is left for further assertions.
func cmdCovers(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: covers FLAG...")
	}
	_ = ts.Exec("gh", append([]string{"hex", "verify"}, args...)...) // whatever the exit code
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	verdict := lines[len(lines)-1]
	if fault := uncovered(lines[:len(lines)-1], verdict); fault != "" {
		ts.Fatalf("%s\n%s", fault, verdict)
	}
}

// uncovered is what a verdict neither counts nor names.
func uncovered(records []string, verdict string) string {
	_, unseen, _ := strings.Cut(verdict, "not looked at: ")
	counted := 0
	unseen = regexp.MustCompile(`\d+ checks of [A-Za-z, ]*`).ReplaceAllStringFunc(unseen, func(text string) string {
		n, _ := strconv.Atoi(strings.Fields(text)[0])
		counted += n
		return ""
	})
	names := func(word string) bool {
		return regexp.MustCompile(`(^|[ ,])` + regexp.QuoteMeta(word) + `[, ]`).MatchString(unseen)
	}
	skipped, named, perhaps := 0, counted, 0
	var seen []string
	for _, c := range inspect.Catalogue() {
		if slices.ContainsFunc(records, func(line string) bool { return strings.HasPrefix(line, c.ID+"\t") }) {
			seen = append(seen, c.ID)
		}
		if !slices.ContainsFunc(records, func(line string) bool { return strings.HasPrefix(line, c.ID+"\tskipped\t") }) {
			continue
		}
		skipped++
		switch {
		case names(c.ID), names(groupWord(c.Group)):
			named++
		case c.Group == check.GroupToken && names("the stored token"): // it may have had nothing to look at
			perhaps++
		}
	}
	if len(seen) < len(inspect.Catalogue()) && !strings.Contains(unseen, "all other checks (") {
		return "some checks are not in the report, and the last line does not say so"
	}
	nothing := 0
	if m := regexp.MustCompile(`nothing to look at in (\d+)`).FindStringSubmatch(verdict); m != nil {
		nothing, _ = strconv.Atoi(m[1])
	}
	if named+nothing > skipped || skipped > named+nothing+perhaps {
		return strconv.Itoa(skipped) + " checks were skipped; the last line names " + strconv.Itoa(named) + " of them, and counts " + strconv.Itoa(nothing)
	}
	return ""
}

// groupWord stands for a group as a whole.
func groupWord(group check.Group) string {
	return map[check.Group]string{
		check.GroupToken: "the token", check.GroupGitHub: "GitHub", check.GroupWorkflows: "workflows", check.GroupHex: "calls of Hex", check.GroupFiles: "files",
	}[group]
}
