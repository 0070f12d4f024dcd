package verify

import (
	"os"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// A report that cannot be written must not pass as one that could not be told.
func TestReportThatCannotBeWritten(t *testing.T) {
	full, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer full.Close()
	report := check.Report{{ID: "token-accepted", Status: check.StatusUnknown, Message: "no answer"}}
	for _, format := range formats() {
		o := &verifyOptions{export: &command.Exporter{}, format: format, Process: &command.Process{
			Streams: &console.Streams{Out: &console.StickyWriter{W: full}}, Getenv: func(string) string { return "" },
		}}
		if err := writeReport(o, report, time.Second); command.ExitCode(err) != command.ExitProblem {
			t.Errorf("%s: error is %v", format, err)
		}
	}
}
