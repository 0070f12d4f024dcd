package extension

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// enum is a flag that takes one of a few words, in either case. pflag refuses any other in gh's words:
// invalid argument "x" for "--format" flag: valid values are {text|sarif|github}.
type enum struct {
	value *string
	words []string
}

func (e enum) String() string { return *e.value }
func (e enum) Type() string   { return "string" }

func (e enum) Set(text string) error {
	word, err := oneOf(e.words, text)
	if err == nil {
		*e.value = word
	}
	return err
}

// single is a flag that takes one value: a second one is refused, not dropped.
type single struct {
	value string
	given bool
}

func (s *single) String() string { return s.value }
func (s *single) Type() string   { return "string" }

func (s *single) Set(text string) error {
	if s.given {
		return errors.New("this command is about one repository: only gh hex auth and gh hex rotate take several")
	}
	s.value, s.given = text, true
	return nil
}

// enumList is a flag that takes several of a few words, separated by commas or one at a time.
type enumList struct {
	values *[]string
	words  []string
}

func (e enumList) String() string { return strings.Join(*e.values, ",") }
func (e enumList) Type() string   { return "strings" }

func (e enumList) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		word, err := oneOf(e.words, strings.TrimSpace(part))
		if err != nil {
			return err
		}
		if !slices.Contains(*e.values, word) {
			*e.values = append(*e.values, word)
		}
	}
	return nil
}

func oneOf(words []string, text string) (string, error) {
	for _, w := range words {
		if strings.EqualFold(w, text) {
			return w, nil
		}
	}
	return "", fmt.Errorf("valid values are %s", braced(words))
}

func braced(words []string) string { return "{" + strings.Join(words, "|") + "}" }

// enumVar adds an enum, whose value so far is the default. {} in usage stands for the words.
func enumVar(f *pflag.FlagSet, value *string, name, shorthand string, words []string, usage string) {
	f.VarP(enum{value, words}, name, shorthand, strings.Replace(usage, "{}", braced(words), 1))
}

// enumListVar adds an enumList. {} in usage stands for the words.
func enumListVar(f *pflag.FlagSet, values *[]string, name, shorthand string, words []string, usage string) {
	f.VarP(enumList{values, words}, name, shorthand, strings.Replace(usage, "{}", braced(words), 1))
}

// invalidArgument refuses the value of a flag in pflag's words.
func invalidArgument(flag, value string, why error) error {
	return fmt.Errorf("invalid argument %q for %q flag: %w", value, "--"+flag, why)
}

// hideRepo keeps --repo, which every command takes, out of the help of one that it means nothing to.
func hideRepo(f *pflag.FlagSet) {
	const name = "repo"
	f.VarP(new(single), name, "R", "Means nothing here")
	f.Lookup(name).Hidden = true
}
