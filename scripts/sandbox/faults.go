package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Fault is a rule that spoils requests. The first rule that fits a request, and is not used up, applies; the others do
// not see it.
type Fault struct {
	Service string `json:"service,omitempty"` // github or hex; both when empty
	Host    string `json:"host,omitempty"`    // the Host header; any when empty
	Method  string `json:"method,omitempty"`  // any when empty
	// Path is a glob over the escaped path; * stands for anything, slashes included. Empty fits all.
	Path string `json:"path,omitempty"`
	// Regexp is searched in the escaped path with its query, instead of Path.
	Regexp string `json:"regexp,omitempty"`
	// Skip lets that many fitting requests pass first. Times is how many are then spoilt; 0 for all.
	Skip  int `json:"skip,omitempty"`
	Times int `json:"times,omitempty"`

	// Apply lets the request take effect, and then spoils the answer. Without it, a fault with an answer of its own
	// (Status, HTML, Redirect, Reset, Close) keeps the request from the service.
	Apply bool `json:"apply,omitempty"`
	// DelayMS holds back the answer, in milliseconds; before the request takes effect, or after it with Apply.
	DelayMS int    `json:"delayMs,omitempty"`
	Status  int    `json:"status,omitempty"`
	Body    string `json:"body,omitempty"`
	// BodyBytes lengthens the body with letters to that many bytes as it is sent: none of them is kept.
	BodyBytes int `json:"bodyBytes,omitempty"`
	// Edit writes another body, and other headers, in place of those of the answer. From Go only.
	Edit   func(r Request, header http.Header, body []byte) []byte `json:"-"`
	Header map[string]string                                       `json:"header,omitempty"` // added to the answer, whichever it is
	// Reset breaks the connection (TCP RST), Close ends it, both without an answer.
	Reset bool `json:"reset,omitempty"`
	Close bool `json:"close,omitempty"`
	// Cut ends the connection after that many bytes of a body whose Content-Length promised more; -1 for none of them.
	Cut int `json:"cut,omitempty"`
	// DripBytes of the body are sent every DripMS milliseconds.
	DripBytes int `json:"dripBytes,omitempty"`
	DripMS    int `json:"dripMs,omitempty"`
	// HTML answers a web page, with Status or 200.
	HTML bool `json:"html,omitempty"`
	// Redirect answers with that Location, with Status or 302.
	Redirect string `json:"redirect,omitempty"`
}

type activeFault struct {
	Fault
	pattern *regexp.Regexp
	seen    int
}

// AddFaults appends rules. It fails, and adds none, when a pattern is broken.
func (s *Sandbox) AddFaults(faults ...Fault) error {
	var active []*activeFault
	for _, f := range faults {
		pattern, err := f.compile()
		if err != nil {
			return fmt.Errorf("add fault: %w", err)
		}
		active = append(active, &activeFault{Fault: f, pattern: pattern})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, active...)
	return nil
}

// ClearFaults takes all rules away.
func (s *Sandbox) ClearFaults() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (f *Fault) compile() (*regexp.Regexp, error) {
	if f.Service != "" && f.Service != "github" && f.Service != "hex" {
		return nil, fmt.Errorf("no service %q", f.Service)
	}
	switch {
	case f.Regexp != "":
		return regexp.Compile(f.Regexp)
	case f.Path != "":
		return regexp.Compile("^" + strings.ReplaceAll(regexp.QuoteMeta(f.Path), `\*`, ".*") + "$")
	}
	return nil, nil
}

func (s *Sandbox) pickFault(c *call) *Fault {
	for _, f := range s.faults {
		if !f.fits(c) {
			continue
		}
		f.seen++
		if f.seen <= f.Skip || f.Times > 0 && f.seen > f.Skip+f.Times {
			continue
		}
		chosen := f.Fault
		return &chosen
	}
	return nil
}

func (f *activeFault) fits(c *call) bool {
	target := c.Path
	if f.Regexp != "" && c.Query != "" {
		target += "?" + c.Query
	}
	return (f.Service == "" || f.Service == c.Service) &&
		(f.Host == "" || strings.EqualFold(f.Host, c.Host)) &&
		(f.Method == "" || strings.EqualFold(f.Method, c.Method)) &&
		(f.pattern == nil || f.pattern.MatchString(target))
}

// play answers a call, spoilt by the fault if there is one.
func (s *Sandbox) play(w http.ResponseWriter, c *call, f *Fault, delay time.Duration, answering func(*call) answer) {
	ctx := c.http.Context()
	if f == nil {
		f = &Fault{}
	}
	delay += time.Duration(f.DelayMS) * time.Millisecond
	var a answer
	if f.Apply {
		a = answering(c)
	}
	if wait(ctx, delay) != nil {
		hangUp(w, false) // otherwise net/http would send an empty answer
		return
	}
	if !f.Apply && !f.answers() {
		a = answering(c)
	}
	if f.Reset || f.Close {
		s.answered(c, 0)
		hangUp(w, f.Reset)
		return
	}
	a = f.spoil(c, a)
	s.answered(c, a.status)
	f.send(ctx, w, a)
}

// answers reports whether the fault stands in for the service.
func (f *Fault) answers() bool {
	return f.Status != 0 || f.HTML || f.Redirect != "" || f.Reset || f.Close
}

func (f *Fault) spoil(c *call, a answer) answer {
	switch {
	case f.HTML:
		a = htmlAnswer(http.StatusOK)
	case f.Redirect != "":
		a = textAnswer(http.StatusFound, "text/plain", "").with("Location", f.Redirect)
	case f.Status != 0:
		a = textAnswer(f.Status, "application/json; charset=utf-8", f.Body)
	}
	if f.Status != 0 {
		a.status = f.Status
	}
	for name, value := range f.Header {
		a = a.with(name, value)
	}
	if f.Edit != nil {
		a.header = a.header.Clone()
		a.body = f.Edit(*c.Request, a.header, a.body)
	}
	return a
}

func (f *Fault) send(ctx context.Context, w http.ResponseWriter, a answer) {
	for name, value := range a.header {
		w.Header()[name] = value
	}
	body := a.body
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified {
		w.Header().Set("Content-Length", strconv.Itoa(max(len(body), f.BodyBytes)))
	}
	w.WriteHeader(a.status)
	if f.Cut != 0 {
		body = body[:min(max(f.Cut, 0), len(body))]
	}
	if f.DripBytes > 0 {
		drip(ctx, w, body, f.DripBytes, time.Duration(f.DripMS)*time.Millisecond)
	} else {
		_, _ = w.Write(body)
		lengthen(w, f.BodyBytes-len(body))
	}
	if f.Cut != 0 {
		_ = http.NewResponseController(w).Flush()
		hangUp(w, false)
	}
}

func lengthen(w http.ResponseWriter, missing int) {
	letters := bytes.Repeat([]byte("x"), 32<<10)
	for missing > 0 {
		n, err := w.Write(letters[:min(missing, len(letters))])
		if err != nil {
			return
		}
		missing -= n
	}
}

func drip(ctx context.Context, w http.ResponseWriter, body []byte, size int, interval time.Duration) {
	for len(body) > 0 {
		n := min(size, len(body))
		if _, err := w.Write(body[:n]); err != nil {
			return
		}
		_ = http.NewResponseController(w).Flush()
		body = body[n:]
		if len(body) > 0 && wait(ctx, interval) != nil {
			return
		}
	}
}

// hangUp ends the connection of a request. A reset throws away what was not yet sent.
func hangUp(w http.ResponseWriter, reset bool) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok && reset {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// wait returns early, with an error, when the client goes away or the sandbox is closed.
func wait(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
