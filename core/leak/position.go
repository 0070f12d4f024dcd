package leak

import (
	"bytes"
	"encoding/binary"
	"math/bits"
)

// cursor knows line and column of one offset in a text that is passed through once, from front to back.
type cursor struct {
	offset    int64
	line      int   // line ends passed
	lineStart int64 // offset behind the last one
	chars     int   // characters passed since then
	wide      byteOrder
}

type byteOrder int

const (
	narrow byteOrder = iota // UTF-8, or whatever else has a line feed of one byte
	littleEndian
	bigEndian
)

// advance moves to an offset. text starts at the offset base, and holds all that was not passed yet.
func (c *cursor) advance(text []byte, base, offset int64) {
	if c.offset == 0 {
		c.chars, c.wide = byteOrderMark(text)
	}
	if c.wide != narrow {
		offset &^= 1
	}
	if offset <= c.offset {
		return
	}
	passed := text[c.offset-base : offset-base]
	if c.wide == narrow {
		c.pass(passed)
	} else {
		c.passWide(passed)
	}
	c.offset = offset
}

// byteOrderMark returns what the mark at the start of a text says, and the count of characters to start from: the mark
// is none.
func byteOrderMark(text []byte) (chars int, wide byteOrder) {
	switch {
	case bytes.HasPrefix(text, []byte("\xff\xfe")):
		return -1, littleEndian
	case bytes.HasPrefix(text, []byte("\xfe\xff")):
		return -1, bigEndian
	case bytes.HasPrefix(text, []byte("\xef\xbb\xbf")):
		return -1, narrow
	}
	return 0, narrow
}

func (c *cursor) pass(p []byte) {
	if n := bytes.Count(p, []byte("\n")); n > 0 {
		c.line += n
		last := bytes.LastIndexByte(p, '\n')
		c.lineStart = c.offset + int64(last) + 1
		c.chars = 0
		p = p[last+1:]
	}
	c.chars += countChars(p)
}

// countChars counts the bytes that start a character of UTF-8, eight at a time: a text may be one line of a gigabyte.
func countChars(p []byte) int {
	n := len(p)
	for ; len(p) >= 8; p = p[8:] {
		w := binary.LittleEndian.Uint64(p)
		n -= bits.OnesCount64(w >> 7 &^ (w >> 6) & 0x0101010101010101)
	}
	for _, b := range p {
		if b&0xc0 == 0x80 {
			n--
		}
	}
	return n
}

func (c *cursor) passWide(p []byte) {
	var order binary.ByteOrder = binary.LittleEndian
	if c.wide == bigEndian {
		order = binary.BigEndian
	}
	for i := 0; i+1 < len(p); i += 2 {
		switch u := order.Uint16(p[i:]); {
		case u == '\n':
			c.line++
			c.lineStart = c.offset + int64(i) + 2
			c.chars = 0
		case u&0xfc00 != 0xdc00: // the second half of a surrogate pair is no character of its own
			c.chars++
		}
	}
}

// column returns the column of what starts at the cursor. UTF-16 in a text that does not say so by a byte-order mark is
// counted by two bytes from the line feed on, which is right for either byte order.
func (c *cursor) column(offset int64, utf16 bool) int {
	if utf16 && c.wide == narrow {
		return int(offset-c.lineStart)/2 + 1
	}
	return c.chars + 1
}
