package report

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

func TestJudgeReport(t *testing.T) {
	problem := statuses("error")
	auth := statuses("auth")
	tests := []struct {
		name   string
		report []string
		strict bool
		want   int
	}{
		{"nothing", nil, false, command.ExitOK},
		{"warnings are allowed", []string{"ok", "warning", "skipped"}, false, command.ExitOK},
		{"strict makes them problems", []string{"warning"}, true, command.ExitProblem},
		{"strict leaves unknown alone", []string{"unknown"}, true, command.ExitUnknown},
		{"unknown", []string{"ok", "unknown"}, false, command.ExitUnknown},
		{"authentication comes before unknown", []string{"unknown", "auth"}, false, command.ExitAuth},
		{"a problem comes before authentication", []string{"auth", "error", "unknown"}, false, command.ExitProblem},
	}
	if command.ExitCode(Judge(problem, false)) != command.ExitProblem || command.ExitCode(Judge(auth, false)) != command.ExitAuth {
		t.Error("a single status")
	}
	for _, tt := range tests {
		if got := command.ExitCode(Judge(statuses(tt.report...), tt.strict)); got != tt.want {
			t.Errorf("%s: %d, want %d", tt.name, got, tt.want)
		}
	}
}

// statuses makes a report of results with these statuses; "auth" is an error of authentication.
func statuses(list ...string) check.Report {
	var report check.Report
	for _, s := range list {
		r := check.Result{Status: check.Status(s)}
		if s == "auth" {
			r = check.Result{Status: check.StatusError, Auth: true}
		}
		report = append(report, r)
	}
	return report
}

// shown is a report as a terminal without colours has it.
func shown(report check.Report, rest string, verbose bool) string {
	var out bytes.Buffer
	Print(&console.Streams{Out: &console.StickyWriter{W: &out}, OutTTY: true}, report, rest, verbose, time.Second)
	return out.String()
}

// missing is what is said of a secret that is stored nowhere: three checks, one cause, and another problem beside it.
func missing() check.Report {
	at := func(line int) check.Finding {
		return check.Finding{File: "hex.yml", Line: line, Severity: check.SeverityError, Message: "reads X", Fix: "gh hex auth"}
	}
	other := check.Finding{File: "hex.yml", Line: 9, Severity: check.SeverityError, Message: "reads Y", Fix: "gh hex auth --secret Y"}
	return check.Report{
		{ID: "token-present", Group: check.GroupToken, Status: check.StatusError, Message: "no token", Fix: "gh hex auth"},
		{ID: "token-format", Group: check.GroupToken, Status: check.StatusSkipped, Message: "needs token-present", Next: "needs token-present"},
		{ID: "secret-stored", Group: check.GroupGitHub, Status: check.StatusError, Message: "X is stored nowhere", Fix: "gh hex auth"},
		{ID: "secret-available", Group: check.GroupGitHub, Status: check.StatusError, Message: "reads X (and 2 more)", Fix: "gh hex auth", Findings: []check.Finding{at(3), at(5), other}},
		{ID: "env-example", Group: check.GroupFiles, Status: check.StatusWarning, Message: "a.env (and 1 more)", Findings: []check.Finding{
			{File: "a.env", Severity: check.SeverityWarning, Message: "a.env"}, {File: "b.env", Severity: check.SeverityWarning, Message: "b.env"}}},
	}
}

func TestProblemsAreToldOnce(t *testing.T) {
	want := `✗ Token      1 error, 1 skipped
  ✗ token-present  no token
    hex.yml:3 error: reads X
    hex.yml:5 error: reads X
    same cause: secret-stored
    fix: gh hex auth
✗ GitHub     2 errors; see token-present
  ✗ secret-available  reads Y
    hex.yml:9
    fix: gh hex auth --secret Y
! Files      1 warning
  ! env-example  a.env
    a.env
  ! env-example  b.env
    b.env
✗ 4 things to do: 3 errors, 1 warning in 4 of 5 checks; not looked at: token-format (needs token-present) (1.0 s)
`
	if got := shown(missing(), "", false); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	verbose := shown(missing(), "", true)
	if !strings.Contains(verbose, "✗ secret-stored  X is stored nowhere; see token-present\n") {
		t.Errorf("verbose has a line for every check:\n%s", verbose)
	}
	var out bytes.Buffer
	Print(&console.Streams{Out: &console.StickyWriter{W: &out}}, missing(), "", false, time.Second)
	for _, line := range []string{"secret-stored\terror\tX is stored nowhere\tgh hex auth", "\tsecret-available\terror\thex.yml:5: reads X\tgh hex auth\t"} {
		if !strings.Contains(out.String(), line+"\n") {
			t.Errorf("a pipe lacks %q:\n%s", line, out.String())
		}
	}
}

func TestVerdictNamesWhatWasNotLookedAt(t *testing.T) {
	ok := func(id string, group check.Group) check.Result {
		return check.Result{ID: id, Group: group, Status: check.StatusOK}
	}
	left := func(id string, group check.Group, why string) check.Result {
		r := check.Leave(why, why)
		r.ID, r.Group = id, group
		return r
	}
	nothing := check.Skip("nothing runs projects")
	stored := ok("token-present", check.GroupToken)
	stored.Open, stored.Next = "the stored token", "gh hex verify --stored"
	tests := []struct {
		name   string
		report check.Report
		rest   string
		want   string
	}{
		{"everything", check.Report{ok("a", "A"), ok("b", "A")}, "", "No problems in 2 checks"},
		{"nothing there", check.Report{ok("a", "A"), nothing}, "", "No problems in 1 of 2 checks; nothing to look at in 1"},
		{"one of a group", check.Report{ok("a", check.GroupFiles), left("b", check.GroupFiles, "--skip")}, "", "No problems in 1 of 2 checks; not looked at: b (--skip)"},
		{"a group", check.Report{ok("a", "A"), left("b", check.GroupFiles, "no checkout"), left("c", check.GroupFiles, "no checkout")}, "", "No problems in 1 of 3 checks; not looked at: files (no checkout)"},
		{"two groups for one reason", check.Report{left("a", check.GroupToken, "--offline"), left("b", check.GroupGitHub, "--offline"), ok("c", check.GroupFiles)}, "", "No problems in 1 of 3 checks; not looked at: the token, GitHub (--offline)"},
		{"beside what was", check.Report{stored, ok("b", check.GroupToken)}, "", "No problems in 2 checks; not looked at: the stored token (gh hex verify --stored)"},
		{"what was not asked", check.Report{ok("a", "A")}, "--only", "No problems in 1 check; not looked at: all other checks (--only)"},
		{"nothing at all", check.Report{left("a", check.GroupToken, "--offline")}, "", "nothing judged; not looked at: the token (--offline)"},
		{"no check", nil, "", "nothing judged"},
		{"unknown", check.Report{ok("a", "A"), {ID: "b", Status: check.StatusUnknown}}, "", "1 unknown, 1 ok in 2 checks"},
	}
	for _, tt := range tests {
		if got := conclusion(tt.report, tt.rest); got != tt.want {
			t.Errorf("%s:\n got %s\nwant %s", tt.name, got, tt.want)
		}
	}
}

// A check that needs another one leaves out what that did, for the same reason.
func TestWhatDependsIsLeftOutToo(t *testing.T) {
	first := check.Check{ID: "first", Group: check.GroupToken}
	second := check.Check{ID: "second", Group: check.GroupToken, Needs: []string{"first"}}
	third := check.Check{ID: "third", Group: check.GroupToken, Needs: []string{"second"}}
	for _, tt := range []struct {
		first check.Result
		want  string
	}{
		{check.Leave("why not", "--skip"), "nothing judged; not looked at: the token (--skip)"},
		{check.Skip("there is none"), "nothing judged; nothing to look at in 3"},
		{check.Fail("broken", "mend it"), "1 thing to do: 1 error in 1 of 3 checks; not looked at: second, third (needs first)"},
	} {
		first.Run = func(context.Context) check.Result { return tt.first }
		second.Run = func(context.Context) check.Result { panic("it must not run") }
		third.Run = second.Run
		if got := conclusion(check.Run(t.Context(), []check.Check{first, second, third}), ""); got != tt.want {
			t.Errorf("got %s, want %s", got, tt.want)
		}
	}
}

// The last line names what was not looked at, and the group has the mark of its stored token once Hex was asked about it.
func TestStoredTokenInTheReport(t *testing.T) {
	skipped := check.Result{ID: "token-present", Group: check.GroupToken, Status: check.StatusSkipped, Message: "not checked; HEX_API_TOKEN is stored"}
	open := check.Result{ID: "token-stored", Group: check.GroupToken, Status: check.StatusSkipped, Message: "no run yet", Open: "the stored token", Next: "gh hex verify --stored"}
	proved := check.Result{ID: "token-stored", Group: check.GroupToken, Status: check.StatusOK, Message: "Hex accepted the stored token 5 hours ago"}
	for _, test := range []struct {
		result      check.Result
		first, last string
	}{
		{open, "- Token", "not looked at: the stored token (gh hex verify --stored) (0.0 s)"},
		{proved, "✓ Token      Hex accepted the stored token 5 hours ago", "No problems in 1 of 2 checks; nothing to look at in 1 (0.0 s)"},
	} {
		out := &bytes.Buffer{}
		s := &console.Streams{Out: &console.StickyWriter{W: out}, OutTTY: true}
		Print(s, check.Report{skipped, test.result}, "", false, 0)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if !strings.HasPrefix(lines[0], test.first) || !strings.Contains(lines[len(lines)-1], test.last) {
			t.Errorf("%s: %s", test.result.Status, out)
		}
		if test.result.Status == check.StatusOK && strings.Contains(out.String(), "not checked") {
			t.Errorf("Hex accepted what was not checked: %s", out)
		}
		if strings.Contains(out.String(), "not looked at") != (test.result.Open != "") {
			t.Errorf("%s: %s", test.result.Status, out)
		}
	}
}

// What could not be carried out for a reason that is told already is not told again, nor counted as another thing to do.
func TestOneReasonIsToldOnce(t *testing.T) {
	refused := check.Result{ID: "github-access", Group: check.GroupGitHub, Status: check.StatusError, Message: "no such repository", Fix: "gh auth status"}
	report := check.Report{refused}
	for _, id := range []string{"workflow-syntax", "secret-context"} {
		report = append(report, check.Result{ID: id, Group: check.GroupWorkflows, Status: check.StatusUnknown, Message: refused.Message, Fix: refused.Fix})
	}
	text := shown(report, "", false)
	if strings.Count(text, "no such repository") != 1 || !strings.Contains(text, "? Workflows  2 unknown; see github-access\n") || !strings.Contains(text, "1 thing to do: 1 error, 2 unknown in 3 checks") {
		t.Error(text)
	}
	report[1].Message = "GitHub did not answer"
	if text := shown(report, "", false); !strings.Contains(text, "? workflow-syntax  GitHub did not answer\n") {
		t.Error(text)
	}
}

// A message that counts what follows is not repeated by the first of it.
func TestFindingsDoNotRepeatTheMessage(t *testing.T) {
	r := check.Judge([]check.Finding{
		{File: ".gitignore", Severity: check.SeverityWarning, Message: "git does not ignore .env"},
		{File: ".gitignore", Severity: check.SeverityWarning, Message: "git does not ignore .env.local"},
	}, "", "gh hex init")
	r.ID, r.Group = "env-ignored", check.GroupFiles
	if text := shown(check.Report{r}, "", false); strings.Count(text, "git does not ignore .env ")+strings.Count(text, "git does not ignore .env\n") != 1 || !strings.Contains(text, "git does not ignore .env.local") {
		t.Error(text)
	}
}

// Many checks that wait for one are counted, and their group is named; few are named.
func TestVerdictStaysShort(t *testing.T) {
	report := check.Report{{ID: "token-present", Group: check.GroupToken, Status: check.StatusError, Message: "no token"}}
	for i, id := range []string{"a", "b", "c", "d"} {
		report = append(report, check.Result{ID: id, Group: check.GroupToken, Status: check.StatusSkipped, Next: "needs token-present"})
		text, want := shown(report, "", false), "not looked at: "+strings.Join([]string{"a", "b", "c", "d"}[:i+1], ", ")+" (needs token-present)"
		if i == 3 {
			want = "not looked at: 4 checks of Token (needs token-present)"
		}
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

// At 80 and at 60 columns no line is wider than the terminal, unless it is a command; in a pipe a check is one line.
func TestReportsFitTheTerminal(t *testing.T) {
	long := strings.Repeat("what is wrong and why ", 9)
	fix := "gh hex auth --env production --secret HEX_API_TOKEN_OF_A_LONG_NAME -R octo/analytics"
	r := check.Judge([]check.Finding{{File: ".github/workflows/hex.yml", Line: 12, Column: 30, Severity: check.SeverityError, Message: long, Fix: fix}}, "", "")
	r.ID, r.Group, r.Title = "secret-available", check.GroupGitHub, "A check"
	for _, width := range []int{80, 60, 0} {
		var out bytes.Buffer
		Print(&console.Streams{Out: &console.StickyWriter{W: &out}, OutTTY: width > 0, Width: width}, check.Report{r}, "left out by --only", false, time.Second)
		for line := range strings.SplitSeq(out.String(), "\n") {
			if width > 0 && len([]rune(line)) > width && strings.TrimSpace(line) != fix {
				t.Errorf("wider than %d columns: %s", width, line)
			}
		}
		if lines := strings.Count(out.String(), "\n"); width == 0 && lines != 3 {
			t.Errorf("%d lines in a pipe:\n%s", lines, out.String())
		}
		if !strings.Contains(out.String(), fix) {
			t.Errorf("the command is broken:\n%s", out.String())
		}
	}
}
