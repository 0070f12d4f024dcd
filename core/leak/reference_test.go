package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
)

// The reference judges the same rules by regular expressions over whole texts: slow, and written down another way.
var (
	refRun    = regexp.MustCompile(`[0-9a-f]{39,}`)
	refEscape = regexp.MustCompile(`(?:\\[abefnrtv0]|\\[0-3][0-7]{2}|\\x[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|%(?:25)?[0-9A-Fa-f]{2}|=3D|\[[0-9;]*m)$`)
	refName   = regexp.MustCompile(`(HEX_(?:API_TOKEN|TOKEN|API_KEY|CLI_TOKEN|RUN_TOKEN|READ_TOKEN)|hex_api_token)(_\w*)?(` +
		`(?:` + refSep + `(?:(?i:value|default|body|b|key|string)` + refSep + `){0,3}))$`)
	refDigest = regexp.MustCompile(`(?i)SHA|HASH|DIGEST|CHECKSUM|FINGERPRINT`)
	refPM     = regexp.MustCompile(`hex\.pm|mix hex|rebar3 hex|hex\.publish|publish-hex`)
	refBearer = regexp.MustCompile(`(?i)bearer[ \t]+$`)
	refHost   = regexp.MustCompile(`(?:^|[^\w-])hex\.tech(?:$|[^\w-])`)
	refBase64 = regexp.MustCompile(`(?:[A-Za-z0-9+/_-]|(?:\r?\n|\\r\\n|\\n)[ \t]{0,64})+`)
	refGap    = regexp.MustCompile(`(?:` + refBreak + `)+`)
	refLeft   = regexp.MustCompile(strings.ReplaceAll(`hX*xX*tX*[pw]X*_((?:[0-9a-f]|X)*)$`, "X", "(?:"+refBreak+")"))
	refWrap   = regexp.MustCompile(`^(?:\r?\n|\\r\\n|\\n)[ \t]{0,64}`)
)

var refStandard = strings.NewReplacer("-", "+", "_", "/")

const refSep = "[ \\t\\r\\n\"'`=:><,()\\[\\]{}\\\\/\\-+?|&$]+"

const refBreak = "\\\\[nr]|[ \t\r\n\"'`,=\\\\+.&|]"

type verdict struct {
	start   int // of the token
	run     int // of its digits
	end     int
	certain bool
	bare    bool
	exact   bool
}

func refWord(s string, i int) bool {
	return i >= 0 && i < len(s) && strings.IndexByte("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", s[i]) >= 0
}

func refOpens(s string, at int) bool {
	return !refWord(s, at-1) || refEscape.MatchString(s[max(0, at-12):at])
}

func refPlaceholder(d string) bool {
	kinds, steps := map[byte]bool{}, 0
	for i := range len(d) {
		kinds[d[i]] = true
		if i > 0 && (d[i] == d[i-1] || strings.Contains("0123456789abcdef0 90", d[i-1:i+1]) || strings.Contains("0fedcba9876543210 09", d[i-1:i+1])) {
			steps++
		}
	}
	return len(kinds) <= 5 || float64(steps) >= 0.6*float64(len(d)-1)
}

func refAssigned(s string, start, end int) bool {
	m := refName.FindStringSubmatchIndex(s[max(0, start-130):start])
	if m == nil {
		return false
	}
	before := s[max(0, start-130):start]
	group := func(i int) string {
		if m[2*i] < 0 {
			return ""
		}
		return before[m[2*i]:m[2*i+1]]
	}
	if gap := group(3); len(gap) > 48 || strings.Count(gap, "\n") > 1 || !strings.ContainsAny(gap, "=:>, \t") {
		return false
	}
	near := s[max(0, start-512):min(len(s), end+512)]
	return refOpens(before, m[0]) && !refDigest.MatchString(group(2)) && (group(1) != "HEX_API_KEY" || !refPM.MatchString(near))
}

// refJudge returns what it finds in s, each decided by so much of s as before and after say.
func refJudge(s string, before, after int, parts bool) []verdict {
	var out []verdict
	for _, m := range refRun.FindAllStringIndex(s, -1) {
		cut := max(0, m[0]-before)
		view := s[cut:min(len(s), m[0]+after)]
		at := m[0] - cut
		n := min(len(refRun.FindString(view[at:])), 128)
		v := verdict{run: m[0], start: m[0], end: m[0] + n, bare: true}
		if at >= 5 && (view[at-5:at] == "hxtp_" || view[at-5:at] == "hxtw_") {
			v.start, v.bare = m[0]-5, false
			v.exact = n == 96
			v.certain = n == 96 && !refWord(view, at+96) && refOpens(view, at-5)
		}
		if joined, ok := refBroken(view, at); ok && parts && !v.certain && (joined.certain || n < 40 || v.bare) {
			joined.start, joined.end, joined.run = cut+joined.start, cut+joined.end, m[0]
			out = append(out, joined)
			continue
		}
		if !v.bare && n >= 40 {
			// judged already
		} else if n < 64 || n < 128 && refWord(view, at+n) || !refAssigned(view, at, at+n) &&
			!(refBearer.MatchString(view[max(0, at-130):at]) && refHost.MatchString(view[max(0, at-512):min(len(view), at+n+512)])) {
			continue
		}
		if !refPlaceholder(view[at : at+n]) {
			out = append(out, v)
		}
	}
	return out
}

// refBroken judges the digits at s[at] as a part of a token in several.
func refBroken(s string, at int) (verdict, bool) {
	left := refLeft.FindStringSubmatchIndex(s[max(0, at-512):at])
	if left == nil {
		return verdict{}, false
	}
	v := verdict{start: max(0, at-512) + left[0], certain: true}
	before := s[max(0, at-512):at][left[2]:]
	own := refGap.FindString(before)
	if !strings.HasPrefix(before, own) {
		own = ""
	}
	v.certain = !strings.ContainsAny(own, "\"'`")
	joined := !v.certain && own == before && strings.ContainsAny(own, "+.&|")
	gaps := refGap.FindAllString(s[v.start:at], -1)
	digits, end := refGap.ReplaceAllString(before, ""), at
	for end < min(len(s), at+512) && len(digits) < 96 {
		if strings.IndexByte("0123456789abcdef", s[end]) >= 0 {
			digits, end = digits+s[end:end+1], end+1
			continue
		}
		g := refGap.FindStringIndex(s[end:min(len(s), at+512)])
		if g == nil || g[0] > 0 {
			break
		}
		gaps, end = append(gaps, s[end:end+g[1]]), end+g[1]
	}
	valid := func(gaps []string) bool {
		for _, g := range gaps {
			lineEnd := strings.Contains(g, "\n") || strings.Contains(g, `\n`) || strings.Contains(g, `\r`)
			quotes := strings.Count(g, "\"") + strings.Count(g, "'") + strings.Count(g, "`")
			v.certain = v.certain && !strings.ContainsAny(g, "+.&|") && (lineEnd || strings.Contains(g, ","))
			if len(g) > 64 || !lineEnd && quotes < 2 {
				return false
			}
		}
		return true
	}
	if len(digits) == 96 && valid(gaps) && refOpens(s, v.start) && !refWord(s, end) {
		v.end = end
		return v, !refPlaceholder(digits)
	}
	run := refRun.FindString(s[at:])
	run = run[:min(len(run), 128)]
	v.certain, v.end = false, at+len(run)
	return v, joined && len(run) >= 40 && valid(refGap.FindAllString(s[v.start:at], -1)) && !refPlaceholder(run)
}

func reference(data []byte) []Match {
	var out []Match
	for _, v := range refJudge(string(data), len(data), len(data), true) {
		form := FormPlain
		if v.bare {
			form = FormBare
		}
		out = append(out, Match{Offset: int64(v.start), Certain: v.certain || v.exact && bytes.IndexByte(data, 0) >= 0, Form: form})
	}
	out = append(out, referenceUTF16(data)...)
	out = append(out, referenceBase64(data)...)
	slices.SortStableFunc(out, func(a, b Match) int {
		if a.Offset == b.Offset && a.Certain != b.Certain && a.Certain {
			return -1
		}
		return int(a.Offset - b.Offset)
	})
	out = slices.CompactFunc(out, func(a, b Match) bool { return a.Offset == b.Offset })
	for i := range out {
		out[i].Line, out[i].Column = refPosition(data, int(out[i].Offset), out[i].Form)
	}
	return out
}

func referenceUTF16(data []byte) []Match {
	var found [2]map[int]Match // by byte order, by where the first digit's own byte stands
	for low := range 2 {
		found[low] = map[int]Match{}
		for odd := range 2 {
			var view []byte
			for i := odd; i+1 < len(data); i += 2 {
				c := data[i+low]
				if data[i+1-low] != 0 {
					c = 0xff
				}
				view = append(view, c)
			}
			for _, v := range refJudge(string(view), brokenContext, brokenContext, true) {
				found[low][odd+2*v.run+low] = Match{Offset: int64(odd + 2*v.start), Certain: v.certain, Form: FormUTF16}
			}
		}
	}
	var out []Match
	for at := range data {
		little, isLittle := found[0][at]
		big, isBig := found[1][at]
		last := at
		for last+2 < len(data) && data[last+1] == 0 && strings.IndexByte("0123456789abcdef", data[last+2]) >= 0 {
			last += 2
		}
		closed := last-at >= 2*mostDigits || last+1 < len(data) && data[last+1] == 0
		switch {
		case isLittle && (!isBig || at%2 == 0 && closed):
			out = append(out, little)
		case isBig:
			out = append(out, big)
		}
	}
	return out
}

func referenceBase64(data []byte) []Match {
	var out []Match
	for _, m := range refBase64.FindAllIndex(data, -1) {
		var chars []byte
		var at []int
		for i := m[0]; i < m[1]; {
			if w := refWrap.FindIndex(data[i:m[1]]); w != nil {
				i += w[1]
				continue
			}
			chars, at = append(chars, refStandard.Replace(string(data[i]))...), append(at, i)
			i++
		}
		for phase := range min(4, len(chars)) {
			part, where := chars[phase:], at[phase:]
			view, _ := base64.RawStdEncoding.DecodeString(string(part[:len(part)/4*4]))
			if rest := part[len(part)/4*4:]; len(rest) > 1 {
				end, _ := base64.RawStdEncoding.DecodeString(string(rest))
				view = append(view, end...)
			}
			for _, v := range refJudge(string(view), viewBefore, viewFrom, false) {
				if refLine(string(view), where, v.run) {
					out = append(out, Match{Offset: int64(where[v.start*8/6]), Certain: v.certain, Form: FormBase64})
				}
			}
		}
	}
	return out
}

// refLine tells whether enough of the digits stand in one line.
func refLine(view string, where []int, run int) bool {
	n := 0
	for i := run; i < len(view) && strings.IndexByte("0123456789abcdef", view[i]) >= 0; i++ {
		first, last := i*8/6, (i*8+7)/6
		switch {
		case where[last] != where[first]+last-first:
			n = 0 // a character of this byte stands on the next line
		case n == 0 || where[first]-where[first-1] != 1 && (i*8)%6 == 0:
			n = 1
		default:
			n++
		}
		if n >= fewestInLine {
			return true
		}
	}
	return false
}

func refPosition(data []byte, offset int, form string) (line, column int) {
	line, column = 1, 1
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		for i := 2; i < offset&^1; i += 2 {
			u := int(data[i]) | int(data[i+1])<<8
			if data[0] == 0xfe {
				u = int(data[i])<<8 | int(data[i+1])
			}
			if u < 0xdc00 || u > 0xdfff {
				column++
			}
			if u == '\n' {
				line, column = line+1, 1
			}
		}
		return line, column
	}
	start := bytes.LastIndexByte(data[:offset], '\n') + 1
	line += bytes.Count(data[:offset], []byte("\n"))
	if form == FormUTF16 {
		return line, (offset-start)/2 + 1
	}
	for _, b := range data[start:offset] {
		if b < 0x80 || b > 0xbf {
			column++
		}
	}
	if start == 0 && bytes.HasPrefix(data, []byte("\xef\xbb\xbf")) {
		column--
	}
	return line, column
}

// cooked turns arbitrary bytes into a text in which tokens, and what is nearly one, are frequent: each byte of the
// recipe adds something to the text or encodes what was added last.
func cooked(recipe []byte) []byte {
	var out []byte
	last := 0
	for i, b := range recipe {
		arg := i + len(recipe)
		if i+1 < len(recipe) {
			arg = int(recipe[i+1])
		}
		part := string(out[last:])
		switch b % 13 {
		case 0:
			last = len(out)
			out = append(out, "hxtp_"+hex.EncodeToString(drawn(uint64(arg), 48))...)
		case 1:
			last = len(out)
			out = append(out, [...]string{"hxtp_", "hxtw_", "HEX_API_TOKEN", "HEX_API_KEY_2", "hex_api_token", "Bearer ", "https://app.hex.tech/", "mix hex.publish", " value", "HEX_TOKEN_SHA"}[arg%10]...)
		case 2:
			out = append(out, hex.EncodeToString(drawn(uint64(arg), 65))[:arg%131]...)
		case 3:
			out = append(out, [...]string{" ", "=", ":", "\"", "\n", "\r\n", "\\n", "_", "%3D", "\x1b[1m", "\\", "\\u003d", " = ", "--body "}[arg%14]...)
		case 4:
			out = append(out, byte(arg))
		case 5:
			out = append(out[:last], inBase64(part)...)
		case 6:
			out = append(out[:last], base64.RawURLEncoding.EncodeToString([]byte(part))...)
		case 7:
			out = append(out[:last], inUTF16(part, binary.LittleEndian)...)
		case 8:
			out = append(out[:last], inUTF16(part, binary.BigEndian)...)
		case 9:
			out = append(out[:last], wrapped(part, [...]string{"\n", "\r\n", "\\n", "\n  "}[arg%4], 20+arg/2)...)
		case 10:
			out = append(out, strings.Repeat([...]string{"ab", "0123456789abcdef", "é", "\x00"}[arg%4], arg/4)...)
		case 11:
			last = len(out)
		case 12:
			out = append(out[:last], wrapped(part, [...]string{"=\n", "\\\n", "\" +\n  \"", "\",\n  \"", "\\n\",\n\"", "\",\"", "\" + \"", "' . '", "\\040"}[arg%9], 39+arg/4)...)
		}
		if len(out) > 8<<10 {
			break
		}
	}
	return out
}

// differs compares with the reference, at once and cut into small windows.
func differs(data []byte) string {
	want := reference(data)
	got := Find(data)
	s := Scanner{buf: make([]byte, 2*reach+2*stride)}
	scanned, err := s.Scan(bytes.NewReader(data))
	if err != nil || !slices.Equal(scanned, got) {
		return fmt.Sprintf("scanned %+v, %v\n  found %+v", scanned, err, got)
	}
	for i := range got {
		if got[i].Token.Fingerprint() == "" || !strings.HasSuffix(got[i].Masked, got[i].Token.String()[len(got[i].Token.String())-4:]) {
			return fmt.Sprintf("%+v has no token", got[i])
		}
		got[i].Masked, got[i].Token = "", core.Token{}
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("found %+v\n want %+v", got, want)
	}
	return ""
}

func TestAgreesWithReference(t *testing.T) {
	for _, p := range plantedTexts() {
		if d := differs([]byte(p.text)); d != "" {
			t.Errorf("%s: %s", p.name, d)
		}
	}
	for seed := range uint64(150) {
		data := cooked(drawn(seed, 4+int(seed%40)))
		if d := differs(data); d != "" {
			t.Fatalf("seed %d: %q\n%s", seed, data, d)
		}
	}
}

func FuzzFind(f *testing.F) {
	for _, p := range plantedTexts() {
		f.Add([]byte(p.text), false)
	}
	for seed := range uint64(50) {
		f.Add(drawn(seed, 30), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, recipe bool) {
		if len(data) > 8<<10 {
			return // the reference is too slow
		}
		if recipe {
			data = cooked(data)
		}
		if d := differs(data); d != "" {
			t.Errorf("%q\n%s", data, d)
		}
	})
}

func FuzzMask(f *testing.F) {
	f.Add([]byte("\x00\x01\x03\x00"))
	f.Fuzz(func(t *testing.T, recipe []byte) {
		recipe = recipe[:min(len(recipe), 1<<10)]
		masked := Mask(string(cooked(recipe)))
		for _, m := range Find([]byte(masked)) {
			if m.Certain {
				t.Errorf("a token is left in %q", masked)
			}
		}
	})
}
