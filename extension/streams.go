package extension

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/cli/go-gh/v2/pkg/config"
	ghterm "github.com/cli/go-gh/v2/pkg/term"
	"github.com/mgutz/ansi"
	"golang.org/x/term"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// errCancelled means that the user said no, or pressed Ctrl-C.
var errCancelled = errors.New("cancelled")

// streams are the process's input and output: out carries the result, err the conversation.
type streams struct {
	in  io.Reader
	out *stickyWriter
	err io.Writer

	outTTY bool
	errTTY bool
	color  bool
	width  int

	// tty is standard input when it is a terminal that may be asked; nil otherwise.
	tty *os.File
	// questions is where questions are written: standard error, or the terminal itself when that is redirected.
	questions io.Writer
	// menus tells that options may be shown as a menu. Elsewhere they have numbers, which needs no cursor control.
	menus bool
	// plainProgress tells that what is going on is said once, in a line of its own.
	plainProgress bool

	terminal *term.Terminal
	keys     *keys
	// before is how the terminal was when the command began.
	before *term.State
	// over ends when the process was told to end: then nothing is asked any more. Nil where nobody tells.
	over context.Context
}

func systemStreams() *streams {
	t := ghterm.FromEnv()
	width, _, err := t.Size()
	if err != nil || width <= 0 {
		width = 80
	}
	if !t.IsColorEnabled() {
		ansi.DisableColors(true) // as gh does: the function color of a template would paint a pipe
	}
	s := &streams{
		in: os.Stdin, out: &stickyWriter{w: os.Stdout}, err: masking{os.Stderr},
		outTTY: t.IsTerminalOutput(), errTTY: ghterm.IsTerminal(os.Stderr), color: t.IsColorEnabled(), width: width,
	}
	if s.errTTY {
		s.plainProgress = switchedOn("GH_SPINNER_DISABLED", "spinner", "disabled")
	}
	if ghterm.IsTerminal(os.Stdin) && promptsWanted() {
		s.tty, s.questions = os.Stdin, os.Stderr
		s.before, _ = term.GetState(int(s.tty.Fd()))
		s.menus = !slices.Contains([]string{"", "dumb"}, os.Getenv("TERM")) && !switchedOn("GH_ACCESSIBLE_PROMPTER", "accessible_prompter", "enabled")
		if !s.errTTY {
			s.questions = os.Stdin
		}
	}
	return s
}

// promptsWanted reports whether gh may ask: not with GH_PROMPT_DISABLED, even when that is empty, nor with gh's setting
// prompt, which gh reads without a host.
func promptsWanted() bool {
	if _, set := os.LookupEnv("GH_PROMPT_DISABLED"); set {
		return false
	}
	return setting("prompt") != "disabled"
}

// switchedOn reads a switch of gh's: a variable, else a setting with the value that means yes.
func switchedOn(variable, name, yes string) bool {
	if value, set := os.LookupEnv(variable); set {
		return !slices.Contains([]string{"", "0", "false", "no"}, value)
	}
	return setting(name) == yes
}

// setting is what gh's configuration says; empty where it says nothing.
func setting(name string) string {
	c, err := config.Read(nil)
	if err != nil {
		return ""
	}
	value, _ := c.Get([]string{name})
	return value
}

// giveBack leaves the terminal as it was, unless it belongs to another job by now.
func (s *streams) giveBack() {
	if s.before != nil && inForeground(s.tty) {
		_ = term.Restore(int(s.tty.Fd()), s.before)
	}
}

// stickyWriter remembers the first failure: output that could not be written (a full disk) must not pass as success.
type stickyWriter struct {
	w   io.Writer
	err error
}

func (s *stickyWriter) Write(p []byte) (int, error) {
	if s.err != nil {
		return 0, s.err
	}
	_, err := masking{s.w}.Write(p)
	if err != nil {
		s.err = fmt.Errorf("write the output: %w", err)
		return 0, s.err
	}
	return len(p), nil
}

// masking shortens every token that is written. Nothing is meant to write one: this is for what a service echoes in a
// form that was not recognised where it came in.
type masking struct{ w io.Writer }

func (m masking) Write(p []byte) (int, error) {
	if !bytes.Contains(p, []byte("hxt")) {
		return m.w.Write(p)
	}
	if _, err := io.WriteString(m.w, leak.Mask(string(p))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// unmasked is the writer behind one that masks, for the command whose result is a token.
func unmasked(w io.Writer) io.Writer {
	switch v := w.(type) {
	case *stickyWriter:
		return v.w
	case masking:
		return v.w
	}
	return w
}

// say prints a line of the conversation. Everything but the format is made safe to show.
func (s *streams) say(format string, args ...any) {
	fmt.Fprintln(s.err, inert(format, printable(format, args)))
}

// print prints a line of the result. Everything but the format is made safe to show.
func (s *streams) print(format string, args ...any) {
	fmt.Fprintln(s.out, inert(format, printable(format, args)))
}

// record prints a line of the result: behind an icon on a terminal, behind the status and a tab elsewhere.
func (s *streams) record(status, format string, args ...any) {
	if s.outTTY {
		s.print("%s "+format, append([]any{icon(s, check.Status(status))}, args...)...)
		return
	}
	s.print("%s\t"+format, append([]any{status}, args...)...)
}

func printable(format string, args []any) string {
	shown := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case styled:
			shown[i] = string(v)
		case int, int64:
			shown[i] = v
		default:
			shown[i] = safe(fmt.Sprint(v))
		}
	}
	return fmt.Sprintf(format, shown...)
}

// safe makes a text from outside safe to show: no control characters, and nothing that the runner of GitHub Actions
// would take for a command of ours. It knows ##[command] anywhere in a line and ::command:: at its start.
func safe(text string) string {
	text = strings.ReplaceAll(core.Printable(text), "##[", "## [")
	if strings.HasPrefix(strings.TrimLeft(text, " "), "::") {
		text = strings.Replace(text, "::", ": :", 1)
	}
	return text
}

// inert is for a line that only came to begin with :: when it was put together. A line that is a command of ours is
// printed by itself, as styled text.
func inert(format, line string) string {
	if format == "%s" || !strings.HasPrefix(strings.TrimLeft(line, " \t"), "::") {
		return line
	}
	return strings.Replace(line, "::", ": :", 1)
}

// styled is text of our own that may hold colour codes.
type styled string

func (s *streams) paint(code, text string) styled {
	text = safe(text)
	if !s.color {
		return styled(text)
	}
	return styled("\x1b[" + code + "m" + text + "\x1b[0m")
}

func (s *streams) green(text string) styled  { return s.paint("32", text) }
func (s *streams) yellow(text string) styled { return s.paint("33", text) }
func (s *streams) red(text string) styled    { return s.paint("31", text) }
func (s *streams) gray(text string) styled   { return s.paint("90", text) }
func (s *streams) bold(text string) styled   { return s.paint("1", text) }
