package core

import "testing"

func TestShellWord(t *testing.T) {
	for name, want := range map[string]string{
		"prod": "prod", "prod/eu": "prod/eu", "a b": "'a b'", "": "''", "-x": "'-x'", "a,b": "'a,b'", "~": "'~'", "ü": "'ü'", "it's": `'it'\''s'`, "$(x)": "'$(x)'",
	} {
		if got := ShellWord(name); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}
