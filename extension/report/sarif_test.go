package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/inspect"
)

// sampleReport has a check of every sort.
func sampleReport() check.Report {
	return check.Report{
		{ID: "token-accepted", Title: "Hex accepts the token", Status: check.StatusUnknown, Message: "no answer", Fix: "try again"},
		{ID: "token-owner", Title: "Whose", Status: check.StatusOK, Message: "fine", Findings: []check.Finding{{Severity: check.SeverityNote, Message: "a note in no file"}}},
		{ID: "scope-read", Status: check.StatusSkipped, Message: "needs token-accepted"},
		{ID: "secret-stored", Title: "Stored", Status: check.StatusError, Message: "stored nowhere", Fix: "gh hex auth"},
		{ID: "secret-available", Title: "Available", Status: check.StatusError, Message: "empty (and 2 more)", Fix: "gh hex auth --env prod", Findings: []check.Finding{
			{File: ".github/workflows/a b.yml", Line: 3, Column: 9, Severity: check.SeverityWarning, Message: "warned of [it](https://example.com)"},
			{File: ".github/workflows/a b.yml", Line: 4, Column: 7, Severity: check.SeverityError, Message: "empty"},
			{File: ".github/workflows/a b.yml", Line: 5, Column: 7, Severity: check.SeverityError, Message: "empty"},
			{File: "a:b%/ü\n.yml", Line: 2, Severity: check.SeverityNote, Message: "only\na \x1b[31mnote"},
		}},
		{ID: "env-tracked", Title: "Tracked", Status: check.StatusWarning, Message: "committed", Findings: []check.Finding{
			{File: ".env", Line: 7, Column: 3, Commit: "0123456789abcdef", Severity: check.SeverityWarning, Message: "committed"},
		}},
	}
}

// What the SARIF 2.1.0 schema says of the objects that are written: each property with its type, "!" behind a required
// one. A name is another object, "[]" in front makes it a list.
func sarifShapes() map[string]map[string]string {
	return map[string]map[string]string{
		"log":          {"$schema": "uri", "version!": "=2.1.0", "runs!": "[]run"},
		"run":          {"tool!": "tool", "invocations": "[]invocation", "columnKind": "=utf16CodeUnits|unicodeCodePoints", "results": "[]result"},
		"tool":         {"driver!": "driver"},
		"driver":       {"name!": "string", "version": "string", "informationUri": "uri", "rules": "[]rule"},
		"rule":         {"id!": "string", "name": "string", "shortDescription": "text", "fullDescription": "text", "help": "text", "helpUri": "uri"},
		"text":         {"text!": "string", "markdown": "string"},
		"invocation":   {"executionSuccessful!": "bool", "toolExecutionNotifications": "[]notification"},
		"notification": {"level": "=none|note|warning|error", "message!": "text", "associatedRule": "reference"},
		"reference":    {"id": "string", "index": "number"},
		"result": {"ruleId": "string", "ruleIndex": "number", "level": "=none|note|warning|error", "message!": "text", "locations": "[]location",
			"partialFingerprints": "strings"},
		"location":         {"physicalLocation": "physicalLocation"},
		"physicalLocation": {"artifactLocation": "artifactLocation", "region": "region"},
		"artifactLocation": {"uri": "reference-uri", "uriBaseId": "string"},
		"region":           {"startLine": "positive", "startColumn": "positive"},
	}
}

// checkShape compares a value with its type and returns what is wrong, by place.
func checkShape(at, kind string, v any) []string {
	wrong := []string{fmt.Sprintf("%s: %v is no %s", at, v, kind)}
	if item, list := strings.CutPrefix(kind, "[]"); list {
		items, ok := v.([]any)
		if !ok {
			return wrong
		}
		var all []string
		for i, x := range items {
			all = append(all, checkShape(fmt.Sprintf("%s[%d]", at, i), item, x)...)
		}
		return all
	}
	if shape, object := sarifShapes()[kind]; object {
		return checkObject(at, shape, v)
	}
	if !isScalar(kind, v) {
		return wrong
	}
	return nil
}

func checkObject(at string, shape map[string]string, v any) []string {
	object, ok := v.(map[string]any)
	if !ok {
		return []string{at + ": no object"}
	}
	var all []string
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(shape)) {
		plain := strings.TrimSuffix(name, "!")
		known[plain] = true
		value, there := object[plain]
		switch {
		case there:
			all = append(all, checkShape(at+"."+plain, shape[name], value)...)
		case plain != name:
			all = append(all, at+": lacks "+plain)
		}
	}
	for name := range object {
		if !known[name] {
			all = append(all, at+": unknown property "+name)
		}
	}
	return all
}

func isScalar(kind string, v any) bool {
	text, isText := v.(string)
	number, isNumber := v.(float64)
	if options, enum := strings.CutPrefix(kind, "="); enum {
		return isText && slices.Contains(strings.Split(options, "|"), text)
	}
	switch kind {
	case "string":
		return isText
	case "bool":
		_, ok := v.(bool)
		return ok
	case "number":
		return isNumber && number >= 0
	case "positive":
		return isNumber && number >= 1
	case "uri":
		u, err := url.Parse(text)
		return isText && err == nil && u.IsAbs()
	case "reference-uri":
		u, err := url.Parse(text)
		return isText && err == nil && !u.IsAbs() && u.Host == "" && !strings.ContainsAny(text, " \n")
	case "strings":
		object, ok := v.(map[string]any)
		return ok && !slices.ContainsFunc(slices.Collect(maps.Values(object)), func(x any) bool { _, ok := x.(string); return !ok })
	}
	return false
}

func sarifOut(t *testing.T, report check.Report) (text string, log sarifLog) {
	t.Helper()
	var out bytes.Buffer
	if err := WriteSARIF(&console.Streams{Out: &console.StickyWriter{W: &out}}, report); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(out.Bytes(), &log); err != nil {
		t.Fatal(err)
	}
	return out.String(), log
}

func TestSARIFHasTheShapeOfTheStandard(t *testing.T) {
	for name, report := range map[string]check.Report{"full": sampleReport(), "empty": nil} {
		text, _ := sarifOut(t, report)
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range checkShape("log", "log", value) {
			t.Errorf("%s: %s", name, problem)
		}
		for _, list := range []string{`"results":[`, `"rules":[`, `"toolExecutionNotifications":[`, `"executionSuccessful":true`} {
			if !strings.Contains(text, list) {
				t.Errorf("%s: no %s in %s", name, list, text)
			}
		}
	}
}

func TestSARIFResults(t *testing.T) {
	_, log := sarifOut(t, sampleReport())
	run := log.Runs[0]
	var got []string
	for _, r := range run.Results {
		p := r.Locations[0].Physical
		if rule := run.Tool.Driver.Rules[r.RuleIndex].ID; rule != r.RuleID {
			t.Errorf("rule %d is %s, want %s", r.RuleIndex, rule, r.RuleID)
		}
		got = append(got, fmt.Sprintf("%s %s %s:%d:%d %q", r.RuleID, r.Level, p.Artifact.URI, p.Region.StartLine, p.Region.StartColumn, r.Message.Text))
	}
	want := []string{
		`secret-stored error .env.example:1:0 "stored nowhere\nfix: gh hex auth"`,
		`secret-available warning .github/workflows/a%20b.yml:3:9 "warned of [it] (https://example.com)"`,
		`secret-available error .github/workflows/a%20b.yml:4:7 "empty\nfix: gh hex auth --env prod"`,
		`secret-available error .github/workflows/a%20b.yml:5:7 "empty"`,
		`secret-available note a%3Ab%25/%C3%BC%0A.yml:2:0 "only a [31mnote"`,
		`env-tracked warning .env:1:0 ".env:7:3 in commit 0123456789ab: committed"`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestSARIFNotifications(t *testing.T) {
	_, log := sarifOut(t, sampleReport())
	var got []string
	for _, n := range log.Runs[0].Invocations[0].Notifications {
		got = append(got, fmt.Sprintf("%s %s %q", n.Rule.ID, n.Level, n.Message.Text))
	}
	want := []string{`token-accepted warning "could not be checked: no answer\nfix: try again"`, `token-owner note "a note in no file"`}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A rule is what GitHub shows beside an alert.
func TestSARIFRules(t *testing.T) {
	var report check.Report
	for _, id := range inspect.AllChecks() {
		report = append(report, check.Result{ID: id, Status: check.StatusOK})
	}
	_, log := sarifOut(t, report)
	for i, rule := range log.Runs[0].Tool.Driver.Rules {
		if rule.ID != inspect.AllChecks()[i] {
			t.Errorf("rule %d is %s, want %s", i, rule.ID, inspect.AllChecks()[i])
		}
		if !strings.HasSuffix(rule.FullDescription.Text, "?") || strings.Contains(rule.FullDescription.Text, "\n") {
			t.Errorf("%s: the description is %q, want the question that begins its section", rule.ID, rule.FullDescription.Text)
		}
		if !strings.Contains(rule.Help.Markdown, "To fix it, ") || strings.Contains(rule.Help.Markdown, "## ") {
			t.Errorf("%s: the help is not its section of docs/checks.md:\n%s", rule.ID, rule.Help.Markdown)
		}
		if rule.HelpURI != "https://github.com/gh-hex/gh-hex/blob/main/docs/checks.md#"+rule.ID {
			t.Errorf("%s: help is at %s", rule.ID, rule.HelpURI)
		}
	}
	if name := log.Runs[0].Tool.Driver.Rules[0].Name; name != "TokenPresent" {
		t.Errorf("the name is %q", name)
	}
}

func TestSARIFFingerprints(t *testing.T) {
	prints := func(change func(check.Report)) []string {
		report := sampleReport()
		change(report)
		_, log := sarifOut(t, report)
		var all []string
		for _, r := range log.Runs[0].Results {
			all = append(all, r.Fingerprints[fingerprintName])
		}
		return all
	}
	before := prints(func(check.Report) {})
	if sorted := slices.Compact(slices.Sorted(slices.Values(before))); len(sorted) != len(before) {
		t.Errorf("two results share a fingerprint: %q", before)
	}
	moved := prints(func(r check.Report) { r[4].Findings[1].Line = 40; r[3].Message = "stored nowhere, since yesterday" })
	if !slices.Equal(before, moved) {
		t.Errorf("a line that moved and a text that is in no file change the fingerprints:\n%q\n%q", before, moved)
	}
	if other := prints(func(r check.Report) { r[4].Findings[0].Message = "something else" }); slices.Equal(before, other) {
		t.Error("another problem has the same fingerprint")
	}
}

// FuzzSARIF lets the repository say what it likes in names and texts: a report stays one document of the standard, leads
// nowhere, and gives back what was said.
func FuzzSARIF(f *testing.F) {
	f.Add(".github/workflows/hex.yml", "Stored", "secret HEX_API_TOKEN is empty", "gh hex auth", "", 3, 9)
	f.Add("a:b%/ü\n.yml", "[t](x)", "see [it](https://elsewhere.example.com)\x1b[31m", "a\r\nb", "0123456789abcdef0123", 1, 0)
	f.Add("//elsewhere.example.com/x", "", "::error::\u202e\u2028</script>", "", "", -1, 1<<30)
	f.Add("javascript:alert(1)?a#b", "\xff\x00", "\"\\\xc2", "\u0085", "\x1b", 0, -7)
	f.Add("/../\\ [x]{y}|^`*", "t", "] (and](", "f", "", 1, 1)
	f.Add("*", "t", "", "f", "", 1, -7)
	f.Fuzz(func(t *testing.T, file, title, message, fix, commit string, line, column int) {
		finding := check.Finding{File: file, Line: line, Column: column, Commit: commit, Severity: check.SeverityError, Message: message}
		report := check.Report{
			{ID: "env-tracked", Title: title, Status: check.StatusError, Message: message, Fix: fix, Findings: []check.Finding{finding}},
			{ID: "token-accepted", Title: title, Status: check.StatusUnknown, Message: message, Fix: fix},
		}
		text, log := sarifOut(t, report)
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range checkShape("log", "log", value) {
			t.Error(problem)
		}
		if i := strings.IndexFunc(texts(value), func(r rune) bool {
			return unicode.IsControl(r) && r != '\n' || unicode.In(r, unicode.Bidi_Control)
		}); i >= 0 {
			t.Errorf("a control character in %q", text)
		}
		result := log.Runs[0].Results[0]
		uri := result.Locations[0].Physical.Artifact.URI
		if !percentEncoded.MatchString(uri) {
			t.Errorf("%q becomes %q", file, uri)
		}
		if path, err := url.PathUnescape(uri); file != "" && (err != nil || path != file) {
			t.Errorf("%q becomes %q, which is %q", file, uri, path)
		}
		for _, got := range []string{result.Message.Text, log.Runs[0].Invocations[0].Notifications[0].Message.Text} {
			said, fixed := strings.ReplaceAll(console.Safe(message), "](", "] ("), strings.ReplaceAll("\nfix: "+console.Safe(fix), "](", "] (")
			if fix == "" {
				fixed = ""
			}
			if !strings.HasSuffix(got, said+fixed) || strings.Contains(got, "](") {
				t.Errorf("%q with the fix %q becomes %q", message, fix, got)
			}
		}
	})
}

// percentEncoded is a relative reference of RFC 3986 whose first segment holds no colon, without query and fragment.
var percentEncoded = regexp.MustCompile(`^([A-Za-z0-9._~!$&'()*+,;=@-]|%[0-9A-F]{2})([A-Za-z0-9._~!$&'()*+,;=@/-]|%[0-9A-F]{2})*$`)

// texts are all texts of a document in a row.
func texts(v any) string {
	var b strings.Builder
	switch v := v.(type) {
	case string:
		b.WriteString(v)
	case []any:
		for _, inner := range v {
			b.WriteString(texts(inner))
		}
	case map[string]any:
		for _, inner := range v {
			b.WriteString(texts(inner))
		}
	}
	return b.String()
}
