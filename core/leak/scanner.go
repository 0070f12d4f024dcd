package leak

import (
	"bytes"
	"errors"
	"io"
)

const (
	bufferSize = 128 << 10
	maxEmpty   = 100 // reads in a row that return nothing
)

// Scanner finds tokens in streams, with the same judgement as [Find] and in constant memory. The zero Scanner is ready;
// reuse it for the next stream, but not by two goroutines at once.
type Scanner struct {
	buf     []byte
	pending []suspicion
}

// Scan reads r to its end, or to the [MaxMatches]th token, and returns the tokens in it, ordered by offset. An error of
// r comes back as it is, together with what was found up to there.
func (s *Scanner) Scan(r io.Reader) ([]Match, error) {
	if s.buf == nil {
		s.buf = make([]byte, bufferSize)
	}
	c := collector{pending: s.pending[:0]}
	defer func() { s.pending = c.pending[:0] }()
	n, searched := 0, 0
	for len(c.matches) < MaxMatches {
		read, err := fill(r, s.buf[n:])
		n += read
		if err != nil {
			c.pending = suspects(c.pending, s.buf[:n], searched, n)
			c.settle(s.buf[:n], n)
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return c.first(s.buf[:n]), err
		}
		searchable := (n - reach) &^ (stride - 1)
		c.pending = suspects(c.pending, s.buf[:n], searched, searchable)
		done := searchable - reach
		c.settle(s.buf[:n], done)
		c.drop(s.buf[:n], done)
		n = copy(s.buf, s.buf[done:n])
		searched = searchable - done
	}
	return c.first(s.buf[:n]), nil
}

// drop forgets text[:n], which the caller is about to do.
func (c *collector) drop(text []byte, n int) {
	c.at.advance(text, c.base, c.base+int64(n))
	c.binary = c.binary || bytes.IndexByte(text[:n], 0) >= 0
	c.base += int64(n)
	for i := range c.pending {
		c.pending[i].start -= n
		c.pending[i].end -= n
	}
}

// fill reads until p is full. A nil error means that it is.
func fill(r io.Reader, p []byte) (int, error) {
	n, empty := 0, 0
	for n < len(p) {
		read, err := r.Read(p[n:])
		n += read
		if err != nil {
			return n, err
		}
		if empty++; read > 0 {
			empty = 0
		}
		if empty > maxEmpty {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}
