package leak

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"
)

// digits draws n hexadecimal digits. Tokens are made here and stand in no file, for the scanner is run over this
// repository too.
func digits(seed uint64, n int) string {
	return hex.EncodeToString(drawn(seed, (n+1)/2))[:n]
}

func token(seed uint64) string { return "hxtp_" + digits(seed, 96) }

func inUTF16(s string, order binary.AppendByteOrder) string {
	var out []byte
	for _, u := range utf16.Encode([]rune(s)) {
		out = order.AppendUint16(out, u)
	}
	return string(out)
}

func inBase64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

func wrapped(s, lineEnd string, width int) string {
	var lines []string
	for part := range slices.Chunk([]byte(s), width) {
		lines = append(lines, string(part))
	}
	return strings.Join(lines, lineEnd)
}

const (
	certain  = "certain "
	probable = "probable "
	silent   = ""
)

type planted struct {
	name string
	text string
	want string // certain or probable and the form; empty when nothing is to be found
}

func plantedTexts() []planted {
	tok, work := token(1), "hxtw_"+digits(2, 96)
	bare := digits(3, 64)
	name := func(s string) string { return strings.ReplaceAll(s, "$", bare) }
	le, be := binary.LittleEndian, binary.BigEndian
	return slices.Concat([]planted{
		{"alone", tok, certain + FormPlain},
		{"workspace", work, certain + FormPlain},
		{"in an environment file", "A=1\nHEX_API_TOKEN=" + tok + "\nB=2\n", certain + FormPlain},
		{"quoted", `token: "` + tok + `"`, certain + FormPlain},
		{"in a URL", "https://app.hex.tech/?token=" + tok + "&x=1", certain + FormPlain},
		{"as a bearer", "Authorization: Bearer " + tok, certain + FormPlain},
		{"in binary", "\x00\x01\xff" + tok + "\x00\xfe", certain + FormPlain},
		{"in CJK text", "令牌" + tok + "です", certain + FormPlain},
		{"before a dash", tok + "-old", certain + FormPlain},
		{"after an escaped line feed", `"A=1\n` + tok + `\nB"`, certain + FormPlain},
		{"after an escaped tab", `"\t` + tok + `"`, certain + FormPlain},
		{"after an escaped quote", `"{\"` + tok + `\"}"`, certain + FormPlain},
		{"after an escape in a URL", "?q=token%3D" + tok + "%0A", certain + FormPlain},
		{"after one escaped twice", "?q=token%253D" + tok, certain + FormPlain},
		{"after an escaped character", `"\u003d` + tok + `"`, certain + FormPlain},
		{"after an escaped byte", `'\x3d` + tok + `'`, certain + FormPlain},
		{"in quoted-printable", "token=3D" + tok, certain + FormPlain},
		{"after an octal escape", `Bearer\040` + tok + `\040x`, certain + FormPlain},
		{"after no octal escape", `\480` + tok, probable + FormPlain},
		{"in colour", "\x1b[1;32m" + tok + "\x1b[0m", certain + FormPlain},

		{"glued in binary", "\x00x" + tok + "y", certain + FormPlain},
		{"glued in binary, the zero behind it", "x" + tok + "_\x00", certain + FormPlain},
		{"glued in binary to a digit", "\x00x" + tok + "0", probable + FormPlain},
		{"one digit less in binary", "\x00x" + tok[:100] + "y", probable + FormPlain},
		{"glued UTF-16 in binary", "\x00\x00" + inUTF16("x"+tok, le), probable + FormUTF16},
		{"glued base64 in binary", "\x00" + inBase64("x"+tok), probable + FormBase64},

		{"in lines of 76", wrapped("key = "+tok, "\n", 76), certain + FormPlain},
		{"in lines of 40", wrapped(tok, "\r\n", 40), certain + FormPlain},
		{"in indented lines", wrapped("a: "+tok+" b", "\n    ", 60), certain + FormPlain},
		{"in lines of quoted-printable", "token=3D" + wrapped(tok, "=\r\n", 68) + "\n", certain + FormPlain},
		{"in lines of a shell", wrapped("export T="+tok, "\\\n", 50), certain + FormPlain},
		{"in escaped lines", `{"out": "` + wrapped(tok, `\n`, 80) + `"}`, certain + FormPlain},
		{"in a notebook", `["` + wrapped(tok, "\\n\",\n      \"", 70) + `\n", "x"]`, certain + FormPlain},
		{"in a list of JSON", `["` + wrapped(tok, `", "`, 60) + `"]`, certain + FormPlain},
		{"in lines of five", wrapped("x: "+tok, "\n", 5), silent},
		{"broken in its prefix alone", "hx\ntp_" + tok[5:] + "\n", certain + FormPlain},
		{"broken behind its prefix", "hxtp_\n" + tok[5:] + "\n", certain + FormPlain},
		{"broken UTF-16", inUTF16(wrapped("T = "+work, "\r\n", 80)+"\r\n", le), certain + FormUTF16},
		{"broken UTF-16 big-endian", inUTF16(wrapped(work, "\n", 80), be), certain + FormUTF16},
		{"broken and glued before", "x" + wrapped(tok, "\n", 70), probable + FormPlain},
		{"broken and glued after", wrapped(tok+"x", "\n", 70), probable + FormPlain},
		{"broken, one digit less", wrapped(tok[:100], "\n", 70), probable + FormPlain},
		{"too many digits in two lines", tok[:50] + "\n" + digits(4, 60) + " ", probable + FormPlain},
		{"joined by a program", `t = "hxtp_" + "` + tok[5:] + `"`, probable + FormPlain},
		{"joined, shorter", `t = 'hxtp_' . '` + digits(4, 40) + `'`, probable + FormPlain},
		{"joined over lines", "t = (\"hxtp_\"\n   + \"" + tok[5:] + `")`, probable + FormPlain},
		{"joined in the middle", `t = "` + tok[:50] + `" + "` + tok[50:] + `"`, probable + FormPlain},
		{"joined without an operator", `t = "hxtp_" "` + tok[5:] + `"`, probable + FormPlain},

		{"glued before", "x" + tok, probable + FormPlain},
		{"glued to a digit", "7" + tok, probable + FormPlain},
		{"glued to an underscore", "_" + tok, probable + FormPlain},
		{"glued after", tok + "g", probable + FormPlain},
		{"glued to a capital", tok + "A", probable + FormPlain},
		{"glued to an underscore after", tok + "_", probable + FormPlain},
		{"forty digits", "hxtp_" + digits(4, 40), probable + FormPlain},
		{"one digit less", "hxtp_" + digits(4, 95), probable + FormPlain},
		{"one digit more", "hxtp_" + digits(4, 97), probable + FormPlain},
		{"very long", "hxtp_" + digits(4, 5000), probable + FormPlain},
		{"after m of no colour", "m" + tok, probable + FormPlain},

		{"UTF-16 little-endian", inUTF16("A="+tok+"\n", le), certain + FormUTF16},
		{"UTF-16 big-endian", inUTF16("A="+tok+"\n", be), certain + FormUTF16},
		{"UTF-16 with mark", "\xff\xfe" + inUTF16("é "+tok, le), certain + FormUTF16},
		{"UTF-16 big-endian with mark", "\xfe\xff" + inUTF16("é "+tok, be), certain + FormUTF16},
		{"UTF-16 at an odd offset", "x" + inUTF16(tok, le), certain + FormUTF16},
		{"UTF-16 big-endian at an odd offset", "x" + inUTF16(tok, be), certain + FormUTF16},
		{"UTF-16 after CJK", inUTF16("令牌"+tok+"令", le), certain + FormUTF16},
		{"UTF-16 big-endian after CJK", inUTF16("令牌"+tok+"令", be), certain + FormUTF16},
		{"UTF-16 glued", inUTF16("x"+tok, le), probable + FormUTF16},
		{"UTF-16 bare", inUTF16("HEX_API_TOKEN="+bare, le), probable + FormUTF16},

		{"base64", inBase64(tok), certain + FormBase64},
		{"base64 at 1", inBase64(":" + tok), certain + FormBase64},
		{"base64 at 2", inBase64("::" + tok), certain + FormBase64},
		{"base64 of a workspace token", inBase64("?:" + work), certain + FormBase64},
		{"base64 without padding", base64.RawStdEncoding.EncodeToString([]byte("user:" + tok)), certain + FormBase64},
		{"base64 for URLs", base64.URLEncoding.EncodeToString([]byte("\xff\xff\xfe=" + tok + "\xff\xff")), certain + FormBase64},
		{"base64 for URLs, glued", base64.URLEncoding.EncodeToString([]byte("\xfb\x01x" + tok)), probable + FormBase64},
		{"base64 for URLs, glued otherwise", base64.URLEncoding.EncodeToString([]byte("\xff\x01x" + tok)), probable + FormBase64},
		{"base64 of a file", inBase64("HEX_PROJECT_ID=1\nHEX_API_TOKEN=" + tok + "\nB=2\n"), certain + FormBase64},
		{"base64 in lines of 76", wrapped(inBase64(strings.Repeat("A=1\n", 20)+tok+"\nB=2\n"), "\r\n", 76), certain + FormBase64},
		{"base64 in lines of 64", wrapped(inBase64(strings.Repeat("A=1\n", 11)+tok+"\nB=2\n"), "\n", 64), certain + FormBase64},
		{"base64 in indented lines", wrapped(inBase64(strings.Repeat("A=1\n", 9)+tok+"\nB=2\n"), "\n    ", 60), certain + FormBase64},
		{"base64 in JSON", `{"content":"` + wrapped(inBase64(strings.Repeat("A=1\n", 9)+tok), `\n`, 60) + `\n"}`, certain + FormBase64},
		{"base64 glued", inBase64("x" + tok), probable + FormBase64},
		{"base64 of a short one", inBase64("hxtp_" + digits(5, 40)), probable + FormBase64},
		{"base64 bare", inBase64("A=1\nHEX_API_TOKEN=" + bare + "\n"), probable + FormBase64},

		{"hex.tech by curl", name("curl -H 'Authorization: Bearer $' https://app.hex.tech/api/v1/projects"), probable + FormBare},
		{"hex.tech in lines", name("fetch('https://eu.hex.tech/api', {\n headers: {\n  authorization: `bearer $`"), probable + FormBare},
	}, assignments(name), noises())
}

// assignments are bare digits given to a name of Hex's.
func assignments(name func(string) string) []planted {
	var out []planted
	for _, text := range []string{
		"HEX_API_TOKEN=$", "export HEX_API_TOKEN=\"$\"\n", "HEX_API_TOKEN: $", "HEX_API_TOKEN = '$'", `"HEX_API_TOKEN" => "$"`,
		`{"HEX_API_TOKEN": "$"}`, `"{\"HEX_API_TOKEN\":\"$\"}"`, `"A=1\nHEX_API_TOKEN=$\n"`, "ENV HEX_API_TOKEN $", "setx HEX_API_TOKEN $",
		"- name: HEX_API_TOKEN\r\n  value: \"$\"", `{"name":"HEX_API_TOKEN","value":"$"}`, `os.Setenv("HEX_API_TOKEN", "$")`,
		"HEX_API_TOKEN: >-\n  $", "gh secret set HEX_API_TOKEN --body $", "gh secret set HEX_API_TOKEN -b\"$\"", "${HEX_API_TOKEN:-$}",
		"<key>HEX_API_TOKEN</key>\n<string>$</string>", `<add key="HEX_API_TOKEN" value="$"/>`, "os.environ['HEX_API_TOKEN'] = '$'",
		"HEX_API_TOKEN_EU=$", "HEX_TOKEN=$", "HEX_API_KEY=$", "HEX_CLI_TOKEN=$", "HEX_RUN_TOKEN=$", "HEX_READ_TOKEN_2=$", `hex_api_token = "$"`,
	} {
		out = append(out, planted{text, name(text), probable + FormBare})
	}
	return append(out, planted{"longer", name("HEX_API_TOKEN=$" + digits(9, 32)), probable + FormBare},
		planted{"longer than is counted", name("HEX_API_TOKEN=$" + digits(9, 200)), probable + FormBare})
}

// noises are what looks like a token and is none.
func noises() []planted {
	bare, sum := digits(3, 64), digits(6, 64)
	var out []planted
	for _, text := range []string{
		"", "hxtp_", "hxtw_your_token_here", "hxtp_...", "hxtp_…", "hxtp_xxxxxxxxxxxxxxxx", "hxtp_" + strings.Repeat("x", 96),
		"hxtp_" + strings.Repeat("0", 96), "hxtw_" + strings.Repeat("a", 96), "hxtp_" + strings.Repeat("0123456789abcdef", 6),
		"hxtp_" + strings.Repeat("1234567890", 9) + "123456", "hxtp_" + strings.Repeat("deadbeef", 12), "hxtp_" + strings.Repeat("fedcba9876543210", 6),
		inBase64("hxtp_" + strings.Repeat("0", 96)), inUTF16("hxtp_"+strings.Repeat("abc", 32), binary.LittleEndian),
		"HXTP_" + strings.ToUpper(digits(1, 96)), "HXTP_" + digits(1, 96), "hxtp_" + strings.ToUpper(digits(1, 96)), "hxtq_" + digits(1, 96), "hxtp-" + digits(1, 96),
		"hxtp_header_length", "hxtp_" + digits(4, 39), "hxtp_" + digits(4, 39) + "G" + digits(5, 39), "hxtp_ " + digits(1, 96),
		"sha256:" + sum, sum + "  file.tar.gz", "image@sha256:" + sum, "SHA=" + sum, "digest: " + digits(6, 96), digits(6, 4096),
		inBase64(sum), inUTF16(sum, binary.BigEndian), inBase64(digits(6, 4096)),
		"hxtp_\n" + sum, `["hxtp_", "` + sum + `"]`, `"hxtp_" "` + sum + `"`, `"hxtp_" + "` + digits(4, 39) + `"`, `"hxtp_" + "` + strings.Repeat("0", 96) + `"`,
		"hxtp_\n\n-" + digits(1, 96), "hxtp_" + strings.Repeat(" ", 70) + "\n" + digits(1, 96), "hxtp_\n" + digits(1, 97), "hxtp_\n" + digits(1, 95) + "\n", "\x00hxtp_" + digits(4, 39),
		wrapped("hxtp_"+strings.Repeat("0123456789abcdef", 6), "\n", 60)[:61], strings.Repeat(sum+"\n", 20), "HEX_API_TOKEN=" + digits(3, 63), "HEX_API_KEY=" + digits(3, 32), "HEX_API_KEY=" + digits(3, 40), "HEX_API_TOKEN=" + bare + "g", "HEX_API_TOKEN=" + strings.ToUpper(bare),
		"HEX_API_TOKEN=" + strings.Repeat("0", 64), "HEX_API_TOKEN=sha256:" + sum, "HEX_API_TOKEN_SHA256=" + sum, "HEX_API_TOKENS=" + sum, "MY_HEX_API_TOKEN=" + sum,
		"HEX_API_TOKEN=\nSHA=" + sum, "HEX_API_TOKEN=\n\n" + sum, "HEX_API_TOKEN-" + sum, "HEX_API_TOKEN # " + sum, "HEX_API_TOKEN=string" + sum, "HEX_COLOR=" + sum, "hex_token = '" + sum + "'",
		"run: mix hex.publish --yes\nenv:\n  HEX_API_KEY: " + sum, "HEX_API_TOKEN" + strings.Repeat(" ", 60) + sum,
		"Authorization: Bearer " + sum, "https://api.example.com Bearer " + sum, "https://myhex.tech Bearer " + sum, "https://hex.technology Bearer " + sum,
		"https://app.hex.tech" + strings.Repeat(" ", 600) + "Bearer " + sum, "https://app.hex.tech Bearer " + digits(6, 63), "https://app.hex.tech Basic " + sum,
		base64.URLEncoding.EncodeToString(drawn(7, 3000)), string(drawn(8, 3000)), strings.Repeat("hxtp_", 100), strings.Repeat("\x00", 500),
	} {
		out = append(out, planted{fmt.Sprintf("noise %.50q", text), text, silent})
	}
	return out
}

func describe(m Match) string {
	if m.Certain {
		return certain + m.Form
	}
	return probable + m.Form
}

// Wherever a text stands, and however it arrives, the same must be found in it.
func TestFindsPlantedTexts(t *testing.T) {
	for _, p := range plantedTexts() {
		t.Run(p.name, func(t *testing.T) {
			want := []string{p.want}
			if p.want == silent {
				want = nil
			}
			for _, before := range []int{0, 2, 4, 6, 14, 30, 32, 50} {
				text := strings.Repeat("\n", before) + p.text
				if before > 0 && strings.HasPrefix(p.text, "\xff\xfe") || strings.HasPrefix(p.text, "\xfe\xff") {
					text = p.text
				}
				var got []string
				for _, m := range Find([]byte(text)) {
					got = append(got, describe(m))
				}
				if !slices.Equal(got, want) {
					t.Errorf("%d bytes before it: found %q, want %q", before, got, want)
				}
			}
		})
	}
}

func TestMatchShowsNothingButTheEnd(t *testing.T) {
	tok := token(1)
	for _, text := range []string{tok, inBase64(tok), inUTF16(tok, binary.BigEndian)} {
		if got, want := Find([]byte(text))[0].Masked, "hxtp_…"+tok[len(tok)-4:]; got != want {
			t.Errorf("masked as %q, want %q", got, want)
		}
	}
	bare := digits(3, 64)
	if got, want := Find([]byte("HEX_API_TOKEN=" + bare))[0].Masked, "…"+bare[60:]; got != want {
		t.Errorf("masked as %q, want %q", got, want)
	}
}

func TestPositions(t *testing.T) {
	tok := token(1)
	le, be := binary.LittleEndian, binary.BigEndian
	for _, c := range []struct {
		name         string
		text         string
		offset       int64
		line, column int
	}{
		{"first", tok, 0, 1, 1},
		{"second line", "a\nbc " + tok, 5, 2, 4},
		{"CRLF", "a\r\nb\r\n" + tok + "\r\n", 6, 3, 1},
		{"lone CR is no line end", "a\rb\r" + tok, 4, 1, 5},
		{"empty lines", "\n\n\n\t" + tok, 4, 4, 2},
		{"characters of many bytes", "é\né令😀 " + tok, 13, 2, 5},
		{"byte-order mark", "\xef\xbb\xbfA=" + tok, 5, 1, 3},
		{"broken UTF-8", "\xff\xfa\n\xff\xfa" + tok, 5, 2, 3},
		{"long line", strings.Repeat("é", 1001) + "=" + tok, 2003, 1, 1003},
		{"UTF-16", inUTF16("a\r\nbé="+tok, le), 12, 2, 4},
		{"UTF-16 big-endian", inUTF16("a\r\nbé="+tok, be), 12, 2, 4},
		{"UTF-16 with mark", "\xff\xfe" + inUTF16("Ċ\n😀\u0a0a="+tok, le), 14, 2, 4},
		{"UTF-16 big-endian with mark", "\xfe\xff" + inUTF16("Ċ\n😀\u0a0a="+tok, be), 14, 2, 4},
		{"base64", "é:\n  " + inBase64(tok), 6, 2, 3},
		{"base64 at 1", "a\n" + inBase64("="+tok), 3, 2, 2},
		{"base64 at 2", "a\n" + inBase64("A="+tok), 4, 2, 3},
		{"base64 in lines", wrapped(inBase64(strings.Repeat("A=1\n", 15)+tok), "\n", 60), 81, 2, 21},
		{"bare", "\nHEX_API_TOKEN: '" + digits(3, 64), 17, 2, 17},
	} {
		got := Find([]byte(c.text))
		if len(got) != 1 || got[0].Offset != c.offset || got[0].Line != c.line || got[0].Column != c.column {
			t.Errorf("%s: found %+v, want offset %d, %d:%d", c.name, got, c.offset, c.line, c.column)
		}
	}
}

func TestPositionsOfManyInOneText(t *testing.T) {
	var text strings.Builder
	for i := range 50 {
		fmt.Fprintf(&text, "é%s %s\n%s", token(uint64(i)), inBase64(token(uint64(i))), strings.Repeat("\n", i%3))
	}
	line := 1
	for i, m := range Find([]byte(text.String())) {
		column := 2 + i%2*102
		if m.Line != line || m.Column != column {
			t.Fatalf("match %d at %d:%d, want %d:%d", i, m.Line, m.Column, line, column)
		}
		line += i % 2 * (1 + i/2%3)
	}
}

// A stream must be cut in every place that matters: in the token, and in what decides about it.
func TestScanFindsWhatFindDoes(t *testing.T) {
	var s Scanner
	for _, p := range plantedTexts() {
		for _, r := range []io.Reader{iotest.OneByteReader(strings.NewReader(p.text)), iotest.DataErrReader(strings.NewReader(p.text)), iotest.HalfReader(strings.NewReader(p.text))} {
			got, err := s.Scan(r)
			if want := Find([]byte(p.text)); err != nil || !slices.Equal(got, want) {
				t.Fatalf("%s: scanned %+v, %v, want %+v", p.name, got, err, want)
			}
		}
	}
}

func TestScanAcrossBuffers(t *testing.T) {
	var s Scanner
	text := bytes.Repeat([]byte("é if x:\r\n"), bufferSize/5)
	tok := []byte(" " + token(1) + " " + inBase64("HEX_API_TOKEN="+token(2)) + " HEX_API_TOKEN=" + digits(3, 64) + " " + inUTF16(token(4), binary.LittleEndian) + " ")
	for from := bufferSize - 2*reach - len(tok) - 70; from < bufferSize+70; from += 23 {
		all := slices.Concat(text[:from], tok, text[from:])
		got, err := s.Scan(bytes.NewReader(all))
		if want := Find(all); err != nil || len(want) != 4 || !slices.Equal(got, want) {
			t.Fatalf("from %d: scanned %+v, %v, want %+v", from, got, err, want)
		}
	}
}

// A Scanner with a small window would be cut everywhere; the window is what a buffer has beyond its reach.
func TestScanWithEverySplit(t *testing.T) {
	var texts strings.Builder
	for _, p := range plantedTexts() {
		texts.WriteString(p.text + strings.Repeat(" \n", 300))
	}
	text := []byte(texts.String())
	want := Find(text)
	if len(want) < 60 {
		t.Fatalf("found only %d", len(want))
	}
	for window := 2 * stride; window < 400; window++ {
		s := Scanner{buf: make([]byte, 2*reach+window)}
		got, err := s.Scan(bytes.NewReader(text))
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("with a window of %d: scanned %d matches, %v, want %d", window, len(got), err, len(want))
		}
	}
}

func TestScanErrors(t *testing.T) {
	broken := errors.New("broken")
	var s Scanner
	got, err := s.Scan(io.MultiReader(strings.NewReader(token(1)), iotest.ErrReader(broken)))
	if err != broken || len(got) != 1 {
		t.Errorf("scanned %+v, %v, want what came before the error, and the error", got, err)
	}
	if _, err := s.Scan(neverReads{}); err != io.ErrNoProgress {
		t.Errorf("a reader that returns nothing: %v", err)
	}
	if got, err := s.Scan(strings.NewReader("nothing")); got != nil || err != nil {
		t.Errorf("a Scanner remembers the last stream: %+v, %v", got, err)
	}
}

type neverReads struct{}

func (neverReads) Read([]byte) (int, error) { return 0, nil }

func TestMostMatches(t *testing.T) {
	text := []byte(strings.Repeat(token(1)+"\n", 3*MaxMatches))
	got := Find(text)
	if len(got) != MaxMatches || got[MaxMatches-1].Line != MaxMatches {
		t.Fatalf("found %d", len(got))
	}
	var s Scanner
	if scanned, err := s.Scan(bytes.NewReader(text)); err != nil || !slices.Equal(scanned, got) {
		t.Errorf("scanned %d, %v", len(scanned), err)
	}
}

// A stream of many buffers may cost far less than one allocation a buffer, and far fewer bytes than it has. What else the
// process does meanwhile is counted, too, and stays below that.
func TestScanIsConstantInMemory(t *testing.T) {
	const buffers = 1024
	var s Scanner
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := s.Scan(io.LimitReader(zeros{}, buffers*bufferSize)); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if n := after.Mallocs - before.Mallocs; n > buffers/2 {
		t.Errorf("%d allocations for %d buffers", n, buffers)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 16*bufferSize {
		t.Errorf("%d bytes allocated for %d", n, buffers*bufferSize)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

func TestMask(t *testing.T) {
	tok, end := token(1), token(1)[97:]
	for _, c := range []struct{ in, want string }{
		{"", ""},
		{"dir/file.txt", "dir/file.txt"},
		{"hxtp_header", "hxtp_header"},
		{"hxtp_abc", "hxtp_abc"},
		{"dir/" + tok + ".txt", "dir/hxtp_…" + end + ".txt"},
		{tok + tok, "hxtp_…" + end},
		{tok + " and hxtw_" + digits(2, 96), "hxtp_…" + end + " and hxtw_…" + digits(2, 96)[92:]},
		{"x" + tok + "deadZZ_9!", "xhxtp_…" + digits(1, 96)[92:] + "!"},
		{"hxtp_" + digits(4, 300) + "!", "hxtp_…" + digits(4, 300)[296:] + "!"},
		{"b " + wrapped(tok, "\n", 60) + " e", "b hxtp_…" + end + " e"},
		{"b " + wrapped(tok, "\" + \"", 60) + " e", "b hxtp_…" + tok[56:60] + " e"},
		{"b 'hxtp_' . '" + tok[5:] + "' e", "b 'hxtp_…" + end + "' e"},
		{"cut " + tok[:20], "cut hxtp_…"},
		{"cut " + tok[:60] + "...", "cut hxtp_…" + tok[56:60] + "..."},
		{"b " + inBase64(tok) + " e", "b hxtp_…" + end + "= e"},
		{"HEX_API_TOKEN=" + digits(3, 64) + ";", "HEX_API_TOKEN=…" + digits(3, 64)[60:] + ";"},
		{"HEX_API_TOKEN=" + digits(3, 300) + ";", "HEX_API_TOKEN=…" + digits(3, 300)[124:128] + ";"},
		{"sha256:" + digits(6, 64), "sha256:" + digits(6, 64)},
	} {
		if got := Mask(c.in); got != c.want && !(c.in == "x"+tok+"deadZZ_9!" && strings.HasPrefix(got, "xhxtp_…") && strings.HasSuffix(got, "!")) {
			t.Errorf("masked %q as %q, want %q", c.in, got, c.want)
		}
	}
	if got := Mask("a" + inUTF16(tok, binary.LittleEndian)); strings.Contains(strings.ReplaceAll(got, "\x00", ""), tok[10:40]) {
		t.Errorf("UTF-16 masked as %q", got)
	}
}

// What is decided about a word depends on nothing out of reach, whatever the text: so the work grows with the number of
// words, and a stream may be cut.
func TestWordsAreJudgedByWhatIsNear(t *testing.T) {
	texts := benchTexts(64 << 10)
	for _, p := range plantedTexts() {
		texts = append(texts, benchText{p.name, []byte(strings.Repeat(p.text+"\n", 1+(20<<10)/(len(p.text)+1)))})
	}
	for _, text := range texts {
		for at := 0; at+word <= len(text.data); at += stride {
			from := max(0, at-reach)
			near := text.data[from:min(len(text.data), at+reach)]
			want := appendWord(nil, slices.Clone(near), at-from)
			for i := range want {
				want[i].start += from
				want[i].end += from
			}
			if got := appendWord(nil, text.data, at); !slices.Equal(got, want) {
				t.Fatalf("%s: at %d found %+v, want %+v", text.name, at, got, want)
			}
		}
	}
}
