package extension

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/gh-hex/gh-hex/extension/api"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// at makes gh hex talk to a server of the test's own.
func at(b *commandtest.Bench, t *testing.T, handler http.HandlerFunc) *commandtest.Bench {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	b.Env["HEX_WORKSPACE_URL"] = server.URL
	b.Env["HEX_API_TOKEN"] = sandbox.NewToken(sandbox.Workspace, "bench")
	return b
}

func runIn(b *commandtest.Bench, t *testing.T, args ...string) int {
	t.Helper()
	return execute(t.Context(), b.Process, args)
}

// tally is an output of which only the length is kept.
type tally struct {
	mu sync.Mutex
	n  int
}

func (c *tally) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n += len(p)
	return len(p), nil
}

func (c *tally) length() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.n
}

// TestPaginateKeepsNothing lets a server send 40 pages of 256 KiB each: every page is written before the next one but
// one is asked for, and the heap grows less than half of what they are together.
func TestPaginateKeepsNothing(t *testing.T) {
	const count, size = 40, 256 << 10
	big := strings.Repeat("x", size)
	for _, args := range [][]string{{"api", "projects", "--paginate"}, {"api", "projects", "--paginate", "--jq", ".values[].title"}} {
		b, out := commandtest.New(t), &tally{}
		b.Out = &console.StickyWriter{W: out}
		var first, peak uint64
		var late []int
		served := 0
		at(b, t, func(w http.ResponseWriter, r *http.Request) {
			if written := out.length(); written < (served-1)*size {
				late = append(late, served)
			}
			runtime.GC()
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if served == 0 {
				first = m.HeapAlloc
			}
			peak = max(peak, m.HeapAlloc)
			served++
			after := "null"
			if served < count {
				after = strconv.Quote(fmt.Sprint("page", served))
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"values":[{"title":"%s"}],"pagination":{"after":%s}}`, big, after)
		})
		if code := runIn(b, t, args...); code != 0 || served != count || out.length() < count*size {
			t.Errorf("%v: exit code %d, %d pages, %d bytes: %s", args, code, served, out.length(), b.Stderr.String())
		}
		if len(late) > 0 {
			t.Errorf("%v: pages %v were asked for before those before them were written", args, late)
		}
		if grown := peak - first; grown > count*size/2 {
			t.Errorf("%v: the heap grew by %d KiB", args, grown>>10)
		}
	}
}

func TestPaginate(t *testing.T) {
	for _, test := range []struct {
		name  string
		args  []string
		pages map[string]string // by query
		want  string
		code  int
	}{
		{"a cursor", []string{"groups"}, map[string]string{
			"limit=100":             `{"values":[1],"pagination":{"after":"a&b"}}`,
			"after=a%26b&limit=100": `{"values":[2],"pagination":{"after":null}}`,
		}, "{\"values\":[1],\"pagination\":{\"after\":\"a&b\"}}\n{\"values\":[2],\"pagination\":{\"after\":null}}\n", 0},
		{"an offset", []string{"projects/x/runs?limit=2&offset=4", "--jq", ".runs[]"}, map[string]string{
			"limit=2&offset=4": `{"runs":[1,2],"nextPage":"https://evil.example.com/runs"}`,
			"limit=2&offset=6": `{"runs":[3],"nextPage":null}`,
		}, "1\n2\n3\n", 0},
		{"fields", []string{"groups", "-f", "limit=1", "-f", "statuses[]=A", "--jq", ".values[]"}, map[string]string{
			"limit=1&statuses%5B%5D=A": `{"values":[1],"pagination":{"after":null}}`,
		}, "1\n", 0},
		{"a table", []string{"groups", "--template", `{{range .values}}{{tablerow .}}{{end}}`}, map[string]string{
			"limit=100":         `{"values":["a"],"pagination":{"after":"x"}}`,
			"after=x&limit=100": `{"values":["b"],"pagination":{"after":null}}`,
		}, "a\nb\n", 0},
		{"an end that never comes", []string{"groups", "--silent"}, map[string]string{
			"limit=100":         `{"values":[1],"pagination":{"after":"x"}}`,
			"after=x&limit=100": `{"values":[2],"pagination":{"after":"x"}}`,
		}, "", 1},
		{"a page that fails", []string{"groups", "--jq", ".values[]"}, map[string]string{
			"limit=100": `{"values":[1],"pagination":{"after":"x"}}`,
		}, "1\n{\"reason\":\"gone\"}\n", 1},
		{"no list", []string{"users/me"}, map[string]string{"limit=100": `{"id":"u"}`}, "{\"id\":\"u\"}\n", 0},
		{"empty pages", []string{"projects/x/runs", "--silent"}, map[string]string{"limit=100": `{"runs":[],"nextPage":"/more"}`}, "", 0},
	} {
		b := at(commandtest.New(t), t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			body, known := test.pages[r.URL.RawQuery]
			if !known {
				w.WriteHeader(http.StatusNotFound)
				body = `{"reason":"gone"}`
			}
			fmt.Fprint(w, body)
		})
		if code := runIn(b, t, append([]string{"api", "-X", "GET", "--paginate"}, test.args...)...); code != test.code || b.Stdout.String() != test.want {
			t.Errorf("%s: exit code %d, %q\n%s", test.name, code, b.Stdout.String(), b.Stderr.String())
		}
	}
}

func TestPaginateWaitsAsLongAsToldTo(t *testing.T) {
	asked := 0
	b := at(commandtest.New(t), t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusTooManyRequests)
	})
	if code := runIn(b, t, "api", "projects", "--paginate", "--timeout", "10m"); code != 1 || asked != 1 {
		t.Errorf("an hour within ten minutes: exit code %d after %d requests", code, asked)
	}
	if !strings.Contains(b.Stderr.String(), "429") {
		t.Errorf("does not say why: %s", b.Stderr.String())
	}
}

// pageTransport answers every request with a page that names another.
type pageTransport struct {
	asked  int
	cursor string
}

func (p *pageTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked++
	body := fmt.Sprintf(`{"values":[],"pagination":{"after":"%s%d"}}`, p.cursor, p.asked)
	return &http.Response{StatusCode: 200, Header: http.Header{"Content-Type": {"application/json"}}, Request: r, Body: io.NopCloser(strings.NewReader(body))}, nil
}

func TestPaginateEnds(t *testing.T) {
	standard := http.DefaultTransport
	defer func() { http.DefaultTransport = standard }()
	for want, pages := range map[string]*pageTransport{
		"more than 10000 pages":                   {},
		"names a next page by more than 4096 byt": {cursor: strings.Repeat("x", api.MaxCursor)},
	} {
		http.DefaultTransport = pages
		b := commandtest.New(t)
		b.Env["HEX_API_TOKEN"] = sandbox.NewToken(sandbox.Workspace, "bench")
		code := runIn(b, t, "api", "groups", "--paginate", "--silent")
		if code != command.ExitProblem || !strings.Contains(b.Stderr.String(), want) || !strings.Contains(b.Stderr.String(), "Run the command again") {
			t.Errorf("exit code %d after %d pages: %s", code, pages.asked, b.Stderr.String())
		}
	}
}

func TestHeaders(t *testing.T) {
	sent := http.Header{}
	b := at(commandtest.New(t), t, func(w http.ResponseWriter, r *http.Request) { sent = r.Header; w.WriteHeader(204) })
	if code := runIn(b, t, "api", "x", "-H", "X-Test: a:b"); code != 0 || sent.Get("X-Test") != "a:b" || !strings.HasPrefix(sent.Get("Authorization"), "Bearer hxtw_") {
		t.Errorf("exit code %d, %v", code, sent)
	}
}

func TestNonJSONAnswers(t *testing.T) {
	for _, test := range []struct{ kind, body, want string }{
		{"text/plain", "a\x1b[31mb\n", "a[31mb\n"},
		{"application/octet-stream", "\x00\x1b\xff", "\x00\x1b\xff"},
		{"application/json", `{"a":"\u001b[31m\u009b\u202ex\\u001b","b":"\n"}`, `{"a":"[31m\u202ex\\u001b","b":"\n"}` + "\n"},
	} {
		b := at(commandtest.New(t), t, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", test.kind)
			fmt.Fprint(w, test.body)
		})
		if code := runIn(b, t, "api", "x"); code != 0 || b.Stdout.String() != test.want {
			t.Errorf("%s: exit code %d, %q", test.kind, code, b.Stdout.String())
		}
	}
}

func TestRequestThatMayHaveTakenEffect(t *testing.T) {
	b := at(commandtest.New(t), t, func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusBadGateway) })
	if code := runIn(b, t, "api", "groups", "-f", "name=x"); code != 1 || !strings.Contains(b.Stderr.String(), "may have taken effect") {
		t.Errorf("exit code %d: %s", code, b.Stderr.String())
	}
}

func TestAPIUsage(t *testing.T) {
	for want, args := range map[string][]string{
		"one path is needed":            {"api"},
		"non-GET":                       {"api", "x", "--paginate", "-X", "POST"},
		"only one of":                   {"api", "x", "--silent", "--jq", "."},
		"read only once":                {"api", "x", "--input", "-", "-F", "a=@-"},
		"a positive duration is needed": {"api", "x", "--timeout", "0s"},
		"should be name=value":          {"api", "x", "-f", "name"},
		"is set twice":                  {"api", "x", "-f", "a=1", "-f", "a=2"},
		"not taken from the command":    {"api", "x", "-H", "authorization: x"},
		"no Hex token on this machine":  {"api", "x", "--workspace-url", "eu.hex.tech"},
	} {
		b := at(commandtest.New(t), t, func(http.ResponseWriter, *http.Request) { t.Errorf("%v: a request was sent", args) })
		if strings.HasPrefix(want, "no Hex token") {
			b.Env["HEX_API_TOKEN"] = ""
		}
		if code := runIn(b, t, args...); code == 0 || !strings.Contains(b.Stderr.String(), want) {
			t.Errorf("%v: exit code %d, no %q in: %s", args, code, want, b.Stderr.String())
		}
	}
}
