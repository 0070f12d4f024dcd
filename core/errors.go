package core

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// The errors that callers branch on with [errors.Is]. Those with a status are matched by an [*APIError].
var (
	// ErrUnauthorized is a 401 of Hex's API, and not of something in between: the token is wrong, expired, revoked, or
	// belongs to another host.
	ErrUnauthorized = errors.New("unauthorized")
	// ErrForbidden is 403: a scope or a permission is missing, or API access is off.
	ErrForbidden = errors.New("forbidden")
	// ErrNotFound is 404: no such thing, or not visible to this token, or a wrong host.
	ErrNotFound = errors.New("not found")
	// ErrUnpublished is a 422 of a project that was never published: only published projects run.
	ErrUnpublished = errors.New("project not published")
	// ErrInputs is a 422 that names inputs which do not fit.
	ErrInputs = errors.New("inputs do not fit")
	// ErrRateLimited is 429.
	ErrRateLimited = errors.New("rate limited")
	// ErrBusy is a 503 in JSON on starting a run: all kernels are busy and no run was started.
	ErrBusy = errors.New("all kernels are busy")
	// ErrNotHexAPI means that what answered does not speak Hex's API: a success with a web page or other text, not JSON.
	ErrNotHexAPI = errors.New("not a Hex API host")
	// ErrGarbled is a success whose body is empty, cut short, or JSON of another shape than expected.
	ErrGarbled = errors.New("garbled answer")
	// ErrRedirect means that the host sent us elsewhere, where the token does not go.
	ErrRedirect = errors.New("redirect refused")
	// ErrTooLarge means that an answer was longer than we read.
	ErrTooLarge = errors.New("answer too large")
	// ErrMaybeStarted means that a run may have been started although no clear answer came back.
	ErrMaybeStarted = errors.New("the run may have started")
)

const (
	maxErrorText  = 300 // characters
	maxErrorBytes = 8 * maxErrorText
	maxErrorList  = 20
	maxRetryAge   = 24 * time.Hour
)

// APIError is an answer of Hex, or of something in between, with a status other than success. Its texts are stripped of
// control characters, cut to 300 characters, and never hold the token.
type APIError struct {
	Method string
	Path   string // below /api/v1, such as /users/me
	Status int
	Code   string // such as NOT_FOUND, in the newer form of answers
	Reason string // empty when the answer gives none, or is not Hex's
	Issues []string
	// Invalid and NotFound are the inputs that a run was refused for.
	Invalid  []InvalidParam
	NotFound []string
	// More is how many issues and inputs the answer names beyond the first twenty of each list, which are kept.
	More    int
	TraceID string // what Hex's support asks for
	// RetryAfter is how long Hex asks to wait, at most a day; zero when it does not say.
	RetryAfter time.Duration
	// JSON reports whether the body was a JSON object. A 5xx that is not comes from something between here and Hex.
	JSON bool
	// HTML reports whether the body was a web page: then it is not Hex's API that answered.
	HTML bool

	cause error // what Hex said of the project when it was asked; nil when it was not
}

// InvalidParam is an input of a project whose value was refused.
type InvalidParam struct {
	Name      string // paramName
	Value     string // paramValue, as JSON
	DataType  string // what the input takes, such as NUMBER
	InputType string // inputCellType, such as DROPDOWN
}

func (e *APIError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s: %d", e.Method, e.Path, e.Status)
	if text := http.StatusText(e.Status); text != "" {
		b.WriteString(" " + text)
	}
	if detail := e.Detail(); detail != "" {
		b.WriteString(": " + detail)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(&b, "; try again in %s", e.RetryAfter)
	}
	if errors.Is(e.cause, ErrNotFound) {
		b.WriteString("; Hex has no such project, or does not show it to the token")
	}
	if e.TraceID != "" {
		fmt.Fprintf(&b, " (trace ID %s)", e.TraceID)
	}
	return b.String()
}

// Detail is what the answer says beyond its status, in one line; empty when that is nothing.
func (e *APIError) Detail() string {
	parts := make([]string, 0, 4)
	if e.Reason != "" {
		parts = append(parts, e.Reason)
	}
	for _, issue := range e.Issues {
		if issue != e.Reason {
			parts = append(parts, issue)
		}
	}
	for _, p := range e.Invalid {
		text := "input " + p.Name + " does not take " + p.Value
		if p.DataType != "" {
			text += " (" + p.DataType + ")"
		}
		parts = append(parts, text)
	}
	for _, name := range e.NotFound {
		parts = append(parts, "no input "+name)
	}
	if e.More > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", e.More))
	}
	return cleanText(strings.Join(parts, "; "))
}

// Is makes an APIError match the sentinel of its status.
func (e *APIError) Is(target error) bool {
	switch target {
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized && !e.HTML
	case ErrForbidden, ErrNotFound, ErrUnpublished, ErrInputs:
		return target == cmp.Or(e.cause, e.says())
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests
	case ErrBusy:
		return e.Status == http.StatusServiceUnavailable && e.JSON && isRunStart(e.Method, e.Path)
	}
	return false
}

// says is the cause that the answer itself names; nil for none.
func (e *APIError) says() error {
	switch {
	case e.Status == http.StatusForbidden:
		return ErrForbidden
	case e.Status == http.StatusNotFound:
		return ErrNotFound
	case e.Status != http.StatusUnprocessableEntity:
		return nil
	case e.namesInputs():
		return ErrInputs
	case strings.Contains(strings.ToLower(e.Detail()), "publish"):
		return ErrUnpublished
	}
	return nil
}

func isRunStart(method, path string) bool {
	path, _, _ = strings.Cut(path, "?")
	return method == http.MethodPost && strings.HasPrefix(path, "/projects/") && strings.HasSuffix(path, "/runs")
}

// newAPIError reads every form of error body that Hex has had; what does not fit is left out, never an error of its own.
func newAPIError(r Request, status int, header http.Header, body []byte, now time.Time) *APIError {
	e := &APIError{
		Method: cleanText(r.method()), Path: cleanText(r.Path), Status: status,
		TraceID:    cleanText(header.Get("X-Trace-Id")),
		RetryAfter: retryAfter(header.Get("Retry-After"), now),
	}
	var fields map[string]json.RawMessage
	if DecodeJSON(bytes.TrimPrefix(body, []byte("\ufeff")), &fields) == nil && fields != nil {
		e.JSON = true
		e.fill(fields)
		return e
	}
	e.HTML = isMarkup(header, body)
	if !e.HTML && !looksLikeJSON(body) {
		e.Reason = cleanText(string(body[:min(len(body), maxErrorBytes)]))
	}
	return e
}

func (e *APIError) fill(fields map[string]json.RawMessage) {
	e.Code = textOf(fields["code"])
	for _, name := range []string{"reason", "message", "error"} {
		if e.Reason == "" {
			e.Reason = textOf(fields[name])
		}
	}
	for _, name := range []string{"details", "issues", "invalid", "notFound"} {
		e.More += max(0, len(listOf(fields[name]))-maxErrorList)
	}
	e.Issues = append(textsOf(fields["details"]), textsOf(fields["issues"])...)
	e.NotFound = textsOf(fields["notFound"])
	if id := textOf(fields["traceId"]); id != "" {
		e.TraceID = id
	}
	for _, raw := range firstOf(fields["invalid"]) {
		var p map[string]json.RawMessage
		if json.Unmarshal(raw, &p) != nil {
			continue
		}
		e.Invalid = append(e.Invalid, InvalidParam{
			Name: textOf(p["paramName"]), Value: cleanText(string(p["paramValue"])),
			DataType: textOf(p["dataType"]), InputType: textOf(p["inputCellType"]),
		})
	}
}

// textOf takes a string, a number, or an object with a message.
func textOf(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return cleanText(s)
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return cleanText(n.String())
	}
	var o map[string]json.RawMessage
	if json.Unmarshal(raw, &o) != nil {
		return ""
	}
	for _, name := range []string{"message", "reason", "name"} {
		var s string
		if json.Unmarshal(o[name], &s) == nil && s != "" {
			return cleanText(s)
		}
	}
	return ""
}

// textsOf takes one text or an array of them.
func textsOf(raw json.RawMessage) []string {
	var texts []string
	for _, item := range firstOf(raw) {
		if s := textOf(item); s != "" {
			texts = append(texts, s)
		}
	}
	if s := textOf(raw); s != "" {
		texts = append(texts, s)
	}
	return texts
}

func listOf(raw json.RawMessage) []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return nil
	}
	return list
}

// firstOf is the part of a list that is kept.
func firstOf(raw json.RawMessage) []json.RawMessage {
	list := listOf(raw)
	return list[:min(len(list), maxErrorList)]
}

// retryAfter reads seconds or an HTTP date; zero when there is none, or it makes no sense.
func retryAfter(value string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(strings.TrimSpace(value), 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAge)
	}
	at, err := http.ParseTime(value)
	if err != nil || !at.After(now) {
		return 0
	}
	return min(at.Sub(now).Round(time.Second), maxRetryAge)
}

func looksLikeJSON(body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	return len(body) > 0 && (body[0] == '{' || body[0] == '[')
}

func isMarkup(header http.Header, body []byte) bool {
	kind, _, _ := mime.ParseMediaType(header.Get("Content-Type"))
	return kind == "text/html" || kind == "application/xhtml+xml" || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// cleanText makes a text of a service fit to be shown: [Printable], and at most 300 characters.
func cleanText(s string) string {
	// Bound the work too: a text can be as long as a body.
	s = s[:min(len(s), maxErrorBytes)]
	s = strings.Join(strings.Fields(Printable(s)), " ")
	if utf8.RuneCountInString(s) <= maxErrorText {
		return s
	}
	return string([]rune(s)[:maxErrorText-1]) + "…"
}

// A networkError is a request that got no answer. Its text is cleaned; what it wraps is for errors.Is and errors.As.
type networkError struct {
	text string
	err  error
}

func (e *networkError) Error() string { return e.text }
func (e *networkError) Unwrap() error { return e.err }

var userinfo = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`//[^/@\s"]*@`) })

func newNetworkError(host Host, token Token, err error) error {
	text := "no answer from " + host.Name() + ": "
	switch {
	case errors.Is(err, ErrRedirect):
		text = host.Name() + ": " + err.Error()
	case errors.Is(err, context.DeadlineExceeded):
		text += "it took too long"
	default:
		text += userinfo().ReplaceAllString(err.Error(), "//")
	}
	return &networkError{text: cleanText(newRedactor(token).redact(text)), err: err}
}
