package console

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
)

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
