package extension

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// newTestProcess is a process off a terminal, in an empty folder, without environment.
func newTestProcess(t *testing.T) (p *command.Process, out, errOut *bytes.Buffer) {
	t.Helper()
	out, errOut = &bytes.Buffer{}, &bytes.Buffer{}
	s := &console.Streams{In: strings.NewReader(""), Out: &console.StickyWriter{W: out}, Err: errOut, Width: 80}
	return &command.Process{Streams: s, Getenv: func(string) string { return "" }, Dir: t.TempDir(), Now: time.Now}, out, errOut
}

// walk visits a command and everything below it.
func walk(cmd *cobra.Command, visit func(*cobra.Command)) {
	visit(cmd)
	for _, c := range cmd.Commands() {
		walk(c, visit)
	}
}

// placeholder is gh's style: a word in lower case, or a form that is spelt out.
var placeholder = regexp.MustCompile(`^([a-z]*|name=value|key:value|IDs?|URL|\[HOST/\]OWNER/REPO)$`)

func TestEveryCommandIsDocumented(t *testing.T) {
	p, _, _ := newTestProcess(t)
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		name := cmd.CommandPath()
		if first := []rune(cmd.Short + " ")[0]; !unicode.IsUpper(first) || strings.HasSuffix(cmd.Short, ".") {
			t.Errorf("%s: Short is %q", name, cmd.Short)
		}
		if cmd.Long == "" {
			t.Errorf("%s has no Long", name)
		}
		if !strings.Contains(cmd.Example, "  # ") || !strings.Contains(cmd.Example, "  $ ") {
			t.Errorf("%s has no example of the form `# comment` and `$ command`", name)
		}
		if cmd.RunE == nil {
			t.Errorf("%s does nothing", name)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if word, _ := pflag.UnquoteUsage(f); !placeholder.MatchString(word) {
				t.Errorf("%s --%s: the placeholder is %q", name, f.Name, word)
			}
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") || !unicode.IsUpper([]rune(strings.TrimLeft(f.Usage, "`"))[0]) {
				t.Errorf("%s --%s: usage is %q", name, f.Name, f.Usage)
			}
		})
	})
}

func TestHelpNeedsNothing(t *testing.T) {
	p, _, _ := newTestProcess(t)
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		p, out, errOut := newTestProcess(t)
		args := append(strings.Fields(cmd.CommandPath())[2:], "--help")
		if code := execute(t.Context(), p, args); code != command.ExitOK || errOut.Len() > 0 {
			t.Errorf("%v: exit code %d, %s", args, code, errOut)
		}
		if !strings.Contains(out.String(), "USAGE\n  gh hex") || !strings.Contains(out.String(), "EXAMPLES") {
			t.Errorf("%v shows:\n%s", args, out)
		}
	})
}

// A line to copy is whole; all others fit a terminal.
func TestHelpFits(t *testing.T) {
	p, _, _ := newTestProcess(t)
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		p, out, _ := newTestProcess(t)
		execute(t.Context(), p, append(strings.Fields(cmd.CommandPath())[2:], "--help"))
		for line := range strings.SplitSeq(out.String(), "\n") {
			if len([]rune(line)) > 80 && !strings.HasPrefix(line, "  $ ") {
				t.Errorf("%s: %d columns: %s", cmd.CommandPath(), len([]rune(line)), line)
			}
		}
	})
}

func TestOutputThatCannotBeWrittenIsAProblem(t *testing.T) {
	p, _, errOut := newTestProcess(t)
	p.Out = &console.StickyWriter{W: fullDisk{}}
	if code := execute(t.Context(), p, []string{"--help"}); code != command.ExitProblem || !strings.Contains(errOut.String(), "write the output") {
		t.Errorf("exit code %d, %s", code, errOut)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestErrorsAreSafeToShow(t *testing.T) {
	p, _, errOut := newTestProcess(t)
	report(p, errors.New("a name with \x1b[31mcolour\x1b[0m, \u202ebackwards\nand a second line"))
	if got := errOut.String(); strings.ContainsAny(got, "\x1b\u202e") || !strings.Contains(got, "\nand a second line\n") {
		t.Errorf("%q", got)
	}
}

// Whoever reads the help of a command sees how that one is typed.
func TestEveryHelpHasAnExample(t *testing.T) {
	p, _, _ := newTestProcess(t)
	walk(newRootCmd(p), func(cmd *cobra.Command) {
		if !strings.Contains(strings.ReplaceAll(cmd.Example, "\n", " ")+" ", cmd.CommandPath()+" ") {
			t.Errorf("the help of %q shows no example of it:\n%s", cmd.CommandPath(), cmd.Example)
		}
	})
}
