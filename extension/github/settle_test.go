package github

import (
	"errors"
	"testing"
	"time"

	"github.com/h2non/gock"
)

// What the metadata tells of a write without an answer depends on GitHub's own clock, which shows seconds only.
func TestSettleByGitHubsClock(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	long := now.Add(-time.Hour)
	tests := []struct {
		name   string
		before time.Time
		after  time.Time
		writes int
		doubt  bool
	}{
		{"changed since: it was stored", long, now, 1, false},
		{"not changed: it was not stored", long, long, 3, false},
		{"changed before our write: somebody else's", long, now.Add(-time.Minute), 3, false},
		{"set in the same second before: cannot tell", now, now, 3, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newTestClient(t)
			date := now.Format("Mon, 02 Jan 2006 15:04:05 GMT")
			gock.New(root).Get("/repos/octo/analytics/actions/secrets/OTHER").Reply(404).SetHeader("Date", date)
			_, _ = c.Secret(t.Context(), analytics(), "OTHER") // tells the time
			k, _ := key(t, c)
			for range tt.writes {
				gock.New(root).Put(secretPath).Reply(502).SetHeader("Date", date)
				gock.New(root).Get(secretPath).Reply(200).SetHeader("Date", date).
					JSON(map[string]string{"name": "HEX_API_TOKEN", "updated_at": tt.after.Format(time.RFC3339)})
			}
			before := Entry{Name: "HEX_API_TOKEN", UpdatedAt: tt.before}
			_, err := c.PutSecret(t.Context(), analytics(), k, "HEX_API_TOKEN", "value", before, Sharing{})
			var doubt *DoubtError
			if (err == nil) != (tt.writes == 1) || errors.As(err, &doubt) != tt.doubt {
				t.Errorf("error %v", err)
			}
		})
	}
}

// A variable can be read back: what it holds shows whether a write without an answer took effect.
func TestVariableWithoutAnAnswer(t *testing.T) {
	const path = "/repos/octo/analytics/actions/variables"
	for holds, stored := range map[string]bool{"https://app.hex.tech": true, "https://eu.hex.tech": false, "": false} {
		c := newTestClient(t)
		gock.New(root).Post(path + "$").Times(4).Reply(502)
		read := gock.New(root).Get(path + "/HEX_WORKSPACE_URL")
		if holds == "" {
			read.Reply(404)
		} else {
			read.Reply(200).JSON(map[string]string{"name": "HEX_WORKSPACE_URL", "value": holds})
		}
		err := c.SetVariable(t.Context(), analytics(), "HEX_WORKSPACE_URL", "https://app.hex.tech", false, Sharing{})
		if (err == nil) != stored {
			t.Errorf("GitHub holds %q: error %v", holds, err)
		}
	}
}
