package leak

import (
	"bytes"
)

const (
	noSextet = 0xff
	// longestIndent bounds the blanks after a line end inside base64.
	longestIndent = 64
	// fewestInLine is how many of the digits must stand in one line: so many are sure to cover a word.
	fewestInLine = 31
	// A view is the text around a run of digits with its encoding taken off: so much before the digits and so much from
	// their first one on.
	viewBefore = nameContext + 20
	viewFrom   = mostDigits + 20
	// Groups of four characters, for three bytes each, that are decoded on either side of the group that was noticed.
	// Behind line ends there can be many digits before it.
	groupsBefore = (mostDigits + viewBefore + 2) / 3
	groupsFrom   = (viewFrom + 2) / 3
)

// lineEnds are those met inside base64, the longer ones first.
var lineEnds = [...]string{"\r\n", "\n", `\r\n`, `\n`}

// sextets holds the value of each character of either base64 alphabet; it is never written to after it is built.
var sextets = buildSextets()

func buildSextets() *[256]byte {
	t := &[256]byte{}
	for i := range t {
		t[i] = noSextet
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['-'], t['_'] = t['+'], t['/']
	return t
}

// base64View is decoded base64. at holds where in the text each of its characters stands.
type base64View struct {
	bytes []byte
	at    []int
}

// appendBase64 judges base64 of digits, noticed in the word at a position; group is the first position from there on at
// which a group of four characters starts.
func appendBase64(found []suspicion, text []byte, at, group int, reading uint8) []suspicion {
	if !areDigits(text[group : group+4]) {
		return found
	}
	if at >= stride && readings(text, at-stride)&reading != 0 && areDigits(text[group-stride:group+4]) {
		return found // the same run, judged already
	}
	var chars [4 * (groupsBefore + groupsFrom)]byte
	var offsets [len(chars)]int
	before := charsBefore(text, group, chars[:4*groupsBefore], offsets[:])
	first := 4*groupsBefore - before
	n := charsFrom(text, group, chars[4*groupsBefore:], offsets[4*groupsBefore:])
	last := 4*groupsBefore + n
	var buf [len(chars)]byte
	v := base64View{bytes: decodeBase64(buf[:], chars[first:last]), at: offsets[first:last]}
	if s, ok := v.judge(before / 4 * 3); ok {
		return append(found, s)
	}
	return found
}

// judge judges the run of digits around v.bytes[digit]. The view is cut to what surrounds the run, so that the verdict
// does not depend on where in the run it was noticed.
func (v base64View) judge(digit int) (suspicion, bool) {
	start, end := digit, digit
	for start > 0 && isDigit(v.bytes[start-1]) {
		start--
	}
	for end < len(v.bytes) && isDigit(v.bytes[end]) {
		end++
	}
	if digit-start > mostDigits || v.inLine(start, digit, end) < fewestInLine {
		return suspicion{}, false
	}
	cut := max(0, start-viewBefore)
	s, ok := judge(v.bytes[cut:min(len(v.bytes), start+viewFrom)], start-cut)
	if !ok {
		return s, false
	}
	s.exact = false
	firstBit, lastBit := (cut+s.start)*8, (cut+s.end)*8-1
	s.start, s.end, s.form = v.at[firstBit/6], v.at[lastBit/6]+1, FormBase64
	return s, true
}

// inLine counts the bytes from start to end that stand, with all their characters, in one line with that at digit.
func (v base64View) inLine(start, digit, end int) int {
	if end == digit {
		return 0
	}
	from := digit * 8 / 6
	to := from
	for from > 0 && v.at[from-1] == v.at[from]-1 {
		from--
	}
	for to+1 < len(v.at) && v.at[to+1] == v.at[to]+1 {
		to++
	}
	return min(end, (to+1)*6/8) - max(start, (from*6+7)/8)
}

// areDigits tells whether whole groups of base64 encode nothing but digits.
func areDigits(groups []byte) bool {
	var buf [stride + 4]byte
	decoded := decodeBase64(buf[:], groups)
	for _, c := range decoded {
		if !isDigit(c) {
			return false
		}
	}
	return len(decoded) == len(groups)/4*3
}

// decodeBase64 decodes up to the first character that is no base64. What is left over and makes no byte is dropped.
func decodeBase64(dst, chars []byte) []byte {
	n, bits, width := 0, 0, 0
	for _, c := range chars {
		v := sextets[c]
		if v == noSextet {
			break
		}
		bits, width = bits<<6|int(v), width+6
		if width >= 8 {
			width -= 8
			dst[n] = byte(bits >> width)
			bits &= 1<<width - 1
			n++
		}
	}
	return dst[:n]
}

// charsFrom fills dst with the base64 from text[i] on, without its line ends, and at with where each character stands.
func charsFrom(text []byte, i int, dst []byte, at []int) int {
	text = text[:min(len(text), i+reach/2)]
	n := 0
	for n < len(dst) && i < len(text) {
		if next := wrapEnd(text, i); next != i {
			i = next
			continue
		}
		if sextets[text[i]] == noSextet {
			break
		}
		dst[n], at[n] = text[i], i
		n, i = n+1, i+1
	}
	return n
}

// charsBefore fills the end of dst with the whole groups of base64 before text[i], as [charsFrom] does, and returns how
// many characters that are.
func charsBefore(text []byte, i int, dst []byte, at []int) int {
	floor := max(0, i-reach/2)
	n := 0
	for n < len(dst) && i > floor {
		if next := wrapStart(text[floor:i]); next != i-floor {
			i = floor + next
			continue
		}
		if sextets[text[i-1]] == noSextet {
			break
		}
		n, i = n+1, i-1
		dst[len(dst)-n], at[len(dst)-n] = text[i], i
	}
	return n &^ 3
}

// wrapEnd returns where the line end at text[i] and the blanks after it end; i when there is none. It may be written as
// an escape, as in JSON.
func wrapEnd(text []byte, i int) int {
	if text[i] != '\n' && text[i] != '\r' && text[i] != '\\' {
		return i
	}
	for _, end := range lineEnds {
		if after, found := bytes.CutPrefix(text[i:], []byte(end)); found {
			return len(text) - len(after) + countBlanks(after)
		}
	}
	return i
}

// wrapStart returns where the line end that ends p, with the blanks after it, starts; len(p) when there is none.
func wrapStart(p []byte) int {
	line := p
	for len(line) > 0 && isBlank(line[len(line)-1]) && len(p)-len(line) < longestIndent {
		line = line[:len(line)-1]
	}
	for _, end := range lineEnds {
		if bytes.HasSuffix(line, []byte(end)) {
			return len(line) - len(end)
		}
	}
	return len(p)
}

func countBlanks(p []byte) int {
	n := 0
	for n < len(p) && n < longestIndent && isBlank(p[n]) {
		n++
	}
	return n
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' }
