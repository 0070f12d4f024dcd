package extension

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gh-hex/gh-hex/core"
)

func TestTypedValue(t *testing.T) {
	b := newBench(t).reading(strings.NewReader("from stdin\n"))
	file := filepath.Join(t.TempDir(), "value.txt")
	if err := os.WriteFile(file, []byte("from a file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		"true": "true", "false": "false", "null": "null", "12": "12", "-1.5e3": "-1.5e3",
		"12345678901234567890123": "12345678901234567890123", "007": `"007"`, "1.": `"1."`, "0x10": `"0x10"`, "NaN": `"NaN"`,
		"": `""`, "True": `"True"`, "EMEA": `"EMEA"`, `"12"`: `"\"12\""`,
		`{"a": [1]}`: `{"a":[1]}`, "[]": "[]", "@" + file: `"from a file\n"`, "@-": `"from stdin\n"`,
	} {
		value, err := b.typedValue(text)
		got, _ := json.Marshal(value)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", text, got, err)
		}
	}
	for _, text := range []string{`{"a"`, "[draft] x", "{} {}", "@" + file + ".missing", "@" + filepath.Dir(file)} {
		if value, err := b.typedValue(text); err == nil {
			t.Errorf("%s is taken as %v", text, value)
		}
	}
}

func TestRunInputs(t *testing.T) {
	for _, test := range []struct {
		name, stdin string
		flags       inputFlags
		want        string
		says        string
	}{
		{"none", "", inputFlags{}, `{}`, ""},
		{"strings and types", "", inputFlags{raw: []string{"a=1", "b=x=y"}, typed: []string{"c=1", "d=null"}}, `{"a":"1","b":"x=y","c":1,"d":null}`, ""},
		{"names are literal", "", inputFlags{raw: []string{"a[b]=1"}}, `{"a[b]":"1"}`, ""},
		{"a file, and one that wins", "\ufeff" + `{"a": 1, "big": 12345678901234567890}`, inputFlags{file: "-", raw: []string{"a=2"}}, `{"a":"2","big":12345678901234567890}`, ""},
		{"no object", `[1]`, inputFlags{file: "-"}, "", "JSON object"},
		{"no JSON", `a: 1`, inputFlags{file: "-"}, "", "not JSON"},
		{"two values", `{} {}`, inputFlags{file: "-"}, "", "not JSON"},
		{"a body", `{"inputParams": {"a": 1}, "dryRun": true}`, inputFlags{file: "-"}, "", "gh hex api"},
		{"an input of that name", `{"inputParams": {"a": 1}, "other": true}`, inputFlags{file: "-"}, `{"inputParams":{"a":1},"other":true}`, ""},
		{"too large", `{"a":"` + strings.Repeat("x", maxInput) + `"}`, inputFlags{file: "-"}, "", "MiB"},
		{"no value", "", inputFlags{typed: []string{"a"}}, "", "name=value"},
		{"no name", "", inputFlags{raw: []string{"=a"}}, "", "name=value"},
	} {
		inputs, err := newBench(t).reading(strings.NewReader(test.stdin)).runInputs(&test.flags)
		got, _ := json.Marshal(inputs)
		if test.says != "" {
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %s, %v", test.name, got, err)
			}
			continue
		}
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
	}
}

func TestLink(t *testing.T) {
	for _, good := range []string{aRunURL, "http://127.0.0.1:8080/x?y=z#a", "https://eu.hex.tech/a%20b"} {
		if link(good) != good {
			t.Errorf("%q is refused", good)
		}
	}
	for _, bad := range []string{"", "javascript:alert(1)", "file:///etc/passwd", "https://app.hex.tech/a b", "https://app.hex.tech/\x1b[31m",
		"https://app.hex.tech/##[error]", "https://app.hex.tech/<b>", "https://app.hex.tech/\n::error::", "https://app.hex.tech/" + strings.Repeat("x", 4096)} {
		if link(bad) != "" {
			t.Errorf("%q is taken", bad)
		}
	}
}

func TestRunArguments(t *testing.T) {
	for _, test := range []struct {
		env  string
		args string
		want string // project and run; empty when refused
	}{
		{"", aProject + " " + aRun, aProject + " " + aRun},
		{"", aRunURL, aProject + " " + aRun},
		{"", "https://app.hex.tech/acme/app/Sales-033qADkKFIi4rt3feMxx3C/latest " + aRun, aProject + " " + aRun},
		{aProject, aRun, aProject + " " + aRun},
		{"https://app.hex.tech/acme/app/" + aProject + "/latest", aRun, aProject + " " + aRun},
		{"", aRun, ""},
		{"", "", ""},
		{aProject, "", ""},
		{"nonsense", aRun, ""},
		{"", aProject + " ../x", ""},
		{"", aProject + " " + aRunURL, ""},
		{"", "https://app.hex.tech/acme/app/" + aProject + "/latest", ""},
	} {
		b := newBench(t)
		b.env["HEX_PROJECT_ID"] = test.env
		r, err := b.runArguments(strings.Fields(test.args))
		got := ""
		if err == nil {
			got = r.project + " " + r.run
		}
		if got != test.want {
			t.Errorf("%+v: %q, %v", test, got, err)
		}
	}
}

func TestHintTellsFilesFromTheNetwork(t *testing.T) {
	const network, input = "Check the network", "Check the file that --input"
	b := newBench(t)
	_, missing := b.readInput(filepath.Join(t.TempDir(), "missing.json"))
	empty := filepath.Join(t.TempDir(), "empty.json")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, notJSON := b.runInputs(&inputFlags{file: empty})
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"missing":   {missing, input},
		"empty":     {notJSON, input},
		"full disk": {fmt.Errorf("write: %w", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), ""},
		"refused":   {fmt.Errorf("ask: %w", refused), network},
		"cut off":   {fmt.Errorf("ask: %w", io.ErrUnexpectedEOF), network},
	} {
		if got := hint(test.err); test.err == nil || !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %v: %q", name, test.err, got)
		}
	}
}

func FuzzCleanJSON(f *testing.F) {
	f.Add([]byte(`{"a":"\u001b[31m\\u001b\u202e\b","b":"` + "\x9b\u009b" + `\"","c":1}`))
	f.Add([]byte(`"\udb40\udc41\udb40x\u2066"`))
	f.Add([]byte(`"\ud83d\ude00\u00e9\/"`))
	f.Add([]byte(`\`))
	f.Fuzz(func(t *testing.T, text []byte) {
		harmful := func(r rune) bool { return core.Hidden(r) && r != '\t' && r != '\n' }
		clean := cleanJSON(text, core.Hidden)
		if strings.ContainsFunc(string(clean), harmful) {
			t.Fatalf("%q still holds characters that are never shown", clean)
		}
		var before, after any
		if json.Unmarshal(text, &before) != nil {
			return
		}
		if err := json.Unmarshal(clean, &after); err != nil {
			t.Fatalf("%q is no JSON any more: %v", clean, err)
		}
		if s, ok := after.(string); ok && strings.ContainsFunc(s, harmful) {
			t.Fatalf("%q decodes to %q", clean, s)
		}
	})
}
