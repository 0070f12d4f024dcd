package report

import (
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
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
