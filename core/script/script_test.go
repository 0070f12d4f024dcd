package script

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// shown writes a script's commands down: [name arguments]. A variable is $NAME or, where it is not whole, ~NAME; an
// expression is @, anything else *. What stands around a command follows in braces.
func shown(s *Script) string {
	var b strings.Builder
	for _, c := range s.Commands() {
		var words []string
		for _, a := range c.Assigns {
			words = append(words, a.Name+"="+shownWord(a.Value))
		}
		for _, w := range c.Words {
			words = append(words, shownWord(w))
		}
		fmt.Fprintf(&b, "[%s]", strings.Join(words, " "))
		around := append([]string(nil), c.Through...)
		if c.Into != "" {
			around = append(around, "|"+c.Into)
		}
		if c.Function != "" {
			around = append(around, c.Function+"()")
		}
		for _, w := range c.Inputs {
			around = append(around, "<"+shownWord(w))
		}
		for _, w := range c.Outputs {
			around = append(around, ">"+shownWord(w))
		}
		if len(around) > 0 {
			fmt.Fprintf(&b, "{%s}", strings.Join(around, " "))
		}
	}
	return b.String()
}

func shownWord(w Word) string {
	var b strings.Builder
	for _, p := range w.Parts {
		switch {
		case p.Kind == Literal:
			b.WriteString(p.Text)
		case p.Kind == Variable && p.Whole:
			b.WriteString("$" + p.Text)
		case p.Kind == Variable:
			b.WriteString("~" + p.Text)
		case p.Kind == Expression:
			b.WriteString("@")
		default:
			b.WriteString("*")
		}
	}
	if strings.Contains(b.String(), " ") || b.Len() == 0 {
		return "'" + b.String() + "'"
	}
	return b.String()
}

func TestCommands(t *testing.T) {
	tests := map[string]string{
		"":                                              "",
		"a b\n\nc":                                      "[a b][c]",
		"a 'b c' \"d e\"f":                              "[a 'b c' 'd ef']",
		"a \\\n  b \\\r\n c":                            "[a b c]",
		"a; b && c | d & (e)":                           "[a][b][c]{|d}[d][e]",
		"a # b\nc#d":                                    "[a][c#d]",
		`a "$B" '$B' \$B $C "\$D"`:                      "[a $B $B $B $C $D]",
		"a \"\" ''":                                     "[a '' '']",
		"if ! [ -n \"$T\" ]; then x; fi":                "[[ -n $T ]][x]",
		`x=$(tool "$T")`:                                "[x=*][tool $T]",
		`echo "a $(tool "$T") ${B:-$(c)}"`:              "[echo 'a * $B*'][tool $T][c]",
		"echo `tool $T`":                                "[echo *][tool $T]",
		`a $'it\'s' b`:                                  "[a it's b]",
		"cat <<EOF\nit's\n$(x)\nEOF\nb":                 "[cat]{<it's\n*\n}[x][b]",
		"cat <<'EOF' >f\nit's $(x)\nEOF\nb":             "[cat]{<'it's $(x)\n' >f}[b]",
		"bash <<EOF\nhex run x\nEOF":                    "[bash]{<'hex run x\n'}[hex run x]",
		"bash -s x <<EOF\na\nEOF":                       "[bash -s x]{<a\n}",
		"sh -ec 'a; b' c":                               "[sh -ec 'a; b' c][a][b]",
		`eval "a $T"`:                                   "[eval 'a $T'][a $T]",
		"eval 'eval b'":                                 "[eval 'eval b'][eval b]",
		"A=1 B=$C make x":                               "[A=1 B=$C make x]",
		"export A=$B C; local d":                        "[A=$B export][local]",
		`env -i -u X T="$T" hex run`:                    "[T=$T hex run]{env}",
		"sudo -E -u me timeout -k 5 30m a":              "[a]{sudo timeout}",
		"command -v hex":                                "[command -v hex]",
		"time exec -a b c":                              "[c]{exec}",
		"x | xargs -n 1 hex run":                        "[x]{|hex}[hex run]{xargs}",
		"usage() { hex run; }\na":                       "[a]",
		"f() { hex run; }\nf x":                         "[hex run]{f()}[f x]",
		"function f { a; }; trap f EXIT":                "[a]{f()}[trap f EXIT]",
		"f() { f; }":                                    "",
		"{ a; b >x; } >>$F":                             "[a]{>$F}[b]{>$F >x}",
		"a 2>&1 </dev/null <<<$T":                       "[a]{<$T}",
		"for u in a $B; do c; done":                     "[for a $B][c]",
		"case $A in x) b;; esac":                        "[case $A][b]",
		"[[ -z $A || $B == c ]] || exit 0":              "[[[ $A $B c][exit 0]",
		"while a; do b; done < <(c)":                    "[a][b][c]",
		"if a; then b; elif c; then d; else e; fi":      "[a][b][c][d][e]",
		"hex run ${{ inputs.x }}-b":                     "[hex run @-b]",
		"${{ inputs.x }} a":                             "[@ a]",
		"A=${{ secrets.B }} c '${{ '}}' }}'":            "[A=@ c @]",
		"a ${#T} ${T:+--x $T} ${T:-y} ${T%%z} ${T:0:1}": "[a ~T '~T--x $T' $Ty $T ~T]",
		"$A/hex run; ./bin/hex run":                     "[$A/hex run][./bin/hex run]",
		"echo a | tee b":                                "[echo a]{|tee}[tee b]",
		"{ a; } | $B":                                   "[a]{|?}[$B]",
	}
	for script, want := range tests {
		s := Parse(script, Bash)
		if got := shown(s); got != want || s.Err != nil {
			t.Errorf("%q: got %s, want %s; %v", script, got, want, s.Err)
		}
	}
}

// Each word and command stands where it is said to.
func TestPlaces(t *testing.T) {
	text := "# é\ncat <<EOF\nit's\nEOF\nif a; then\n  \"$T\" ${{ x }}é'y' | bash -c 'q \"r\"'; fi\neval 'u v'"
	for _, c := range Parse(text, Bash).Commands() {
		for _, w := range append(c.Words, Word{At: c.At, Parts: []Part{{Kind: Literal, Text: c.Name(), At: c.At}}}) {
			for _, p := range w.Parts {
				want := p.Text
				if p.Kind == Variable {
					want = "$" + p.Text
				}
				if got := strings.TrimLeft(text[p.At:], `"'`); !strings.HasPrefix(got, want) {
					t.Errorf("%q is said to stand at %d: %q", want, p.At, got)
				}
			}
		}
	}
}

// What stands before the place where a script breaks is judged.
func TestBroken(t *testing.T) {
	for text, want := range map[string]string{
		"a\nif b; then c\nd":          "[a][b][c][d]",
		"a 'b\nc":                     "[a",
		"a\nb; )\nc":                  "[a][b]",
		"f() { a; }\nf\ncat <<EOF\nb": "[a]{f()}[f]",
	} {
		s := Parse(text, Bash)
		if got := shown(s); s.Err == nil || !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, %v", text, got, s.Err)
		}
	}
	for text, want := range map[string]error{
		"a\n" + strings.Repeat("$(", 20_000):        ErrDeep,
		"a\n" + strings.Repeat("b\n", MaxLength):    ErrLong,
		"a\n" + strings.Repeat("if x; then ", 5000): ErrDeep,
	} {
		if s := Parse(text, Bash); !errors.Is(s.Err, want) || !strings.HasPrefix(shown(s), "[a]") {
			t.Errorf("%.20q: %v, want %v", text, s.Err, want)
		}
	}
}

// TestHostile reads scripts that are made to break a reader. What each of them takes is bounded, whatever its length.
func TestHostile(t *testing.T) {
	many := func(text string) string { return strings.Repeat(text, 1<<20/len(text)) }
	for name, text := range map[string]string{
		"commands": many("a\n"), "one line": many("a;"), "or": many("a||"), "pipes": many("a|"), "substitutions": many("$("), "quoted": many("\"$("),
		"subshells": many("("), "blocks": many("{ "), "if": many("if a; then "), "elif": "if a; then b;" + many("elif a; then b;"), "functions": many("f()"),
		"case": many("case a in b) "), "bangs": many("! "), "time": many("time "), "quotes": many("'"), "open quote": "'" + many("a"), "backquotes": many("`\\"),
		"here-documents": many("<<A "), "here-document": "cat <<A\n" + many("a\n"), "sums": "a=$((" + many("1+"), "parentheses": "a=$((" + many("("),
		"choices": "a=$((" + many("1?"), "tests": "[[ " + many("a && "), "nots": "[[ " + many("! "), "defaults": many("${A:-"), "redirections": "{ " + strings.Repeat("a >b;", 6000) + "; }" + many(" >c"),
		"expressions": many("${{ secrets.X }} "), "open expressions": many("${{ '"), "evals": many("eval 'hex run x'\n"), "script in a script": "sh -c '" + many("a\n") + "'",
		"continued": many("\\\n"), "no UTF-8": many("\xff"), "here-strings": many("@'\n'@\n"), "globs": many("@("), "exports": many("export A=$B\n"),
	} {
		for _, language := range []Language{Bash, Zsh, PowerShell, Batch} {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			s := Parse(text, language)
			commands := len(s.Commands())
			runtime.ReadMemStats(&after)
			if taken := (after.TotalAlloc - before.TotalAlloc) >> 20; taken > 100 || commands > MaxLength {
				t.Errorf("%s, language %d: %d MiB, %d commands", name, language, taken, commands)
			}
			if s.Err == nil {
				t.Errorf("%s, language %d: nothing says that it was not read whole", name, language)
			}
		}
	}
}

func TestOtherShells(t *testing.T) {
	for _, test := range []struct {
		language   Language
		text, want string
	}{
		{PowerShell, "if ($a) { hex run x } # hex run y", "[if][$$a][hex run x]"},
		{PowerShell, "t --token $env:T \"a $Env:T\" '$env:T' ${env:T}", "[t --token $T 'a $T' $env:T $T]"},
		{PowerShell, "a `\n b; @'\nhex run x\n'@ | c\n<# hex\nrun #> d", "[a b][*][c][* d]"},
		{PowerShell, "a 'it''s' \"`\"\" ${{ inputs.x }}", "[a it's \" @]"},
		{Batch, "rem hex run\n:: x\n@echo %T% ^\n a & \"b c\" 'd'", "[@echo $T a]['b c' 'd']"},
		{Batch, "a 50% b", "[a 50% b]"},
		{Unknown, "hex run x", ""},
	} {
		if got := shown(Parse(test.text, test.language)); got != test.want {
			t.Errorf("%q: got %s, want %s", test.text, got, test.want)
		}
	}
}

func TestLanguageOf(t *testing.T) {
	for text, want := range map[string]Language{
		"bash": Bash, "bash --noprofile -eo pipefail {0}": Bash, "/usr/bin/env -S bash -e": Bash, "sh": POSIX, "/bin/dash": POSIX,
		"pwsh": PowerShell, "powershell -command {0}": PowerShell, "cmd": Batch, `C:\msys64\usr\bin\bash.exe {0}`: Bash,
		"python": Unknown, "perl {0}": Unknown, "": Unknown, "python bash": Unknown, "/usr/bin/env python3": Unknown,
	} {
		if got := LanguageOf(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// Whatever is read, nothing panics, and what is named stands in the script.
func FuzzParse(f *testing.F) {
	f.Add("#!/bin/sh\nif [ -n \"$A\" ]; then b 'c d' | e; fi # f", 1)
	f.Add("echo 'a\\\n#\"`gh hex verify --pre-push", 2)
	f.Add("cat <<-EOF\n\t$(a \"${B:-c}\")\n\tEOF\nbash -c \"x ${{ y }} $Z\"", 3)
	f.Add("a `\n @'\n$env:B ${{ c }}", 4)
	f.Add("rem %A% ^\n\"b %C% ${{ d }}", 5)
	f.Add("f() { x=(a [1]=b) ; }; for ((i=0;i<$(a);i++)); do [[ a =~ b(c) && ! -z $d ]]; done", 1)
	f.Fuzz(func(t *testing.T, text string, language int) {
		s := Parse(text, Language(uint(language)%6))
		for _, c := range s.Commands() {
			if c.At < 0 || c.At > len(text) {
				t.Fatalf("command at %d of %d", c.At, len(text))
			}
			for _, w := range c.Words {
				for _, p := range w.Parts {
					if p.At < 0 || p.At > len(text) {
						t.Fatalf("%+v at %d of %d", p, p.At, len(text))
					}
				}
			}
		}
	})
}
