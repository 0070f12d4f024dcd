// Package leak finds Hex API tokens in bytes and streams of any kind, text or binary. It knows nothing of files or
// git, and it never hands a token back: a [Match] says where one stands and how it ends.
package leak

import "io"

// The values of Match.Form.
const (
	FormPlain  = "plain"  // hxtp_ or hxtw_ and hexadecimal digits, as they are
	FormUTF16  = "utf-16" // either byte order
	FormBase64 = "base64" // either alphabet, at any alignment, wrapped or not
	FormBare   = "bare"   // digits without a prefix, assigned to a Hex name or sent to hex.tech
)

// Match is one place that holds a token, or what is probably one.
//
// Offset counts bytes from 0, Line and Column count from 1; a column counts characters. All three point at the first
// character of the token or of what encodes it. Masked is the most that may be shown, such as hxtp_…9f3c.
type Match struct {
	Offset  int64
	Line    int
	Column  int
	Certain bool
	Form    string
	Masked  string
}

// Find returns the tokens in data, ordered by offset; nil when there is none.
func Find(data []byte) []Match { return nil }

// Scanner finds tokens in streams, with the same judgement as [Find] and in constant memory. The zero Scanner is ready;
// reuse it for the next stream, but not by two goroutines at once.
type Scanner struct{ buf []byte }

// Scan reads r to its end and returns the tokens in it, ordered by offset. An error of r comes back as it is, together
// with what was found up to there.
func (s *Scanner) Scan(r io.Reader) ([]Match, error) { return nil, nil }

// Mask replaces every token in s, whole or cut off, by its masked form.
func Mask(s string) string { return s }
