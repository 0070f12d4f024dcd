package sandbox

import (
	"io"
	"net/http"
	"strings"
	"time"
)

// maxBody bounds what is read of a request.
const maxBody = 16 << 20

// Request is a request that arrived. Path is as it was sent, escapes included. Status is 0 while it is under way, and
// for one that got no answer.
type Request struct {
	Service string      `json:"service"` // github or hex
	Host    string      `json:"host"`
	Method  string      `json:"method"`
	Path    string      `json:"path"`
	Query   string      `json:"query"`
	Header  http.Header `json:"header"`
	Body    string      `json:"body"`
	Time    time.Time   `json:"time"`
	Status  int         `json:"status"`
}

// call is a request on its way through a service.
type call struct {
	*Request
	http *http.Request
	args map[string]string // from the route
	host *Host             // GitHub only
	name string            // of the host, GitHub only
	path string            // below the API's base
	done bool              // no longer counted as under way
}

func (c *call) arg(name string) string { return c.args[name] }

// answer is what a service says to a call.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func jsonAnswer(status int, v any) answer {
	return answer{status, http.Header{"Content-Type": {"application/json; charset=utf-8"}}, append(mustJSON(v), '\n')}
}

func textAnswer(status int, contentType, body string) answer {
	return answer{status, http.Header{"Content-Type": {contentType}}, []byte(body)}
}

func htmlAnswer(status int) answer {
	page := "<!DOCTYPE html><html><head><title>Sign in</title></head><body><div id=\"root\"></div></body></html>\n"
	return textAnswer(status, "text/html; charset=utf-8", page)
}

func (a answer) with(name, value string) answer {
	a.header = a.header.Clone()
	if a.header == nil {
		a.header = http.Header{}
	}
	a.header.Set(name, value)
	return a
}

// handler records a request, lets the faults have their way with it, and sends what the service answers.
func (s *Sandbox) handler(service string, answering func(*call) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// The body is read to its end: only then does net/http notice a client that goes away.
		body, _ := io.ReadAll(io.LimitReader(r.Body, maxBody))
		c := &call{http: r, Request: &Request{
			Service: service, Host: r.Host, Method: r.Method, Path: r.URL.EscapedPath(), Query: r.URL.RawQuery,
			Header: r.Header.Clone(), Body: string(body), Time: time.Now(),
		}}
		fault, delay := s.arrive(c)
		defer s.leave(c)
		s.play(w, c, fault, delay, answering)
	})
}

// arrive records a call and picks the fault that is its lot.
func (s *Sandbox) arrive(c *call) (*Fault, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, c.Request)
	s.active++
	s.flying[c.Service]++
	s.peak[c.Service] = max(s.peak[c.Service], s.flying[c.Service])
	return s.pickFault(c), time.Duration(s.state.DelayMS) * time.Millisecond
}

// answered notes what a call is told. It is over from here on: a client that has the answer may send its next request
// before the handler has returned.
func (s *Sandbox) answered(c *call, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.Status = status
	c.land(s)
}

func (s *Sandbox) leave(c *call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c.land(s)
	s.active--
	s.idle.Broadcast()
}

func (c *call) land(s *Sandbox) {
	if !c.done {
		c.done = true
		s.flying[c.Service]--
	}
}

// Requests returns the requests so far, in the order in which they arrived.
func (s *Sandbox) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]Request, len(s.requests))
	for i, r := range s.requests {
		list[i] = *r
	}
	return list
}

// MaxConcurrent is the largest number of requests that were under way at once in a service, github or hex.
func (s *Sandbox) MaxConcurrent(service string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.peak[service]
}

// ResetRequests forgets the requests so far and the largest number at once.
func (s *Sandbox) ResetRequests() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = nil
	clear(s.peak)
}

// Deleted returns the requests that wanted to delete a secret, a variable or an environment. They were answered 405:
// nothing of ours may send one.
func (s *Sandbox) Deleted() []Request {
	list := []Request{}
	for _, r := range s.Requests() {
		if r.Service == "github" && r.Method == http.MethodDelete && keepsForever(r.Path) {
			list = append(list, r)
		}
	}
	return list
}

func keepsForever(path string) bool {
	for _, kind := range []string{"/secrets", "/variables", "/environments"} {
		if strings.Contains(path+"/", kind+"/") {
			return true
		}
	}
	return false
}
