package source

import (
	"bytes"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rhysd/actionlint"
)

// source is the text of a file with an index of its lines. It maps what the parser says of a scalar (where its node
// starts) and an offset into the scalar's value back to a line and column of the file: the parser itself is wrong
// inside block scalars, folded text and quoted text with escapes.
type source struct {
	text  string
	lines []int // offset of the start of each line

	mu    sync.Mutex
	runes map[int][]uint32 // of lines with characters of several bytes: the offset of each character in its line
}

func newSource(data []byte) *source {
	s := &source{text: string(data)}
	s.lines = append(s.lines, 0)
	for i := 0; i < len(data); {
		n := bytes.IndexAny(data[i:], "\r\n")
		if n < 0 {
			break
		}
		i += n + 1
		if data[i-1] == '\r' && i < len(data) && data[i] == '\n' {
			i++
		}
		s.lines = append(s.lines, i)
	}
	return s
}

// Line is the text of a line, counted from 1, with its end.
func (s *source) Line(n int) string {
	if n < 1 || n > len(s.lines) {
		return ""
	}
	if n == len(s.lines) {
		return s.text[s.lines[n-1]:]
	}
	return s.text[s.lines[n-1]:s.lines[n]]
}

// offset is where a line and column (both from 1, the column in characters) stand in the text, or -1.
func (s *source) offset(line, column int) int {
	if line < 1 || line > len(s.lines) || column < 1 {
		return -1
	}
	start, end := s.lines[line-1], len(s.text)
	if line < len(s.lines) {
		end = s.lines[line]
	}
	if wide := s.wide(line, start, end); wide != nil {
		if column > len(wide) {
			return -1
		}
		return start + int(wide[column-1])
	}
	if start+column-1 > end {
		return -1
	}
	return start + column - 1
}

// wide returns the offsets of the characters of a line that has some of several bytes, nil for one of plain ASCII. They
// are kept, so that a long line is walked once.
func (s *source) wide(line, start, end int) []uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if offsets, known := s.runes[line]; known {
		return offsets
	}
	var offsets []uint32
	if text := s.text[start:end]; utf8.RuneCountInString(text) != len(text) {
		for i := range text {
			offsets = append(offsets, uint32(i))
		}
	}
	if s.runes == nil {
		s.runes = map[int][]uint32{}
	}
	s.runes[line] = offsets
	return offsets
}

// cursor walks the text and knows its line and column.
type cursor struct {
	s            *source
	at           int
	line, column int
}

func (c *cursor) step() {
	r, size := utf8.DecodeRuneInString(c.s.text[c.at:])
	c.at += size
	c.column++
	if r == '\n' || r == '\r' && !strings.HasPrefix(c.s.text[c.at:], "\n") {
		c.line++
		c.column = 1
	}
}

func (c *cursor) rest() string { return c.s.text[c.at:] }

func (c *cursor) skipLine() {
	for c.at < len(c.s.text) {
		line := c.line
		if c.step(); c.line != line {
			return
		}
	}
}

// blank tells the characters that YAML's folding may add, drop or change into each other.
func blank(r rune) bool {
	switch r {
	case ' ', '\t', '\n', '\r', '\u0085', '\u2028', '\u2029':
		return true
	}
	return false
}

// Places maps ascending byte offsets into the value of a scalar to places in the file. Folding and indentation touch
// blanks only, so that the n-th other character of the value is the n-th other character of the source; quotes and
// escapes are undone on the way. Where that fails (a text that is not what the parser saw) the node's own place stands.
func (s *source) Places(str *actionlint.String, offsets []int) []Place {
	out := make([]Place, len(offsets))
	for i := range out {
		out[i] = Place{Line: str.Pos.Line, Column: str.Pos.Col}
	}
	start := s.offset(str.Pos.Line, str.Pos.Col)
	if start < 0 {
		return out
	}
	c := &cursor{s: s, at: start, line: str.Pos.Line, column: str.Pos.Col}
	next := c.content()
	i := 0
	for at, r := range str.Value {
		if blank(r) {
			continue
		}
		got, place, ok := next()
		if !ok || got != r {
			return out
		}
		for i < len(offsets) && offsets[i] <= at {
			out[i] = place
			i++
		}
		if i == len(offsets) {
			return out
		}
	}
	return out
}

// content skips a node's anchor, tag and block header, and returns what yields its characters other than blanks.
func (c *cursor) content() func() (rune, Place, bool) {
	c.skipProperties()
	switch rest := c.rest(); {
	case strings.HasPrefix(rest, "|"), strings.HasPrefix(rest, ">"):
		c.skipLine()
		return c.plain
	case strings.HasPrefix(rest, "'"):
		c.step()
		return c.singleQuoted
	case strings.HasPrefix(rest, `"`):
		c.step()
		return c.doubleQuoted
	}
	return c.plain
}

func (c *cursor) skipProperties() {
	for {
		c.skipBlanks()
		if rest := c.rest(); !strings.HasPrefix(rest, "&") && !strings.HasPrefix(rest, "!") {
			return
		}
		for c.at < len(c.s.text) && !blank(rune(c.s.text[c.at])) {
			c.step()
		}
	}
}

func (c *cursor) skipBlanks() {
	for c.at < len(c.s.text) {
		if r, _ := utf8.DecodeRuneInString(c.rest()); !blank(r) {
			return
		}
		c.step()
	}
}

func (c *cursor) plain() (rune, Place, bool) {
	c.skipBlanks()
	if c.at >= len(c.s.text) {
		return 0, Place{}, false
	}
	r, _ := utf8.DecodeRuneInString(c.rest())
	p := Place{Line: c.line, Column: c.column}
	c.step()
	return r, p, true
}

func (c *cursor) singleQuoted() (rune, Place, bool) {
	r, p, ok := c.plain()
	if ok && r == '\'' {
		c.step() // '' stands for one
	}
	return r, p, ok
}

func (c *cursor) doubleQuoted() (rune, Place, bool) {
	for {
		r, p, ok := c.plain()
		if !ok || r != '\\' {
			return r, p, ok
		}
		if r, ok = c.escape(); !ok || !blank(r) {
			return r, p, ok
		}
	}
}

// escape reads what follows a backslash. A line break and the escapes that stand for blanks come back as a blank.
func (c *cursor) escape() (rune, bool) {
	if c.at >= len(c.s.text) {
		return 0, false
	}
	r, _ := utf8.DecodeRuneInString(c.rest())
	c.step()
	switch r {
	case 't', 'n', 'r', ' ', '\t', '\n', '\r', 'N', 'L', 'P':
		return ' ', true
	case 'x':
		return c.hexadecimal(2)
	case 'u':
		return c.hexadecimal(4)
	case 'U':
		return c.hexadecimal(8)
	}
	if i := strings.IndexRune("0abevf_", r); i >= 0 {
		return []rune{0, '\a', '\b', 0x1b, '\v', '\f', 0xa0}[i], true
	}
	return r, true
}

func (c *cursor) hexadecimal(digits int) (rune, bool) {
	var r rune
	for range digits {
		if c.at >= len(c.s.text) {
			return 0, false
		}
		d := strings.IndexByte("0123456789abcdef", c.s.text[c.at]|0x20)
		if d < 0 {
			return 0, false
		}
		r = r<<4 | rune(d)
		c.step()
	}
	return r, true
}
