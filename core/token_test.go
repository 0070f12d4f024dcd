package core

import (
	"bytes"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"unicode/utf16"
)

// sample builds a token in code: the product looks for complete ones in its own repository.
func sample(prefix, seed string) string {
	sum := sha512.Sum512([]byte(seed))
	return prefix + hex.EncodeToString(sum[:])[:secretHexDigits]
}

func mustToken(t testing.TB, raw string) Token {
	t.Helper()
	token, err := ParseToken(raw)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestParseTokenCleans(t *testing.T) {
	want := sample("hxtp_", "a")
	for _, raw := range []string{
		want, " " + want + "\r\n", "\ufeff" + want, `"` + want + `"`, "'" + want + "'", "`" + want + "`", "“" + want + "”",
		"Bearer " + want, "bearer " + want, "HEX_API_TOKEN=" + want, "HEX_API_TOKEN = " + want, "export HEX_API_TOKEN=" + want,
		"\ufeffexport HEX_API_TOKEN='Bearer " + want + "'\n", `"HEX_API_TOKEN=` + want + `"`,
	} {
		token, err := ParseToken(raw)
		if err != nil || token.Reveal() != want {
			t.Errorf("ParseToken(%q) = %q, %v", raw, token.Reveal(), err)
		}
	}
}

func TestParseTokenRefuses(t *testing.T) {
	good := sample("hxtp_", "a")
	for _, test := range []struct{ raw, reason, vendor string }{
		{"", "empty", ""},
		{" \r\n", "empty", ""},
		{`""`, "empty", ""},
		{"HEX_API_TOKEN=", "empty", ""},
		{"Bearer ", "empty", ""},
		{good[:50] + " " + good[50:], "white space", ""},
		{good + "\n" + good, "white space", ""},
		{good[:50] + "\x00" + good[50:], "control", ""},
		{good[:50] + "\u009b" + good[50:], "control", ""},
		{good[:50] + "\u202e" + good[50:], "no token has", ""},
		{"ghp_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"gho_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"ghu_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"ghs_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"ghr_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"github_pat_" + strings.Repeat("a1", 18), "GitHub", "GitHub"},
		{"Bearer sk-" + strings.Repeat("a1", 18), "AI service", "OpenAI or Anthropic"},
		{"hex_" + strings.Repeat("a1", 20), "hex.pm", "hex.pm"},
		{"hex_token_abc123", "placeholder", ""},
		{"hxtp_xxxxxxxxxxxx", "placeholder", ""},
		{"hxtp_your_token", "placeholder", ""},
		{"hxtp_", "placeholder", ""},
		{"your_token_here", "placeholder", ""},
		{"<token>", "placeholder", ""},
		{"…", "placeholder", ""},
		{"$HEX_API_TOKEN", "placeholder", ""},
		{mustToken(t, good).String(), "shortened", ""},
		{"hxtp_" + strings.Repeat("*", 96), "placeholder", ""},
		{good[:60] + "...", "shortened", ""},
		{strings.Repeat("ab", 600), "1200 characters", ""},
	} {
		_, err := ParseToken(test.raw)
		var refused *TokenError
		if !errors.As(err, &refused) {
			t.Errorf("ParseToken(%q) = %v", test.raw, err)
			continue
		}
		if !strings.Contains(err.Error(), test.reason) || refused.Vendor != test.vendor {
			t.Errorf("ParseToken(%q) = %v (vendor %q), want %s (%q)", test.raw, err, refused.Vendor, test.reason, test.vendor)
		}
		if body := strings.TrimSpace(test.raw); len(body) > 15 && strings.Contains(err.Error(), body) {
			t.Errorf("the error repeats the token: %v", err)
		}
	}
}

// A reference names the tool that reads it, and never what stands behind it.
func TestParseTokenRefusesReferences(t *testing.T) {
	for raw, way := range map[string]string{
		"op://Private/Hex/credential":                             "op run --",
		"'OP://Private/Hex/credential?attribute=x'":               "op run --",
		"{{ op://Private/Hex/credential }}":                       "op run --",
		"$(op read op://Private/Hex/credential)":                  "op run --",
		"encrypted:BLkZ0y6dP2lNqkGq8H":                            "dotenvx run --",
		"HEX_API_TOKEN=encrypted:BLkZ0y6dP2lNqkGq":                "dotenvx run --",
		"ENC[AES256_GCM,data:c2FtcGxl,iv:c2F=,tag:c2F=,type:str]": "sops exec-env",
		"vault:secret/data/hex#token":                             "vault:…",
		"vault://secret/data/hex":                                 "vault:…",
		"ref+awsssm://team/hex":                                   "NAME:…",
		"${HEX_API_TOKEN}":                                        "${…",
		"${HEX_API_TOKEN:-none}":                                  "${…",
		"${{ secrets.HEX_API_TOKEN }}":                            "${…",
		"$(pass show hex)":                                        "$(…",
		"{{ hex_api_token }}":                                     "{{…",
		"$ANSIBLE_VAULT;1.1;AES256":                               "encrypted",
	} {
		_, err := ParseToken(raw)
		var refused *TokenError
		if !errors.As(err, &refused) || !refused.Reference || !strings.Contains(err.Error(), way) {
			t.Errorf("%q: %v, want a reference and %q", raw, err, way)
		}
		if err != nil && (strings.Contains(err.Error(), "Private") || strings.Contains(err.Error(), "secret/data") || strings.Contains(err.Error(), "BLkZ")) {
			t.Errorf("%q: the error shows it: %v", raw, err)
		}
	}
	for _, raw := range []string{"token:" + sample(personalPrefix, "pasted"), "old.token-of_no+known/shape="} {
		if _, err := ParseToken(raw); err != nil {
			t.Errorf("%q: %v", raw, err)
		}
	}
}

// What says that a token is missing is no secret; a bad password may be one, and what was drawn may be a token.
func TestPlaceholders(t *testing.T) {
	drawn := sample("", "a")[:32]
	for raw, want := range map[string]bool{
		"changeme": true, "CHANGE_ME_PLEASE": true, "todo": true, "None": true, "put-your-token-here": true, "not a real token": true,
		"hxtp_your_token_here": true, "<from 1Password>": true, "ask Ada for it": true, "hxtp_…9f3c": true, "********": true, "xxxx": true,
		"[token]": true, "%HEX_TOKEN%": true, "__HEX_API_TOKEN__": true, "{hex.token}": true, "@token@": true, "your-" + "key": true,
		"hex-api-token": true, "$HEX_API_TOKEN": true, "sample": true, "ваш токен": true,

		"secret": false, "hunter2": false, "old-style": false, "token": false, drawn: false, "old " + drawn: false, drawn + "…": false,
		"todo " + drawn: false, "[" + drawn + "]": false, "ключ" + drawn: false, "{\"token\":\"" + drawn + "\"}": false,
		"op://Private/Hex/credential": false, "ghp_" + strings.Repeat("a1", 18): false,
	} {
		_, err := ParseToken(raw)
		var refused *TokenError
		if got := errors.As(err, &refused) && refused.Placeholder; got != want {
			t.Errorf("%q: placeholder is %v (%v), want %v", raw, got, err, want)
		}
	}
}

func TestFingerprint(t *testing.T) {
	a, b := mustToken(t, sample("hxtp_", "a")), mustToken(t, sample("hxtp_", "b"))
	switch fp := a.Fingerprint(); {
	case len(fp) != 32 || !isHexDigits(fp), strings.Contains(a.Reveal(), fp[:8]):
		t.Errorf("the fingerprint is %q", fp)
	case fp != mustToken(t, " "+a.Reveal()).Fingerprint(), fp == b.Fingerprint(), (Token{}).Fingerprint() != "":
		t.Error("fingerprints do not tell tokens apart")
	}
}

func TestTokenShape(t *testing.T) {
	bare := sample("", "a")
	for _, test := range []struct {
		raw     string
		kind    Kind
		warning string
		shown   string
	}{
		{sample("hxtp_", "a"), KindPersonal, "", "hxtp_…" + bare[92:]},
		{sample("hxtw_", "a"), KindWorkspace, "", "hxtw_…" + bare[92:]},
		{sample("hxtp_", "a")[:100], KindPersonal, "100 characters instead of 101", "hxtp_…" + bare[91:95]},
		{strings.ToUpper(bare), KindUnknown, "does not look like", "…" + strings.ToUpper(bare[92:])},
		{"hxtp_" + strings.ToUpper(bare), KindPersonal, "characters other than", "hxtp_…" + strings.ToUpper(bare[92:])},
		{bare, KindUnknown, "no prefix", "…" + bare[92:]},
		{bare[:32], KindUnknown, "hex.pm", "…" + bare[28:32]},
		{"abc", KindUnknown, "does not look like", "…"},
		{"hxtp_0123456789", KindPersonal, "15 characters", "hxtp_…"},
	} {
		token := mustToken(t, test.raw)
		warning := token.ShapeWarning()
		if token.Kind() != test.kind || token.String() != test.shown || token.KnownShape() != (test.warning == "") ||
			(warning == "") != (test.warning == "") || !strings.Contains(warning, test.warning) {
			t.Errorf("%s: kind %s, shown as %s, warning %q", test.shown, token.Kind(), token, warning)
		}
		if len(test.raw) > 5 && strings.Contains(warning, test.raw) {
			t.Errorf("the warning repeats the token: %s", warning)
		}
	}
}

func TestTokenEqual(t *testing.T) {
	a, again, b := mustToken(t, sample("hxtp_", "a")), mustToken(t, sample("hxtp_", "a")), mustToken(t, sample("hxtp_", "b"))
	if !a.Equal(again) || a.Equal(b) || a.Equal(Token{}) || !(Token{}).Equal(Token{}) || !(Token{}).IsZero() || a.IsZero() {
		t.Error("tokens are not told apart")
	}
}

// TestTokenNeverShows prints a token in every way there is, alone and out of reach of its methods.
func TestTokenNeverShows(t *testing.T) {
	token := mustToken(t, sample("hxtp_", "a"))
	type inner struct{ token Token }
	type outer struct {
		Token   Token
		hidden  inner
		pointer *inner
		list    []Token
		byName  map[string]Token
		any     any
	}
	nested := outer{token, inner{token}, &inner{token}, []Token{token}, map[string]Token{"a": token}, token}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%p", "%t", "%T", "%10.3s", "%U", "%w"} {
		for _, value := range []any{token, &token, nested, &nested, []any{token}, fmt.Errorf("wrapped: %v", token), struct{ error }{&TokenError{}}} {
			fmt.Fprintf(&out, verb+"\n", value)
		}
	}
	fmt.Fprintln(&out, token, token.GoString())
	logTo(t, &out, token, nested)
	for _, marshal := range []func(any) ([]byte, error){json.Marshal, func(v any) ([]byte, error) { return v.(outer).Token.MarshalText() }} {
		b, err := marshal(nested)
		if err != nil {
			t.Fatal(err)
		}
		out.Write(b)
	}
	secret := strings.TrimPrefix(token.Reveal(), personalPrefix)
	for _, form := range []string{secret, secret[:12], hex.EncodeToString([]byte(secret))[:24], strings.ToUpper(hex.EncodeToString([]byte(secret)))[:24]} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the token shows as %.12s…", form)
		}
	}
	if got := fmt.Sprintf("%v %q %#v", token, token, token); got != token.String()+` "`+token.String()+`" `+token.String() {
		t.Errorf("shown as %s", got)
	}
}

func logTo(t *testing.T, out *bytes.Buffer, values ...any) {
	t.Helper()
	for _, handler := range []slog.Handler{slog.NewTextHandler(out, nil), slog.NewJSONHandler(out, nil)} {
		for _, v := range values {
			slog.New(handler).Info("token", "value", v, slog.Group("group", "value", v))
		}
	}
}

func FuzzParseToken(f *testing.F) {
	for _, seed := range []string{"", "Bearer x", "export HEX_API_TOKEN='hxtp_12'", "\ufeff\"ghp_a\"", "hex_token_", "a b", "\x80", "$x"} {
		f.Add(seed)
	}
	f.Add(sample("hxtp_", "seed"))
	f.Fuzz(func(t *testing.T, raw string) {
		token, err := ParseToken(raw)
		if err != nil {
			if !token.IsZero() {
				t.Error("a refused token was returned")
			}
			return
		}
		secret := token.Reveal()
		if secret == "" || strings.ContainsFunc(secret, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
			t.Errorf("accepted %q as %q", raw, secret)
		}
		if again, err := ParseToken(secret); err != nil || !again.Equal(token) {
			t.Errorf("%q is read as another token the second time: %v", raw, err)
		}
		if len(secret) > 24 && strings.Contains(token.String()+token.ShapeWarning(), secret) {
			t.Errorf("%q shows", secret)
		}
	})
}

// TestParseTokenReadsUTF16 reads what PowerShell and Windows' editors write.
func TestParseTokenReadsUTF16(t *testing.T) {
	secret := "hxtp_" + strings.Repeat("0f1e2d3c", 12)
	wide := func(text string, low, high int) string {
		out := make([]byte, 0, 2*len(text))
		for _, u := range utf16.Encode([]rune(text)) {
			pair := [2]byte{}
			pair[low], pair[high] = byte(u), byte(u>>8)
			out = append(out, pair[:]...)
		}
		return string(out)
	}
	for name, raw := range map[string]string{
		"little endian": wide("\ufeff"+secret+"\r\n", 0, 1), "big endian": wide("\ufeff"+secret+"\r\n", 1, 0),
		"little endian without a mark": wide(secret+"\r\n", 0, 1), "big endian without a mark": wide(secret, 1, 0),
		"a whole line": wide("\ufeffHEX_API_TOKEN=\""+secret+"\"\r\n", 0, 1), "UTF-8 with a mark": "\ufeff" + secret + "\r\n",
	} {
		if token, err := ParseToken(raw); err != nil || token.Reveal() != secret {
			t.Errorf("%s: %v, %v", name, token, err)
		}
	}
	for name, raw := range map[string]string{
		"cut in a character": wide(secret, 0, 1)[:151], "one zero": secret + "\x00", "zeros": "\x00\x00\x00\x00", "mixed": wide(secret, 0, 1) + "ab",
	} {
		if token, err := ParseToken(raw); err == nil {
			t.Errorf("%s: taken as %v", name, token)
		}
	}
}
