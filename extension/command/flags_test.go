package command

import (
	"slices"
	"testing"

	"github.com/spf13/pflag"
)

func TestEnums(t *testing.T) {
	tests := []struct {
		args []string
		word string
		list []string
		bad  string
	}{
		{nil, "one", nil, ""},
		{[]string{"--word", "TWO", "--list", "a, B", "--list", "b,c"}, "two", []string{"a", "b", "c"}, ""},
		{[]string{"--word", ""}, "one", nil, `invalid argument "" for "-w, --word" flag: valid values are {one|two}`},
		{[]string{"--list", "a,d"}, "one", []string{"a"}, `invalid argument "a,d" for "--list" flag: valid values are {a|b|c}`},
	}
	for _, tt := range tests {
		word, list := "one", []string(nil)
		f := pflag.NewFlagSet("", pflag.ContinueOnError)
		EnumVar(f, &word, "word", "w", []string{"one", "two"}, "A word: {}")
		EnumListVar(f, &list, "list", "", []string{"a", "b", "c"}, "Some letters: {}")
		err := f.Parse(tt.args)
		if word != tt.word || !slices.Equal(list, tt.list) || (err == nil) != (tt.bad == "") || err != nil && err.Error() != tt.bad {
			t.Errorf("%q: %s %q, %v", tt.args, word, list, err)
		}
		if usage := f.FlagUsages(); usage != "      --list strings   Some letters: {a|b|c}\n  -w, --word string    A word: {one|two} (default \"one\")\n" && tt.args == nil {
			t.Errorf("the help says\n%s", usage)
		}
	}
}
