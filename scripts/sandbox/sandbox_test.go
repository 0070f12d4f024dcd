package sandbox_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/nacl/box"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

const classic = "gho_classic"

// start runs a sandbox with one organization, one login and a private repository.
func start(t *testing.T) *sandbox.Sandbox {
	t.Helper()
	dir, err := os.MkdirTemp("", "sb") // t.TempDir is too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	s, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		os.RemoveAll(dir)
	})
	merge(t, s, `{
		"github": {"github.com": {
			"logins": {"gho_classic": {"user": "ada", "scopes": ["repo", "admin:org", "workflow"]}},
			"repositories": {
				"octo/analytics": {"private": true, "environments": {"prod/eu": {}, "Staging": {}}},
				"octo/site": {}
			}
		}},
		"hex": {"tokens": {
			"ada": {"name": "Ada Lovelace", "email": "ada@example.com", "exp": 1900000000},
			"robot": {"kind": "workspace"}
		}}
	}`)
	return s
}

func merge(t *testing.T, s *sandbox.Sandbox, patch string) {
	t.Helper()
	if err := s.Merge([]byte(patch)); err != nil {
		t.Fatal(err)
	}
}

type response struct {
	status int
	header http.Header
	body   string
}

func (r response) decode(t *testing.T) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal([]byte(r.body), &v); err != nil {
		t.Fatalf("%v in %q", err, r.body)
	}
	return v
}

// client reaches GitHub over the socket, whatever the host, and Hex over loopback.
func client(t *testing.T, s *sandbox.Sandbox) *http.Client {
	t.Helper()
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		if strings.HasPrefix(address, "127.0.0.1:") {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket())
	}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func try(t *testing.T, s *sandbox.Sandbox, method, url, authorization string, body any) (response, error) {
	t.Helper()
	var sent io.Reader
	if body != nil {
		raw, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		sent = bytes.NewReader(raw)
	}
	req, err := http.NewRequestWithContext(t.Context(), method, url, sent)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := client(t, s).Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return response{resp.StatusCode, resp.Header, string(raw)}, err
}

func do(t *testing.T, s *sandbox.Sandbox, method, url, authorization string, body any) response {
	t.Helper()
	r, err := try(t, s, method, url, authorization, body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, url, err)
	}
	return r
}

// api calls github.com with the classic login.
func api(t *testing.T, s *sandbox.Sandbox, method, path string, body any) response {
	t.Helper()
	return do(t, s, method, "http://api.github.com"+path, "token "+classic, body)
}

// hex calls Hex with the token of that name.
func hex(t *testing.T, s *sandbox.Sandbox, name, method, path string, body any) response {
	t.Helper()
	return do(t, s, method, s.HexURL()+"/api/v1"+path, "Bearer "+s.State().Hex.Tokens[name].Value, body)
}

func want(t *testing.T, r response, status int) {
	t.Helper()
	if r.status != status {
		t.Errorf("status %d, want %d: %s", r.status, status, r.body)
	}
}

// seal encrypts a value for a collection, as GitHub's documentation says.
func seal(t *testing.T, s *sandbox.Sandbox, collection, value string) map[string]any {
	t.Helper()
	r := api(t, s, "GET", collection+"/public-key", nil)
	want(t, r, 200)
	key := r.decode(t)
	raw, err := base64.StdEncoding.DecodeString(key["key"].(string))
	if err != nil || len(raw) != 32 {
		t.Fatalf("public key %v: %v", key, err)
	}
	sealed, err := box.SealAnonymous(nil, []byte(value), (*[32]byte)(raw), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"key_id": key["key_id"], "encrypted_value": base64.StdEncoding.EncodeToString(sealed)}
}

func secret(s *sandbox.Sandbox, place, app, environment, name string) (string, bool) {
	for _, e := range s.Secrets() {
		if e.Place == place && e.App == app && e.Environment == environment && e.Name == name {
			return e.Value, true
		}
	}
	return "", false
}

func TestLongPathIsRefused(t *testing.T) {
	if s, err := sandbox.New(t.TempDir() + "/" + strings.Repeat("x", 100)); err == nil {
		s.Close()
		t.Fatal("a socket path of more than 104 bytes was accepted")
	}
}

func TestMergeKeepsWhatItDoesNotName(t *testing.T) {
	s := start(t)
	id := s.State().GitHub["github.com"].Repositories["octo/analytics"].ID
	merge(t, s, `{"github": {"github.com": {"repositories": {
		"octo/aaa": {"secrets": {"actions": {"lower": {"value": "v"}}}}, "octo/site": null}}}}`)
	repositories := s.State().GitHub["github.com"].Repositories
	if r := repositories["octo/analytics"]; r.ID != id || !r.Private || len(r.Environments) != 2 {
		t.Errorf("octo/analytics changed: %+v", r)
	}
	if _, present := repositories["octo/site"]; present {
		t.Error("null did not take octo/site out")
	}
	if value, found := secret(s, "octo/aaa", "actions", "", "LOWER"); !found || value != "v" {
		t.Errorf("secret LOWER: %q, %v", value, found)
	}
}

func TestMergeRefusesWhatItDoesNotKnow(t *testing.T) {
	s := start(t)
	before := fmt.Sprintf("%+v", s.State())
	for _, patch := range []string{`{"githib": {}}`, `{"hex": {"projectsCount": 3}}`, `[]`, `{`, `null`} {
		if s.Merge([]byte(patch)) == nil {
			t.Errorf("%s was accepted", patch)
		}
	}
	if after := fmt.Sprintf("%+v", s.State()); len(after) != len(before) {
		t.Error("a refused patch changed the state")
	}
}

func TestControl(t *testing.T) {
	s := start(t)
	call := func(method, path string, body any) response {
		return do(t, s, method, s.ControlURL()+path, "", body)
	}
	want(t, call("POST", "/state", map[string]any{"hex": map[string]any{"meMissing": true}}), 204)
	want(t, call("POST", "/state", map[string]any{"nonsense": 1}), 400)
	want(t, call("POST", "/faults", map[string]any{"service": "hex", "status": 502}), 204)
	want(t, call("POST", "/faults", []any{map[string]any{"service": "helix"}}), 400)
	want(t, hex(t, s, "ada", "GET", "/users/me", nil), 502)
	want(t, call("DELETE", "/faults", nil), 204)
	want(t, hex(t, s, "ada", "GET", "/users/me", nil), 404)
	merge(t, s, `{"github": {"github.com": {"repositories": {"octo/site": {"secrets": {"actions": {"A": {"value": "plain"}}}}}}}}`)
	if r := call("GET", "/secrets", nil); !strings.Contains(r.body, `"value":"plain"`) {
		t.Errorf("secrets: %s", r.body)
	}
	var report sandbox.Report
	if err := json.Unmarshal([]byte(call("GET", "/requests", nil).body), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Requests) != 2 || report.MaxConcurrent["hex"] != 1 || report.Deleted == nil {
		t.Errorf("report %+v: want the two requests to Hex and no control request", report)
	}
	want(t, call("POST", "/reset-requests", nil), 204)
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests after the reset", n)
	}
}

func TestReadmeExamplesAreAccepted(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	if len(examples) != 2 {
		t.Fatalf("%d examples, want one of the state and one of the faults", len(examples))
	}
	s := start(t)
	merge(t, s, examples[0][1])
	r := do(t, s, "POST", s.ControlURL()+"/faults", "", json.RawMessage(examples[1][1]))
	want(t, r, 204)
}

func TestRequestsAreRecorded(t *testing.T) {
	s := start(t)
	do(t, s, "POST", "http://ghe.example.com/api/v3/a%2Fb?x=1", "token other", map[string]string{"k": "v"})
	r := s.Requests()[0]
	if r.Service != "github" || r.Host != "ghe.example.com" || r.Method != "POST" || r.Path != "/api/v3/a%2Fb" || r.Query != "x=1" ||
		r.Header.Get("Authorization") != "token other" || r.Body != `{"k":"v"}` || r.Status != 401 || r.Time.IsZero() {
		t.Errorf("recorded %+v", r)
	}
}

func TestNewToken(t *testing.T) {
	for kind, shape := range map[string]string{
		sandbox.Personal: `^hxtp_[0-9a-f]{96}$`, sandbox.Workspace: `^hxtw_[0-9a-f]{96}$`, sandbox.Legacy: `^[0-9a-f]{96}$`,
	} {
		token := sandbox.NewToken(kind, "a")
		if !regexp.MustCompile(shape).MatchString(token) {
			t.Errorf("%s: %s does not look like one", kind, token)
		}
		if token != sandbox.NewToken(kind, "a") || token == sandbox.NewToken(kind, "b") {
			t.Errorf("%s: a token must follow from its seed", kind)
		}
	}
}

func TestCloseEndsWhatWaits(t *testing.T) {
	before := runtime.NumGoroutine()
	dir, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	s, err := sandbox.New(dir)
	if err != nil {
		t.Fatal(err)
	}
	s.Update(func(st *sandbox.State) { st.DelayMS = 3_600_000 })
	ended := make(chan error, 2)
	c := client(t, s)
	for _, url := range []string{"http://api.github.com/", s.HexURL()} {
		go func() {
			resp, err := c.Get(url)
			if err == nil {
				resp.Body.Close()
			}
			ended <- err
		}()
	}
	await(t, "both requests", func() bool { return len(s.Requests()) == 2 })
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if <-ended == nil {
			t.Error("a request that was held back got an answer")
		}
	}
	c.CloseIdleConnections()
	await(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

func TestClientThatLeavesEndsTheWait(t *testing.T) {
	s := start(t)
	if err := s.AddFaults(sandbox.Fault{DelayMS: 3_600_000}); err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	ctx, cancel := context.WithCancel(t.Context())
	c := client(t, s)
	ended := make(chan error, 1)
	go func() {
		req, _ := http.NewRequestWithContext(ctx, "POST", "http://api.github.com/", strings.NewReader("{}"))
		resp, err := c.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	await(t, "the request", func() bool { return len(s.Requests()) == 1 })
	cancel()
	<-ended
	await(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= before })
}

// await polls for what other goroutines do, with a bound.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatalf("waited too long for %s", what)
		}
		time.Sleep(time.Millisecond)
	}
}
