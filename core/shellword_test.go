package core

import "testing"

func TestShellWord(t *testing.T) {
	for text, want := range map[string]struct{ posix, windows string }{
		"prod": {"prod", "prod"}, "prod/eu": {"prod/eu", "prod/eu"}, "a b": {"'a b'", `"a b"`}, "": {"''", `""`}, "-x": {"'-x'", `"-x"`}, "@x": {"'@x'", `"@x"`},
		"a,b": {"'a,b'", `"a,b"`}, "~": {"'~'", `"~"`}, "ü": {"'ü'", `"ü"`}, "prod%2Feu": {"'prod%2Feu'", `"prod%2Feu"`},
		"it's": {`'it'\''s'`, `"it's"`}, "$(x)": {"'$(x)'", "'$(x)'"}, "it's $x": {`'it'\''s $x'`, "'it''s $x'"}, `a"b`: {`'a"b'`, `'a"b'`},
		"a & b": {"'a & b'", `"a & b"`}, "$ & calc": {"'$ & calc'", "NAME"}, `" | calc`: {`'" | calc'`, "NAME"},
		"%HEX_API_TOKEN%": {"'%HEX_API_TOKEN%'", "NAME"}, "a %X% $b": {"'a %X% $b'", "NAME"},
	} {
		if got := ScriptWord(text); got != want.posix {
			t.Errorf("%q: %s, want %s", text, got, want.posix)
		}
		if got := windowsWord(text); got != want.windows {
			t.Errorf("%q on Windows: %s, want %s", text, got, want.windows)
		}
	}
}
