//go:build linux

package extension_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// load is a kind of hostile repository. make writes it in a size: n bytes for one file, or what counts in its place.
type load struct {
	name string
	full int
	make func(n int) map[string]string
}

// What one file of 1 MiB may take, and what forty of them may. Processor time is that of the whole process, on one core.
const (
	mebibyte   = 1 << 20
	fileTime   = 2 * time.Second
	fileMemory = 200 << 20
	treeTime   = 20 * time.Second
	treeMemory = 400 << 20
)

// growthFloor is the time that a load may take however it grows.
const growthFloor = 200 * time.Millisecond

// TestWorkIsBounded measures the built program on hostile repositories, each at full size and, where that takes long enough to
// tell, at half and a quarter of it. It measures a child: neither the race detector of the test itself nor what runs beside it
// plays a part.
func TestWorkIsBounded(t *testing.T) {
	t.Parallel()
	dir, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, "gh-hex")
	rest := measure(t, binary, one("on: push\n"))
	for _, l := range loads() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			problem := ""
			for range 2 { // a machine that others use at the same time takes longer now and then
				if problem = l.measure(t, binary, rest); problem == "" {
					return
				}
			}
			t.Error(problem)
		})
	}
}

// measure says what is wrong with what a load takes.
func (l load) measure(t *testing.T, binary string, rest cost) string {
	full := measure(t, binary, l.make(l.full))
	t.Log(full)
	most, space := fileTime, int64(fileMemory)
	if strings.HasPrefix(l.name, "forty ") {
		most, space = treeTime, treeMemory
	}
	if full.time > most || full.memory > space {
		return fmt.Sprintf("takes %v, want at most %v and %d MB", full, most, space>>20)
	}
	// Twice as much of the same takes twice the time; four times as long would be quadratic.
	larger := full
	for _, part := range []int{2, 4} {
		if larger.time-rest.time <= growthFloor {
			break // nothing can be told of so little
		}
		smaller := measure(t, binary, l.make(l.full/part))
		if larger.time-rest.time > 3*(smaller.time-rest.time)+growthFloor {
			return fmt.Sprintf("grows faster than its size: %v, and half of that %v", larger, smaller)
		}
		larger = smaller
	}
	return ""
}

// cost is what a process took.
type cost struct {
	time   time.Duration
	memory int64
}

func (c cost) String() string {
	return fmt.Sprintf("%d ms, %d MB", c.time.Milliseconds(), c.memory>>20)
}

// measure runs the checks that need no network in a repository with these files.
func measure(t *testing.T, binary string, files map[string]string) cost {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		name = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("git", "init", "-q", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute) // ends what would never end
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "verify", "--offline", "--all", "--verbose")
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "GOMAXPROCS=1"}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	peak := watchMemory(cmd.Process.Pid)
	err := cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code < 0 || code > 3 {
		t.Errorf("%v: %.2000s", err, out.String())
	}
	if out.Len() > mebibyte {
		t.Errorf("prints %d bytes", out.Len())
	}
	return cost{cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), peak()}
}

// watchMemory follows the largest size of a process. What the kernel keeps of one that has ended would do, but counts the
// process that started it as well, which may be larger.
func watchMemory(pid int) (peak func() int64) {
	stop, result := make(chan struct{}), make(chan int64)
	go func() {
		var most int64
		tick := time.NewTicker(4 * time.Millisecond)
		defer tick.Stop()
		for {
			data, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
			if _, rest, found := bytes.Cut(data, []byte("VmHWM:")); found {
				size, _, _ := bytes.Cut(rest, []byte("kB"))
				if n, err := strconv.ParseInt(string(bytes.TrimSpace(size)), 10, 64); err == nil {
					most = n << 10
				}
			}
			select {
			case <-tick.C:
			case <-stop:
				result <- most
				return
			}
		}
	}()
	return func() int64 {
		close(stop)
		return <-result
	}
}

const head = "on: push\njobs:\n  hex:\n    runs-on: x\n    env: {HEX_API_TOKEN: '${{ secrets.HEX_API_TOKEN }}'}\n"

func one(text string) map[string]string { return map[string]string{".github/workflows/hex.yml": text} }

// many repeats a part, in which %d is its number, up to n bytes.
func many(n int, part string) string {
	var b strings.Builder
	for i := 0; b.Len()+len(part)+16 < n; i++ {
		b.WriteString(strings.ReplaceAll(part, "%d", fmt.Sprint(i)))
	}
	return b.String()
}

// filled is a file of n bytes: a beginning, parts and an end.
func filled(start, part, end string) func(n int) map[string]string {
	return func(n int) map[string]string { return one(start + many(n-len(start)-len(end), part) + end) }
}

// script is a step whose script consists of parts.
func script(part string) func(n int) map[string]string {
	return filled(head+"    steps:\n    - run: |\n        hex run start x\n", "        "+part+"\n", "")
}

// quoted is a step with one long scalar in quotes.
func quoted(start, part, end string) func(n int) map[string]string {
	return filled(head+"    steps:\n    - run: "+start, part, end+"\n")
}

// steps are steps of one job.
func steps(part string) func(n int) map[string]string {
	return filled(head+"    steps:\n", part, "")
}

// jobs are jobs of one workflow that can be called, too.
func jobs(part string) func(n int) map[string]string {
	return filled("on: [push, workflow_call, pull_request]\njobs:\n", part, "")
}

// nested is an expression of a few bytes that would be worth a great many.
func nested(depth int) map[string]string {
	text := "'x'"
	for range depth {
		text = "format('{0}{0}', " + text + ")"
	}
	return one(head + "    steps:\n    - run: hex run start ${{ secrets[" + text + "] }}\n")
}

// deep is an expression of n characters in which parts are nested.
func deep(start, end, inner string) func(n int) map[string]string {
	return func(n int) map[string]string {
		depth := (n - len(inner)) / (len(start) + len(end))
		text := strings.Repeat(start, depth) + inner + strings.Repeat(end, depth)
		return one(head + "    steps:\n    - run: hex run start ${{ secrets[" + text + "] }}\n      if: " + text + "\n")
	}
}

// actions are actions that use others: those that uses says of the i-th of n.
func actions(n int, uses func(i int) []int) map[string]string {
	files := one(head + "    steps:\n    - uses: ./a0\n")
	for i := range n {
		text := "runs:\n  using: composite\n  steps:\n  - run: hex run start x\n    shell: bash\n"
		for _, k := range uses(i) {
			text += fmt.Sprintf("  - uses: ./a%d\n", k)
		}
		files[fmt.Sprintf("a%d/action.yml", i)] = text
	}
	return files
}

func mesh(n int) map[string]string {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return actions(n, func(int) []int { return all })
}

func chain(n int) map[string]string {
	return actions(4, func(i int) []int {
		if i == 3 {
			return nil
		}
		next := make([]int, n)
		for k := range next {
			next[k] = i + 1
		}
		return next
	})
}

// forty are as many files of n bytes.
func forty(make func(n int) map[string]string) func(n int) map[string]string {
	return func(n int) map[string]string {
		files := map[string]string{}
		for _, text := range make(n) {
			for i := range 40 {
				files[fmt.Sprintf(".github/workflows/w%d.yml", i)] = text
			}
		}
		return files
	}
}

// called are n workflows that each call all the next ones.
func called(n int) map[string]string {
	files := map[string]string{}
	for i := range n {
		text := "on: [push, workflow_call]\njobs:\n  hex:\n    runs-on: x\n    steps: [{run: hex run start x, env: {A: '${{ secrets.A }}'}}]\n"
		for k := i + 1; k < n; k++ {
			text += fmt.Sprintf("  c%d:\n    uses: ./.github/workflows/w%d.yml\n    secrets: inherit\n", k, k)
		}
		files[fmt.Sprintf(".github/workflows/w%d.yml", i)] = text
	}
	return files
}

// callers are n bytes of jobs that call one workflow with as many inputs and secrets.
func callers(n int) map[string]string {
	files := filled("on: push\njobs:\n", "  c%d:\n    uses: ./.github/workflows/called.yml\n    with: {a: '${{ github.ref }}'}\n    secrets: {A: '${{ secrets.A }}'}\n", "")(n / 2)
	files[".github/workflows/called.yml"] = "on:\n  workflow_call:\n    inputs:\n" + many(n/4, "      a%d: {type: string, default: x}\n") +
		"jobs:\n  hex:\n    runs-on: x\n    environment: ${{ inputs.a1 }}\n    steps:\n" + many(n/4, "    - {run: hex run start x, env: {A: '${{ secrets.A%d }}'}}\n")
	return files
}

// matrix is a job with a matrix, environments chosen by it, and names that are worked out.
func matrix(n int) map[string]string {
	return one("on: push\njobs:\n" + many(n, "  j%d:\n    runs-on: x\n    strategy: {matrix: {a: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p], b: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16]}}\n"+
		"    environment: ${{ matrix.a }}-${{ matrix.b }}\n    steps: [{run: 'hex run start ${{ secrets[format(''A_{0}_{1}'', matrix.a, matrix.b)] }}'}]\n"))
}

// laughs are aliases of aliases.
func laughs(n int) map[string]string {
	text := "on: push\nenv: &a0 [x, x]\njobs:\n"
	for i := 1; i < n; i++ {
		text += fmt.Sprintf("  j%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i, i-1, i-1, i-1, i-1, i-1, i-1)
	}
	return one(text + "# HEX_API_TOKEN\n")
}

func file(name, part string) func(n int) map[string]string {
	return func(n int) map[string]string { return map[string]string{name: many(n, part)} }
}

func loads() []load {
	return []load{
		{"nested format", 32, nested},
		{"actions that use each other", 8, mesh},
		{"a hundred actions that use each other", 100, mesh},
		{"a chain of actions", 2000, chain},
		{"a large action", mebibyte, func(n int) map[string]string {
			return map[string]string{".github/workflows/hex.yml": head + "    steps: [{uses: ./a}]\n", "a/action.yml": "runs:\n  using: composite\n  steps:\n" + many(n-100, "  - {run: 'echo ${{ inputs.a }}', if: inputs.b}\n")}
		}},
		{"a job that uses many actions", 400, func(n int) map[string]string {
			files := actions(n, func(int) []int { return nil })
			files[".github/workflows/hex.yml"] = head + "    steps:\n" + many(n*25, "    - uses: ./a%d\n")
			return files
		}},

		{"commands of one script", mebibyte, script("curl -H \"Authorization: Bearer $HEX_API_TOKEN\" https://eu.hex.tech/api/v1/projects/%d")},
		{"substitutions", mebibyte, script("a=$(hex run start \"$HEX_API_TOKEN%d\")")},
		{"nested substitutions", mebibyte, quoted("", "$(hex run ", "")},
		{"alternatives of commands", mebibyte, script("hex run start x || echo %d && [ -n \"$HEX_API_TOKEN\" ] ||")},
		{"tests of variables", mebibyte, script("[ -n \"$A%d\" ] || exit 0")},
		{"here documents", mebibyte, script("cat <<A%d")},
		{"secrets in one script", mebibyte, script("export A%d=${{ secrets.A%d }}")},
		{"one secret often in one script", mebibyte, script("a ${{ secrets.A }}")},
		{"faulty expressions in one script", mebibyte, script("a ${{ a b }}")},
		{"an expression that is not closed", mebibyte, quoted("'${{ ", "''a ", "'")},
		{"quoted escapes", mebibyte, quoted(`"`, `\x41\u0042\n${{ secrets.A }} `, `"`)},
		{"quoted escapes in steps", mebibyte, steps("    - run: \"\\x41 ${{ secrets.A%d }} ${{ a b }}\"\n")},
		{"single quotes", mebibyte, quoted("'", "''${{ secrets[''A''] }} ", "'")},
		{"folded scalars", mebibyte, quoted(">\n", "        a ${{ secrets.A }}\n\n", "")},
		{"folded scalars in steps", mebibyte, steps("    - run: >\n        a\n        ${{ secrets.A%d }}\n")},
		{"one long line", mebibyte, quoted("", "a ${{ secrets.A }} é", "")},
		{"places in one long line", mebibyte, filled(head+"    steps: [", "{run: 'hex é ${{ secrets.A%d }}'}, ", "]\n")},
		{"projects and hosts in one script", mebibyte, script("hex run start 019f681a-1870-731d-bf1e-b82d136117fa https://eu.hex.tech/api")},
		{"environment variables", mebibyte, filled("on: push\nenv:\n", "  HEX_TOKEN_%d: ${{ secrets.A%d }}\n", "jobs: {a: {runs-on: x, steps: [{run: hex run start x}]}}\n")},
		{"environment variables and jobs", mebibyte, func(n int) map[string]string {
			return one("on: push\nenv:\n" + many(n/2, "  A%d: ${{ secrets.A%d }}\n") + "jobs:\n" + many(n/2-200, "  j%d: {runs-on: x, steps: [{run: hex run start x}]}\n"))
		}},
		{"environment variables and steps", mebibyte, func(n int) map[string]string {
			return one("on: push\njobs:\n  j:\n    runs-on: x\n    env:\n" + many(n/2, "      A%d: ${{ secrets.A%d }}\n") + "    steps:\n" + many(n/2-200, "    - run: hex run start x%d\n      if: env.A%d && steps.x%d.outputs.y\n      id: x%d\n"))
		}},

		{"an expression of many operators", 20000, deep("a || ", "", "b")},
		{"an expression of many conjunctions", 20000, deep("a && ", "", "b")},
		{"nested conjunctions to the left", 20000, deep("(", " && secrets.A)", "secrets.B")},
		{"nested alternatives to the left", 20000, deep("(", " || secrets.A)", "secrets.B")},
		{"nested alternatives to the right", 20000, deep("(a && secrets.A || ", ")", "secrets.B")},
		{"nested comparisons", 20000, deep("(a == ", ")", "secrets.B")},
		{"nested indexes", 20000, deep("a[", "]", "secrets.B")},
		{"a chain of indexes", 20000, deep("", "['a']", "github")},
		{"a chain of names", 20000, deep("", ".a", "github")},
		{"nested calls", 20000, deep("contains(a, ", ")", "secrets.B")},
		{"nested case", 20000, deep("case(a, 'b', ", ")", "secrets.B")},
		{"nested parentheses", 20000, deep("(", ")", "secrets.B")},
		{"nested negations", 20000, deep("!", "", "secrets.B")},
		{"long conditions", mebibyte, steps("    - run: hex run start x\n      if: " + strings.Repeat("secrets.A && env.B || ", 900) + "c\n")},
		{"many conditions", mebibyte, steps("    - run: hex run start x\n      if: (secrets.A%d || github.actor) && env.B\n")},

		{"nested sequences", mebibyte, filled("on: push\njobs: ", "[", "")},
		{"nested mappings", mebibyte, filled("on: push\njobs: ", "{a: ", "")},
		{"nested blocks", mebibyte, func(n int) map[string]string { return one("on: push\njobs:\n" + strings.Repeat("- ", n/2-20)) }},
		{"indented blocks", mebibyte, func(n int) map[string]string {
			var b strings.Builder
			for i := 0; b.Len() < n-3000; i++ {
				fmt.Fprintf(&b, "%sa:\n", strings.Repeat(" ", i))
			}
			return one(b.String())
		}},
		{"empty values", mebibyte, filled("on: push\njobs: [", "a,", "]\n# HEX_API_TOKEN")},
		{"flow mappings", mebibyte, filled("on: push\njobs: {", "a%d: {},", "}\n")},
		{"keys", mebibyte, filled(head, "    k%d: 1\n", "")},
		{"the same key", mebibyte, filled(head, "    k: 1\n", "")},
		{"comments", mebibyte, filled(head, "    # ${{ secrets.A }}\n", "    steps: []\n")},
		{"empty lines", mebibyte, filled(head, "\n", "    steps: []\n")},
		{"carriage returns", mebibyte, filled(head, "\r", "    steps: []\n")},
		{"events", mebibyte, filled("on:\n", "  e%d: {branches: [a]}\n", "jobs: {a: {runs-on: x, steps: [{run: hex run start x}]}}\n")},
		{"branches", mebibyte, filled("on:\n  push:\n    branches:\n", "    - 'a**/?b+[a-z]'\n", "jobs: {a: {runs-on: x, steps: [{run: hex run start x}]}}\n")},
		{"one long pattern", mebibyte, filled("on:\n  push:\n    branches: ['", "**?", "']\njobs: {a: {runs-on: x, steps: [{run: hex run start x}]}}\n")},
		{"wrong events", mebibyte, filled("on:\n  workflow_call:\n    inputs:\n", "      a%d: {type: x, y: z}\n", "jobs: {a: {runs-on: x, steps: [{run: hex run start x}]}}\n")},
		{"aliases of aliases", 80, laughs},
		{"anchors", mebibyte, filled(head+"    steps:\n", "    - &a%d {run: 'hex run start ${{ secrets.A }}'}\n    - *a%d\n", "")},
		{"aliases of one anchor", mebibyte, filled(head+"    steps:\n    - &a {run: 'hex run start ${{ secrets.A }}'}\n", "    - *a\n", "")},

		{"steps", mebibyte, steps("    - run: hex run start x\n      env: {A: '${{ secrets.A%d }}'}\n")},
		{"small steps", mebibyte, steps("    - run: hex\n")},
		{"jobs", mebibyte, jobs("  j%d: {runs-on: x, steps: [{run: hex run start x, env: {A: '${{ secrets.A%d }}'}}]}\n")},
		{"jobs that need each other", mebibyte, jobs("  j%d:\n    needs: [j%d0, j%d1, j1]\n    if: needs.j1.outputs.a\n    runs-on: x\n    steps: [{run: hex run start x}]\n")},
		{"one job that needs many", mebibyte, func(n int) map[string]string {
			return one("on: push\njobs:\n" + many(n*3/4, "  j%d: {runs-on: x, steps: [{run: hex run start x}]}\n") + "  last:\n    runs-on: x\n    steps: []\n    needs: [" + many(n/8, "j%d, ") + "x]\n")
		}},
		{"many that need all", 300, func(n int) map[string]string {
			return one("on: push\njobs:\n" + many(n*n*5, "  j%d:\n    runs-on: x\n    steps: [{run: hex run start x}]\n    needs: ["+many(n*5, "j%d, ")+"x]\n"))
		}},
		{"matrices", mebibyte, matrix},
		{"names chosen by a matrix", mebibyte, func(n int) map[string]string {
			return one("on: push\njobs:\n  j:\n    runs-on: x\n    strategy: {matrix: {a: [" + many(1500, "a%d, ") + "b]}}\n    steps:\n" + many(n-2000, "    - run: hex run start ${{ secrets[matrix.a.b%d] }} ${{ secrets[matrix.a] }}\n"))
		}},
		{"rows of a matrix", mebibyte, func(n int) map[string]string {
			return one("on: push\njobs:\n  j:\n    runs-on: x\n    environment: ${{ matrix.a }}\n    steps: [{run: hex run start x}]\n    strategy:\n      matrix:\n        a: [" + many(n/3, "a%d, ") + "b]\n        include:\n" + many(n/3-200, "        - {a: a%d, b: c}\n") + "        exclude:\n" + many(n/3-200, "        - {a: a%d}\n"))
		}},
		{"included rows", mebibyte, func(n int) map[string]string {
			return one("on: push\njobs:\n  j:\n    runs-on: x\n    environment: ${{ matrix.a }}\n    steps: [{run: hex run start x}]\n    strategy:\n      matrix:\n        a: [" + many(1500, "a%d, ") + "b]\n        include:\n" + many(n-2000, "        - {b%d: c}\n"))
		}},
		{"choices", mebibyte, func(n int) map[string]string {
			return one("on:\n  workflow_dispatch:\n    inputs:\n      a:\n        type: choice\n        options: [" + many(n/4, "a%d, ") + "b]\n      b: {type: choice, options: [" + many(1500, "b%d, ") + "c]}\njobs:\n" +
				many(n/2, "  j%d: {runs-on: x, environment: '${{ inputs.a }}${{ inputs.b }}', steps: [{run: 'hex run start ${{ secrets[inputs.b] }}'}]}\n"))
		}},
		{"comparisons of choices", mebibyte, func(n int) map[string]string {
			return one("on:\n  workflow_dispatch:\n    inputs:\n      b: {type: choice, options: [" + many(250*900, "b%d"+strings.Repeat("x", 880)+", ") + "c]}\njobs:\n  j:\n    runs-on: x\n    steps:\n" +
				many(n-250*900, "    - run: hex run start ${{ secrets[(inputs.b == inputs.b && contains(inputs.b, inputs['b'])) && inputs.b] }}\n"))
		}},
		{"called workflows", 100, called},
		{"callers", mebibyte, callers},
		{"unknown values in literal JSON", 20000, deep("fromJSON('{\"a\":\"b\"}')[", "]", "secrets.B")},
		{"a literal JSON", mebibyte, steps("    - run: hex run start ${{ secrets[fromJSON('{" + many(2000, "\"a%d\":\"b%d\",") + "\"c\":\"d\"}')[github.ref]] }}\n")},
		{"no YAML", mebibyte, filled(head, "    k: {\n", "")},
		{"binary", mebibyte, func(n int) map[string]string { return one(head + strings.Repeat("\x00\xff", n/2-100)) }},
		{"words", mebibyte, quoted("", "HEX_API_TOKEN_%d ", "")},

		{"ignored names", mebibyte, file(".gitignore", "a%d/**/b*\n")},
		{"example", mebibyte, file(".env.example", "A%d=b\n")},
		{"dotenv", mebibyte, file(".env", "HEX_%d=\"b\n\"\n")},

		{"forty files of steps", mebibyte, forty(steps("    - run: hex run start x\n      env: {A: '${{ secrets.A%d }}'}\n      name: " + strings.Repeat("long ", 20) + "\n"))},
		{"forty files of scripts", mebibyte, forty(script("export A%d=${{ secrets.A%d }}"))},
	}
}
