package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/repository"
	"github.com/spf13/pflag"
)

// flag is one that takes its values in a way of its own. pflag refuses any other in gh's words:
// invalid argument "x" for "--format" flag: valid values are {text|sarif|github}.
type flag struct {
	kind string // as pflag calls it
	show func() string
	take func(text string) error
}

func (f flag) String() string { return f.show() }

func (f flag) Type() string { return f.kind }

func (f flag) Set(text string) error { return f.take(text) }

// listed is a flag of several values, which take adds.
func listed(values *[]string, take func(text string) error) flag {
	return flag{"strings", func() string { return strings.Join(*values, ",") }, take}
}

// Single is a flag that takes one value: a second one is refused, not dropped.
type Single struct {
	value string
	given bool
}

func (s *Single) String() string { return s.value }

func (s *Single) Type() string { return "string" }

func (s *Single) Set(text string) error {
	if s.given {
		return errors.New("this command is about one repository: only gh hex auth, gh hex rotate and gh hex verify take several")
	}
	if err := checkRepository(text); err != nil {
		return err
	}
	s.value, s.given = text, true
	return nil
}

// checkRepository refuses a form that no repository has, before anything is asked.
func checkRepository(name string) error {
	if _, err := repository.Parse(name); err != nil && name != "" {
		return errors.New("a repository is named OWNER/REPO, such as octo/analytics, or HOST/OWNER/REPO")
	}
	return nil
}

// RepositoriesVar adds --repo to a command that takes several.
func RepositoriesVar(f *pflag.FlagSet, names *[]string, usage string) {
	f.VarP(listed(names, func(text string) error {
		*names = append(*names, text)
		return checkRepository(text)
	}), "repo", "R", usage)
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

// offered is braced for the help. Many words have spaces between them, where a line may end.
func offered(words []string) string {
	if one := braced(words); len(one) <= 50 {
		return one
	}
	return "{" + strings.Join(words, " | ") + "}"
}

// EnumVar adds a flag that takes one of a few words, in either case; its value so far is the default. {} in usage stands for
// the words.
func EnumVar(f *pflag.FlagSet, value *string, name, shorthand string, words []string, usage string) {
	take := func(text string) error {
		word, err := oneOf(words, text)
		if err == nil {
			*value = word
		}
		return err
	}
	f.VarP(flag{"string", func() string { return *value }, take}, name, shorthand, strings.Replace(usage, "{}", offered(words), 1))
}

// EnumListVar adds one that takes several of them, separated by commas or one at a time.
func EnumListVar(f *pflag.FlagSet, values *[]string, name, shorthand string, words []string, usage string) {
	take := func(text string) error {
		for part := range strings.SplitSeq(text, ",") {
			word, err := oneOf(words, strings.TrimSpace(part))
			if err != nil {
				return err
			}
			if !slices.Contains(*values, word) {
				*values = append(*values, word)
			}
		}
		return nil
	}
	f.VarP(listed(values, take), name, shorthand, strings.Replace(usage, "{}", offered(words), 1))
}

// InvalidArgument refuses the value of a flag in pflag's words.
func InvalidArgument(flag, value string, why error) error {
	return fmt.Errorf("invalid argument %q for %q flag: %w", value, "--"+flag, why)
}

// HideRepo keeps --repo, which every command takes, out of the help of one that it means nothing to.
func HideRepo(f *pflag.FlagSet) {
	const name = "repo"
	f.VarP(new(Single), name, "R", "Means nothing here")
	f.Lookup(name).Hidden = true
}
