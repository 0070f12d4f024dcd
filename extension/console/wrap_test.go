package console

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"github.com/cli/go-gh/v2/pkg/text"
)

// At 80 and at 60 columns: lines break at words only, and what may be copied stands in one line.
func TestLinesBreakAtWords(t *testing.T) {
	const plain = "    .github/workflows/hex.yml:12:30 error: job refresh reads secret HEX_API_TOKEN (env HEX_API_TOKEN of step 1), which is not in the repository or the organization: it will be empty"
	for _, c := range []struct {
		line   string
		copied []string
	}{
		{plain, nil},
		{"    \x1b[90mfix:\x1b[0m edit the file, git add it, git commit --amend --no-edit, then look at it again and again", []string{"git commit --amend --no-edit"}},
		{"Note: job deploy reads it in environment prod (.github/workflows/hex.yml:9). To store it there too: gh hex auth --env prod --secret HEX_TOKEN", []string{"gh hex auth --env prod --secret HEX_TOKEN"}},
		{"Next: gh hex auth login --local dotenv, with a new token from app.hex.tech: Settings → API keys → New Token; or set HEX_WORKSPACE_URL", []string{"gh hex auth login --local dotenv"}},
		{"✓ No problems in 16 of 31 checks; nothing to look at in 14; not looked at: the stored token (gh hex verify --stored -R octo/reports)", []string{"(gh hex verify --stored -R octo/reports)"}},
		{"is empty when a fork starts it, whoever that is; guard it with `if: github.repository == 'octo/analytics'` in each job", []string{"`if: github.repository == 'octo/analytics'`"}},
		{"This workflow is what gh hex init --check writes, and it is what gh hex verify --stored starts when it is asked", []string{"gh hex init --check", "gh hex verify --stored"}},
		{"  ✗ \x1b]8;;https://github.com/gh-hex/gh-hex/blob/main/docs/checks.md#secret-stored\x1b\\\x1b[1msecret-stored\x1b[0m\x1b]8;;\x1b\\  secret HEX_API_TOKEN is not stored for octo/analytics, and nobody knows", nil},
		{strings.Repeat("x", 55) + "  " + strings.Repeat("y", 50), nil},
		{strings.Repeat("データ ワークスペース ", 9), nil},
	} {
		for _, width := range []int{80, 60} {
			got := wrap(c.line, width, 6)
			lines := strings.Split(got, "\n")
			for i, l := range lines {
				if text.DisplayWidth(l) > width || i > 0 && (!strings.HasPrefix(l, "      ") || l[6] == ' ') || strings.TrimRight(l, " ") != l && i < len(lines)-1 {
					t.Errorf("at %d columns, line %d of:\n%s", width, i+1, got)
				}
			}
			if len(lines) < 2 {
				t.Errorf("not broken at %d columns: %s", width, got)
			}
			if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(c.line), " ") {
				t.Errorf("other words:\n%s\nthan:\n%s", got, c.line)
			}
			for _, command := range c.copied {
				if !strings.Contains(got, command) {
					t.Errorf("%q is broken at %d columns:\n%s", command, width, got)
				}
			}
		}
	}
}

// What is wider than the terminal is left to it: in a line of its own, and whole.
func TestCommandsAreNeverBroken(t *testing.T) {
	command := "gh api repos/octo/analytics/actions/variables -f name=HEX_WORKSPACE_URL -f value=https://eu.hex.tech"
	if got, want := wrap("  fix: "+command+", then push", 60, 4), "  fix:\n    "+command+",\n    then push"; got != want {
		t.Errorf("%q", got)
	}
	if got, want := wrap(strings.Repeat("x", 17)+" in 5 (0.1 s)", 28, 2), strings.Repeat("x", 17)+" in 5\n  (0.1 s)"; got != want {
		t.Errorf("%q", got)
	}
	if line := "  " + strings.Repeat("x", 100); wrap(line, 60, 4) != line {
		t.Errorf("%q", wrap(line, 60, 4))
	}
	if line := strings.Repeat("word ", 10); wrap(line, 19, 2) != line {
		t.Errorf("broken on a terminal of 19 columns: %q", wrap(line, 19, 2))
	}
}

// A pipe gets each record in one line, and no line of a terminal begins with what a runner of GitHub Actions would act on.
func TestOnlyTerminalsBreakLines(t *testing.T) {
	long := strings.Repeat("a word ", 20)
	var out, errOut bytes.Buffer
	s := &Streams{Out: &StickyWriter{W: &out}, Err: &errOut, Width: 60}
	s.Print("%s", long)
	s.Say("%s", long)
	if out.String() != long+"\n" || errOut.String() != long+"\n" {
		t.Errorf("in a pipe: %q, %q", out.String(), errOut.String())
	}
	s.OutTTY = true
	for at := range 60 {
		out.Reset()
		s.Print("%s ::error::%s", strings.Repeat("x", at+1), long)
		for line := range strings.SplitSeq(out.String(), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "::") {
				t.Fatalf("a line that a runner would act on: %q", out.String())
			}
		}
	}
	out.Reset()
	s.Print("%s", Styled("\t"+long))
	if lines := strings.Split(out.String(), "\n"); !strings.HasPrefix(lines[0], "    a word") || !strings.HasPrefix(lines[1], "      ") {
		t.Errorf("behind a tab: %q", out.String())
	}
	out.Reset()
	s.Verbatim(long)
	if out.String() != long+"\n" {
		t.Errorf("not verbatim: %q", out.String())
	}
}

// A page is broken at words on a terminal, but for its examples and tables, and in a pipe it is what it is.
func TestPagesBreakAtWords(t *testing.T) {
	code := "```console\n$ gh hex verify " + strings.Repeat("--flag ", 20) + "\n```"
	table := "| " + strings.Repeat("cell ", 30) + "|"
	prose := strings.Repeat("some words of prose ", 8) + "\nthat go on, see [Another page](#another-page) and [this one](that.md)"
	page := "### a-check\n\n" + prose + "\n\n- " + prose + "\n- short\n\n" + code + "\n" + table
	var out bytes.Buffer
	s := &Streams{Out: &StickyWriter{W: &out}, Width: 80}
	s.Page(page)
	if out.String() != page+"\n" {
		t.Errorf("in a pipe:\n%s", out.String())
	}
	out.Reset()
	s.OutTTY = true
	s.Page(page)
	got := out.String()
	typed := "\n$ gh hex verify " + strings.Repeat("--flag ", 20) + "\n"
	if strings.Contains(got, "```") || !strings.Contains(got, typed) || !strings.Contains(got, table) || strings.Contains(got, prose) || !strings.Contains(got, "\n- short\n") {
		t.Error(got)
	}
	shown := strings.NewReplacer("[", "", "](#another-page)", "", "](that.md)", "", "```console", "", "```", "").Replace(page)
	if strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(shown), " ") {
		t.Errorf("other words:\n%s", got)
	}
	for line := range strings.SplitSeq(strings.NewReplacer(typed, "", table, "").Replace(got), "\n") {
		if len(line) > 80 {
			t.Errorf("wider than the terminal: %s", line)
		}
	}
}

// A value goes on below its beginning; an address that has no room behind its name has a line of its own.
func TestDetailsKeepAddresses(t *testing.T) {
	var out bytes.Buffer
	s := &Streams{Out: &StickyWriter{W: &out}, OutTTY: true, Width: 40}
	s.Detail("owner", "Ada Lovelace of the analysts of the company", "")
	s.Detail("url", "https://app.hex.tech/acme/app/1", "")
	s.Detail("short", "https://app.hex.tech/acme", "")
	want := "  owner       Ada Lovelace of the\n              analysts of the company\n  url\n    https://app.hex.tech/acme/app/1\n  short       https://app.hex.tech/acme\n"
	if got := regexp.MustCompile(` +\n`).ReplaceAllString(out.String(), "\n"); got != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
}
