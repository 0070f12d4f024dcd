package github

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/h2non/gock"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

// fleet is a sandbox and a client that talks to it.
func fleet(t *testing.T, repositories string) (*sandbox.Sandbox, *Client) {
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
		s.Close()
		os.RemoveAll(dir)
	})
	if err := s.Merge([]byte(`{"github": {"github.com": {"logins": {"sample-login": {"user": "ada", "scopes": ["repo"]}}, ` + repositories + `}}}`)); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GH_CONFIG_DIR", t.TempDir())
	t.Setenv("GH_TOKEN", "sample-login")
	c, err := NewClient("github.com", Options{UserAgent: "test"})
	if err != nil {
		t.Fatal(err)
	}
	c.http = &http.Client{Transport: authorized{&http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Socket())
	}}}}
	c.base, c.graphql = "http://api.github.com/", "http://api.github.com/graphql"
	c.pause = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return s, c
}

type authorized struct{ http.RoundTripper }

func (a authorized) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "token sample-login")
	return a.RoundTripper.RoundTrip(r)
}

// snapshotsOf reads the repositories of octo, by name.
func snapshotsOf(t *testing.T, c *Client) map[string]Snapshot {
	t.Helper()
	var repos []Repository
	if err := c.OrganizationRepositories(t.Context(), "octo", func(r Repository) error { repos = append(repos, r); return nil }); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	found := map[string]Snapshot{}
	c.Snapshots(t.Context(), repos, func(s Snapshot) {
		mu.Lock()
		defer mu.Unlock()
		if _, twice := found[s.Repository.Name]; twice {
			t.Errorf("%s came twice", s.Repository.Name)
		}
		found[s.Repository.Name] = s
	})
	if len(found) != len(repos) {
		t.Errorf("%d of %d repositories", len(found), len(repos))
	}
	return found
}

const fleetOfKinds = `"repositories": {
	"octo/hex": {"private": true, "forbidForking": true, "environments": {"prod/eu": {}, "dev": {}},
		"files": {"main": {".github/workflows/hex.yml": "on: push\n", ".github/workflows/b.yaml": "é\n", ".github/workflows/README.md": "no", ".github/workflows/sub/c.yml": "no",
			".github/dependabot.yaml": "version: 2\n", "shared/linked.yml": "on: schedule\n"}},
		"links": {".github/workflows/link.yml": "../../shared/linked.yml", ".github/workflows/nowhere.yml": "../gone.yml"}},
	"octo/none": {"files": {"main": {"README.md": "x"}}},
	"octo/empty": {},
	"octo/binary": {"files": {"trunk": {".github/workflows/a.yml": "on: push\u0000\n"}}, "defaultBranch": "trunk"}
}`

// describe is a snapshot as a text.
func describe(s Snapshot) string {
	var files []string
	for _, f := range s.Files {
		files = append(files, fmt.Sprintf("%s=%.20q/%d", strings.TrimPrefix(f.Path, workflowFolder+"/"), f.Data, len(f.Data)))
	}
	slices.Sort(files)
	var environments []string
	for _, e := range s.Environments.Entries {
		environments = append(environments, e.Name)
	}
	r := s.Repository
	return fmt.Sprint(files, environments, " dependabot=", s.Dependabot, " private=", r.Private, " forking=", r.AllowForking, " err=", s.Err, s.Environments.Err)
}

func wantSnapshots(t *testing.T, found map[string]Snapshot) {
	t.Helper()
	for name, want := range map[string]string{
		"hex":    `[b.yaml="é\n"/3 hex.yml="on: push\n"/9 link.yml="on: schedule\n"/13] [dev prod/eu] dependabot=true private=true forking=false err=<nil> <nil>`,
		"none":   `[] [] dependabot=false private=false forking=true err=<nil> <nil>`,
		"empty":  `[] [] dependabot=false private=false forking=true err=<nil> <nil>`,
		"binary": `[a.yml="on: push\x00\n"/10] [] dependabot=false private=false forking=true err=<nil> <nil>`,
	} {
		if got := describe(found[name]); got != want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, want)
		}
	}
}

func TestSnapshots(t *testing.T) {
	s, c := fleet(t, fleetOfKinds)
	wantSnapshots(t, snapshotsOf(t, c))
	var paths []string
	for _, r := range s.Requests() {
		paths = append(paths, r.Path)
		for _, name := range []string{"octo", "prod", "link"} {
			if r.Path == "/graphql" && strings.Contains(r.Body, name) {
				t.Errorf("a name in a query: %s", r.Body)
			}
		}
	}
	want := []string{"/orgs/octo/repos", "/graphql", "/graphql",
		"/repos/octo/hex/contents/.github/workflows/link.yml", "/repos/octo/hex/contents/.github/workflows/nowhere.yml", "/repos/octo/binary/contents/.github/workflows/a.yml"}
	slices.Sort(paths)
	slices.Sort(want)
	if !slices.Equal(paths, want) {
		t.Errorf("requests %v", paths)
	}
}

// What a query does not answer in whole is read over REST: it is never taken for no workflow.
func TestSnapshotsWithoutQueries(t *testing.T) {
	for name, edit := range map[string]func(trees bool, nodes []any) any{
		"refused":    func(bool, []any) any { return map[string]any{"message": "no"} },
		"no data":    func(bool, []any) any { return map[string]any{"errors": []any{map[string]any{"message": "timeout"}}} },
		"null nodes": func(_ bool, nodes []any) any { clear(nodes); return answerOf(nodes) },
		"one short":  func(_ bool, nodes []any) any { return answerOf(nodes[1:]) },
		"error without a place": func(_ bool, nodes []any) any {
			return map[string]any{"data": map[string]any{"nodes": nodes}, "errors": []any{map[string]any{"message": "x"}}}
		},
		"errors at places": func(trees bool, nodes []any) any {
			var errs []any
			for i := range nodes {
				errs = append(errs, map[string]any{"path": []any{"nodes", i, "workflows"}, "message": "x"})
				nodes[i] = map[string]any{"isPrivate": false, "forkingAllowed": true, "environments": map[string]any{"totalCount": 0, "nodes": []any{}}}
			}
			return map[string]any{"data": map[string]any{"nodes": nodes}, "errors": errs}
		},
		"fields missing": func(_ bool, nodes []any) any {
			for _, n := range nodes {
				for _, key := range []string{"environments", "text"} {
					delete(n.(map[string]any), key)
				}
			}
			return answerOf(nodes)
		},
		"truncated": func(trees bool, nodes []any) any {
			for _, n := range nodes {
				if text, there := n.(map[string]any)["text"].(string); there {
					n.(map[string]any)["isTruncated"], n.(map[string]any)["text"], n.(map[string]any)["byteSize"] = true, text[:1], 1
				}
			}
			return answerOf(nodes)
		},
		"shortened": func(trees bool, nodes []any) any {
			for _, n := range nodes {
				n.(map[string]any)["text"] = ""
			}
			return answerOf(nodes)
		},
		"entries missing": func(trees bool, nodes []any) any {
			for _, n := range nodes {
				if w, there := n.(map[string]any)["workflows"].(map[string]any); there {
					w["entries"] = nil
				}
			}
			return answerOf(nodes)
		},
		"objects missing": func(trees bool, nodes []any) any {
			for _, n := range nodes {
				if w, there := n.(map[string]any)["workflows"].(map[string]any); there {
					for _, e := range w["entries"].([]any) {
						delete(e.(map[string]any), "object")
					}
				}
			}
			return answerOf(nodes)
		},
		"in another order": func(_ bool, nodes []any) any { slices.Reverse(nodes); return answerOf(nodes) },
		"a field missing": func(_ bool, nodes []any) any {
			for _, n := range nodes {
				delete(n.(map[string]any), "workflows")
			}
			return answerOf(nodes)
		},
		"too many environments": func(trees bool, nodes []any) any {
			for _, n := range nodes {
				if e, there := n.(map[string]any)["environments"].(map[string]any); there {
					e["totalCount"], e["nodes"] = 101, []any{}
				}
			}
			return answerOf(nodes)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, c := fleet(t, fleetOfKinds)
			if err := s.AddFaults(sandbox.Fault{Path: "/graphql", Edit: func(r sandbox.Request, _ http.Header, body []byte) []byte {
				var in struct{ Data struct{ Nodes []any } }
				if err := json.Unmarshal(body, &in); err != nil {
					t.Error(err)
				}
				out, _ := json.Marshal(edit(strings.Contains(r.Body, "Repository"), in.Data.Nodes))
				return out
			}}); err != nil {
				t.Fatal(err)
			}
			wantSnapshots(t, snapshotsOf(t, c))
		})
	}
}

func answerOf(nodes []any) any { return map[string]any{"data": map[string]any{"nodes": nodes}} }

// Files that this login does not see are unknown, whether or not GitHub says that they are there.
func TestSnapshotsOfHiddenFiles(t *testing.T) {
	s, c := fleet(t, fleetOfKinds)
	faultsOf(t, s, sandbox.Fault{Path: "/graphql", Status: 200, Body: `{"data":{"nodes":[]},"errors":[{"type":"FORBIDDEN","message":"Resource not accessible by personal access token"}]}`},
		sandbox.Fault{Regexp: "^/repos/octo/(hex|none)/(contents|git)/", Status: 404, Body: `{"message":"Not Found"}`})
	for name, got := range snapshotsOf(t, c) {
		if hidden := name == "hex" || name == "none"; (got.Err != nil) != hidden {
			t.Errorf("%s: %v", name, got.Err)
		}
	}
}

// With each request failing in turn a repository is the same, or unknown.
func TestSnapshotsWithOneRequestFailing(t *testing.T) {
	_, c := fleet(t, fleetOfKinds)
	whole := snapshotsOf(t, c)
	for _, graphqlFails := range []bool{false, true} {
		for n := range 16 {
			s, c := fleet(t, fleetOfKinds)
			if graphqlFails {
				faultsOf(t, s, sandbox.Fault{Path: "/graphql", Status: 403, Body: `{"message":"no"}`})
			}
			faultsOf(t, s, sandbox.Fault{Regexp: "^/(repos|graphql)", Skip: n, Times: 1, HTML: true})
			unknown := 0
			for name, got := range snapshotsOf(t, c) {
				if got.Err != nil || got.Environments.Err != nil {
					unknown++
				} else if describe(got) != describe(whole[name]) {
					t.Errorf("request %d fails: %s is %s", n, name, describe(got))
				}
			}
			if unknown > 1 {
				t.Errorf("request %d fails: %d repositories are unknown", n, unknown)
			}
		}
	}
}

// What is known of a repository's files is known of all of them, or nothing is.
func TestTree(t *testing.T) {
	const path = "/repos/octo/one/git/trees/c0ffee"
	for name, test := range map[string]struct {
		fault sandbox.Fault
		want  []string
		fails bool
	}{
		"all":       {fault: sandbox.Fault{Status: 200, Body: `{"tree":[{"path":"a","type":"tree"},{"path":"a/b","type":"blob"},{"path":"c","type":"commit"}],"truncated":false}`}, want: []string{"a/b", "c"}},
		"some":      {fault: sandbox.Fault{Status: 200, Body: `{"tree":[{"path":"a/b","type":"blob"}],"truncated":true}`}},
		"too large": {fault: sandbox.Fault{Status: 200, Body: `{"tree":[{"path":"` + strings.Repeat("a", maxBody) + `","type":"blob"}]}`}},
		"unclear":   {fault: sandbox.Fault{HTML: true}, fails: true},
		"refused":   {fault: sandbox.Fault{Status: 403, Body: `{"message":"no"}`}, fails: true},
	} {
		s, c := fleet(t, fleetOfKinds)
		test.fault.Path = path
		faultsOf(t, s, test.fault)
		got, err := c.Tree(t.Context(), Snapshot{Repository: Repository{Owner: "octo", Name: "one"}, Commit: "c0ffee"})
		if !slices.Equal(got, test.want) || (err != nil) != test.fails {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func faultsOf(t *testing.T, s *sandbox.Sandbox, faults ...sandbox.Fault) {
	t.Helper()
	if err := s.AddFaults(faults...); err != nil {
		t.Fatal(err)
	}
}

// Answers stay below what is read of one, whatever the files hold, and what is too much is unknown.
func TestSnapshotsOfLargeFiles(t *testing.T) {
	s, c := fleet(t, `"repositories": {"octo/a": {}, "octo/b": {}, "octo/c": {}, "octo/d": {}}`)
	s.Update(func(st *sandbox.State) {
		for name, r := range st.GitHub["github.com"].Repositories {
			files := map[string]string{}
			switch name {
			case "octo/a", "octo/b":
				for i := range 5 {
					files[fmt.Sprintf(".github/workflows/%d.yml", i)] = strings.Repeat("\x01", 500_000)
				}
			case "octo/c":
				files[".github/workflows/a.yml"] = strings.Repeat("x", maxWorkflow+5)
				files[".github/workflows/b.yml"] = strings.Repeat("y", 600_000)
			case "octo/d":
				for i := range maxFiles + 1 {
					files[fmt.Sprintf(".github/workflows/%d.yml", i)] = "on: push\n"
				}
			}
			r.Files = map[string]map[string]string{"main": files}
		}
	})
	largest := 0
	faultsOf(t, s, sandbox.Fault{Edit: func(_ sandbox.Request, _ http.Header, body []byte) []byte {
		largest = max(largest, len(body))
		return body
	}})
	found := snapshotsOf(t, c)
	if largest > maxBody || largest < maxBody/4 {
		t.Errorf("the largest answer has %d bytes", largest)
	}
	for _, f := range found["b"].Files {
		if !bytes.Equal(f.Data, bytes.Repeat([]byte{1}, 500_000)) {
			t.Errorf("%s has %d bytes", f.Path, len(f.Data))
		}
	}
	if got := found["c"].Files; found["c"].Err != nil || len(got) != 2 || len(got[0].Data) != maxWorkflow+1 || len(got[1].Data) != 600_000 {
		t.Error(found["c"].Err, len(got))
	}
	if found["d"].Err == nil || len(found["d"].Files) > 0 {
		t.Error("a repository of too many files is known")
	}
}

func TestSnapshotsOfManyRepositories(t *testing.T) {
	s, c := fleet(t, `"generate": [{"name": "octo/r*", "count": 250, "as": {"files": {"main": {".github/workflows/a.yml": "on: push\n"}}}}]`)
	found := snapshotsOf(t, c)
	for name, snapshot := range found {
		if len(snapshot.Files) != 1 || snapshot.Err != nil {
			t.Fatalf("%s: %v", name, snapshot)
		}
	}
	if n := len(s.Requests()); n != 3+3+3 {
		t.Errorf("%d requests", n)
	}
}

// GraphQL says by 200 that its limit is reached.
func TestGraphQLRateLimit(t *testing.T) {
	s, c := fleet(t, fleetOfKinds)
	faultsOf(t, s, sandbox.Fault{Path: "/graphql", Times: 1, Status: 200, Body: `{"data":null,"errors":[{"type":"RATE_LIMITED","message":"API rate limit exceeded"}]}`,
		Header: map[string]string{"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": fmt.Sprint(time.Now().Unix())}})
	wantSnapshots(t, snapshotsOf(t, c))
	for _, r := range s.Requests() {
		if strings.HasSuffix(r.Path, "/contents/.github") {
			t.Error("read over REST what only had to wait")
		}
	}
}

func TestPace(t *testing.T) {
	now := time.Unix(0, 0)
	var slept time.Duration
	p := &pace{now: func() time.Time { return now }, pause: func(_ context.Context, d time.Duration) error {
		now, slept = now.Add(d), slept+d
		return nil
	}}
	var sent []time.Time
	for i := range 3100 {
		r := request{method: http.MethodGet}
		if i == 0 {
			r.method = http.MethodPut
		}
		if err := p.wait(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		now = now.Add(2500 * time.Microsecond)
		sent = append(sent, now)
	}
	for i := range sent {
		if j := i + 900; j < len(sent) && sent[j].Sub(sent[i]) < time.Minute {
			t.Fatalf("900 requests after the %dth within %v", i, sent[j].Sub(sent[i]))
		}
	}
	if took := sent[len(sent)-1].Sub(sent[0]); took > 248*time.Second {
		t.Errorf("took %v", took)
	}
	if newPace("ghe.example.com", true) != nil || newPace("github.com", false) != nil || newPace("github.com", true) == nil {
		t.Error("paced are clients of github.com that are asked to be")
	}
}

// TestRequestsArePaced has a client that has used what a minute allows wait before it sends another request.
func TestRequestsArePaced(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(http.StatusOK).JSON(`{"total_count": 0, "secrets": []}`)
	now := time.Now()
	var slept time.Duration
	c.pace = &pace{spent: []spent{{now, paceLimit}}, sum: paceLimit, now: func() time.Time { return now }, pause: func(_ context.Context, d time.Duration) error {
		now, slept = now.Add(d), slept+d
		return nil
	}}
	if l := c.Secrets(t.Context(), analytics()); l.Err != nil || slept != paceWindow {
		t.Errorf("%v, after %v", l.Err, slept)
	}
}
