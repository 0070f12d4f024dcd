package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/repository"
	"github.com/spf13/pflag"
)

// enum is a flag that takes one of a few words, in either case. pflag refuses any other in gh's words:
// invalid argument "x" for "--format" flag: valid values are {text|sarif|github}.
type enum struct {
	value *string
	words []string
}

func (e enum) String() string { return *e.value }

func (e enum) Type() string { return "string" }

func (e enum) Set(text string) error {
	word, err := oneOf(e.words, text)
	if err == nil {
		*e.value = word
	}
	return err
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

// repositories is a flag that names one repository, and may be repeated.
type repositories struct{ names *[]string }

func (r repositories) String() string { return strings.Join(*r.names, ",") }

func (r repositories) Type() string { return "strings" }

func (r repositories) Set(text string) error {
	*r.names = append(*r.names, text)
	return checkRepository(text)
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
	f.VarP(repositories{names}, "repo", "R", usage)
}

// enumList is a flag that takes several of a few words, separated by commas or one at a time.
type enumList struct {
	values *[]string
	words  []string
}

func (e enumList) String() string { return strings.Join(*e.values, ",") }

func (e enumList) Type() string { return "strings" }

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

// offered is braced for the help. Many words have spaces between them, where a line may end.
func offered(words []string) string {
	if one := braced(words); len(one) <= 50 {
		return one
	}
	return "{" + strings.Join(words, " | ") + "}"
}

// EnumVar adds an enum, whose value so far is the default. {} in usage stands for the words.
func EnumVar(f *pflag.FlagSet, value *string, name, shorthand string, words []string, usage string) {
	f.VarP(enum{value, words}, name, shorthand, strings.Replace(usage, "{}", offered(words), 1))
}

// EnumListVar adds an enumList. {} in usage stands for the words.
func EnumListVar(f *pflag.FlagSet, values *[]string, name, shorthand string, words []string, usage string) {
	f.VarP(enumList{values, words}, name, shorthand, strings.Replace(usage, "{}", offered(words), 1))
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
