package command

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

func TestTypedValue(t *testing.T) {
	b := buffered("from stdin\n")
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
