package core

import (
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"testing"
)

const redactedDigits = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d29f3c"

// spelt are the ways in which an answer may echo a token.
func spelt(secret string) map[string]string {
	each := func(format string) string {
		var b strings.Builder
		for _, c := range []byte(secret) {
			fmt.Fprintf(&b, format, c)
		}
		return b.String()
	}
	out := map[string]string{
		"plain": secret, "upper case": strings.ToUpper(secret), "percent": each("%%%02x"), "upper percent": each("%%%02X"), "JSON escapes": each(`\u%04x`),
		"hex escapes": each(`\x%02x`), "entities": each("&#%d;"), "hex entities": each("&#x%x;"), "blanks": each("%c "), "dashes": each("%c-"), "wide": each("%c\x00"),
		"zero width": each("%c\u200b"), "quoted": each(`%c","`), "encoded blanks": each("%c%%20"), "query": url.QueryEscape(secret),
		"broken": secret[:20] + `\n  ` + secret[20:], "shouting and broken": strings.ToUpper(secret[:20]) + "\r\n" + secret[20:],
	}
	for _, neighbours := range []string{"", "x", "ab", "Bearer "} {
		for name, enc := range map[string]*base64.Encoding{"std": base64.StdEncoding, "url": base64.URLEncoding, "raw": base64.RawURLEncoding} {
			encoded := enc.EncodeToString([]byte(neighbours + secret + neighbours))
			out["base64 "+name+" "+neighbours] = encoded
			out["broken base64 "+name+" "+neighbours] = encoded[:20] + "\n" + encoded[20:]
			out["base64 in a query "+name+" "+neighbours] = url.QueryEscape(encoded)
		}
	}
	return out
}

func TestRedactEverySpelling(t *testing.T) {
	for _, secret := range []string{"hxtp_" + redactedDigits, "hxtw_" + redactedDigits, redactedDigits[:64], "old/token+with=signs~0123456789"} {
		token, err := ParseToken(secret)
		if err != nil {
			t.Fatal(err)
		}
		r := newRedactor(token)
		for name, echo := range spelt(secret) {
			got := r.redact(`{"reason": "before ` + echo + ` after"}`)
			if !strings.Contains(got, token.String()) || !strings.HasPrefix(got, `{"reason": "before `) || !strings.HasSuffix(got, ` after"}`) {
				t.Errorf("%s: %s", name, got)
			}
			if len(got) > len(`{"reason": "before  after"}`)+len(token.String())+28 {
				t.Errorf("%s leaves too much: %s", name, got)
			}
		}
	}
}

// TestRedactNothingElse leaves alone what only resembles the token.
func TestRedactNothingElse(t *testing.T) {
	token, _ := ParseToken("hxtp_" + redactedDigits)
	short, _ := ParseToken("abc-def")
	other := strings.Replace("hxtp_"+redactedDigits, "0f1e", "0f1f", 1)
	for _, text := range []string{"", "hxtp_", other, "a%", `\u00`, "&#", "&#;", "%zz", "a b c d e f", base64.StdEncoding.EncodeToString([]byte(other))} {
		if got := newRedactor(token).redact(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
		if got := newRedactor(short).redact(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
	if got := newRedactor(Token{}).redact("text"); got != "text" {
		t.Errorf("without a token: %q", got)
	}
}

func FuzzRedact(f *testing.F) {
	token, _ := ParseToken("hxtp_" + redactedDigits)
	for _, echo := range spelt(token.Reveal()) {
		f.Add(echo)
	}
	r := newRedactor(token)
	f.Fuzz(func(t *testing.T, text string) {
		got := r.redact(text)
		if strings.Contains(strings.ToLower(got), token.Reveal()) {
			t.Errorf("%q", got)
		}
		if again := r.redact(got); again != got {
			t.Errorf("%q becomes %q, then %q", text, got, again)
		}
	})
}
