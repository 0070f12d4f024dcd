package run

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

func TestRunElapsed(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{
		`{"status":"RUNNING","startTime":"2026-11-23T11:58:30Z"}`: "1m30s",
		`{"status":"RUNNING","startTime":"2026-11-23T12:58:30Z"}`: "",
		`{"status":"RUNNING"}`: "",
		`{"status":"COMPLETED","startTime":"2026-11-23T11:00:00Z","endTime":"2026-11-23T11:00:07Z"}`: "7s",
		`{"status":"COMPLETED","startTime":"2026-11-23T11:00:00Z"}`:                                  "",
		`{"status":"COMPLETED","elapsedTime":61000.7}`:                                               "1m1s",
		`{"status":"COMPLETED","elapsedTime":-1}`:                                                    "",
		`{"status":"COMPLETED","elapsedTime":1e300}`:                                                 "",
		`{"status":"COMPLETED","elapsedTime":12}`:                                                    "12ms",
	} {
		var one core.ProjectRun
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Fatal(err)
		}
		if got := console.Took(elapsed(one, now)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}
