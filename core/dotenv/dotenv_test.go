package dotenv_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/gh-hex/gh-hex/core/dotenv"
)

const bom = "\xef\xbb\xbf"

func TestLookup(t *testing.T) {
	for name, tc := range map[string]struct {
		data, value string
		line        int // 0: not assigned
	}{
		"plain":                  {"KEY=value\n", "value", 1},
		"no final newline":       {"A=1\nKEY=value", "value", 2},
		"last one wins":          {"KEY=a\nKEY=b\n", "b", 2},
		"export":                 {"export KEY=value\n", "value", 1},
		"export with tabs":       {"\texport\t KEY=value\n", "value", 1},
		"spaces around =":        {"KEY = value  \n", "value", 1},
		"CRLF":                   {"A=1\r\nKEY=value\r\nB=2\r\n", "value", 2},
		"byte-order mark":        {bom + "KEY=value\n", "value", 1},
		"single quotes":          {"KEY='a \"b\" # c\\n'\n", `a "b" # c\n`, 1},
		"double quotes":          {`KEY="a 'b' # c"` + "\n", `a 'b' # c`, 1},
		"escapes":                {`KEY="a\nb\"c\\d\$e\qf"`, "a\nb\"c\\d$e\\qf", 1},
		"comment":                {"KEY=value # comment\n", "value", 1},
		"comment after quote":    {"KEY='value' # it's\n", "value", 1},
		"hash inside":            {"KEY=a#b\n", "a#b", 1},
		"empty":                  {"KEY=\n", "", 1},
		"empty with comment":     {"KEY= # paste it here\n", "", 1},
		"equals sign inside":     {"KEY=a=b==\n", "a=b==", 1},
		"no expansion":           {"KEY=$HOME/${X}\n", "$HOME/${X}", 1},
		"quote left open":        {"KEY='value\nB='\n", "'value", 1},
		"text after the quote":   {"KEY='a'b\n", "'a'b", 1},
		"commented out":          {"# KEY=value\n#KEY=value\n", "", 0},
		"longer name":            {"KEY_2=value\nMY_KEY=value\n", "", 0},
		"exported name only":     {"export KEY\n", "", 0},
		"name glued to export":   {"exportKEY=value\n", "", 0},
		"other case":             {"key=value\n", "", 0},
		"in another's value":     {"A=KEY=value\n", "", 0},
		"colon":                  {"KEY: value\n", "", 0},
		"nothing":                {"", "", 0},
		"only a mark":            {bom, "", 0},
		"a name with a space":    {"MY KEY=value\n", "", 0},
		"a byte that is no text": {"KEY=\xff\x00b\n", "\xff\x00b", 1},
	} {
		t.Run(name, func(t *testing.T) {
			value, line, ok := dotenv.Lookup([]byte(tc.data), "KEY")
			if value != tc.value || line != tc.line || ok != (tc.line > 0) {
				t.Errorf("Lookup = %q, %d, %v; want %q, %d", value, line, ok, tc.value, tc.line)
			}
		})
	}
}

func TestLookupReadsUTF16(t *testing.T) {
	for _, little := range []bool{true, false} {
		data := encodeUTF16("A=ä\r\nKEY=value\r\n", little)
		if value, line, ok := dotenv.Lookup(data, "KEY"); value != "value" || line != 2 || !ok {
			t.Errorf("little endian %v: Lookup = %q, %d, %v", little, value, line, ok)
		}
		if got := dotenv.Set(data, "KEY", "new"); !bytes.Equal(got, data) {
			t.Errorf("little endian %v: Set changed a UTF-16 file", little)
		}
	}
}

func encodeUTF16(s string, little bool) []byte {
	var data []byte
	for _, unit := range utf16.Encode([]rune("\ufeff" + s)) {
		pair := []byte{byte(unit >> 8), byte(unit)}
		if little {
			slices.Reverse(pair)
		}
		data = append(data, pair...)
	}
	return data
}

func TestNames(t *testing.T) {
	got := dotenv.Names([]byte("B=1\n# C=2\nexport A=3\nB=4\nnot a name\n"))
	if !slices.Equal(got, []string{"B", "A"}) {
		t.Errorf("Names = %q", got)
	}
}

func TestSet(t *testing.T) {
	for name, tc := range map[string]struct{ data, value, want string }{
		"new file":              {"", "v", "KEY=v\n"},
		"append":                {"A=1\n", "v", "A=1\nKEY=v\n"},
		"append to CRLF":        {"A=1\r\nB=2\r\n", "v", "A=1\r\nB=2\r\nKEY=v\r\n"},
		"keep no final newline": {"A=1", "v", "A=1\nKEY=v"},
		"CRLF, no final one":    {"A=1\r\nB=2", "v", "A=1\r\nB=2\r\nKEY=v"},
		"behind the mark":       {bom, "v", bom + "KEY=v\n"},
		"keep the mark":         {bom + "KEY=a\n", "v", bom + "KEY=v\n"},
		"in place":              {"A=1\nexport KEY = 'old' # why\nB=2", "v", "A=1\nexport KEY = v # why\nB=2"},
		"in place with CRLF":    {"KEY=old\r\nB=2\r\n", "v", "KEY=v\r\nB=2\r\n"},
		"empty with CRLF":       {"KEY=\r\nB=2\r\n", "v", "KEY=v\r\nB=2\r\n"},
		"empty with comment":    {"KEY=# why\n", "v", "KEY=v # why\n"},
		"every assignment":      {"KEY=a\nKEY=b\n", "v", "KEY=v\nKEY=v\n"},
		"commented out stays":   {"# KEY=\n", "v", "# KEY=\nKEY=v\n"},
		"other lines stay":      {"not dotenv \xff\nKEY=a\n\n", "v", "not dotenv \xff\nKEY=v\n\n"},
		"a URL needs no quotes": {"", "https://app.hex.tech", "KEY=https://app.hex.tech\n"},
		"a blank needs quotes":  {"", "a b", "KEY='a b'\n"},
		"a quote needs others":  {"", "a'b$c", `KEY="a'b\$c"` + "\n"},
		"a line feed":           {"", "a\nb", `KEY="a\nb"` + "\n"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := dotenv.Set([]byte(tc.data), "KEY", tc.value); string(got) != tc.want {
				t.Errorf("Set = %q, want %q", got, tc.want)
			}
		})
	}
}

func FuzzSet(f *testing.F) {
	f.Add([]byte("A=1\r\nKEY='x'#c\r\n"), "a'b\"c\\d\n#e $f")
	f.Add([]byte(bom+"export KEY=\"unclosed"), "v")
	f.Add([]byte("KEY=#\nKEY = \t\r\r\n=\nA='"), "' # ")
	f.Fuzz(func(t *testing.T, data []byte, value string) {
		got := dotenv.Set(data, "KEY", value)
		if dotenv.UTF16(data) {
			if !bytes.Equal(got, data) {
				t.Fatal("changed a UTF-16 file")
			}
			return
		}
		if back, _, ok := dotenv.Lookup(got, "KEY"); !ok || back != value {
			t.Fatalf("Lookup(Set(%q, %q)) = %q, %v; wrote %q", data, value, back, ok, got)
		}
		if again := dotenv.Set(got, "KEY", value); !bytes.Equal(again, got) {
			t.Fatalf("a second Set changed %q to %q", got, again)
		}
		for _, name := range dotenv.Names(data) {
			before, _, _ := dotenv.Lookup(data, name)
			if after, _, _ := dotenv.Lookup(got, name); name != "KEY" && after != before {
				t.Fatalf("%s changed from %q to %q", name, before, after)
			}
		}
		if bytes.HasSuffix(data, []byte("\n")) != bytes.HasSuffix(got, []byte("\n")) && len(strings.TrimPrefix(string(data), bom)) > 0 {
			t.Fatalf("final newline changed: %q to %q", data, got)
		}
	})
}
