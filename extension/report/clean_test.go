package report

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

// TestHiddenCharacters puts every character that is never shown where a name from outside can stand, and looks for it in
// each kind of output. Only --json may hold it, as an escape; a filter and a template drop control characters, and the rest
// on a terminal only.
func TestHiddenCharacters(t *testing.T) {
	var all []rune
	for r := rune(0); r <= 0x10ffff; r++ {
		if core.Hidden(r) && r != '\t' && r != '\n' && r != '\r' {
			all = append(all, r)
		}
	}
	name := "a" + string(all) + "b"
	for kind, text := range printedWith(t, name) {
		if i := strings.IndexFunc(text, func(r rune) bool { return core.Hidden(r) && r != '\t' && r != '\n' && r != '\x1b' }); i >= 0 {
			t.Errorf("%s shows %q", kind, text[i:min(len(text), i+8)])
		}
		if strings.Contains(kind, "plain") && strings.Contains(text, "\x1b") {
			t.Errorf("%s shows the escape character", kind)
		}
	}
}

// printedWith prints a name in every way there is but those where it is the user's own to filter.
func printedWith(t *testing.T, name string) map[string]string {
	finding := check.Finding{File: name, Line: 1, Severity: check.SeverityError, Message: name}
	report := check.Report{{ID: "env-tracked", Title: name, Status: check.StatusError, Message: name, Fix: name, Findings: []check.Finding{finding}}}
	out := map[string]string{}
	for _, terminal := range []bool{false, true} {
		b := commandtest.New(t)
		if terminal {
			b.OnTerminal()
		}
		b.Print("%s", name)
		b.Record("ok", "%s", name)
		b.Say("%s", name)
		out[fmt.Sprintf("plain text, terminal %v", terminal)] = b.Stdout.String() + b.Stderr.String()
	}
	b := commandtest.New(t)
	b.Env["GITHUB_STEP_SUMMARY"] = ""
	if err := Annotate(b.Process, report, name, time.Second); err != nil {
		t.Fatal(err)
	}
	out["plain annotations"] = b.Stdout.String()
	out["plain summary"] = summaryTable(report, conclusion(report, name))
	fleet := &Fleet{Owner: name, Unseen: name, Repositories: []Repository{{Repository: name, Status: check.StatusError, Message: name, Fix: name, ID: "env-tracked", Checks: report}, {Repository: name, Unread: []string{name}}}}
	for _, terminal := range []bool{false, true} {
		of := commandtest.New(t)
		if terminal {
			of.OnTerminal()
		}
		PrintFleet(of.Streams, fleet, true)
		if err := AnnotateFleet(of.Process, fleet); err != nil {
			t.Fatal(err)
		}
		out[fmt.Sprintf("plain fleet, terminal %v", terminal)] = of.Stdout.String()
	}
	out["plain summary of a fleet"] = fleet.summary()
	sarif, err := json.Marshal(sarifOf(report))
	if err != nil {
		t.Fatal(err)
	}
	out["plain SARIF"] = decoded(t, sarif)
	out["plain JSON"] = exported(t, command.Exporter{}, false, name)
	out["coloured JSON"] = exported(t, command.Exporter{}, true, name)
	out["plain filter on a terminal"] = exported(t, command.Exporter{Jq: ".name"}, false, name)
	out["plain template on a terminal"] = exported(t, command.Exporter{Template: "{{.name}}"}, false, name)
	return out
}

// decoded is a JSON text whose escapes are written out.
func decoded(t *testing.T, text []byte) string {
	t.Helper()
	var any map[string]any
	if err := json.Unmarshal(text, &any); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(any)
}

func exported(t *testing.T, e command.Exporter, color bool, name string) string {
	t.Helper()
	b := commandtest.New(t).OnTerminal()
	e.Fields, b.Color = []string{"name"}, color
	if err := e.Write(b.Streams, map[string]string{"name": name}); err != nil {
		t.Fatal(err)
	}
	return b.Stdout.String()
}

// TestJSONLosesNothing reads back what --json wrote, and sees what a filter prints into a pipe.
func TestJSONLosesNothing(t *testing.T) {
	name := "a\x1b\u009b\u061c\u200b\u2028\u202e\u2066\ufeff\U000e0041b"
	b := commandtest.New(t)
	if err := (&command.Exporter{Fields: []string{"name"}}).Write(b.Streams, map[string]string{"name": name}); err != nil {
		t.Fatal(err)
	}
	var back struct{ Name string }
	if err := json.Unmarshal(b.Stdout.Bytes(), &back); err != nil || back.Name != name {
		t.Errorf("%s is read as %q, %v", b.Stdout.String(), back.Name, err)
	}
	if !strings.Contains(b.Stdout.String(), `\u202e\u2066\ufeff\udb40\udc41b`) {
		t.Errorf("%s", b.Stdout.String())
	}
	b = commandtest.New(t)
	if err := (&command.Exporter{Fields: []string{"name"}, Jq: ".name"}).Write(b.Streams, map[string]string{"name": name}); err != nil {
		t.Fatal(err)
	}
	want := strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return -1
		}
		return r
	}, name)
	if b.Stdout.String() != want+"\n" {
		t.Errorf("a filter in a pipe prints %q, want %q", b.Stdout.String(), want)
	}
}
