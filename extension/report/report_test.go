package report

import (
	"bytes"
	"strings"
	"testing"

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

// The last line names what was not looked at, and the group has the mark of its stored token once Hex was asked about it.
func TestStoredTokenInTheReport(t *testing.T) {
	skipped := check.Result{ID: "token-present", Group: check.GroupToken, Status: check.StatusSkipped, Message: "not checked"}
	open := check.Result{ID: "token-stored", Group: check.GroupToken, Status: check.StatusSkipped, Message: "no run yet", Open: "the stored token", Next: "gh hex verify --stored"}
	proved := check.Result{ID: "token-stored", Group: check.GroupToken, Status: check.StatusOK, Message: "Hex accepted it 5 hours ago"}
	for _, test := range []struct {
		result      check.Result
		first, last string
	}{
		{open, "- Token", "; not looked at: the stored token (gh hex verify --stored)"},
		{proved, "✓ Token      not checked; Hex accepted it 5 hours ago", "1 ok, 1 skipped in"},
	} {
		out := &bytes.Buffer{}
		s := &console.Streams{Out: &console.StickyWriter{W: out}, OutTTY: true, Width: 80}
		Print(s, check.Report{skipped, test.result}, false, 0)
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if !strings.HasPrefix(lines[0], test.first) || !strings.Contains(lines[len(lines)-1], test.last) {
			t.Errorf("%s: %s", test.result.Status, out)
		}
		if strings.Contains(out.String(), "not looked at") != (test.result.Open != "") {
			t.Errorf("%s: %s", test.result.Status, out)
		}
	}
}
