package report

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
)

// A group is there as soon as it is complete; one with a problem once the others that may tell of its cause are.
func TestGroupsAppearAsTheyFinish(t *testing.T) {
	var out, errOut bytes.Buffer
	s := &console.Streams{Out: &console.StickyWriter{W: &out}, Err: &errOut, OutTTY: true, ErrTTY: true}
	checks := []check.Check{
		{ID: "token-present", Group: check.GroupToken}, {ID: "secret-stored", Group: check.GroupGitHub},
		{ID: "workflow-syntax", Group: check.GroupWorkflows}, {ID: "hex-endpoint", Group: check.GroupHex}, {ID: "env-ignored", Group: check.GroupFiles},
	}
	now := time.Now()
	l := NewLive(s, checks, func() time.Time { now = now.Add(time.Second); return now })
	done := func(n int, r check.Result) {
		r.ID, r.Group = checks[n].ID, checks[n].Group
		l.Done(r)
	}
	groups := func() (names []string) {
		for line := range strings.Lines(out.String()) {
			if !strings.HasPrefix(line, " ") {
				names = append(names, strings.Fields(line)[1])
			}
		}
		return names
	}
	for _, tt := range []struct {
		n    int
		r    check.Result
		want string
	}{
		{1, check.Fail("not stored", "gh hex auth"), ""},
		{0, check.OK("a token"), "Token"},
		{2, check.OK(""), "Token"},
		{3, check.Judge([]check.Finding{{File: "hex.yml", Severity: check.SeverityWarning, Message: "plain", Fix: "gh hex auth"}}, "", ""), "Token GitHub Workflows Hex"},
		{4, check.Warn("not ignored", "gh hex init"), "Token GitHub Workflows Hex Files"},
	} {
		done(tt.n, tt.r)
		if got := strings.Join(groups(), " "); got != tt.want {
			t.Errorf("after %s: %q, want %q", checks[tt.n].ID, got, tt.want)
		}
	}
	l.Close()
	if got := out.String(); strings.Count(got, "gh hex auth") != 1 || !strings.Contains(got, "    hex.yml warning: plain\n") {
		t.Errorf("one cause is one entry, with all its places:\n%s", got)
	}
	if !strings.Contains(errOut.String(), "Checked 1 of 5; left: Token, Workflows, Hex, Files") || !strings.HasSuffix(errOut.String(), "\r\x1b[K") {
		t.Errorf("progress: %q", errOut.String())
	}
}

func TestResultsAreToldOnce(t *testing.T) {
	told := map[string]int{}
	results := make(chan check.Result, 2)
	check.RunTelling(t.Context(), []check.Check{
		{ID: "a", Run: func(context.Context) check.Result { return check.Fail("no", "") }},
		{ID: "b", Needs: []string{"a"}, Run: func(context.Context) check.Result { return check.OK("") }},
	}, func(r check.Result) { results <- r })
	for range 2 {
		told[(<-results).ID]++
	}
	if told["a"] != 1 || told["b"] != 1 || len(results) > 0 {
		t.Errorf("told %v", told)
	}
}

func TestChecksLinkToTheirPages(t *testing.T) {
	var out bytes.Buffer
	s := &console.Streams{Out: &console.StickyWriter{W: &out}, OutTTY: true, Links: true}
	Print(s, missing(), "", false, time.Second)
	want := "\x1b]8;;https://github.com/gh-hex/gh-hex/blob/main/docs/checks.md#token-present\x1b\\token-present\x1b]8;;\x1b\\  no token\n"
	if !strings.Contains(out.String(), want) {
		t.Errorf("got\n%q\nwant %q", out.String(), want)
	}
}
