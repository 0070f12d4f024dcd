package leak

import "slices"

const (
	// brokenContext bounds how far from a run of digits the rest of a broken token is looked for.
	brokenContext = 512
	// longestGap bounds what stands between two parts: line ends, quotes and the indent of a notebook.
	longestGap = 64
	// fewestInPart is how many digits one part must have: so many are sure to cover a word.
	fewestInPart = stretch
)

// gap is what stands between two parts of a token.
type gap struct {
	lineEnd, comma, operator bool
	quotes                   int
}

// breaks tells whether a token can go on behind the gap: it ends a line, or one string and starts the next.
func (g gap) breaks() bool { return g.lineEnd || g.quotes > 1 }

// wraps tells whether the gap only wraps a text. With an operator, or with nothing but quotes, a program joins two strings,
// and what comes of it cannot be seen.
func (g gap) wraps() bool { return !g.operator && (g.lineEnd || g.comma) }

// take counts a character of a gap; false when it is none.
func (g *gap) take(c byte) bool {
	switch c {
	case '\n':
		g.lineEnd = true
	case '"', '\'', '`':
		g.quotes++
	case ',':
		g.comma = true
	case '+', '.', '&', '|':
		g.operator = true
	case ' ', '\t', '\r', '=', '\\':
	default:
		return false
	}
	return true
}

// takeEscape counts an escaped line end, as in the strings of JSON; false when p is none.
func (g *gap) takeEscape(p []byte) bool {
	if string(p) != `\n` && string(p) != `\r` {
		return false
	}
	g.lineEnd = true
	return true
}

// gapFrom reads the gap that p starts with, and returns how long it is.
func gapFrom(p []byte) (g gap, n int) {
	for n < len(p) && n <= longestGap {
		if n+1 < len(p) && g.takeEscape(p[n:n+2]) {
			n += 2
		} else if g.take(p[n]) {
			n++
		} else {
			break
		}
	}
	return g, n
}

// gapBefore reads the gap that p ends with, and returns how long it is.
func gapBefore(p []byte) (g gap, n int) {
	for n < len(p) && n <= longestGap {
		end := len(p) - n
		if end > 1 && g.takeEscape(p[end-2:end]) {
			n += 2
		} else if g.take(p[end-1]) {
			n++
		} else {
			break
		}
	}
	return g, n
}

// judgeBroken judges the run of digits at text[start] as judge does and, where that is not certain, as a part of a token
// that was broken in two or more.
func judgeBroken(text []byte, start int) (suspicion, bool) {
	s, ok := judge(text, start)
	if s.certain || countDigits(text[start:], fewestInPart) < fewestInPart {
		return s, ok
	}
	if joined, found := judgeParts(text, start); found && (joined.certain || !ok) {
		return joined, true
	}
	return s, ok
}

func judgeParts(text []byte, start int) (suspicion, bool) {
	b := broken{text: text, wraps: true}
	if !b.walkBack(start) {
		return suspicion{}, false
	}
	s := suspicion{start: b.at, form: FormPlain}
	run := countDigits(text[start:], mostDigits)
	switch end, whole := b.walkOn(start); {
	case whole && !wordAt(text, end) && opensWord(text, b.at):
		s.end, s.certain = end, b.wraps
	case b.joined && run >= fewestDigits:
		s.end, b.digits = start+run, text[start:start+run]
	default:
		return s, false
	}
	s.masked, s.token = mask(b.prefix[:], b.digits), tokenOf(b.prefix[:], b.digits)
	return s, !isPlaceholder(b.digits)
}

// broken is a token in parts, as far as it was followed.
type broken struct {
	text   []byte
	at     int // where the prefix starts
	prefix [len(personalPrefix)]byte
	digits []byte
	wraps  bool // every gap only wraps a text, and the prefix is in the string of the first digits
	joined bool // the prefix is a string of its own, and a program joins it with the digits
}

// walkBack follows the token from its digit at text[start] back to its prefix.
func (b *broken) walkBack(start int) bool {
	floor := max(0, start-brokenContext)
	missing := len(b.prefix)
	for b.at = start; missing > 0; {
		g, n := gapBefore(b.text[floor:b.at])
		if n > 0 && !b.pass(g, n) {
			return false
		}
		b.at -= n
		if b.at == floor {
			return false
		}
		c := b.text[b.at-1]
		switch {
		case missing == len(b.prefix) && isDigit(c) && len(b.digits) < tokenDigits:
			b.digits = append(b.digits, c)
		case missing == len(b.prefix) && c == '_' && g.quotes > 0:
			b.wraps, b.joined = false, g.operator && len(b.digits) == 0
			fallthrough
		case c == personalPrefix[missing-1] || c == workspacePrefix[missing-1]:
			missing--
			b.prefix[missing] = c
		default:
			return false
		}
		b.at--
	}
	slices.Reverse(b.digits)
	return true
}

// walkOn follows the token from its digit at text[start] to its end; false when it has too few digits.
func (b *broken) walkOn(start int) (end int, whole bool) {
	limit := min(len(b.text), start+brokenContext)
	for end = start; len(b.digits) < tokenDigits; end++ {
		g, n := gapFrom(b.text[end:limit])
		if n > 0 && !b.pass(g, n) {
			return end, false
		}
		if end += n; end == limit || !isDigit(b.text[end]) {
			return end, false
		}
		b.digits = append(b.digits, b.text[end])
	}
	return end, true
}

// pass takes a gap of n bytes in; false when a token does not go on behind it.
func (b *broken) pass(g gap, n int) bool {
	b.wraps = b.wraps && g.wraps()
	return n <= longestGap && g.breaks()
}
