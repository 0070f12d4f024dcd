// Package leak finds Hex API tokens in bytes and streams of any kind, text or binary. It knows nothing of files or
// git. A [Match] says where a token stands and how it ends, and has it only as a [core.Token], which shows no more.
//
// Whatever is reported holds a run of at least forty hexadecimal digits, plain or encoded. So it is enough to look at
// eight bytes in every thirty-two ([suspects]); only where those could be digits is the surrounding judged ([judge]).
package leak

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

// The values of Match.Form.
const (
	FormPlain  = "plain"  // hxtp_ or hxtw_ and hexadecimal digits, as they are
	FormUTF16  = "utf-16" // either byte order
	FormBase64 = "base64" // either alphabet, at any alignment, wrapped or not
	FormBare   = "bare"   // digits without a prefix, assigned to a Hex name or sent to hex.tech
)

// MaxMatches is how many tokens are reported of one text; with that many, where the rest stands matters little.
const MaxMatches = 1000

// Match is one place that holds a token, or what is probably one.
//
// Offset counts bytes from 0, Line and Column count from 1; a column counts characters. All three point at the first
// character of the token or of what encodes it. Masked is the most that may be shown, such as hxtp_…9f3c.
type Match struct {
	Offset  int64
	Line    int
	Column  int
	Certain bool
	Form    string
	Masked  string
	// Token is what was found, with its encoding taken off.
	Token core.Token
}

// suspicion is a match before its line is known. Offsets are relative to the text that was searched.
type suspicion struct {
	start, end int
	certain    bool
	exact      bool // certain in a text with NUL bytes: what stands beside it may belong to the container
	form       string
	masked     string
	token      core.Token
}

// Find returns the first [MaxMatches] tokens in data, ordered by offset; nil when there is none.
func Find(data []byte) []Match {
	const step = 1 << 20
	var c collector
	for lo := 0; lo < len(data) && len(c.matches) < MaxMatches; lo += step {
		hi := min(lo+step, len(data))
		c.pending = suspects(c.pending, data, lo, hi)
		settled := hi - reach
		if hi == len(data) {
			settled = hi
		}
		c.settle(data, settled)
	}
	return c.first(data)
}

// collector turns suspicions into matches, in the order of their offsets and each of them once.
type collector struct {
	at      cursor
	base    int64 // offset of the text at hand
	pending []suspicion
	matches []Match
	exact   []int // matches that are certain if the text has a NUL byte
	binary  bool  // one was passed
}

// settle takes in what starts before end. Nothing found later may start there.
func (c *collector) settle(text []byte, end int) {
	if len(c.pending) == 0 {
		return
	}
	inOrder(c.pending)
	n := 0
	for ; n < len(c.pending) && c.pending[n].start < end; n++ {
		c.add(text, c.pending[n])
	}
	c.pending = slices.Delete(c.pending, 0, n)
}

// inOrder puts the certain one first when two readings start at one place: it is the one that stays.
func inOrder(found []suspicion) {
	sort.Slice(found, func(i, j int) bool {
		a, b := found[i], found[j]
		switch {
		case a.start != b.start:
			return a.start < b.start
		case a.certain != b.certain:
			return a.certain
		}
		return a.form+a.masked < b.form+b.masked
	})
}

func (c *collector) add(text []byte, s suspicion) {
	offset := c.base + int64(s.start)
	if n := len(c.matches); n > 0 && c.matches[n-1].Offset == offset {
		return
	}
	c.at.advance(text, c.base, offset)
	if s.exact && !s.certain {
		c.exact = append(c.exact, len(c.matches))
	}
	c.matches = append(c.matches, Match{
		Offset: offset, Line: c.at.line + 1, Column: c.at.column(offset, s.form == FormUTF16),
		Certain: s.certain, Form: s.form, Masked: s.masked, Token: s.token,
	})
}

// first returns the first [MaxMatches] of them. rest is the text that was not dropped.
func (c *collector) first(rest []byte) []Match {
	if len(c.exact) > 0 && (c.binary || bytes.IndexByte(rest, 0) >= 0) {
		for _, i := range c.exact {
			c.matches[i].Certain = true
		}
	}
	return c.matches[:min(len(c.matches), MaxMatches)]
}

// Mask replaces every token in s, whole or cut off, by its masked form. More than [Find] reports is masked: from eight
// digits on after hxtp_ or hxtw_, placeholders too, since a message may have been shortened through a token.
func Mask(s string) string {
	text := []byte(s)
	var found []suspicion
	for lo := 0; ; {
		i := bytes.Index(text[lo:], []byte("hxt"))
		if i < 0 {
			break
		}
		lo += i + 1
		if cut, ok := cutOff(text, lo-1); ok {
			found = append(found, cut)
		}
	}
	found = suspects(found, text, 0, len(text))
	if len(found) == 0 {
		return s
	}
	return replaceAll(text, found)
}

// cutOff judges the beginning of a token at start.
func cutOff(text []byte, start int) (suspicion, bool) {
	const fewest, enough = 8, 20 // of fewer than twenty digits, four would say too much
	body := start + len(personalPrefix)
	if body > len(text) || !isPrefix(text[start:body]) {
		return suspicion{}, false
	}
	n := countDigits(text[body:], len(text))
	if n < fewest {
		return suspicion{}, false
	}
	masked := string(text[start:body]) + "…"
	if n >= enough {
		masked = mask(text[start:body], text[body:body+n])
	}
	return suspicion{start: start, end: body + n, masked: masked}, true
}

func replaceAll(text []byte, found []suspicion) string {
	inOrder(found)
	var out strings.Builder
	done := 0
	for _, f := range found {
		if f.start < done { // another reading of what is masked already, which may go further
			done = max(done, f.end)
			continue
		}
		out.Write(text[done:f.start])
		out.WriteString(f.masked)
		// What is glued to a token may be more of it, or the rest of an encoding.
		for done = f.end; done < len(text) && (isWord(text[done]) || f.form == FormUTF16 && text[done] == 0); done++ {
		}
	}
	out.Write(text[done:])
	return out.String()
}
