package leak

// Geometry of the search. A run of fewestDigits digits, plain or encoded, covers at least stride+word-1 bytes in a row,
// and so a whole word at a multiple of stride.
const (
	stride  = 32
	word    = 8
	stretch = stride + word - 1

	// reach bounds how far from a word anything is looked at. A word is judged alike wherever the text around it
	// is cut, as long as this much is there on both sides.
	reach = 4096
)

// What a byte can be at a position, as bits. Positions matter modulo 4 to base64 and modulo 2 to UTF-16.
const (
	asDigit     = 1 << iota // a digit
	asEvenDigit             // UTF-16: a digit at even positions, zero at odd ones
	asOddDigit              // UTF-16: zero at even positions, a digit at odd ones
	asBase64                // base64 of digits, its groups of four starting at positions 0 modulo 4; shifted by 1, 2, 3 likewise
)

// roleTable holds, for each position modulo 4 and each byte, what the byte can be there.
type roleTable [4][256]uint8

// roles is never written to after it is built.
var roles = buildRoles()

func buildRoles() *roleTable {
	t := &roleTable{}
	for pos := range 4 {
		for _, c := range []byte("0123456789abcdef") {
			t[pos][c] |= asDigit | asEvenDigit<<(pos%2)
		}
		t[pos][0] |= asOddDigit >> (pos % 2)
		for group := range 4 {
			// ASCII digits are 0011xxxx and 01100xxx; these are the sextets that three of them in a row can give.
			for _, c := range []byte([]string{"MNOPYZ", "DTjzGWm2", "AEIMQUYcgkosw048BFJNRVZdhlptx159", "wxyz012345hijklm"}[(pos-group+4)%4]) {
				t[pos][c] |= asBase64 << group
			}
		}
	}
	return t
}

// suspects appends the tokens found around the words in text[lo:hi]. It is the loop that everything passes through:
// one look in thirty-two bytes, with a branch that data hardly ever takes. Four bytes of the word are enough for that,
// when they are not neighbours: neighbours are often of one kind.
func suspects(found []suspicion, text []byte, lo, hi int) []suspicion {
	t := roles
	hi = min(hi, len(text)-word+1)
	for at := (lo + stride - 1) &^ (stride - 1); at < hi; at += stride {
		w := (*[word]byte)(text[at:])
		if t[0][w[0]]&t[1][w[5]]&t[2][w[6]]&t[3][w[3]] != 0 {
			found = appendWord(found, text, at)
		}
	}
	return found
}

// readings returns what the word at a position can be, as bits.
func readings(text []byte, at int) uint8 {
	t, w := roles, (*[word]byte)(text[at:])
	return t[0][w[0]] & t[1][w[1]] & t[2][w[2]] & t[3][w[3]] & t[0][w[4]] & t[1][w[5]] & t[2][w[6]] & t[3][w[7]]
}

// appendWord judges the word at a position in every way it can be read.
func appendWord(found []suspicion, text []byte, at int) []suspicion {
	can := readings(text, at)
	for group := range 4 {
		if reading := uint8(asBase64 << group); can&reading != 0 {
			found = appendBase64(found, text, at, at+group, reading)
		}
	}
	if can&asDigit != 0 {
		if start, ok := runStart(text, at, asDigit); ok {
			found = appendPlain(found, text, start)
		}
	}
	for _, reading := range []uint8{asEvenDigit, asOddDigit} {
		if can&reading == 0 {
			continue
		}
		if start, ok := runStart(text, at, reading); ok {
			found = appendUTF16(found, text, start)
		}
	}
	return found
}

// runStart returns where the run that the word at a position belongs to starts, unless an earlier word belongs to it
// too, or it is too short to hold a token.
func runStart(text []byte, at int, reading uint8) (int, bool) {
	start, end := at, at+word
	for start > 0 && start > at-stride && roles[(start-1)&3][text[start-1]]&reading != 0 {
		start--
	}
	if start == at-stride {
		return 0, false
	}
	for end < len(text) && end < start+stretch && roles[end&3][text[end]]&reading != 0 {
		end++
	}
	return start, end-start == stretch
}
