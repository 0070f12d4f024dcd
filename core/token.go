package core

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf16"
	"unique"
)

// Kind says whose token it is.
type Kind string

const (
	// KindPersonal is a token of one user: it has that user's rights and dies with the account.
	KindPersonal Kind = "personal"
	// KindWorkspace is a token of the workspace: it has scopes and survives the people who made it.
	KindWorkspace Kind = "workspace"
	// KindUnknown is a token without a known prefix, such as an old one.
	KindUnknown Kind = "unknown"
)

const (
	personalPrefix  = "hxtp_"
	workspacePrefix = "hxtw_"
	secretHexDigits = 96
	// maxTokenLength is far above any token seen; more is a file that was piped by mistake.
	maxTokenLength = 1024
)

// Token is a Hex API token that shows itself only as hxtp_…9f3c, whichever way it is printed, logged or marshalled.
// The zero Token holds nothing. Where somebody could measure it, compare with [Token.Equal], not with ==.
type Token struct {
	// Behind a pointer, since fmt prints strings in unexported fields of other structs without asking any method; always the
	// same one for the same token, so that values which hold tokens can be compared.
	secret unique.Handle[string]
}

// TokenError says why a text was refused as a token. It never holds the text itself.
type TokenError struct {
	Reason string // completes "the token …", such as "is empty"
	Vendor string // whose token it is instead, such as "GitHub"; empty when that cannot be told
	// Reference says that it stands for a token, or is an encrypted one: whoever put it there knows how to read it. Way is how
	// to get at the token, as far as that is known.
	Reference bool
	Way       string
	// Placeholder says that nothing in the text can be a token: it says where one goes, or is masked.
	Placeholder bool
}

func (e *TokenError) Error() string {
	if e.Way != "" {
		return "the token " + e.Reason + "; " + e.Way
	}
	return "the token " + e.Reason
}

// Empty reports whether there was nothing but what is cleaned away.
func (e *TokenError) Empty() bool { return e.Reason == reasonEmpty }

const reasonEmpty = "is empty"

// ParseToken cleans what a user pasted or piped (UTF-16, white space, quotes, a byte-order mark, "Bearer ", "HEX_API_TOKEN=") and
// judges it. The error is a [*TokenError]: nothing there, inner white space or control characters, a placeholder, or
// a token that is recognisably another vendor's. A token of no known shape is accepted: see [Token.ShapeWarning].
func ParseToken(raw string) (Token, error) {
	s := cleanToken(raw)
	if err := refuseToken(s); err != nil {
		return Token{}, err
	}
	return Token{secret: unique.Make(s)}, nil
}

func cleanToken(s string) string {
	s = fromUTF16(s)
	for {
		before := s
		s = strings.TrimFunc(s, isPastedAround)
		for _, prefix := range []string{"export ", "Bearer "} {
			s = cutPrefixFold(s, prefix)
		}
		if rest, found := strings.CutPrefix(s, "HEX_API_TOKEN"); found {
			if rest, found = strings.CutPrefix(strings.TrimLeft(rest, " \t"), "="); found {
				s = rest
			}
		}
		if s == before {
			return s
		}
	}
}

// fromUTF16 reads what Windows writes into pipes and files: text in UTF-16 with a byte-order mark, or without one where every
// other byte is zero, as no text in UTF-8 is. Anything else is returned as it is.
func fromUTF16(s string) string {
	var low, high int // where the two bytes of a character stand
	switch {
	case strings.HasPrefix(s, "\xff\xfe") || zeroAt(s, 1):
		high = 1
	case strings.HasPrefix(s, "\xfe\xff") || zeroAt(s, 0):
		low = 1
	default:
		return s
	}
	units := make([]uint16, 0, len(s)/2)
	for i := 0; i+1 < len(s); i += 2 {
		units = append(units, uint16(s[i+high])<<8|uint16(s[i+low]))
	}
	return string(utf16.Decode(units))
}

// zeroAt reports whether of each two bytes that one is zero, and the other is not.
func zeroAt(s string, at int) bool {
	for i := 0; i+1 < len(s); i += 2 {
		if s[i+at] != 0 || s[i+1-at] == 0 {
			return false
		}
	}
	return len(s) > 1 && len(s)%2 == 0
}

func isPastedAround(r rune) bool {
	return unicode.IsSpace(r) || Hidden(r) && !unicode.IsControl(r) || strings.ContainsRune("\"'`“”‘’", r)
}

func cutPrefixFold(s, prefix string) string {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):]
	}
	return s
}

// refuseToken returns an error, and not a *TokenError, so that nil stays nil.
func refuseToken(s string) error {
	if s == "" || strings.EqualFold(s, "Bearer") {
		return &TokenError{Reason: reasonEmpty}
	}
	if e := foreignToken(s); e != nil {
		return e
	}
	if e := reference(s); e != nil {
		return e
	}
	if isPlaceholder(s) {
		return &TokenError{Reason: "is a placeholder, not a real one", Placeholder: true}
	}
	if strings.Contains(s, "…") || strings.Contains(s, "...") || strings.ContainsAny(s, "*•") {
		return &TokenError{Reason: "is shortened or masked: copy all of it from where it was created", Placeholder: !holdsDrawn(s)}
	}
	for _, r := range s {
		reason := ""
		switch {
		case unicode.IsSpace(r):
			reason = "has white space in it: copy the token alone, on one line"
		case unicode.IsControl(r):
			reason = "contains control characters"
		case r > unicode.MaxASCII:
			reason = "contains characters that no token has"
		}
		if reason != "" {
			return &TokenError{Reason: reason, Placeholder: !holdsDrawn(s)}
		}
	}
	if len(s) > maxTokenLength {
		return &TokenError{Reason: fmt.Sprintf("is %d characters long; a Hex token has %d", len(s), len(personalPrefix)+secretHexDigits)}
	}
	return nil
}

func foreignToken(s string) *TokenError {
	for _, prefix := range []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"} {
		if strings.HasPrefix(s, prefix) {
			return &TokenError{Reason: "is one of GitHub's (" + prefix + "…), not of Hex", Vendor: "GitHub"}
		}
	}
	if strings.HasPrefix(s, "sk-") {
		return &TokenError{Reason: "is a key of an AI service (sk-…), not of Hex", Vendor: "OpenAI or Anthropic"}
	}
	if key, found := strings.CutPrefix(s, "hex_"); found && len(key) == 40 && isHexDigits(key) {
		return &TokenError{Reason: "is a key of hex.pm, the Elixir package registry, a different company from hex.tech", Vendor: "hex.pm"}
	}
	return nil
}

// reference knows what stands in a file instead of a token: a name under which a password manager keeps it, an encrypted
// value, or an expression that a shell or a template was to fill in. None of them is a token's to begin with, so none is
// ever sent anywhere.
func reference(s string) *TokenError {
	lower := strings.ToLower(s)
	switch {
	case strings.HasPrefix(lower, "op:"), strings.Contains(lower, "op://"):
		return referenceTo("a reference to 1Password (op://…)", "have 1Password fill it in: op run -- COMMAND")
	case strings.HasPrefix(lower, "encrypted:"):
		return referenceTo("encrypted (encrypted:…)", "have dotenvx fill it in: dotenvx run -- COMMAND")
	case strings.HasPrefix(lower, "enc["):
		return referenceTo("encrypted (ENC[…])", "have sops fill it in: sops exec-env FILE COMMAND")
	case strings.HasPrefix(s, "$ANSIBLE_VAULT"), strings.HasPrefix(s, "-----BEGIN "):
		return referenceTo("encrypted", "decrypt it first, and pipe it in with --with-token")
	case strings.HasPrefix(s, "${"), strings.HasPrefix(s, "$("), strings.HasPrefix(s, "{{"):
		return referenceTo("an expression ("+s[:2]+"…) that nothing has filled in", "set HEX_API_TOKEN to what it stands for, or pipe that in with --with-token")
	}
	const tool = "have the tool that keeps it fill it in, as op run -- COMMAND and dotenvx run -- COMMAND do"
	switch {
	case strings.HasPrefix(lower, "vault:"):
		return referenceTo("a reference to a vault (vault:…)", tool)
	case hasScheme(s):
		return referenceTo("a reference (NAME:…)", tool) // the name is not shown: it may be a part of another secret
	}
	return nil
}

func referenceTo(what, way string) *TokenError {
	return &TokenError{Reason: "is " + what + ", not the token itself", Reference: true, Way: way}
}

// hasScheme tells what begins as vault:…, awssm://… or ref+sops://… do: no token has a colon. What is pasted together with
// its name ("token:hxtp_…") is no reference.
func hasScheme(s string) bool {
	name, rest, found := strings.Cut(s, ":")
	odd := strings.ContainsFunc(name, func(r rune) bool {
		return !strings.ContainsRune("+.-_", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	if !found || odd || name == "" || rest == "" || unicode.IsSpace(rune(rest[0])) {
		return false
	}
	return !strings.HasPrefix(rest, personalPrefix) && !strings.HasPrefix(rest, workspacePrefix)
}

// isPlaceholder knows what documentation and example files put where a token belongs. Runs of hex digits are left
// alone: they could be real.
func isPlaceholder(s string) bool {
	lower := strings.ToLower(s)
	if strings.HasPrefix(lower, "hex_token_") || strings.HasPrefix(lower, "$") || strings.Trim(lower, "<>") != lower {
		return true
	}
	body := strings.TrimPrefix(strings.TrimPrefix(lower, personalPrefix), workspacePrefix)
	if strings.Trim(body, "x.…*•-_") == "" || strings.HasPrefix(body, "xxx") {
		return true
	}
	for _, start := range []string{"your", "my_", "my-", "insert", "replace", "changeme", "change_me", "change-me", "placeholder", "example"} {
		if strings.HasPrefix(body, start) {
			return true
		}
	}
	return isWording(body) || isBracketed(lower)
}

// isBracketed knows a name in brackets that some template was to replace: [token], %HEX_TOKEN%, __HEX_TOKEN__, @token@.
func isBracketed(s string) bool {
	for _, pair := range []string{"[]", "{}", "()", "%%", "@@"} {
		if len(s) > 2 && s[0] == pair[0] && s[len(s)-1] == pair[1] {
			return !holdsDrawn(s) && strings.Trim(s[1:len(s)-1], "abcdefghijklmnopqrstuvwxyz0123456789_-. ") == ""
		}
	}
	return len(s) > 4 && strings.HasPrefix(s, "__") && strings.HasSuffix(s, "__") && !holdsDrawn(s)
}

// isWording tells whether a text is made of the words alone in which people say that a token is missing: put-token-here,
// TODO, not_a_real_token. Words that could be somebody's bad password, such as secret, do not make one by themselves.
func isWording(lower string) bool {
	words := strings.FieldsFunc(lower, func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') })
	says := false
	for _, w := range words {
		switch {
		case strings.Contains(missingWords, " "+w+" "):
			says = true
		case !strings.Contains(fillingWords, " "+w+" "):
			return false
		}
	}
	return says || len(words) > 1
}

const (
	missingWords = " your yours my insert replace replaceme change changeme placeholder example sample dummy fake mock todo tbd fixme none null nil " +
		"undefined unset empty redacted removed hidden censored masked paste put fill fillme enter add set setme here goes see ask from not xxx xxxx "
	fillingWords = " a an the this that is in it with me us to be of for on at by real actual valid own new hex api access token tokens key secret value " +
		"personal workspace string text 1password vault env file before use using required please hxtp hxtw "
)

// holdsDrawn tells whether a text has a run of letters and digits such as machines draw, and people do not write.
func holdsDrawn(s string) bool {
	const fewest = 16
	for run := range strings.FieldsFuncSeq(s, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') }) {
		if len(run) >= fewest && strings.ContainsAny(run, "0123456789") {
			return true
		}
	}
	return false
}

func isHexDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdef") == ""
}

// Reveal returns the token itself. Only what sends it to Hex or stores it for the user calls this.
func (t Token) Reveal() string {
	if t.IsZero() {
		return ""
	}
	return t.secret.Value()
}

// IsZero reports whether t holds no token.
func (t Token) IsZero() bool { return t == Token{} }

// Equal reports whether both hold the same token, in a time that does not depend on where they differ.
func (t Token) Equal(other Token) bool {
	return subtle.ConstantTimeCompare([]byte(t.Reveal()), []byte(other.Reveal())) == 1
}

// Fingerprint is 32 hex digits that are the same for the same token, and lead nobody to it: 384 random bits cannot be
// tried out. It is empty for the zero Token.
func (t Token) Fingerprint() string {
	if t.IsZero() {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(t.Reveal()))
	mac.Write([]byte("accepted leak"))
	return hex.EncodeToString(mac.Sum(nil)[:16])
}

// Kind is what the prefix says; Hex itself may know better, see [Identity].
func (t Token) Kind() Kind {
	switch t.prefix() {
	case personalPrefix:
		return KindPersonal
	case workspacePrefix:
		return KindWorkspace
	}
	return KindUnknown
}

func (t Token) prefix() string {
	for _, prefix := range []string{personalPrefix, workspacePrefix} {
		if strings.HasPrefix(t.Reveal(), prefix) {
			return prefix
		}
	}
	return ""
}

// KnownShape reports whether the token is hxtp_ or hxtw_ with 96 lower-case hex digits.
func (t Token) KnownShape() bool {
	body := strings.TrimPrefix(t.Reveal(), t.prefix())
	return t.prefix() != "" && len(body) == secretHexDigits && isHexDigits(body)
}

// Malformed is why a token cannot be one, though it begins like one of Hex's: a part of it is missing, or something is
// glued to it. It is nil for any other.
func (t Token) Malformed() error {
	if t.prefix() == "" || t.KnownShape() {
		return nil
	}
	return &TokenError{Reason: t.odd()}
}

// ShapeWarning says in a sentence what is odd about the token's shape; empty when the shape is known.
func (t Token) ShapeWarning() string {
	length := len(t.Reveal())
	switch {
	case t.IsZero() || t.KnownShape():
		return ""
	case t.prefix() != "":
		return "the token " + t.odd()
	case length == 32 && isHexDigits(t.Reveal()):
		return "the token is 32 bare hex characters: an old key of hex.pm (Elixir packages, a different company) looks like that, and so may an old Hex token"
	case length >= 40 && isHexDigits(t.Reveal()):
		return "the token has no prefix (hxtp_ or hxtw_): only old Hex tokens look like that"
	}
	return "the token does not look like a Hex token (hxtp_ or hxtw_ and 96 hex characters)"
}

// odd is what is wrong with a token that begins like one of Hex's.
func (t Token) odd() string {
	if length, right := len(t.Reveal()), len(personalPrefix)+secretHexDigits; length != right {
		return fmt.Sprintf("has %d characters instead of %d", length, right)
	}
	return "starts like a Hex token, but contains characters other than 0-9 and a-f"
}

// String shows the prefix and the last four characters, such as hxtp_…9f3c. Of a token so short that four characters
// would give it away, nothing but … is shown; of the zero Token, nothing at all.
func (t Token) String() string {
	const shown, enough = 4, 20
	if t.IsZero() {
		return ""
	}
	prefix, secret := t.prefix(), t.Reveal()
	if len(secret)-len(prefix) < enough {
		return prefix + "…"
	}
	return prefix + "…" + secret[len(secret)-shown:]
}

// Format implements [fmt.Formatter]: every verb shows what [Token.String] does.
func (t Token) Format(f fmt.State, verb rune) {
	s := t.String()
	if verb == 'q' {
		s = strconv.Quote(s)
	}
	_, _ = io.WriteString(f, s)
}

// GoString implements [fmt.GoStringer] for callers that ask for it directly.
func (t Token) GoString() string { return t.String() }

// MarshalText implements [encoding.TextMarshaler], and with it JSON, with the redacted form.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// LogValue implements [slog.LogValuer] with the redacted form.
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }
