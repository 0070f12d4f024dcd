package core

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// hiddenRanges is the list as it is promised.
var hiddenRanges = [][2]rune{{0, 0x1f}, {0x7f, 0x9f}, {0x61c, 0x61c}, {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x2069}, {0xfeff, 0xfeff}, {0xe0000, 0xe007f}}

func TestHiddenIsTheList(t *testing.T) {
	for r := rune(0); r <= 0x10ffff; r++ {
		want := false
		for _, x := range hiddenRanges {
			want = want || x[0] <= r && r <= x[1]
		}
		if Hidden(r) != want {
			t.Fatalf("U+%04X: %v, want %v", r, !want, want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"a\nb\tc":                    "a b c",
		"a\u200bb\u2066c\U000e0041d": "abcd",
		"\x1b[31mred\x9b":            "[31mred",
		"soft\u00adhyphen é 日本":      "soft\u00adhyphen é 日本",
	} {
		if got := Printable(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// TestEscapeJSON writes each character of the list, and reads the same text back.
func TestEscapeJSON(t *testing.T) {
	for _, x := range hiddenRanges {
		for r := x[0]; r <= x[1]; r++ {
			in := fmt.Sprintf("a%cb\xff\ufffd", r)
			raw, err := json.Marshal(in)
			if err != nil {
				t.Fatal(err)
			}
			shown := EscapeJSON(string(raw))
			var back string
			if err := json.Unmarshal([]byte(shown), &back); err != nil || back != strings.ToValidUTF8(in, "\ufffd") {
				t.Fatalf("U+%04X: %s is read as %q, %v", r, shown, back, err)
			}
			if strings.ContainsFunc(shown, Hidden) {
				t.Errorf("U+%04X stands in %q", r, shown)
			}
		}
	}
}
