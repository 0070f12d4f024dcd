//go:build linux

package extension

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

const (
	// hostileMemory is how much the heap may grow while a command reads one hostile answer, in bytes.
	hostileMemory = 256 << 20
	// hostileText is what standard error may hold, in bytes.
	hostileText = 32 << 10
	// hostileAtOnce is small: these cases keep the machine busy, where those of the faults wait.
	hostileAtOnce = 4
	// orders are what a terminal and the runner of GitHub Actions would act on.
	orders = "\x1b[31m\a\r\n::error::no\n##[error]no \u202e\u0085\u200b\u061c\u2066\ufeff\U000e0041"
)

// hostileAnswer is one way in which an answer is not what was asked for.
type hostileAnswer struct {
	name  string
	fault func(r matrixRequest) sandbox.Fault
	// unusable says that a reader cannot have what was asked for; the others may be read as something.
	unusable bool
	// unlisted says that there is no list in it.
	unlisted bool
	// endless says that there is always another page.
	endless bool
	// worded says that every text is another, so that anything may follow but something harmful.
	worded bool
	// heavy says that the memory is measured.
	heavy bool
}

func hostileAnswers() []hostileAnswer {
	return []hostileAnswer{
		{name: "100 MB", unusable: true, heavy: true, fault: func(r matrixRequest) sandbox.Fault {
			return sandbox.Fault{Status: r.success(), Body: `{"a":"`, BodyBytes: 100 << 20}
		}},
		instead("100,000 lists in each other", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000)),
		instead("100,000 objects in each other", strings.Repeat(`{"a":`, 100_000)+"0"+strings.Repeat("}", 100_000)),
		instead("a list", `[]`),
		instead("null", `null`),
		instead("a text", `"values"`),
		instead("a number", `1e308`),
		instead("nothing", ``),
		besides("100,000 lists inside", strings.Repeat("[", 100_000)+strings.Repeat("]", 100_000), true),
		besides("9,000 lists inside", strings.Repeat("[", 9_000)+strings.Repeat("]", 9_000), false),
		edited("objects for lists", false, rewriting{list: func(l []any) any { return map[string]any{"0": l} }}).listless(),
		edited("lists for objects", true, rewriting{object: func(o map[string]any) any { return []any{o} }}),
		edited("null everywhere", true, rewriting{scalar: func(string, any) any { return nil }, list: func([]any) any { return nil }}),
		edited("lists of null", false, rewriting{list: func(l []any) any { return make([]any, len(l)) }}),
		edited("lists of nothing", false, rewriting{list: func(l []any) any { return slices.Repeat([]any{map[string]any{}}, len(l)) }}),
		edited("numbers for texts", false, rewriting{scalar: func(_ string, v any) any { return replaceText(v, 7) }}),
		edited("texts for numbers", false, rewriting{scalar: func(_ string, v any) any { return replaceNumber(v, "x") }}),
		edited("negative numbers", false, rewriting{scalar: func(_ string, v any) any { return replaceNumber(v, -1) }}),
		edited("huge numbers", false, rewriting{scalar: func(_ string, v any) any { return replaceNumber(v, 1e308) }}),
		edited("dates that are none", false, rewriting{scalar: noDate}),
		edited("commands behind texts", false, rewriting{scalar: func(_ string, v any) any { return wrapText(v, "", orders) }}).reworded(),
		edited("commands before texts", false, rewriting{scalar: func(_ string, v any) any { return wrapText(v, orders, "") }}).reworded(),
		edited("only commands", false, rewriting{scalar: func(_ string, v any) any { return replaceText(v, "::error::no##[error]") }}).reworded(),
		crowded("1,000,000 objects", "{}", 1_000_000),
		crowded("4,000,000 numbers", "0", 4_000_000),
		{name: "headers of 2 MB", heavy: true, fault: func(matrixRequest) sandbox.Fault {
			return sandbox.Fault{Header: map[string]string{"X-Padding": strings.Repeat("x", 2<<20), "X-OAuth-Scopes": strings.Repeat("repo, ", 20_000)}}
		}},
		{name: "headers of 2 MB with 403", unusable: true, heavy: true, fault: longRefusal},
		paged("a page that leads to itself", func(int) string { return "again" }, "https://api.github.com"),
		paged("pages without an end", func(n int) string { return "next" + strconv.Itoa(n) }, "https://api.github.com"),
		paged("a page on another host", func(int) string { return "https://" + foreignHost + "/" }, "https://"+foreignHost),
		paged("cursors of 1 MB", func(n int) string { return strings.Repeat("x", 1<<20) + strconv.Itoa(n) }, "https://api.github.com"),
	}
}

// success is the status of a good answer to a request.
func (r matrixRequest) success() int {
	switch r.method {
	case http.MethodGet:
		return http.StatusOK
	case http.MethodPost:
		return http.StatusCreated
	}
	return 0 // as the service says, once it has done what was asked
}

// instead answers a read with a body of its own. A write takes effect, and is answered so.
func instead(name, body string) hostileAnswer {
	return hostileAnswer{name: name, unusable: true, heavy: len(body) > 1000, fault: func(r matrixRequest) sandbox.Fault {
		if r.method == http.MethodGet {
			return sandbox.Fault{Status: http.StatusOK, Body: body}
		}
		return sandbox.Fault{Edit: func(sandbox.Request, http.Header, []byte) []byte { return []byte(body) }}
	}}
}

// besides adds a value to what the service answers.
func besides(name, value string, unusable bool) hostileAnswer {
	return hostileAnswer{name: name, unusable: unusable, heavy: true, fault: editing(func(body []byte) []byte {
		body = bytes.TrimSpace(body)
		if len(body) < 2 || !json.Valid(body) {
			return body
		}
		added := map[byte]string{'{': `"besides":` + value, '[': value}[body[0]]
		if len(body) > 2 && added != "" {
			added += ","
		}
		return slices.Concat(body[:1], []byte(added), body[1:])
	})}
}

// crowded makes every list of an answer a long one.
func crowded(name, item string, count int) hostileAnswer {
	list := json.RawMessage("[" + strings.Repeat(item+",", count-1) + item + "]")
	return hostileAnswer{name: name, unusable: true, heavy: true, fault: editing(func(body []byte) []byte {
		var object map[string]any
		if json.Unmarshal(body, &object) != nil {
			return list
		}
		object["besides"] = list
		for name, value := range object {
			if _, is := value.([]any); is {
				object[name] = list
				delete(object, "besides")
			}
		}
		return marshal(object)
	})}
}

func longRefusal(matrixRequest) sandbox.Fault {
	return sandbox.Fault{Status: http.StatusForbidden, Body: `{"message":"no"}`, Header: map[string]string{
		"X-Accepted-GitHub-Permissions": strings.Repeat("secrets=write,", 150_000),
		"X-Accepted-OAuth-Scopes":       strings.Repeat("x", 100_000),
		"X-Trace-Id":                    strings.Repeat("x", 100_000),
	}}
}

// paged has another page behind every page of a list: what after and nextPage say for Hex, and Link for GitHub.
func paged(name string, cursor func(n int) string, base string) hostileAnswer {
	return hostileAnswer{name: name, endless: true, fault: func(r matrixRequest) sandbox.Fault {
		var count atomic.Int64
		path, _, _ := strings.Cut(r.target, "?")
		return sandbox.Fault{Regexp: "^" + regexp.QuoteMeta(path) + `(\?.*)?$`, Edit: func(_ sandbox.Request, h http.Header, body []byte) []byte {
			next := cursor(int(count.Add(1)))
			h.Set("Link", fmt.Sprintf(`<%s%s?page=%s>; rel="next"`, base, path, next[max(0, len(next)-4<<10):]))
			var object map[string]any
			if json.Unmarshal(body, &object) != nil || r.service != "hex" {
				return body
			}
			object["pagination"], object["nextPage"] = map[string]any{"after": next}, next
			return marshal(object)
		}}
	}}
}

func edited(name string, unusable bool, rewrite rewriting) hostileAnswer {
	return hostileAnswer{name: name, unusable: unusable, fault: editing(func(body []byte) []byte {
		var v any
		if json.Unmarshal(body, &v) != nil {
			return body
		}
		return marshal(rewrite.value("", v))
	})}
}

func (h hostileAnswer) reworded() hostileAnswer {
	h.worded = true
	return h
}

func (h hostileAnswer) listless() hostileAnswer {
	h.unlisted = true
	return h
}

func editing(edit func(body []byte) []byte) func(matrixRequest) sandbox.Fault {
	return func(matrixRequest) sandbox.Fault {
		return sandbox.Fault{Edit: func(_ sandbox.Request, _ http.Header, body []byte) []byte { return edit(body) }}
	}
}

func marshal(v any) []byte {
	out, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return out
}

// rewriting changes the values of a document; those without a function stay.
type rewriting struct {
	scalar func(name string, v any) any // a text, a number or a truth value
	list   func([]any) any
	object func(map[string]any) any
}

func (r rewriting) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for key, inner := range v {
			v[key] = r.value(key, inner)
		}
		if r.object != nil {
			return r.object(v)
		}
	case []any:
		for i, inner := range v {
			v[i] = r.value(name, inner)
		}
		if r.list != nil {
			return r.list(v)
		}
	case nil:
	default:
		if r.scalar != nil {
			return r.scalar(name, v)
		}
	}
	return v
}

func replaceText(v any, other any) any {
	if _, is := v.(string); is {
		return other
	}
	return v
}

func wrapText(v any, before, behind string) any {
	if text, is := v.(string); is {
		return before + text + behind
	}
	return v
}

func replaceNumber(v any, other any) any {
	if _, is := v.(float64); is {
		return other
	}
	return v
}

func noDate(name string, v any) any {
	text, _ := v.(string)
	if _, err := time.Parse(time.RFC3339, text); err == nil || name == "exp" {
		return "the day before yesterday"
	}
	return v
}

// hostileCase is one cell.
type hostileCase struct {
	matrixCase
	hostileAnswer
}

func (c hostileCase) String() string {
	return fmt.Sprintf("gh hex %s: %s for %s", c.row, c.hostileAnswer.name, c.request)
}

func (c hostileCase) spoiling() sandbox.Fault {
	f := c.hostileAnswer.fault(c.request)
	whole := c.request.fault(matrixFault{Fault: f})
	if f.Regexp != "" {
		whole.Regexp = f.Regexp
	}
	return whole
}

// runHostile runs each request of the matrix against each hostile answer: first those whose memory is measured, one after
// the other, then the others.
func (m *matrix) runHostile(t *testing.T, requests []matrixCase) {
	var heavy, light []hostileCase
	answers := hostileAnswers() // some are megabytes long
	for _, c := range requests {
		if c.fault.name != matrixFaults()[0].name {
			continue // once for each request
		}
		for _, h := range answers {
			if h.heavy {
				heavy = append(heavy, hostileCase{c, h})
			} else {
				light = append(light, hostileCase{c, h})
			}
		}
	}
	t.Run("heavy", func(t *testing.T) {
		heavy = sampleHostile(heavy, 193)
		for _, c := range heavy {
			m.runHostileCase(t, c, true)
		}
		t.Logf("%d cases, %s after the beginning", len(heavy), time.Since(m.began).Round(time.Second))
	})
	t.Run("light", func(t *testing.T) {
		light = sampleHostile(light, 79)
		var wg sync.WaitGroup
		slots := make(chan struct{}, hostileAtOnce)
		for _, c := range light {
			slots <- struct{}{}
			wg.Go(func() {
				defer func() { <-slots }()
				m.runHostileCase(t, c, false)
			})
		}
		wg.Wait()
		t.Logf("%d cases, %s after the beginning", len(light), time.Since(m.began).Round(time.Second))
	})
}

// sampleHostile is to the hostile answers what sample is to the faults.
func sampleHostile(cases []hostileCase, stride int) []hostileCase {
	if os.Getenv("GH_HEX_MATRIX") == "all" {
		return cases
	}
	var some []hostileCase
	for i := 0; i < len(cases); i += stride {
		some = append(some, cases[i])
	}
	return some
}

func (m *matrix) runHostileCase(t *testing.T, c hostileCase, measured bool) {
	t.Helper()
	var grown func() uint64
	if measured {
		grown = watchHeap()
	}
	o := m.runRow(t, c.row, c.spoiling())
	complaints := m.judgeHostile(c, o)
	if measured {
		if bytes := grown(); bytes > hostileMemory {
			complaints = append(complaints, fmt.Sprintf("it takes %d MiB of memory", bytes>>20))
		}
	}
	for _, complaint := range complaints {
		t.Errorf("%s: %s\nexit code %d after %s\n%s", c, complaint, o.code, o.took, excerpt(o.stdout+o.stderr))
	}
}

func excerpt(text string) string {
	return strconv.Quote(text[:min(len(text), 600)])
}

// watchHeap looks at the heap until the function that it returns is called, which says how much it grew at most. What is
// garbage already, and not yet collected, counts too.
func watchHeap() func() uint64 {
	runtime.GC()
	base := heapSize()
	stop, peak := make(chan struct{}), make(chan uint64)
	go func() {
		highest := base
		ticker := time.NewTicker(2 * time.Millisecond)
		defer ticker.Stop()
		for {
			select {
			case <-stop:
				peak <- max(highest, heapSize())
				return
			case <-ticker.C:
				highest = max(highest, heapSize())
			}
		}
	}()
	return func() uint64 {
		close(stop)
		return <-peak - base
	}
}

func heapSize() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}

// gone is what a command says of a thing that is not there.
var gone = regexp.MustCompile(`is not stored|does not exist|not found|is missing|no project|No projects|No runs|nothing reads|no secret|No secret|holds no|without the secret`)

// judgeHostile says what a command did wrong with an answer.
func (m *matrix) judgeHostile(c hostileCase, o outcomeOf) []string {
	var out []string
	complain := func(wrong bool, format string, args ...any) {
		if wrong {
			out = append(out, fmt.Sprintf(format, args...))
		}
	}
	text := o.stdout + o.stderr
	learned := m.learned[c.row.String()]
	codes := m.truthful(c, o)
	complain(o.took > matrixBound, "it does not end in time")
	complain(!slices.Contains(codes, o.code), "the exit code is not one of %v", codes)
	complain(o.code != command.ExitOK && !names[c.request.service].MatchString(text) && !strings.Contains(text, "(--timeout)"), "it does not name what failed")
	complain(o.code != command.ExitOK && !nextStep.MatchString(text), "it names no next step")
	complain(holdsToken(text), "it shows a token")
	complain(o.leak != "", "a token stands in %s", o.leak)
	complain(len(o.strayed) > 0, "it goes to %v", o.strayed)
	complain(o.deleted > 0, "it deletes")
	bad := !slices.Contains(codes, command.ExitOK) || c.row.push && len(codes) == 1
	complain(c.row.push && bad && strings.Count(o.stderr, notChecked) != 1, "it does not say once what was not checked")
	complain(len(o.stderr) > hostileText, "it says %d bytes", len(o.stderr))
	complain(gone.MatchString(text) && !gone.MatchString(learned.stdout+learned.stderr) && !c.worded, "it says %q of what could not be read", gone.FindString(text))
	for _, harm := range harmful(o, c.row.command == "api") {
		complain(true, "%s", harm)
	}
	return append(out, halfDone(c.matrixCase, o)...)
}

// ours are the commands that --format github gives: none is without a property.
var ours = regexp.MustCompile(`^::(error|warning|notice) [a-z]+=`)

// harmful finds what a terminal, or the runner of GitHub Actions, would act on. What gh hex api prints is the answer as
// it came, of which a line can only begin with :: where it is no JSON.
func harmful(o outcomeOf, verbatim bool) []string {
	var out []string
	for line := range strings.Lines(o.stdout + o.stderr) {
		if i := strings.IndexFunc(strings.TrimSuffix(line, "\n"), func(r rune) bool { return r != '\t' && (unicode.IsControl(r) || !verbatim && core.Hidden(r)) }); i >= 0 {
			out = append(out, fmt.Sprintf("it prints a control character: %s", excerpt(line[i:])))
		}
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "::") && !ours.MatchString(line) || !verbatim && strings.Contains(line, "##[") {
			out = append(out, "it gives a command to the runner: "+excerpt(line))
		}
	}
	return out
}

// whole are the requests without which nothing can be said.
var whole = regexp.MustCompile(`^/repos/octo/analytics$|^/orgs/octo/repos`)

// lists are the requests for something that can have several pages.
var lists = regexp.MustCompile(`per_page=|/projects\?|/runs\?|/groups\?`)

// truthful are the exit codes that tell the truth.
func (m *matrix) truthful(c hostileCase, o outcomeOf) []int {
	spare := c.isSpare()
	judging := c.row.command == "verify" || c.row.command == "auth status"
	read := c.request.method == http.MethodGet
	// Of the runs of a workflow only the newest are of use: what stands behind the first page is not asked for.
	follows := lists.MatchString(c.request.target) && !strings.Contains(c.request.target, "/hex-check.yml/runs?") && (c.request.service == "github" || c.row.command == "project list" || strings.Contains(c.row.args, "--paginate"))
	bad := []int{command.ExitProblem}
	switch {
	case c.row.push:
		bad = []int{command.ExitOK}
	case c.row.command == "auth status" && (whole.MatchString(c.request.target) || c.endless && strings.Contains(c.row.args, "--org")):
		bad = []int{command.ExitProblem, command.ExitUnknown} // there is nothing to show at all
	case judging:
		bad = []int{command.ExitUnknown}
	}
	if strings.Contains(c.row.args, "--watch") || c.row.command == "run watch" {
		bad = append(bad, command.ExitUnknown)
	}
	good := append(slices.Clone(bad), command.ExitOK)
	switch {
	case spare, m.absent[c.request], !read && o.effect == m.learned[c.row.String()].effect:
		return append(good, command.ExitProblem)
	case c.worded:
		return []int{command.ExitOK, command.ExitProblem, command.ExitUnknown, command.ExitAuth}
	case c.row.command == "api" && json.Valid([]byte(o.stdout)):
		return good // the answer is what was asked for
	case c.hostileAnswer.name == "headers of 2 MB with 403" && judging && !c.row.push:
		return []int{command.ExitProblem, command.ExitUnknown}
	case c.hostileAnswer.name == "a list" && strings.HasPrefix(c.request.target, "/orgs/octo/repos"):
		return good // there may be none
	case c.unusable && read, c.endless && follows, c.unlisted && lists.MatchString(c.request.target):
		return bad
	}
	return good
}

// The rewriting is what the cases are made of.
func TestRewriting(t *testing.T) {
	const text = `{"a":[{"at":"2026-01-02T03:04:05Z","n":1}],"b":"x"}`
	for want, r := range map[string]rewriting{
		`{"a":{"0":[{"at":"2026-01-02T03:04:05Z","n":1}]},"b":"x"}`: {list: func(l []any) any { return map[string]any{"0": l} }},
		`{"a":[{"at":"the day before yesterday","n":1}],"b":"x"}`:   {scalar: noDate},
		`{"a":[{"at":7,"n":1}],"b":7}`:                              {scalar: func(_ string, v any) any { return replaceText(v, 7) }},
		`{"a":null,"b":null}`:                                       {scalar: func(string, any) any { return nil }, list: func([]any) any { return nil }},
		`[{"a":[[{"at":"2026-01-02T03:04:05Z","n":"x"}]],"b":"x"}]`: {object: func(o map[string]any) any { return []any{o} }, scalar: func(_ string, v any) any { return replaceNumber(v, "x") }},
	} {
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Fatal(err)
		}
		if got := string(marshal(r.value("", v))); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
