package command

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

// hexHint is the next command to type after an answer of Hex, or after none.
func hexHint(err error) string {
	var answer *core.APIError
	var rejected *core.RejectedError
	switch {
	case errors.As(err, &rejected):
		return "Next: " + rejected.Fix()
	case errors.Is(err, core.ErrNotHexAPI):
		return "Check the path and the host: HEX_WORKSPACE_URL, or --workspace-url, names where you log in to Hex"
	case errors.Is(err, core.ErrRedirect):
		return "Check the host: HEX_WORKSPACE_URL, or --workspace-url, names where you log in to Hex"
	case errors.Is(err, core.ErrGarbled), errors.Is(err, core.ErrTooLarge):
		return "Run the command again; if that does not help, check the host (HEX_WORKSPACE_URL)"
	case errors.As(err, &answer):
		return answerHint(answer)
	case isNetworkError(err):
		return "Check the network and the host (HEX_WORKSPACE_URL), then run the command again"
	}
	return ""
}

// isNetworkError tells failures on the way to Hex from those of files, whose error numbers look like a net.Error too.
func isNetworkError(err error) bool {
	var network net.Error
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return false
	}
	return errors.As(err, &network) || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
}

// runOf is the path of one run, with its project.
var runOf = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^/?projects/([0-9a-f-]{36})/runs/([^/]+)$`) })

func answerHint(e *core.APIError) string {
	read := e.Method == http.MethodGet || e.Method == http.MethodHead
	maybe := e.Status >= http.StatusInternalServerError && !read // it may have taken effect
	switch {
	case e.HTML && !maybe && !errors.Is(e, core.ErrRateLimited):
		return "A web page answered, not Hex's API: check the network, a proxy in between, and the host (HEX_WORKSPACE_URL)"
	case errors.Is(e, core.ErrForbidden):
		return "Ask an admin of the workspace whether API access is on, and to tick " + scopeOf(e) + " for the token"
	case errors.Is(e, core.ErrNotFound) && e.Status == http.StatusForbidden:
		return "Check the ID and the host (gh hex project list); if they are right, ask an admin of the workspace to tick " + scopeOf(e) + " for the token"
	case errors.Is(e, core.ErrNotFound) && runOf().MatchString(e.Path):
		return "Check both IDs. To list the runs of that project: gh hex run list " + runOf().FindStringSubmatch(e.Path)[1] + "; to list the projects: gh hex project list"
	case errors.Is(e, core.ErrNotFound) && strings.HasPrefix(strings.TrimPrefix(e.Path, "/"), "projects/"):
		return "Check the ID and the host. To list the projects that the token can see: gh hex project list"
	case errors.Is(e, core.ErrNotFound):
		return "Check the ID and the host (HEX_WORKSPACE_URL)"
	case e.Method == http.MethodDelete && e.Status == http.StatusUnprocessableEntity && runOf().MatchString(e.Path):
		return "To see the run: gh hex run view " + strings.Join(runOf().FindStringSubmatch(e.Path)[1:], " ")
	case e.Method == http.MethodPost && errors.Is(e, core.ErrInputs):
		return "Only inputs of the published app can be set, by their names in Hex; -F sets numbers and booleans, -f strings"
	case e.Method == http.MethodPost && errors.Is(e, core.ErrUnpublished):
		return "Only published projects run. Publish it in Hex first; to list those that are: gh hex project list --published"
	case errors.Is(e, core.ErrRateLimited):
		return console.Capitalised(core.WaitForHex)
	case errors.Is(e, core.ErrBusy):
		return "All kernels of the workspace are busy and nothing was started: wait, then run the command again"
	case maybe:
		return "It may have taken effect: look before you repeat it"
	case e.Status >= http.StatusInternalServerError:
		return "Hex failed: try again, and give its support the trace ID"
	}
	return "Check the request; Hex's support can look up the trace ID"
}

// scopeOf names the scope that a request needs, as Hex's settings page does.
func scopeOf(e *core.APIError) string {
	noun, _, _ := strings.Cut(strings.TrimPrefix(e.Path, "/"), "/")
	noun, _, _ = strings.Cut(noun, "?")
	if noun == "" {
		return "the scope that this needs"
	}
	access := "Write"
	switch {
	case e.Method == http.MethodGet, e.Method == http.MethodHead:
		access = "Read"
	case noun == "projects" && strings.Contains(e.Path, "/runs"):
		access = "Run"
	}
	return console.Capitalised(strings.ReplaceAll(noun, "-", " ")) + ": " + access
}
