package console

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/term"
)

// CanAsk reports whether there is somebody to ask.
func (s *Streams) CanAsk() bool { return s.tty != nil }

// Ask reads one line in raw mode, where Ctrl-C is a key: a SIGINT would end gh and leave us without a terminal.
// All questions and waits share one reader, so that what was typed ahead is not lost.
func (s *Streams) Ask(prompt string, hidden bool) (string, error) {
	state, err := makeRaw(s.tty)
	if err != nil {
		return "", fmt.Errorf("prepare the terminal: %w", err)
	}
	lost := false
	defer func() {
		_ = term.Restore(int(s.tty.Fd()), state)
		if lost {
			s.Say("%s Only the first line was read; the rest was ignored", s.Yellow("!"))
		}
	}()
	if s.terminal == nil {
		s.terminal = term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{&typedLine{in: s.keyboard()}, s.questions}, "")
	}
	width, height := s.size()
	_ = s.terminal.SetSize(width, height) // else it breaks lines at 80 columns
	lines := s.asked(prompt, width)
	last := len(lines) - 1
	for _, line := range lines[:last] {
		fmt.Fprint(s.questions, line, "\r\n")
	}
	var line string
	if hidden {
		fmt.Fprint(s.questions, lines[last], " ")
		line, err = readHidden(s.keys, s.questions)
	} else {
		s.terminal.SetPrompt(lines[last] + " ")
		line, err = s.terminal.ReadLine()
	}
	if hidden && !errors.Is(err, ErrCancelled) {
		lost = s.keys.discard()
	}
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, ErrCancelled) && !hidden:
		fmt.Fprint(s.questions, "\r\n")
		return "", ErrCancelled
	case errors.Is(err, ErrCancelled):
		return "", err
	}
	if err != nil && !errors.Is(err, term.ErrPasteIndicator) {
		return "", fmt.Errorf("read from the terminal: %w", err)
	}
	return line, nil
}

// typedLine is an input that a [term.Terminal] reads. Behind an escape character, which Escape alone types too, that takes
// all up to a letter for one key that it does not know: Ctrl-C, Ctrl-D and Enter would do nothing.
type typedLine struct {
	in   io.Reader
	open bool // behind an escape character
	next byte // to be read next; 0 for none
}

func (e *typedLine) Read(p []byte) (n int, err error) {
	if e.next != 0 {
		p[0], e.next = e.next, 0
		return 1, nil
	}
	if n, err = e.in.Read(p[:1]); n == 0 {
		return n, err
	}
	switch b := rune(p[0]); {
	case b == '\x1b':
		e.open = true
	case e.open && (b == keyInterrupt || b == keyEOF || b == '\r'):
		p[0], e.next, e.open = '~', p[0], false
	case b == '~', b|0x20 >= 'a' && b|0x20 <= 'z':
		e.open = false
	}
	return n, err
}

// size is the room that a question has, in columns and lines.
func (s *Streams) size() (width, height int) {
	if width, height, err := term.GetSize(int(s.tty.Fd())); err == nil && width > 0 && height > 0 {
		return width, height
	}
	return 80, 24
}

// asked is a question, broken at words to fit a terminal with a space behind it.
func (s *Streams) asked(question string, width int) []string {
	lines := strings.Split(wrap("? "+Safe(question), width-1, 2), "\n")
	lines[0] = string(s.Green("?")) + strings.TrimPrefix(lines[0], "?")
	return lines
}

// list writes a line of a question that is answered by a number.
func (s *Streams) list(line string) {
	width, _ := s.size()
	fmt.Fprintln(s.questions, wrap(Safe(line), width-1, 6))
}

// Confirm asks a yes-or-no question; an empty answer is fallback.
func (s *Streams) Confirm(question string, fallback bool) (bool, error) {
	suffix := "(y/N)"
	if fallback {
		suffix = "(Y/n)"
	}
	for {
		answer, err := s.Ask(question+" "+suffix, false)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(strings.TrimSpace(answer)) {
		case "":
			return fallback, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// Choose lets the user pick one of several options, from a menu or by its number; the first is the default.
func (s *Streams) Choose(question string, options []string) (int, error) {
	if s.menus {
		m, err := s.pick(question, options, nil)
		if err != nil {
			return 0, err
		}
		return m.shown[m.at], nil
	}
	return s.number(question, options)
}

// listed is how many options with numbers are shown at once: somebody may have them read out.
const listed = 20

// number lets the user pick one of several options by its number. A part of its text shows those that hold it.
func (s *Streams) number(question string, options []string) (int, error) {
	s.list(question)
	shown := holding(options, "")
	s.listNumbers(options, shown)
	for {
		answer, err := s.Ask(fmt.Sprintf("Number (1-%d, default %d):", len(options), shown[0]+1), false)
		answer = strings.TrimSpace(answer)
		n, notNumber := strconv.Atoi(answer)
		switch found := holding(options, answer); {
		case err != nil:
			return 0, err
		case answer == "":
			return shown[0], nil
		case notNumber == nil && n >= 1 && n <= len(options):
			return n - 1, nil
		case len(found) == 0:
			s.list("  no such option")
		default:
			shown = found
			s.listNumbers(options, shown)
		}
	}
}

func (s *Streams) listNumbers(options []string, shown []int) {
	for _, i := range shown[:min(len(shown), listed)] {
		s.list(fmt.Sprintf("  %*d  %s", len(strconv.Itoa(len(options))), i+1, options[i]))
	}
	if more := len(shown) - listed; more > 0 {
		s.list(fmt.Sprintf("  and %d more: type a part of the name", more))
	}
}

// holding are the options that hold a text, in capitals or not.
func holding(options []string, part string) (found []int) {
	part = strings.ToLower(strings.TrimSpace(part))
	for i, o := range options {
		if strings.Contains(strings.ToLower(o), part) {
			found = append(found, i)
		}
	}
	return found
}

// Checklist shows options, marks those that are chosen, and lets the user choose others, in a menu or by their numbers. The
// answer is the chosen indices; Enter keeps the marked ones.
func (s *Streams) Checklist(question string, options []string, marked []bool) ([]int, error) {
	if s.menus {
		m, err := s.pick(question, options, marked)
		if err != nil {
			return nil, err
		}
		return m.chosen(), nil
	}
	s.list(question)
	for i, o := range options {
		box := "[ ]"
		if marked[i] {
			box = "[x]"
		}
		s.list(fmt.Sprintf("  %3d  %s %s", i+1, box, o))
	}
	for {
		answer, err := s.Ask("Numbers (such as 1,3-5 or all; Enter for the marked ones, none to cancel):", false)
		if err != nil {
			return nil, err
		}
		if chosen, ok := parseChoice(answer, marked); ok {
			return chosen, nil
		}
	}
}

// parseChoice reads the answer to a checklist: numbers and ranges, counted from 1, "all", "none", or nothing for what is
// marked. It returns indices in order, each once; false for an answer that is none of these.
func parseChoice(answer string, marked []bool) ([]int, bool) {
	var chosen []int
	switch strings.ToLower(strings.TrimSpace(answer)) {
	case "":
		for i, m := range marked {
			if m {
				chosen = append(chosen, i)
			}
		}
		return chosen, true
	case "none":
		return nil, true
	case "all":
		for i := range marked {
			chosen = append(chosen, i)
		}
		return chosen, true
	}
	for part := range strings.FieldsFuncSeq(answer, func(r rune) bool { return r == ',' || r == ' ' }) {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, err1 := strconv.Atoi(from)
		last, err2 := strconv.Atoi(to)
		if err1 != nil || err2 != nil || first < 1 || last < first || last > len(marked) {
			return nil, false
		}
		for i := first; i <= last; i++ {
			chosen = append(chosen, i-1)
		}
	}
	slices.Sort(chosen)
	return slices.Compact(chosen), len(chosen) > 0
}
