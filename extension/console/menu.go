package console

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/cli/go-gh/v2/pkg/text"
	"golang.org/x/term"

	"github.com/gh-hex/gh-hex/core"
)

// The keys of a menu, and of a hidden line. Those that a terminal sends as a sequence have names of their own, above all
// characters.
const (
	keyInterrupt rune = 3
	keyEOF       rune = 4
	keyBackspace rune = 0x7f
	keyClear     rune = 21 // Ctrl-U
	keyNext      rune = 14 // Ctrl-N
	keyPrevious  rune = 16 // Ctrl-P
	keyUp        rune = unicode.MaxRune + 1 + iota
	keyDown
	keyRight
	keyLeft
	keyOther
)

// readKey reads one key; errCancelled for Ctrl-C, the end of the input, and when the process was told to end.
func readKey(r *bufio.Reader) (rune, error) {
	key, _, err := r.ReadRune()
	switch {
	case errors.Is(err, io.EOF) || key == keyInterrupt || key == keyEOF:
		return 0, ErrCancelled
	case err != nil:
		return 0, err
	case key == '\n':
		return '\r', nil
	case key == '\b':
		return keyBackspace, nil
	case key != '\x1b':
		return key, nil
	}
	return readSequence(r)
}

// readSequence reads what follows the escape character: CSI or SS3, parameters, and a last character that names the key.
func readSequence(r *bufio.Reader) (rune, error) {
	if next, err := r.Peek(1); err != nil || next[0] != '[' && next[0] != 'O' {
		return keyOther, err
	}
	_, _ = r.ReadByte() // peeked at
	for {
		c, err := r.ReadByte()
		switch {
		case err != nil:
			return 0, err
		case c >= '0' && c <= '?':
		case c >= 'A' && c <= 'D':
			return keyUp + rune(c-'A'), nil
		default:
			return keyOther, nil
		}
	}
}

// readHidden reads a line without showing it: stars say that something has arrived, not how much.
func readHidden(r io.Reader, w io.Writer) (string, error) {
	const stars = "********"
	keys := bufio.NewReader(r)
	var line []rune
	for {
		key, err := readKey(keys)
		before := len(line)
		switch {
		case err != nil || key == '\r':
			fmt.Fprint(w, "\r\n")
			return string(line), err
		case key == keyBackspace:
			line = line[:max(0, before-1)]
		case key == keyClear:
			line = nil
		case key <= unicode.MaxRune && len(line) < maxAhead:
			line = append(line, key)
		}
		switch {
		case before == 0 && len(line) > 0:
			fmt.Fprint(w, stars)
		case before > 0 && len(line) == 0:
			fmt.Fprint(w, strings.Repeat("\b \b", len(stars)))
		}
	}
}

// menu is a question with options, of which the arrow keys reach one and what is typed narrows the rest down.
type menu struct {
	*Streams
	question string
	options  []string
	marked   []bool // nil where one option is chosen

	filter string
	shown  []int // the options that the filter leaves
	at     int   // in shown
	top    int   // the first of shown on the screen
	page   int
	width  int
	drawn  int // lines on the screen, the cursor at the end of the last
}

// pick shows a menu until Enter, and leaves the answer behind the question.
func (s *Streams) pick(question string, options []string, marked []bool) (*menu, error) {
	state, err := makeRaw(s.tty)
	if err != nil {
		return nil, fmt.Errorf("prepare the terminal: %w", err)
	}
	defer func() { _ = term.Restore(int(s.tty.Fd()), state) }()
	width, height := s.size()
	m := &menu{Streams: s, question: question, options: options, marked: slices.Clone(marked), width: width}
	m.page = min(max(3, height-3-len(m.heading(""))), 20)
	m.narrow("")
	keys := bufio.NewReader(s.keyboard())
	for {
		m.draw()
		key, err := readKey(keys)
		if err != nil {
			m.conclude("")
			return nil, err
		}
		if key == '\r' && (m.marked != nil || len(m.shown) > 0) {
			m.conclude(m.answer())
			return m, nil
		}
		m.press(key)
	}
}

func (m *menu) press(key rune) {
	switch key {
	case keyUp, keyPrevious:
		m.move(-1)
	case keyDown, keyNext, '\t':
		m.move(1)
	case keyRight, keyLeft:
		for _, i := range m.shown {
			m.mark(i, key == keyRight)
		}
	case keyBackspace:
		_, size := lastRune(m.filter)
		m.narrow(m.filter[:len(m.filter)-size])
	case keyClear:
		m.narrow("")
	case ' ':
		if m.marked == nil {
			m.narrow(m.filter + " ")
		} else if len(m.shown) > 0 {
			m.mark(m.shown[m.at], !m.marked[m.shown[m.at]])
		}
	default:
		if key <= unicode.MaxRune && !core.Hidden(key) {
			m.narrow(m.filter + string(key))
		}
	}
}

func lastRune(s string) (rune, int) {
	runes := []rune(s)
	if len(runes) == 0 {
		return 0, 0
	}
	last := runes[len(runes)-1]
	return last, len(string(last))
}

func (m *menu) mark(i int, yes bool) {
	if m.marked != nil {
		m.marked[i] = yes
	}
}

// move goes round at both ends.
func (m *menu) move(by int) {
	if n := len(m.shown); n > 0 {
		m.at = (m.at + by + n) % n
	}
	m.top = min(m.top, m.at)
	m.top = max(m.top, m.at-m.page+1)
}

func (m *menu) narrow(filter string) {
	m.filter, m.shown, m.at, m.top = filter, holding(m.options, filter), 0, 0
}

func (m *menu) draw() {
	lines := append(m.heading(m.filter), m.usage())
	for n, i := range m.shown[m.top:min(len(m.shown), m.top+m.page)] {
		pointer, box := "  ", ""
		if m.top+n == m.at {
			pointer = "> "
		}
		if m.marked != nil {
			box = "[ ] "
			if m.marked[i] {
				box = "[x] "
			}
		}
		lines = append(lines, text.Truncate(m.width-1, pointer+box+Safe(m.options[i])))
	}
	if len(m.shown) == 0 {
		lines = append(lines, "  no such option")
	}
	if len(m.shown) > m.page {
		lines = append(lines, text.Truncate(m.width-1, fmt.Sprintf("  %d of %d", m.at+1, len(m.shown))))
	}
	m.erase()
	fmt.Fprint(m.questions, strings.Join(lines, "\r\n"))
	m.drawn = len(lines)
}

// heading is the question, and what stands behind it. A line of it never is so long that the terminal would break it: the
// menu is taken away by their number.
func (m *menu) heading(behind string) []string {
	lines := m.asked(strings.TrimRight(m.question+" "+behind, " "), m.width)
	for i, line := range lines {
		lines[i] = text.Truncate(m.width-1, line)
	}
	return lines
}

func (m *menu) usage() string {
	keys := "  arrows move, typing filters, Enter chooses"
	if m.marked != nil {
		keys = "  arrows move, space marks, right all, left none, typing filters, Enter goes on"
	}
	return string(m.Gray(text.Truncate(m.width-1, keys)))
}

func (m *menu) erase() {
	if m.drawn > 1 {
		fmt.Fprintf(m.questions, "\x1b[%dA", m.drawn-1)
	}
	fmt.Fprint(m.questions, "\r\x1b[J")
}

// conclude takes the menu away and leaves the answer.
func (m *menu) conclude(answer string) {
	m.erase()
	fmt.Fprint(m.questions, strings.Join(m.heading(answer), "\r\n")+"\r\n")
}

func (m *menu) answer() string {
	if m.marked == nil {
		return m.options[m.shown[m.at]]
	}
	return fmt.Sprintf("%d of %d", len(m.chosen()), len(m.options))
}

// chosen are the marked options, whatever the filter shows of them.
func (m *menu) chosen() []int {
	var out []int
	for i, yes := range m.marked {
		if yes {
			out = append(out, i)
		}
	}
	return out
}
