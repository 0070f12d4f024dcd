package workflow

import (
	"context"
	"fmt"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

const sample = `on:
  pull_request:
  workflow_dispatch:
    inputs:
      stage: {type: choice, options: [dev, prod]}
env:
  HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL }}
jobs:
  run:
    runs-on: ubuntu-latest
    environment: ${{ inputs.stage }}
    steps:
      - run: |
          curl -X POST -H "Authorization: Bearer $HEX_API_TOKEN" \
            https://EU.hex.tech/api/v1/projects/019f681a-1870-731d-bf1e-b82d136117fa/runs
          open https://app.hex.tech/acme/app/My-Title-033qADkKFIi4rt3feMxx3C/latest https://learn.hex.tech
        env:
          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
      - run: hex run start "$PROJECT"
        env:
          PROJECT: ${{ vars.HEX_PROJECT_ID }}
          HEX_API_TOKEN: ${{ secrets['hex_api_token'] }}
          SLACK: ${{ secrets.SLACK }}
  anywhere:
    runs-on: ubuntu-latest
    environment: ${{ github.ref_name }}
    steps:
      - run: hex run start
        env:
          HEX_API_TOKEN: ${{ secrets.HEX_TOKEN }}
  call:
    uses: octo/shared/.github/workflows/x.yml@v1
    secrets: inherit
  other:
    uses: octo/shared/.github/workflows/y.yml@v1
`

func sampleFile() []File {
	return []File{{Path: ".github/workflows/hex.yml", Data: []byte(sample)}}
}

func names(list []Named) []string {
	var out []string
	for _, n := range list {
		out = append(out, fmt.Sprintf("%s×%d", n.Name, len(n.Places)))
	}
	return out
}

func TestFacts(t *testing.T) {
	w := Read(sampleFile(), ReadOptions{})
	for _, c := range []struct {
		what      string
		got, want any
	}{
		{"HexSecrets", names(w.HexSecrets()), []string{"HEX_API_TOKEN×2", "HEX_TOKEN×1"}},
		{"HexVariables", names(w.HexVariables()), []string{"HEX_PROJECT_ID×1", "HEX_WORKSPACE_URL×1"}},
		{"Hosts", names(w.Hosts()), []string{"app.hex.tech×1", "eu.hex.tech×1"}},
		{"RemoteRefs", w.RemoteRefs(), []string{"octo/shared/.github/workflows/x.yml@v1", "octo/shared/.github/workflows/y.yml@v1"}},
		{"RunsProjects", w.RunsProjects(), true},
		{"Environments offline", w.Environments(nil), []string{"dev", "prod"}},
		{"Environments", w.Environments(&stored{repository: inventory.Repository{Environments: []inventory.Environment{{Name: "Prod"}, {Name: "qa"}}}}), []string{"dev", "prod", "qa"}},
	} {
		if got, want := fmt.Sprint(c.got), fmt.Sprint(c.want); got != want {
			t.Errorf("%s: got %s, want %s", c.what, got, want)
		}
	}
	var projects []string
	for _, p := range w.ProjectIDs() {
		projects = append(projects, fmt.Sprintf("%s%s %d:%d", p.Ref, p.Variable, p.Place.Line, p.Place.Column))
	}
	want := []string{
		"019f681a-1870-731d-bf1e-b82d136117fa 15:49",
		"https://app.hex.tech/acme/app/My-Title-033qADkKFIi4rt3feMxx3C/latest 16:16",
		"HEX_PROJECT_ID 21:24",
	}
	if !slices.Equal(projects, want) {
		t.Errorf("ProjectIDs: got %q, want %q", projects, want)
	}
}

func TestNoFacts(t *testing.T) {
	w := Read([]File{{Path: ".github/workflows/ci.yml", Data: []byte("on: push\njobs: {a: {runs-on: x, steps: [{run: make, env: {T: '${{ secrets.T }}'}}]}}")}}, ReadOptions{})
	if w.RunsProjects() || len(w.HexSecrets())+len(w.HexVariables())+len(w.Hosts())+len(w.ProjectIDs())+len(w.RemoteRefs()) > 0 {
		t.Error("a workflow that has nothing to do with Hex says something about it")
	}
	for id, r := range Judge(w, newStored(), Context{Dependabot: true}) {
		if r.Status != check.StatusSkipped {
			t.Errorf("%s is %s, want skipped", id, r.Status)
		}
	}
}

func TestRunsProjects(t *testing.T) {
	for script, want := range map[string]bool{
		"gh hex run start x":                               true,
		"if ! hex run x; then exit 1; fi":                  true,
		"hex app run":                                      true,
		"paradime hex trigger":                             true,
		"curl https://app.hex.tech/api/v1/projects/1/runs": true,
		"gh hex run list x":                                false,
		"gh hex verify":                                    false,
		"curl https://app.hex.tech/api/v1/projects":        false,
		"mix hex.publish && echo hex run":                  false,
	} {
		text := "on: push\njobs: {a: {runs-on: x, steps: [{run: '" + script + "'}]}}"
		if got := Read([]File{{Path: ".github/workflows/a.yml", Data: []byte(text)}}, ReadOptions{}).RunsProjects(); got != want {
			t.Errorf("%s: got %v, want %v", script, got, want)
		}
	}
}

func TestProposals(t *testing.T) {
	w := Read(sampleFile(), ReadOptions{})
	got := w.Proposals(newStored(), "hex_api_token", Context{Dependabot: true})
	want := []Proposal{
		{App: "actions", Environment: "dev", Reason: "job run reads it in environment dev", File: ".github/workflows/hex.yml", Line: 18},
		{App: "actions", Environment: "prod", Reason: "job run reads it in environment prod", File: ".github/workflows/hex.yml", Line: 18},
		{App: "dependabot", Reason: "hex.yml runs on pull_request and Dependabot is enabled", File: ".github/workflows/hex.yml", Line: 18},
	}
	sortProposals := func(a, b Proposal) int { return strings.Compare(a.App+a.Environment, b.App+b.Environment) }
	slices.SortFunc(got, sortProposals)
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if got := w.Proposals(newStored(), "OTHER", Context{Dependabot: true}); len(got) > 0 {
		t.Errorf("proposals for a secret that nothing reads: %+v", got)
	}
}

// TestHostile reads files that are made to break a reader. Each must end quickly, with something said.
func TestHostile(t *testing.T) {
	job := "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - run: |\n          "
	var cycle []File
	for i := range 40 {
		text := "on: [push, workflow_call]\njobs:\n"
		for k := range 40 {
			text += fmt.Sprintf("  j%d:\n    uses: ./.github/workflows/w%d.yml\n    with: {a: '${{ inputs.a }}${{ inputs.a }}'}\n", k, (i+k+1)%40)
		}
		cycle = append(cycle, File{Path: fmt.Sprintf(".github/workflows/w%d.yml", i), Data: []byte(text)})
	}
	one := func(text string) []File {
		return []File{{Path: ".github/workflows/hex.yml", Data: []byte(text)}}
	}
	cases := map[string][]File{
		"nul":             one("on: push\nx: \x00\n"),
		"large":           one(strings.Repeat("# hex\n", 200_000)),
		"deep flow":       one("on: " + strings.Repeat("[", 100_000)),
		"deep block":      one(strings.Repeat("- ", 50_000)),
		"deep expression": one(job + "${{ " + strings.Repeat("(", 500_000) + " }}"),
		"deep nots":       one(job + "${{ " + strings.Repeat("!", 20_000) + "secrets.A }}"),
		"unclosed":        one(job + strings.Repeat("${{ ", 100_000)),
		"quotes":          one(job + strings.Repeat("${{ '", 100_000)),
		"many reads":      one(job + strings.Repeat("${{ secrets.HEX_TOKEN }} é ", 8_000)),
		"one wide line":   one("on: push\njobs: {a: {runs-on: x, steps: [" + strings.Repeat("{run: 'é ${{ secrets.HEX_TOKEN }}'},", 5_000) + "]}}"),
		"many jobs":       one("on: push\nenv: {" + strings.Repeat("A: '${{ secrets.HEX_TOKEN }}',", 1) + "}\njobs:\n" + manyJobs(5000)),
		"many errors":     one("on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n" + strings.Repeat("      - foo: ${{ secrets.HEX_TOKEN\n", 5_000)),
		"calls":           cycle,
	}
	for name, files := range cases {
		t.Run(name, func(t *testing.T) {
			start := time.Now()
			results := Judge(Read(files, ReadOptions{All: true}), newStored(), Context{Dependabot: true})
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("took %s", took)
			}
			said := 0
			for _, r := range results {
				said += len(r.Findings)
			}
			if said == 0 {
				t.Error("nothing was said")
			}
		})
	}
}

// What is not looked at is said.
func TestBoundsAreSaid(t *testing.T) {
	call := func(n int, name string) string {
		text := "on: [push, workflow_call]\njobs:\n"
		for i := range n {
			text += fmt.Sprintf("  j%d:\n    uses: ./.github/workflows/%s%d.yml\n    secrets: inherit\n", i, name, i)
		}
		return text + "  last:\n    runs-on: x\n    steps: [{run: x, env: {A: '${{ secrets.HEX_API_TOKEN }}'}}]\n"
	}
	lookup := func(name string) ([]byte, bool) { return []byte(call(1, path.Base(name)+"x")), len(name) < 100 }
	long := "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'hex run ${{ " + strings.Repeat(" ", abstract.MaxExpression) + "}}'}]\n"
	for name, test := range map[string]struct{ text, says string }{
		"a large file":      {strings.Repeat("#\n", source.MaxFile/2+1), "larger than 1 MiB and was not judged"},
		"many calls":        {call(source.MaxCalls+1, "w"), "more than 500 workflows are called"},
		"a long expression": {long, "longer than the 21,000 characters"},
	} {
		files := []File{{Path: ".github/workflows/hex.yml", Data: []byte(test.text)}}
		result := Judge(Read(files, ReadOptions{Lookup: lookup}), newStored(), Context{})[Syntax]
		if !slices.ContainsFunc(result.Findings, func(f check.Finding) bool { return strings.Contains(f.Message, test.says) }) {
			t.Errorf("%s: %+v", name, result)
		}
	}
	few := []File{{Path: ".github/workflows/hex.yml", Data: []byte(call(3, "w"))}}
	result := Judge(Read(few, ReadOptions{Lookup: lookup}), newStored(), Context{})[Syntax]
	if slices.ContainsFunc(result.Findings, func(f check.Finding) bool { return strings.Contains(f.Message, "more than 500") }) {
		t.Errorf("a bound that was not reached is spoken of: %+v", result)
	}
}

func manyJobs(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "  j%d:\n    runs-on: x\n    if: github.actor\n    needs: j%d\n    steps: [{run: x, if: env.A}]\n", i, max(i-1, 0))
	}
	return b.String()
}

func TestJudgingTwiceAtOnce(t *testing.T) {
	w := Read(sampleFile(), ReadOptions{})
	want := render(Judge(w, newStored(), Context{Dependabot: true}))
	done := make(chan string)
	for range 4 {
		go func() { done <- render(Judge(w, newStored(), Context{Dependabot: true})) }()
	}
	for range 4 {
		if got := <-done; got != want {
			t.Errorf("got:\n%swant:\n%s", got, want)
		}
	}
}

// What is said depends neither on how many workflows are followed at once nor on which of them is done first, also where all
// of them together take more than may be worked out.
func TestAnyNumberAtOnce(t *testing.T) {
	job := "  j%d:\n    runs-on: x\n    strategy: {matrix: {a: [a, b, c, d, e, f, g, h, i, j, k, l]}}\n" +
		"    steps: [{run: \"hex run start ${{ " + strings.Repeat("matrix.a == 'x' || ", 1000) + "secrets[format('A_{0}', matrix.a)] }}\"}]\n" +
		"  c%d:\n    uses: ./.github/workflows/z.yml\n    with: {name: N%d}\n    secrets: inherit\n"
	called := "on:\n  workflow_call:\n    inputs: {name: {type: string}}\njobs:\n  a:\n    runs-on: x\n    steps: [{run: 'hex run start', env: {HEX_API_TOKEN: '${{ secrets[inputs.name] }}', B: '${{ secrets[env.C] }}'}}]\n"
	var files []File
	for i := range 30 {
		text := "on: push\njobs:\n"
		for n := range 1 + i%4 {
			text += strings.ReplaceAll(job, "%d", fmt.Sprint(n))
		}
		files = append(files, File{Path: fmt.Sprintf(".github/workflows/w%02d.yml", i), Data: []byte(text)})
	}
	files = append(files, File{Path: ".github/workflows/z.yml", Data: []byte(called)})
	w := Read(files, ReadOptions{})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var want string
	for _, n := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(n)
		got := render(Judge(w, newStored(), Context{}))
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("with %d at once:\n%s\nwith one:\n%s", n, got, want)
		}
	}
	if !strings.Contains(want, "only a part of what they may do was worked out") {
		t.Errorf("the bound was not reached:\n%s", want)
	}
}

// FuzzRead looks for files that make the reader or a judge panic, and for places outside the file.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sample), []byte("runs: {using: composite, steps: [{run: 'a ${{ secrets.X }}'}]}"))
	f.Add([]byte("on: push\njobs: {a: {runs-on: x, steps: [{run: \"\\x41 ${{ secrets['A'] || secrets.B }}\"}]}}"), []byte(nil))
	f.Add([]byte("on: [push, workflow_call]\r\njobs:\r\n  a: &a\r\n    uses: ./.github/workflows/hex.yml\r\n    secrets: {A: '${{ secrets.B }}'}\r\n  b: *a\r\n"), []byte(nil))
	f.Add([]byte("\ufeffon: {push: {branches: ['[a-z]+?*']}}\njobs:\n  a:\n    timeout-minutes: !!float nan\n    strategy: {matrix: {a: [1, {b: 2}], include: [{c: 3}], exclude: [{a: {b: 2}}]}}\n    environment: ${{ matrix.a.b || format('{0}{{', inputs.x) }}\n    steps: [{parallel: [{run: >\n      ${{ secrets[matrix.c] }}}]}, &x {env: *x}]\n"), []byte("x"))
	f.Add([]byte("on: push\npermissions: read-all\njobs:\n  a:\n    uses: o/r/.github/workflows/x.yml@v1\n    secrets: inherit\n---\n"), []byte("on: workflow_call\npermissions: {contents: write}\njobs:\n  b: {uses: $/.github/workflows/y.yml}\n  c: {runs-on: x, steps: [{uses: $/a}, {uses: ./b}]}\n"))
	f.Add([]byte("on: push\njobs: {a: {runs-on: x, steps: [{uses: actions/checkout@v4}, {uses: hex-inc/action-context-toolkit@v2, with: {token: '${{ secrets.A }}', config_file: a.json}}]}}"), []byte(`{"guides": [{"path": "a"}, {"pattern": "{a,b}/**/*.m[d-]"}], "semanticProjects": [{"path": "."}]}`))
	f.Fuzz(func(t *testing.T, data, action []byte) {
		file := File{Path: ".github/workflows/hex.yml", Data: data}
		lookup := func(string) ([]byte, bool) { return action, len(action) > 0 }
		tree := func() []string { return []string{"a.json", "a/b.md", "-"} }
		w := Read([]File{file}, ReadOptions{All: true, Lookup: lookup, Tree: tree, Remote: func(string) ([]byte, error) { return action, nil }})
		inv := &stored{repository: inventory.Repository{Environments: []inventory.Environment{{Name: "a"}}}}
		lines := 1 + strings.Count(strings.ReplaceAll(strings.ReplaceAll(string(data), "\r\n", "\n"), "\r", "\n"), "\n")
		for id, r := range Judge(w, inv, Context{Dependabot: true, Host: "eu.hex.tech"}) {
			for _, finding := range r.Findings {
				if finding.File == file.Path && (finding.Line < 0 || finding.Column < 0 || finding.Line > lines+1) {
					t.Errorf("%s: %d:%d is outside the file of %d lines", id, finding.Line, finding.Column, lines)
				}
			}
		}
		JudgeFiles(w, Context{})
		w.Environments(inv)
		w.ProjectIDs()
		w.Hosts()
		w.Proposals(inv, "HEX_API_TOKEN", Context{Dependabot: true})
	})
}

// TestReadingEnds ends reading while the first of many called workflows is looked up, and judging before it begins.
func TestReadingEnds(t *testing.T) {
	text := "on: [push, workflow_call]\njobs:\n"
	for i := range 100 {
		text += fmt.Sprintf("  j%d:\n    uses: ./.github/workflows/w%d.yml\n  k%d: {runs-on: x, steps: [{uses: ./a%d}, {run: hex run start x, env: {A: '${{ secrets.B || secrets[github.ref] }}'}}]}\n", i, i, i, i)
	}
	files := []File{{Path: ".github/workflows/hex.yml", Data: []byte(text)}}
	ctx, cancel := context.WithCancel(t.Context())
	asked := 0
	end := func(string) ([]byte, bool) {
		asked++
		cancel()
		return []byte(text), true
	}
	ended := Read(files, ReadOptions{Lookup: end, Ends: ctx})
	if asked != 1 || len(ended.Runs) > 0 {
		t.Errorf("looked up %d files and lists %d runs after the end", asked, len(ended.Runs))
	}
	// What was read by halves can still be asked: a command that is told to end asks on its way out.
	if secrets, starts := ended.HexSecrets(), ended.Starts("B"); len(secrets)+len(starts) > 0 {
		t.Errorf("%v and %v are known after the end", secrets, starts)
	}
	if judged := JudgeFiles(ended, Context{}); len(judged) > 0 {
		t.Errorf("judged after the end: %v", judged)
	}
	ctx, cancel = context.WithCancel(t.Context())
	w := Read(files, ReadOptions{All: true, Ends: ctx})
	before := Judge(w, newStored(), Context{})
	cancel()
	if judged := Judge(w, newStored(), Context{}); len(judged) > 0 {
		t.Errorf("judged after the end: %v", judged)
	}
	if len(before[SecretDynamic].Findings) == 0 || len(before[SecretAvailable].Findings) == 0 {
		t.Errorf("nothing was there to be left out: %v", before)
	}
}

// FuzzBounded lets a file cost as much as it can: what is allocated and the time are bounded by the length of the file.
func FuzzBounded(f *testing.F) {
	f.Add([]byte(sample), []byte("runs: {using: composite, steps: [{uses: ./a}, {run: 'a ${{ secrets.X }}'}]}"))
	f.Add([]byte("on: push\njobs: {a: {runs-on: x, steps: [{run: \"hex run ${{ secrets[format('{0}{0}', format('{0}{0}', 'x'))] }}\"}]}}"), []byte(nil))
	f.Add([]byte("on: {workflow_dispatch: {inputs: {a: {type: choice, options: [a, b]}}}}\njobs:\n  a:\n    strategy: {matrix: {a: [1, 2], b: [3, 4], include: [{c: 5}], exclude: [{a: 1}]}}\n    environment: ${{ matrix.a }}${{ inputs.a }}\n    runs-on: x\n    steps: [{run: 'hex run ${{ secrets[matrix.b] || ((secrets.A && b) && c) }}'}]\n"), []byte(nil))
	f.Add([]byte("on: [push, workflow_call]\njobs:\n  a: &a\n    uses: ./.github/workflows/hex.yml\n    secrets: {A: '${{ secrets.B }}'}\n    with: {a: b}\n  b: *a\n"), []byte(nil))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(512 << 20))
	f.Fuzz(func(t *testing.T, data, action []byte) {
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		before := allocated()
		lookup := func(string) ([]byte, bool) { return action, len(action) > 0 }
		w := Read([]File{{Path: ".github/workflows/hex.yml", Data: data}}, ReadOptions{All: true, Lookup: lookup, Ends: ctx})
		JudgeFiles(w, Context{})
		if ctx.Err() != nil {
			t.Error("takes longer than 20 seconds")
		}
		if n, most := allocated()-before, uint64(256<<20+2000*(len(data)+len(action))); n > most {
			t.Errorf("allocates %d bytes for a file of %d, want at most %d", n, len(data), most)
		}
	})
}

// allocated is how many bytes were ever allocated.
func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// TestFindingsAreCounted says a hundred things of a file and counts the rest, which keep their weight.
func TestFindingsAreCounted(t *testing.T) {
	text := "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n"
	for i := range maxFindings + 40 {
		text += fmt.Sprintf("    - run: hex run start ${{ secrets[github.ref%d] }}\n", i)
	}
	files := []File{{Path: ".github/workflows/hex.yml", Data: []byte(text + "    - run: hex run ${{ secrets }}\n")}}
	r := JudgeFiles(Read(files, ReadOptions{All: true}), Context{})[SecretDynamic]
	if len(r.Findings) != maxFindings+1 || r.Status != check.StatusWarning {
		t.Fatalf("%s with %d findings", r.Status, len(r.Findings))
	}
	last := r.Findings[maxFindings]
	if !strings.HasPrefix(last.Message, "and 41 more") || last.Severity != check.SeverityWarning || last.Line != 106 {
		t.Errorf("the last one is %+v", last)
	}
	v := &verdict{}
	for i := range maxFindings + 10 {
		v.add(Place{File: "a", Line: i + 1}, check.SeverityNote, "", "a", "")
	}
	v.add(Place{File: "a", Line: 500}, check.SeverityError, "", "b", "mend it")
	v.add(Place{File: "b", Line: 1}, check.SeverityNote, "", "a", "")
	if r := v.result(""); r.Status != check.StatusError || r.Fix != "mend it" || len(r.Findings) != maxFindings+2 {
		t.Errorf("the error behind the notes is lost: %+v", r)
	}
}

// What stands behind the part of a long script that is read is not judged, and that is said where it may talk to Hex.
func TestScriptsThatAreCut(t *testing.T) {
	long := strings.Repeat("          echo nothing of interest\n", 4000)
	for _, c := range []struct{ end, want string }{
		{"gh hex project list", "note job run has a script in step 1 that was not judged as a whole: the script is too long to be read whole"},
		{"exit 0", ""},
	} {
		text := "on: push\njobs:\n  run:\n    runs-on: ubuntu-latest\n    steps:\n      - run: |\n" + long + "          " + c.end + "\n" +
			"      - run: gh hex project list\n        env:\n          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}\n"
		r := JudgeFiles(Read([]File{{Path: ".github/workflows/w.yml", Data: []byte(text)}}, ReadOptions{}), Context{})[TokenMapped]
		got := ""
		for _, f := range r.Findings {
			got += fmt.Sprintf("%s %s", f.Severity, f.Message)
		}
		if got != c.want || r.Status != check.StatusOK {
			t.Errorf("%s: %s %q, want %q", c.end, r.Status, got, c.want)
		}
	}
}

// TestLongTexts: GitHub works a text with expressions out as one expression, and takes none beyond a length.
func TestLongTexts(t *testing.T) {
	script := func(first string, length int) string {
		return "on: push\njobs:\n  t:\n    runs-on: x\n    steps:\n      - run: |\n          " + first + "\n          # " + strings.Repeat("x", length) + "\n"
	}
	for _, c := range []struct {
		text string
		want string
	}{
		{script("echo ${{ github.sha }}", 21_100), "expression: run of step 1 is longer than the 21,000 characters that GitHub accepts with an expression in it; pass values by env"},
		{script("echo ${{ github.sha }}", 20_900), ""},
		{script("echo $GITHUB_SHA", 30_000), ""},
	} {
		if got := refusedHere(c.text); got != c.want {
			t.Errorf("%d characters: got %q, want %q", len(c.text), got, c.want)
		}
	}
}
