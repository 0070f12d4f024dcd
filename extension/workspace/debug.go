package workspace

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// debugTransport logs requests to Hex when GH_DEBUG is set, as gh does for GitHub: method, address, status and time.
// Headers and bodies are left out, with GH_DEBUG=api too: the token stands in one and may be echoed in the other.
func debugTransport(p *command.Process) http.RoundTripper {
	switch p.Getenv("GH_DEBUG") {
	case "", "0", "false", "no":
		return nil
	}
	return loggedTransport{core.BoundedTransport(), p.Err}
}

type loggedTransport struct {
	next http.RoundTripper
	log  io.Writer
}

func (t loggedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	start := time.Now()
	resp, err := t.next.RoundTrip(r)
	outcome := "failed"
	if err == nil {
		outcome = console.Safe(resp.Status)
	}
	fmt.Fprintf(t.log, "* Request to Hex: %s %s://%s%s: %s, %d ms\n", r.Method, r.URL.Scheme, r.URL.Host, r.URL.EscapedPath(), outcome, time.Since(start).Milliseconds())
	return resp, err
}
