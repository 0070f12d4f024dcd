package leak

import (
	"bytes"
	"slices"

	"github.com/gh-hex/gh-hex/core"
)

const (
	personalPrefix  = "hxtp_"
	workspacePrefix = "hxtw_"

	tokenDigits  = 96  // of a token as Hex makes them
	fewestDigits = 40  // behind a prefix
	fewestBare   = 64  // without one
	mostDigits   = 128 // more are not counted: it is not a token of the usual length in any case

	// Context that decides, in bytes on either side of the digits.
	nameContext    = 130 // a name and what stands between it and its value
	mentionContext = 512 // a host near a header
)

// judge decides on the run of digits that starts at text[start]; the byte before it is no digit.
func judge(text []byte, start int) (suspicion, bool) {
	n := countDigits(text[start:], mostDigits)
	s := suspicion{start: start, end: start + n, form: FormBare}
	var prefix []byte
	if at := start - len(personalPrefix); at >= 0 && isPrefix(text[at:start]) {
		prefix = text[at:start]
		s.start, s.form = at, FormPlain
		s.exact = n == tokenDigits
		s.certain = s.exact && !wordAt(text, s.end) && opensWord(text, at)
	}
	if n < fewestDigits || prefix == nil && !isBareToken(text, start, s.end) || isPlaceholder(text[start:s.end]) {
		return s, false
	}
	s.masked, s.token = mask(prefix, text[start:s.end]), tokenOf(prefix, text[start:s.end])
	return s, true
}

func isPrefix(p []byte) bool {
	return string(p) == personalPrefix || string(p) == workspacePrefix
}

func mask(prefix, digits []byte) string {
	return string(prefix) + "…" + string(digits[len(digits)-4:])
}

// tokenOf keeps a token in what shows none. Of a run that is longer than any token, it is the beginning.
func tokenOf(prefix, digits []byte) core.Token {
	token, _ := core.ParseToken(string(prefix) + string(digits))
	return token
}

func countDigits(p []byte, most int) int {
	n := 0
	for n < len(p) && n < most && isDigit(p[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' }

func isOctal(c byte) bool { return '0' <= c && c <= '7' }

func isHex(c byte) bool { return isDigit(c) || 'A' <= c && c <= 'F' }

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

func isWord(c byte) bool { return isLetter(c) || '0' <= c && c <= '9' || c == '_' }

func wordAt(text []byte, i int) bool { return i < len(text) && isWord(text[i]) }

// opensWord tells whether what starts at text[at] is glued to nothing before it. A letter or digit that ends an escape
// does not count: in "\nhxtp_…" the n stands for a line feed.
func opensWord(text []byte, at int) bool {
	return at == 0 || !isWord(text[at-1]) || endsEscape(text[max(0, at-12):at])
}

// endsEscape knows the escapes of programming languages, databases and JSON, of URLs (once or twice), the = of quoted-printable,
// and the colours of terminals.
func endsEscape(p []byte) bool {
	back := func(i int) byte {
		if i > len(p) {
			return 0
		}
		return p[len(p)-i]
	}
	hex := isHex(back(1)) && isHex(back(2))
	switch {
	case back(2) == '\\' && bytes.IndexByte([]byte("abefnrtv0"), back(1)) >= 0:
		return true
	case back(4) == '\\' && back(3) <= '3' && isOctal(back(3)) && isOctal(back(2)) && isOctal(back(1)):
		return true
	case hex && (back(3) == '%' || back(3) == 'x' && back(4) == '\\'):
		return true
	case hex && back(3) == '5' && back(4) == '2' && back(5) == '%':
		return true
	case hex && isHex(back(3)) && isHex(back(4)) && back(5) == 'u' && back(6) == '\\':
		return true
	case back(1) == 'D' && back(2) == '3' && back(3) == '=':
		return true
	}
	return endsColour(p)
}

func endsColour(p []byte) bool {
	codes, found := bytes.CutSuffix(p, []byte("m"))
	if !found {
		return false
	}
	return bytes.HasSuffix(bytes.TrimRight(codes, "0123456789;"), []byte("["))
}

// isPlaceholder tells whether digits were typed and not drawn: few different ones, or mostly one after the other, as in
// 0123456789abcdef and 000000. Of forty drawn digits, fewer than one in a billion look like that.
func isPlaceholder(digits []byte) bool {
	var seen [16]bool
	different, steps := 0, 0
	for i, c := range digits {
		v := digitValue(c)
		if !seen[v] {
			seen[v] = true
			different++
		}
		if i > 0 && isStep(digitValue(digits[i-1]), v) {
			steps++
		}
	}
	return different <= 5 || 5*steps >= 3*(len(digits)-1)
}

func digitValue(c byte) int {
	if c <= '9' {
		return int(c - '0')
	}
	return int(c-'a') + 10
}

// isStep tells whether b follows a or repeats it, going up or down; after 9 comes a or 0, after f comes 0.
func isStep(a, b int) bool {
	d := (a - b + 16) % 16
	return d <= 1 || d == 15 || a == 9 && b == 0 || a == 0 && b == 9
}

// isBareToken tells whether the digits of text[start:end] are given to Hex by what surrounds them.
func isBareToken(text []byte, start, end int) bool {
	if end-start < fewestBare || end-start < mostDigits && wordAt(text, end) {
		return false
	}
	return isAssigned(text, start, end) || isSentToHex(text, start, end)
}

// isAssigned tells whether a name of Hex's stands before the value at text[start], with something that assigns between.
func isAssigned(text []byte, start, end int) bool {
	before := text[max(0, start-nameContext):start]
	if len(before) == 0 || isWord(before[len(before)-1]) {
		return false
	}
	name := before[:gapStart(before)]
	if !bytes.ContainsAny(before[len(name):], "=:>, \t") {
		return false
	}
	from := len(name)
	for from > 0 && isWord(name[from-1]) {
		from--
	}
	hex := bytes.Index(bytes.ToUpper(name[from:]), []byte("HEX_"))
	if hex < 0 || !opensWord(name, from+hex) || !isHexName(string(name[from+hex:])) {
		return false
	}
	// The key of hex.pm, the Elixir packages, is most often called so, and Hex's hardly ever.
	return !bytes.HasPrefix(name[from+hex:], []byte("HEX_API_KEY")) || !mentionsAny(around(text, start, end),
		"hex.pm", "mix hex", "rebar3 hex", "hex.publish", "publish-hex")
}

// gapStart walks back over what can stand between a name and its value, in environment files, shells, YAML, JSON, XML
// and programs: at most 48 bytes, one line end and three words.
func gapStart(p []byte) int {
	const longest = 48
	i, lines, words := len(p), 0, 0
	for i > 0 && len(p)-i < longest {
		c := p[i-1]
		switch {
		case c == '\n':
			if lines++; lines > 1 {
				return i
			}
		case isLetter(c):
			w := i
			for w > 0 && isWord(p[w-1]) {
				w--
			}
			if words++; words > 3 || !joins(p[w:i]) {
				return i
			}
			i = w
			continue
		case bytes.IndexByte([]byte(" \t\r\"'`=:><,()[]{}\\/-+?|&$"), c) < 0:
			return i
		}
		i--
	}
	return i
}

// joins knows the words that stand between a name and its value: flags, keys of JSON and YAML, tags of XML.
func joins(w []byte) bool {
	return slices.ContainsFunc([]string{"value", "default", "body", "b", "key", "string"}, func(s string) bool {
		return bytes.EqualFold(w, []byte(s))
	})
}

// isHexName knows the names that secrets of Hex go by, alone or with a suffix, and the one that Terraform would use.
// A suffix that makes it the name of a digest is none of a secret.
func isHexName(name string) bool {
	for _, known := range []string{"HEX_API_TOKEN", "HEX_TOKEN", "HEX_API_KEY", "HEX_CLI_TOKEN", "HEX_RUN_TOKEN", "HEX_READ_TOKEN", "hex_api_token"} {
		if len(name) < len(known) || name[:len(known)] != known {
			continue
		}
		suffix := []byte(name[len(known):])
		return len(suffix) == 0 || suffix[0] == '_' && !mentionsAny(bytes.ToUpper(suffix), "SHA", "HASH", "DIGEST", "CHECKSUM", "FINGERPRINT")
	}
	return false
}

// isSentToHex tells whether the value is a bearer token in the neighbourhood of a Hex host.
func isSentToHex(text []byte, start, end int) bool {
	before := text[max(0, start-nameContext):start]
	scheme := bytes.TrimRight(before, " \t")
	if len(scheme) == len(before) || len(scheme) < len("bearer") || !bytes.EqualFold(scheme[len(scheme)-len("bearer"):], []byte("bearer")) {
		return false
	}
	return mentionsHost(around(text, start, end))
}

func around(text []byte, start, end int) []byte {
	return text[max(0, start-mentionContext):min(len(text), end+mentionContext)]
}

func mentionsAny(p []byte, words ...string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return bytes.Contains(p, []byte(w)) })
}

// mentionsHost looks for hex.tech or a host below it.
func mentionsHost(p []byte) bool {
	const host = "hex.tech"
	partOfName := func(i int) bool { return i >= 0 && i < len(p) && (isWord(p[i]) || p[i] == '-') }
	for at := 0; ; at++ {
		i := bytes.Index(p[at:], []byte(host))
		if i < 0 {
			return false
		}
		at += i
		if !partOfName(at-1) && !partOfName(at+len(host)) {
			return true
		}
	}
}
