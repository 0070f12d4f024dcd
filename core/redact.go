package core

import (
	"encoding/base64"
	"strconv"
	"strings"
	"sync"
)

const (
	// fewestRedacted is from how many letters and digits on a token is recognised in other spellings than its own: what is
	// shorter stands by accident in too much.
	fewestRedacted = 16
	// widestGap is how many bytes may stand between two of a token's, such as blanks, in other spellings.
	widestGap = 12
)

// redactor shortens one secret in what a service sent, in whatever spelling it comes back.
type redactor struct {
	secret, shown string
	spellings     func() []spelling
}

// Redaction takes a secret that is no Hex token, such as the login of another service, out of what that service sent.
func Redaction(secret string) func(text string) string {
	return redactionOf(secret, "…").redact
}

// spelling is a way to write a token: its letters and digits in a row, whatever stands between them.
type spelling struct {
	chars string
	fold  bool // either case will do
}

func newRedactor(token Token) *redactor { return redactionOf(token.Reveal(), token.String()) }

func redactionOf(secret, shown string) *redactor {
	return &redactor{secret, shown, sync.OnceValue(func() []spelling { return spellingsOf(secret) })}
}

// spellingsOf are the token itself in either case, and its base64 in the three ways in which it can lie in the text that was
// encoded, without the characters that depend on its neighbours there. The two alphabets differ in no letter or digit.
func spellingsOf(secret string) []spelling {
	all := []spelling{{strings.ToLower(lettersAndDigits(secret)), true}}
	if len(all[0].chars) < fewestRedacted {
		return nil
	}
	for before := range 3 {
		encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
		first := []int{0, 2, 3}[before]
		whole := (before + len(secret)) * 8 / 6
		all = append(all, spelling{chars: lettersAndDigits(encoded[first:whole])})
	}
	return all
}

func lettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < 0x80 && isLetterOrDigit(byte(r)) {
			return r
		}
		return -1
	}, s)
}

func isLetterOrDigit(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' }

// redact returns text with the token shortened wherever it stands: as it is, in upper case, with anything but letters and
// digits in between, percent-encoded, as escapes of JSON or HTML, and in base64.
func (r *redactor) redact(text string) string {
	if r.secret == "" {
		return text
	}
	text = strings.ReplaceAll(text, r.secret, r.shown)
	for _, s := range r.spellings() {
		text = s.replace(text, r.shown)
	}
	return text
}

func (s spelling) replace(text, by string) string {
	var out strings.Builder
	done := 0
	for i := 0; i < len(text); i++ {
		if !s.mayBegin(text[i]) {
			continue
		}
		end := s.match(text, i)
		if end < 0 {
			continue
		}
		out.WriteString(text[done:i])
		out.WriteString(by)
		done, i = end, end-1
	}
	if done == 0 {
		return text
	}
	return out.String() + text[done:]
}

// mayBegin spares most characters the closer look.
func (s spelling) mayBegin(c byte) bool {
	return c|0x20 == s.chars[0]|0x20 || c == '%' || c == '\\' || c == '&'
}

// match returns where the spelling ends that begins at i; -1 when none does.
func (s spelling) match(text string, i int) int {
	gap := 0
	for found := 0; found < len(s.chars); {
		if i >= len(text) || gap > widestGap {
			return -1
		}
		c, size := decodeChar(text[i:])
		if s.fold && c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		switch {
		case c == s.chars[found]:
			found, gap = found+1, 0
		case found == 0 || isLetterOrDigit(c):
			return -1
		default:
			gap++
		}
		i += size
	}
	return i
}

// decodeChar reads the character that begins a text, written out or as %68, \u0068, \x68, &#104; or &#x68;. Of a character
// beyond ASCII it is one byte, and so is the break in an escape such as \n.
func decodeChar(text string) (c byte, size int) {
	switch {
	case text[0] == '%':
		return decodeNumber(text, 1, 2, 16)
	case strings.HasPrefix(text, `\u`):
		return decodeNumber(text, 2, 4, 16)
	case strings.HasPrefix(text, `\x`):
		return decodeNumber(text, 2, 2, 16)
	case len(text) > 1 && text[0] == '\\' && strings.IndexByte("nrtbf", text[1]) >= 0:
		return ' ', 2
	case strings.HasPrefix(text, "&#"):
		return decodeEntity(text)
	}
	return text[0], 1
}

func decodeNumber(text string, start, digits, base int) (c byte, size int) {
	if len(text) < start+digits {
		return text[0], 1
	}
	n, err := strconv.ParseUint(text[start:start+digits], base, 32)
	if err != nil {
		return text[0], 1
	}
	if n > 0x7f {
		return ' ', start + digits
	}
	return byte(n), start + digits
}

func decodeEntity(text string) (c byte, size int) {
	const longest = 8
	end := strings.IndexByte(text[:min(len(text), longest)], ';')
	switch {
	case end < 3:
		return text[0], 1
	case text[2]|0x20 == 'x':
		c, size = decodeNumber(text, 3, end-3, 16)
	default:
		c, size = decodeNumber(text, 2, end-2, 10)
	}
	if size == end {
		size++
	}
	return c, size
}
