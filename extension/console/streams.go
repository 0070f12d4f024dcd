package console

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/cli/go-gh/v2/pkg/config"
	ghterm "github.com/cli/go-gh/v2/pkg/term"
	"github.com/cli/go-gh/v2/pkg/text"
	"github.com/mgutz/ansi"
	"golang.org/x/term"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

// ErrCancelled means that the user said no, or pressed Ctrl-C.
var ErrCancelled = errors.New("cancelled")

// Streams are the process's input and output: out carries the result, err the conversation.
type Streams struct {
	In  io.Reader
	Out *StickyWriter
	Err io.Writer

	OutTTY bool
	ErrTTY bool
	Color  bool
	Width  int
	// Links says that the terminal shows links.
	Links bool

	// tty is standard input when it is a terminal that may be asked; nil otherwise.
	tty *os.File
	// questions is where questions are written: standard error, or the terminal itself when that is redirected.
	questions io.Writer
	// menus says that options may be shown as a menu. Elsewhere they have numbers, which needs no cursor control.
	menus bool
	// PlainProgress says that what is going on is said once, in a line of its own.
	PlainProgress bool

	terminal *term.Terminal
	keys     *keys
	// before is how the terminal was when the command began.
	before *term.State
	// Over ends when the process was told to end: then nothing is asked any more. Nil where nobody tells.
	Over context.Context
}

// System is the terminal, or the files and pipes, that this process was started with.
func System() *Streams {
	t := ghterm.FromEnv()
	width, _, err := t.Size()
	if err != nil || width <= 0 {
		width = 80
	}
	dumb := os.Getenv("TERM") == "dumb" // it would show our codes as text
	color := t.IsColorEnabled() && (!dumb || ghterm.IsColorForced())
	if !color {
		ansi.DisableColors(true) // as gh does: the function color of a template would paint a pipe
	}
	s := &Streams{
		In: os.Stdin, Out: &StickyWriter{W: os.Stdout}, Err: masking{os.Stderr},
		OutTTY: t.IsTerminalOutput(), ErrTTY: ghterm.IsTerminal(os.Stderr), Color: color, Width: width,
	}
	s.Links = s.OutTTY && showsLinks(os.Getenv)
	if s.ErrTTY {
		s.PlainProgress = dumb || switchedOn("GH_SPINNER_DISABLED", "spinner", "disabled")
	}
	if ghterm.IsTerminal(os.Stdin) && promptsWanted() {
		s.tty, s.questions = os.Stdin, os.Stderr
		s.before, _ = term.GetState(int(s.tty.Fd()))
		s.menus = !dumb && os.Getenv("TERM") != "" && !switchedOn("GH_ACCESSIBLE_PROMPTER", "accessible_prompter", "enabled")
		if !s.ErrTTY {
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

// GiveBack leaves the terminal as it was, unless it belongs to another job by now.
func (s *Streams) GiveBack() {
	if s.before != nil && inForeground(s.tty) {
		_ = term.Restore(int(s.tty.Fd()), s.before)
	}
}

// StickyWriter remembers the first failure: output that could not be written (a full disk) must not pass as success.
type StickyWriter struct {
	W   io.Writer
	Err error
}

func (s *StickyWriter) Write(p []byte) (int, error) {
	if s.Err != nil {
		return 0, s.Err
	}
	_, err := masking{s.W}.Write(p)
	if err != nil {
		s.Err = fmt.Errorf("write the output: %w", err)
		return 0, s.Err
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

// Unmasked is the writer behind one that masks, for the command whose result is a token.
func Unmasked(w io.Writer) io.Writer {
	switch v := w.(type) {
	case *StickyWriter:
		return v.W
	case masking:
		return v.w
	}
	return w
}

// Say prints a line of the conversation. Everything but the format is made safe to show.
func (s *Streams) Say(format string, args ...any) {
	fmt.Fprintln(s.Err, s.folded(s.ErrTTY, inert(format, printable(format, args)), 2))
}

// Print prints a line of the result. Everything but the format is made safe to show.
func (s *Streams) Print(format string, args ...any) { s.PrintUnder(2, format, args...) }

// PrintUnder is Print for a line whose continuation on a terminal stands so much deeper than its beginning.
func (s *Streams) PrintUnder(hang int, format string, args ...any) {
	fmt.Fprintln(s.Out, s.folded(s.OutTTY, inert(format, printable(format, args)), hang))
}

// Verbatim prints a line of the result that is there to be copied: it is never broken.
func (s *Streams) Verbatim(line string) { fmt.Fprintln(s.Out, Safe(line)) }

// folded is a line as a terminal shows it.
func (s *Streams) folded(terminal bool, line string, hang int) string {
	if !terminal {
		return line
	}
	plain := strings.TrimLeft(line, "\t")
	line = strings.Repeat("    ", len(line)-len(plain)) + plain
	return wrap(line, s.Width, len(line)-len(strings.TrimLeft(line, " "))+hang)
}

// Record prints a line of the result: behind an icon on a terminal, behind the status and a tab elsewhere.
func (s *Streams) Record(status, format string, args ...any) {
	if s.OutTTY {
		s.Print("%s "+format, append([]any{Icon(s, check.Status(status))}, args...)...)
		return
	}
	s.Print("%s\t"+format, append([]any{status}, args...)...)
}

func printable(format string, args []any) string {
	shown := make([]any, len(args))
	for i, a := range args {
		switch v := a.(type) {
		case Styled:
			shown[i] = string(v)
		case int, int64:
			shown[i] = v
		default:
			shown[i] = Safe(fmt.Sprint(v))
		}
	}
	return fmt.Sprintf(format, shown...)
}

// Safe makes a text from outside safe to show: no control characters, and nothing that the runner of GitHub Actions
// would take for a command of ours. It knows ##[command] anywhere in a line and ::command:: at its start.
func Safe(text string) string {
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

// Styled is text of our own that may hold colour codes.
type Styled string

func (s *Streams) paint(code, text string) Styled {
	text = Safe(text)
	if !s.Color {
		return Styled(text)
	}
	return Styled("\x1b[" + code + "m" + text + "\x1b[0m")
}

// Green and the others below give a text a colour, or bold type, where colours are shown.
func (s *Streams) Green(text string) Styled { return s.paint("32", text) }

func (s *Streams) Yellow(text string) Styled { return s.paint("33", text) }

func (s *Streams) Red(text string) Styled { return s.paint("31", text) }

func (s *Streams) Gray(text string) Styled { return s.paint("90", text) }

func (s *Streams) Bold(text string) Styled { return s.paint("1", text) }

// Link makes text lead to a page, where the terminal shows links.
func (s *Streams) Link(page string, text Styled) Styled {
	if !s.Links {
		return text
	}
	return "\x1b]8;;" + Styled(Safe(page)) + "\x1b\\" + text + "\x1b]8;;\x1b\\"
}

// showsLinks reports whether a terminal is known to show links. FORCE_HYPERLINK, which several programs read, decides for
// others.
func showsLinks(getenv func(string) string) bool {
	if forced := getenv("FORCE_HYPERLINK"); forced != "" {
		return forced != "0"
	}
	vte, _ := strconv.Atoi(getenv("VTE_VERSION"))
	known := []string{"iTerm.app", "WezTerm", "vscode", "ghostty"}
	return getenv("TERM") != "dumb" && getenv("TMUX") == "" && (vte >= 5000 || getenv("WT_SESSION") != "" || getenv("KONSOLE_VERSION") != "" ||
		slices.Contains(known, getenv("TERM_PROGRAM")) || slices.Contains([]string{"xterm-kitty", "xterm-ghostty", "alacritty", "foot"}, getenv("TERM")))
}

// Icon is a status at a glance; it is never all that says it.
func Icon(s *Streams, status check.Status) Styled {
	switch status {
	case check.StatusOK:
		return s.Green("✓")
	case check.StatusWarning:
		return s.Yellow("!")
	case check.StatusError:
		return s.Red("✗")
	case check.StatusUnknown:
		return s.Yellow("?")
	}
	return s.Gray("-")
}

// Detail prints a name and a value. On a terminal those without a value are left out, and the one that is the heading.
func (s *Streams) Detail(name, value, heading string) {
	switch {
	case !s.OutTTY:
		s.Print("%s\t%s", name, value)
	case value != "" && name != heading:
		hang := 12
		if !strings.Contains(value, " ") && 2+hang+text.DisplayWidth(value) > s.Width {
			hang = 2 // an address is whole on a line of its own
		}
		s.PrintUnder(hang, "  %s %s", s.Gray(text.PadRight(11, name)), value)
	}
}
