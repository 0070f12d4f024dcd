package console

import (
	"bufio"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadHidden(t *testing.T) {
	for _, test := range []struct {
		name, typed, want, shown string
		err                      error
	}{
		{"a line", "secret\r", "secret", "********\r\n", nil},
		{"another end", "secret\nmore", "secret", "********\r\n", nil},
		{"corrected", "secx\x7fre\bret\r", "secrret", "********\r\n", nil},
		{"cleared", "wrong\x15\r", "", "********" + strings.Repeat("\b \b", 8) + "\r\n", nil},
		{"deleted", "ab\x7f\x7f\x7fc\r", "c", "********" + strings.Repeat("\b \b", 8) + "********\r\n", nil},
		{"other keys", "a\x1b[A\x1b[3~\x1bOBb\x1b[200~c\r", "abc", "********\r\n", nil},
		{"interrupted", "sec\x03ret\r", "sec", "********\r\n", ErrCancelled},
		{"ended", "", "", "\r\n", ErrCancelled},
		{"beyond ASCII", "é日\r", "é日", "********\r\n", nil},
	} {
		var shown bytes.Buffer
		got, err := readHidden(iotest.OneByteReader(strings.NewReader(test.typed)), &shown)
		if got != test.want || !errors.Is(err, test.err) || shown.String() != test.shown {
			t.Errorf("%s: %q, %v, shown as %q", test.name, got, err, shown.String())
		}
	}
}

// TestMenuKeys presses keys, each terminal's way of sending them, and looks at what is chosen then.
func TestMenuKeys(t *testing.T) {
	options := []string{"alpha", "beta", "gamma one", "gamma two"}
	for _, test := range []struct {
		keys   string
		at     string // the option under the pointer; none when the filter leaves none
		chosen []int
	}{
		{"", "alpha", []int{1}},
		{"\x1b[B", "beta", []int{1}},
		{"\x1b[A", "gamma two", []int{1}},
		{"\x1bOB\x1bOB\x0e\t", "alpha", []int{1}},
		{"\x1b[B ", "beta", nil},
		{"\x1b[C", "alpha", []int{0, 1, 2, 3}},
		{"\x1b[D", "alpha", nil},
		{"GAM\x1b[C", "gamma one", []int{1, 2, 3}},
		{"gam\x1b[B ", "gamma two", []int{1, 3}},
		{"zz ", "", []int{1}},
		{"zz\x7f\x7f", "alpha", []int{1}},
		{"zz\x15", "alpha", []int{1}},
		{"\x7f\x1b[5~\x01\u202e", "alpha", []int{1}},
	} {
		m := &menu{options: options, marked: []bool{false, true, false, false}, page: 2}
		m.narrow("")
		for keys := bufio.NewReader(strings.NewReader(test.keys)); ; {
			key, err := readKey(keys)
			if err != nil {
				break
			}
			m.press(key)
		}
		at := ""
		if len(m.shown) > 0 {
			at = m.options[m.shown[m.at]]
		}
		if at != test.at || !slices.Equal(m.chosen(), test.chosen) {
			t.Errorf("%q: at %q, chosen %v", test.keys, at, m.chosen())
		}
		if len(m.shown) > 0 && (m.at < m.top || m.at >= m.top+m.page) {
			t.Errorf("%q: the pointer is off the screen", test.keys)
		}
	}
}

// TestMenuFitsTheTerminal counts what is drawn: a line too many, or one that breaks, would be left behind.
func TestMenuFitsTheTerminal(t *testing.T) {
	var shown bytes.Buffer
	options := []string{strings.Repeat("wide 日本 ", 20), "b\x1b[2J", "c", "d", "e", "f"}
	m := &menu{Streams: &Streams{questions: &shown}, question: strings.Repeat("why ", 30), options: options, page: 3, width: 20}
	m.narrow("")
	m.draw()
	lines := strings.Split(strings.TrimPrefix(shown.String(), "\r\x1b[J"), "\r\n")
	if len(lines) != m.drawn || m.drawn != 6 {
		t.Errorf("%d lines, %d counted: %q", len(lines), m.drawn, lines)
	}
	for _, line := range lines {
		if len([]rune(line)) > 20 || strings.Contains(line, "\x1b") {
			t.Errorf("%q does not fit", line)
		}
	}
}
