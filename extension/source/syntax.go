package source

import (
	"bytes"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/rhysd/actionlint"
	"go.yaml.in/yaml/v4"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/refusals"
)

// newer lists the keys that GitHub has learned since the parser was written.
func newer() []string {
	return append(schemaKeys(), "cache-mode", "description", "entrypoint")
}

// keysOfSteps are the keys that only some steps have: those that run a script, or those that use an action.
func keysOfSteps() []string { return []string{"run", "shell", "working-directory", "uses", "with"} }

// MaxProblems bounds what is said of one file.
const MaxProblems = 50

// takeErrors keeps those of the parser's errors that GitHub agrees with.
func (d *Document) takeErrors(errs []*actionlint.Error, data []byte) {
	modern := d.modernSteps(errs, data)
	seen := map[Place]check.Severity{}
	for _, e := range errs {
		p := Place{File: d.Path, Line: e.Line, Column: e.Column}
		severity, message := d.weigh(e)
		if seen[p] == check.SeverityError || seen[p] == severity || modern[p] || !d.refuses(e) {
			continue
		}
		seen[p] = severity
		if len(d.Problems) == MaxProblems {
			d.fault(p, check.SeverityNote, "more errors follow")
			return
		}
		if p.Line > 0 {
			p.Column = max(p.Column, 1)
		}
		if line, column, why, is := refusals.NotYAML(e); is {
			p.Line, p.Column, message = line, column, why
			if _, name, unknown := strings.Cut(why, "unknown anchor '"); unknown {
				name, _, _ = strings.Cut(name, "'")
				p.Line, p.Column = d.aliasOf(name)
				message = "this is not YAML: there is no anchor &" + name + " above the alias *" + name
			}
		}
		d.fault(p, severity, message)
	}
}

// aliasOf is where an alias stands first, outside whole lines of comment; the parser does not say.
func (d *Document) aliasOf(name string) (line, column int) {
	for i := range d.Src.lines {
		before, _, found := strings.Cut(d.Src.Line(i+1), "*"+name)
		if found && !strings.HasPrefix(strings.TrimSpace(before), "#") {
			return i + 1, utf8.RuneCountInString(before) + 1
		}
	}
	return 0, 1
}

// weigh tells an error from a key that only this parser does not know: GitHub learns keys faster than parsers do.
func (d *Document) weigh(e *actionlint.Error) (check.Severity, string) {
	key, known, ok := refusals.UnknownKey(e.Message)
	other := strings.Contains(e.Message, " for step to ") && slices.Contains(keysOfSteps(), key)
	if !ok || other || refusals.MeantKey(key, append(known, newer()...)) != "" {
		return check.SeverityError, e.Message
	}
	what, _, _ := strings.Cut(e.Message, ". expected one of")
	return check.SeverityWarning, what + ": GitHub may know it by now, which this version of gh hex does not; otherwise it refuses the file"
}

// refuses tells whether GitHub refuses what the parser complains about.
func (d *Document) refuses(e *actionlint.Error) bool {
	if !refusals.Counts(e.Message) {
		return false
	}
	if key, _, ok := refusals.UnknownKey(e.Message); ok && slices.Contains(newer(), key) {
		return false
	}
	if strings.Contains(e.Message, "should not be empty") && d.flowAt(e) {
		// {} and [] are fine elsewhere, nothing at all is not
		return strings.HasPrefix(e.Message, `"jobs" section`) || strings.HasPrefix(e.Message, `"matrix values" section`)
	}
	if strings.Contains(e.Message, "scalar") && strings.Contains(e.Message, "node") && d.expressionAt(e) {
		return strings.HasPrefix(e.Message, `"with" section`) && d.callsAt(e.Line) // elsewhere fromJSON may make a list or mapping of it
	}
	if strings.Contains(e.Message, "number literal") && largeNumber().MatchString(d.textAt(e)) {
		return false // larger than the parser can count, and read all the same
	}
	return !d.looseEvent(e)
}

// largeNumber is a number as YAML writes it, whatever its size.
var largeNumber = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\s*([#,}\]\r\n]|$)`)
})

// textAt is what stands where the parser complains, and all that follows.
func (d *Document) textAt(e *actionlint.Error) string {
	at := d.Src.offset(e.Line, e.Column)
	if at < 0 {
		return ""
	}
	return d.Src.text[at:]
}

// callsAt tells whether a line belongs to a job that calls a workflow.
func (d *Document) callsAt(line int) bool {
	calls := false
	for _, j := range d.Jobs {
		if j.AST.Pos.Line <= line {
			calls = j.AST.WorkflowCall != nil
		}
	}
	return calls
}

// expressionAt tells whether an expression stands where the parser complains.
func (d *Document) expressionAt(e *actionlint.Error) bool {
	text := d.textAt(e)
	return strings.HasPrefix(strings.TrimLeft(text[:min(len(text), 100)], "\"'|>-+ \t\r\n"), "${{")
}

func (d *Document) flowAt(e *actionlint.Error) bool {
	text := d.textAt(e)
	return text != "" && strings.IndexByte("[{", text[0]) >= 0
}

// looseEvent tells an error inside `on:`, where GitHub takes everything but a faulty workflow_call.
func (d *Document) looseEvent(e *actionlint.Error) bool {
	if d.AST == nil || strings.Contains(e.Message, "section is missing") || strings.Contains(e.Message, "could not parse as YAML") {
		return false
	}
	on, end := d.onLines()
	if e.Line < on || e.Line >= end {
		return false
	}
	event := ""
	last := 0
	for _, x := range d.AST.On {
		if line := eventLine(x); line <= e.Line && line > last {
			event, last = x.EventName(), line
		}
	}
	return event != "workflow_call"
}

// onLines returns the line of the top-level key `on` and the one after its section; both 0 without it.
func (d *Document) onLines() (start, end int) {
	for i, at := range d.Src.lines {
		rest := d.Src.text[at:]
		switch {
		case start == 0 && (strings.HasPrefix(rest, "on:") || strings.HasPrefix(rest, `"on":`) || strings.HasPrefix(rest, "'on':")):
			start = i + 1
		case start > 0 && rest != "" && strings.IndexByte(" \t#-\r\n", rest[0]) < 0:
			return start, i + 1
		}
	}
	if start == 0 {
		return 0, 0
	}
	return start, len(d.Src.lines) + 1
}

func eventLine(e actionlint.Event) int {
	switch x := e.(type) {
	case *actionlint.WebhookEvent:
		return x.Pos.Line
	case *actionlint.ScheduledEvent:
		return x.Pos.Line
	case *actionlint.WorkflowDispatchEvent:
		return x.Pos.Line
	case *actionlint.RepositoryDispatchEvent:
		return x.Pos.Line
	case *actionlint.WorkflowCallEvent:
		return x.Pos.Line
	case *actionlint.ImageVersionEvent:
		return x.Pos.Line
	}
	return 0
}

// modernSteps looks for steps of a kind that the parser does not know (parallel, wait, cancel): it returns their
// places, and visits the steps inside parallel ones. Only a file that has such a step is read again for it.
func (d *Document) modernSteps(errs []*actionlint.Error, data []byte) map[Place]bool {
	if !slices.ContainsFunc(errs, func(e *actionlint.Error) bool { return strings.HasPrefix(e.Message, "step must run script") }) {
		return nil
	}
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil || len(root.Content) == 0 {
		return nil // the parser has said so already
	}
	known := map[Place]bool{}
	jobs := child(root.Content[0], "jobs")
	for _, j := range d.Jobs {
		steps := child(child(jobs, j.ID), "steps")
		if steps == nil {
			continue
		}
		for _, n := range steps.Content {
			d.modernStep(j, n, known)
		}
	}
	return known
}

func (d *Document) modernStep(j *Job, n *yaml.Node, known map[Place]bool) {
	for _, key := range []string{"wait", "wait-all", "cancel"} {
		if child(n, key) != nil {
			known[Place{File: d.Path, Line: n.Line, Column: n.Column}] = true
		}
	}
	parallel := child(n, "parallel")
	if parallel == nil {
		return
	}
	known[Place{File: d.Path, Line: n.Line, Column: n.Column}] = true
	for _, inner := range parallel.Content {
		visitor{doc: d, job: j}.addStep(stepOf(inner), len(j.Steps))
	}
}

// Bounds of YAML values, aliases expanded, and expressions: of one file, and of all of them together. A file beyond them is
// not judged.
const (
	maxYAML      = 100_000
	maxYAMLOfAll = 300_000
	fewYAML      = 10_000 // what is taken on trust, without counting
)

// countYAML counts the values and expressions of a document. A count of few is an upper bound; a document that is surely small, as nearly
// all are, is not parsed for it.
func countYAML(data []byte) int {
	if len(data) > MaxFile {
		return 0 // it is not read at all
	}
	expressions := bytes.Count(data, []byte("${{"))
	if n := atMost(data); n <= fewYAML && !hasAnchor(data) {
		return n + expressions
	}
	var root yaml.Node
	if yaml.Unmarshal(data, &root) != nil {
		return expressions // the parser says what is wrong
	}
	return expanded(&root, map[*yaml.Node]int{}) + expressions
}

// atMost is a number of values that a text surely does not exceed: each but the first stands behind one of these.
func atMost(data []byte) int {
	n := 1
	for _, b := range data {
		switch b {
		case ':', '-', '?', ',', '[', '{', '\n', '\r':
			n++
		}
	}
	return n
}

// expanded counts the values below a node, with those that aliases stand for.
func expanded(n *yaml.Node, sizes map[*yaml.Node]int) int {
	if known, seen := sizes[n]; seen {
		return known
	}
	if n.Anchor != "" {
		sizes[n] = 1 // what an alias inside counts
	}
	total := 1
	if n.Alias != nil {
		total += expanded(n.Alias, sizes)
	}
	for _, c := range n.Content {
		total = min(total+expanded(c, sizes), maxYAML+1)
	}
	if n.Anchor != "" {
		sizes[n] = total
	}
	return total
}

// hasAnchor tells whether something in the text looks like an anchor (&name), cheaply; && and 2>&1 do not.
func hasAnchor(data []byte) bool {
	for at := 0; ; {
		i := bytes.IndexByte(data[at:], '&')
		if i < 0 {
			return false
		}
		i += at
		at = i + 1
		starts := i == 0 || strings.IndexByte(" \t\r\n[{,:-?", data[i-1]) >= 0
		if starts && at < len(data) && strings.IndexByte(" \t\r\n&", data[at]) < 0 {
			return true
		}
	}
}
