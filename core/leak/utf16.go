package leak

func appendPlain(found []suspicion, text []byte, start int) []suspicion {
	if s, ok := judgeBroken(text, start); ok {
		return append(found, s)
	}
	return found
}

// appendUTF16 judges digits that are separated by zeros. Which of its two neighbours a zero belongs to cannot be seen
// from the digits, so the byte order that fits the offset is tried first, unless the last digit's zero is missing.
func appendUTF16(found []suspicion, text []byte, start int) []suspicion {
	if text[start] == 0 {
		start++
	}
	low := start & 1 // where in a character its low byte stands
	if low == 0 && !endsInZero(text[start:]) {
		low = 1
	}
	for _, low := range [...]int{low, 1 - low} {
		if s, ok := judgeUTF16(text, start-low, low); ok {
			return append(found, s)
		}
	}
	return found
}

// endsInZero tells whether the last one of the digits that p starts with has a zero behind it.
func endsInZero(p []byte) bool {
	i := 0
	for i+2 < len(p) && i < 2*(mostDigits-1) && p[i+1] == 0 && isDigit(p[i+2]) {
		i += 2
	}
	return i+1 < len(p) && p[i+1] == 0
}

// judgeUTF16 judges digits whose first character starts at text[start].
func judgeUTF16(text []byte, start, low int) (suspicion, bool) {
	if start < 0 {
		return suspicion{}, false
	}
	var buf [2 * brokenContext]byte
	before := min(start/2, brokenContext)
	first := start - 2*before
	view := buf[:min(before+brokenContext, (len(text)-first)/2)]
	for i := range view {
		view[i] = text[first+2*i+low]
		if text[first+2*i+1-low] != 0 {
			view[i] = 0xff // no ASCII, so no letter and no digit
		}
	}
	s, ok := judgeBroken(view, before)
	s.exact = false // the zeros are those of its characters
	s.start, s.end, s.form = first+2*s.start, first+2*s.end, FormUTF16
	return s, ok
}
