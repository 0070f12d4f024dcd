package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

func annotated(t *testing.T, report check.Report, summary string) (string, error) {
	t.Helper()
	var out bytes.Buffer
	p := &command.Process{
		Streams: &console.Streams{Out: &console.StickyWriter{W: &out}},
		Getenv:  func(name string) string { return map[string]string{"GITHUB_STEP_SUMMARY": summary}[name] },
	}
	err := Annotate(p, report, "", time.Second)
	return out.String(), err
}

func TestAnnotations(t *testing.T) {
	got, err := annotated(t, sampleReport(), "")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"::warning title=token-accepted::could not be checked: no answer%0Afix: try again",
		"::notice title=token-owner::a note in no file",
		"::error title=secret-stored::stored nowhere%0Afix: gh hex auth",
		"::warning file=.github/workflows/a b.yml,line=3,col=9,title=secret-available::warned of [it](https://example.com)",
		"::error file=.github/workflows/a b.yml,line=4,col=7,title=secret-available::empty%0Afix: gh hex auth --env prod",
		"::error file=.github/workflows/a b.yml,line=5,col=7,title=secret-available::empty",
		"::notice file=a%3Ab%25/ü%0A.yml,line=2,title=secret-available::only a [31mnote",
		"::warning title=env-tracked::.env:7:3 in commit 0123456789ab: committed",
		"3 things to do: 2 errors, 1 warning, 1 unknown, 1 ok in 5 of 6 checks; nothing to look at in 1 (1.0 s)",
		"",
	}, "\n")
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// The runner takes a line that begins with "::", and any "##[" elsewhere, for a command. Whatever a repository calls its
// files, each line is one of our own commands, and nothing in it ends the properties early.
func TestNamesAreNoCommands(t *testing.T) {
	for _, name := range []string{
		"a\n::add-mask::x", "a\r\n::stop-commands::x", "::error::x", "a::b", "a,line=1", "a%0A::set-output name=x::y", "##[add-path]x", "a\u2028::warning::x", "\t::debug::x",
	} {
		report := check.Report{{ID: "token-leaked", Status: check.StatusError, Message: name, Fix: "git rm --cached " + name, Findings: []check.Finding{
			{File: name, Line: 1, Column: 2, Severity: check.SeverityError, Message: "in " + name},
			{File: name, Commit: "0123456789abcdef" + name, Severity: check.SeverityError, Message: name},
		}}}
		got, err := annotated(t, report, "")
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.FieldsFunc(got, func(r rune) bool { return r == '\n' || r == '\r' })
		if len(lines) != 3 {
			t.Errorf("%q makes %d lines:\n%s", name, len(lines), got)
			continue
		}
		for _, line := range lines[:2] {
			properties, _, complete := strings.Cut(strings.TrimPrefix(line, "::error "), "::")
			if !strings.HasPrefix(line, "::error ") || !complete || !strings.HasSuffix(properties, "title=token-leaked") {
				t.Errorf("%q makes %q", name, line)
			}
			if count := strings.Count(properties, ","); count != 3 && count != 0 {
				t.Errorf("%q makes the properties %q", name, properties)
			}
		}
		if line := (Repository{Repository: "octo/a", Status: check.StatusError, Message: name, Fix: name}).annotation(); strings.ContainsAny(line, "\r\n") || strings.Contains(line, "##[") {
			t.Errorf("%q of a fleet makes %q", name, line)
		}
	}
}

func TestStepSummary(t *testing.T) {
	path := filepath.Join(t.TempDir(), "summary")
	if err := os.WriteFile(path, []byte("of an earlier command\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	report := check.Report{{ID: "secret-passed", Status: check.StatusError, Message: "x", Fix: "a `b` | c", Findings: []check.Finding{
		{File: "a|b<script>.yml", Line: 1, Column: 2, Severity: check.SeverityError, Message: "[x](https://example.com) **bold** @ada ${{ x }}\n| a cell"},
	}}}
	if _, err := annotated(t, report, path); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := `of an earlier command
### gh hex verify: 1 thing to do&#58; 1 error in 1 check

| | Check | Where | What | Fix |
|---|---|---|---|---|
| error | [secret-passed](https://github.com/gh-hex/gh-hex/blob/main/docs/checks.md#secret-passed) | a\|b&lt;script&gt;.yml&#58;1&#58;2 | ` +
		`\[x\](https&#58;//example.com) \*\*bold\*\* &#64;ada &#36;{{ x }} \| a cell | <code>a \` + "`" + `b\` + "`" + ` \| c</code> |

`
	if string(got) != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

func TestStepSummaryIsBounded(t *testing.T) {
	var findings []check.Finding
	for range 20000 {
		findings = append(findings, check.Finding{File: ".env", Severity: check.SeverityError, Message: "|" + strings.Repeat("x", 50)})
	}
	text := summaryTable(check.Report{{ID: "env-tracked", Status: check.StatusError, Findings: findings}}, "bad")
	if len(text) > maxSummary+100 || !strings.Contains(text, "\nand ") {
		t.Errorf("%d bytes, ending in %q", len(text), text[len(text)-30:])
	}
}

func TestSummaryThatCannotBeWritten(t *testing.T) {
	_, err := annotated(t, nil, filepath.Join(t.TempDir(), "no", "such", "folder"))
	if err == nil || command.ExitCode(err) != command.ExitProblem || !strings.Contains(err.Error(), "step summary") {
		t.Errorf("error is %v", err)
	}
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v does not say why", err)
	}
}
