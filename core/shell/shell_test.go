package shell

import (
	"fmt"
	"strings"
	"testing"
)

func TestCommands(t *testing.T) {
	tests := map[string]string{
		"":                               "",
		"a b\n\nc":                       "[a b][c]",
		"a 'b c' \"d e\"f":               "[a|b c|d ef]",
		"a \\\n  b":                      "[a b]",
		"a; b && c | d & (e)":            "[a][b][c][d][e]",
		"a # b\nc#d":                     "[a][c#d]",
		"a \"$B\" '$B' \\$B $C":          "[a $B ?B ?B $C]",
		"a \"\" ''":                      "[a||]",
		"a \"b":                          "[a b]",
		"if ! [ -n \"$T\" ]; then x; fi": "[if ! [ -n $T ]][then x][fi]",
	}
	for script, want := range tests {
		var b strings.Builder
		for _, command := range Commands(script) {
			texts := make([]string, len(command))
			spaced := false
			for i, w := range command {
				texts[i] = w.Text
				spaced = spaced || w.Text == "" || strings.Contains(w.Text, " ")
			}
			fmt.Fprintf(&b, "[%s]", strings.Join(texts, map[bool]string{true: "|", false: " "}[spaced]))
		}
		if b.String() != want {
			t.Errorf("%q: got %s, want %s", script, b.String(), want)
		}
	}
}

func TestAfterKeywords(t *testing.T) {
	for script, want := range map[string]string{
		"if ! A=1 B=$C make x": "make", "env T=\"$T\" hex run": "hex", "A=1": "A=1", "then": "then", "--a=b c": "--a=b",
	} {
		if got := AfterKeywords(Commands(script)[0])[0].Text; got != want {
			t.Errorf("%q: %q, want %q", script, got, want)
		}
	}
}

// Whatever is split, the words stand in the script, in order.
func FuzzCommands(f *testing.F) {
	f.Add("#!/bin/sh\nif [ -n \"$A\" ]; then b 'c d' | e; fi # f")
	f.Add("echo 'a\\\n#\"`gh hex verify --pre-push")
	f.Fuzz(func(t *testing.T, script string) {
		last := -1
		for _, command := range Commands(script) {
			if len(command) == 0 || len(AfterKeywords(command)) == 0 {
				t.Fatal("a command without a word")
			}
			for _, w := range command {
				if w.At <= last || w.At >= len(script) || len(w.Text) > len(script)-w.At {
					t.Fatalf("word %q at %d, after %d", w.Text, w.At, last)
				}
				last = w.At
			}
		}
	})
}
