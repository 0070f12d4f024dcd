package console

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/cli/go-gh/v2/pkg/text"
	"golang.org/x/term"
)

func TestParseChoice(t *testing.T) {
	marked := []bool{true, false, true, false}
	tests := []struct {
		answer string
		want   []int
		ok     bool
	}{
		{"", []int{0, 2}, true},
		{"  ", []int{0, 2}, true},
		{"none", nil, true},
		{"ALL", []int{0, 1, 2, 3}, true},
		{"2", []int{1}, true},
		{"4, 1-2 2", []int{0, 1, 3}, true},
		{"0", nil, false},
		{"5", nil, false},
		{"3-1", nil, false},
		{"1-", nil, false},
		{"-1", nil, false},
		{"1,x", nil, false},
		{",", nil, false},
		{"1-99999999999999999999", nil, false},
	}
	for _, tt := range tests {
		got, ok := parseChoice(tt.answer, marked)
		if ok != tt.ok || ok && !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, %v; want %v, %v", tt.answer, got, ok, tt.want, tt.ok)
		}
	}
}

// A question is broken at words, below its own mark, and leaves room for what is typed. A menu counts on that: a line that
// the terminal breaks would stay on the screen.
func TestQuestionsBreakAtWords(t *testing.T) {
	const question = "Which project should a workflow of octo/analytics run (variable HEX_PROJECT_ID)?"
	const answer = "Weekly revenue  019f681a-1870-731d-bf1e-b82d136117fa"
	long := "Replace the Actions variable HEX_WORKSPACE_URL with https://" + strings.Repeat("x", 100) + ".hex.tech?"
	for width := 40; width < 150; width++ {
		s := &Streams{Color: true}
		lines := s.asked(question, width)
		if got := strings.ReplaceAll(strings.Join(lines, "\n"), "\n  ", " "); got != string(s.Green("?"))+" "+question {
			t.Errorf("%d columns: %q", width, lines)
		}
		m := &menu{Streams: s, question: question, width: width}
		if got := strings.ReplaceAll(strings.Join(m.heading(answer), "\n"), "\n  ", " "); !strings.HasSuffix(got, question+" "+answer) && !strings.HasSuffix(got, question+" Weekly revenue 019f681a-1870-731d-bf1e-b82d136117fa") {
			t.Errorf("%d columns: %q", width, got)
		}
		for _, line := range slices.Concat(lines, m.heading(answer), (&menu{Streams: s, question: long, width: width}).heading("")) {
			if text.DisplayWidth(line) >= width {
				t.Errorf("%d columns: %q", width, line)
			}
		}
	}
}

// Escape in a line takes neither Ctrl-C nor Enter away; keys that send an escape character do nothing there.
func TestEscapeInALine(t *testing.T) {
	for typed, want := range map[string]string{
		"\x1b\x03y\r": "EOF", "\x1b\x04y\r": "EOF", "\x1b\x1b\x03y\r": "EOF", "\x1b[\x03y\r": "EOF", "\x1b\ry\r": "", "\x1b[Zy\r": "y", "\x1b[15~y\r": "y", "y\x1b[Dx\r": "xy", "a~b\r": "a~b",
	} {
		line, err := term.NewTerminal(struct {
			io.Reader
			io.Writer
		}{&typedLine{in: strings.NewReader(typed)}, io.Discard}, "").ReadLine()
		if err != nil {
			line = err.Error()
		}
		if line != want {
			t.Errorf("%q is %q, want %q", typed, line, want)
		}
	}
}
