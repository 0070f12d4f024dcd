package workflow

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// Judge answers all checks of this package by ID.
func Judge(w *Workflows, inv inventory.Inventory, c Context) map[string]check.Result {
	j := newJudgement(w, inv, c)
	j.online = true
	results := j.files()
	if w.Ended() {
		return nil
	}
	secrets, variables := j.available()
	results[SecretAvailable] = secrets.result("every secret is where its jobs can see it")
	results[VariableAvailable] = variables.result("every variable is where its jobs can see it")
	results[EnvironmentExists] = j.environmentsExist().result("every environment exists")
	results[SecretOnEvent] = j.onEvents().result("every event gets its secrets")
	return j.whole(results)
}

// whole is what was judged; nothing when judging was told to end meanwhile, since some of it was judged by halves.
func (j *judgement) whole(results map[string]check.Result) map[string]check.Result {
	if j.w.Ended() {
		return nil
	}
	return results
}

// JudgeFiles answers those checks that need no inventory: secret-context, secret-passed, secret-dynamic,
// workflow-syntax and the hex ones.
func JudgeFiles(w *Workflows, c Context) map[string]check.Result {
	j := newJudgement(w, nil, c)
	known := w.textual()
	j.once.Do(func() { j.sim, j.mapping = known.sim, known.mapping })
	return j.whole(j.files())
}

func (j *judgement) files() map[string]check.Result {
	checks := []struct {
		id    string
		judge func(*judgement) *verdict
		ok    string
	}{
		{Syntax, (*judgement).syntax, j.readable()},
		{SecretContext, (*judgement).contexts, "secrets are used only where GitHub provides them"},
		{SecretPassed, (*judgement).passed, "called workflows get their secrets"},
		{SecretDynamic, (*judgement).dynamic, "every secret is read by name"},
		{TokenMapped, (*judgement).mapped, "the token reaches every step that needs it"},
		{HexVendor, (*judgement).vendors, "no Hex secret is used for hex.pm"},
		{HexAction, (*judgement).actions, "Hex's action is used as its version allows"},
		{HexEndpoint, (*judgement).endpoints, "Hex is called safely"},
	}
	results := make([]check.Result, len(checks))
	j.simulated() // all read it
	source.AtOnce(len(checks), func(i int) {
		if !j.w.Ended() {
			results[i] = checks[i].judge(j).result(checks[i].ok)
		}
	})
	byID := map[string]check.Result{}
	for i, c := range checks {
		byID[c.id] = results[i]
	}
	return byID
}

// judgement is one evaluation of workflows against an inventory.
type judgement struct {
	w      *Workflows
	k      *inventory.Knowledge
	c      Context
	online bool

	least   bool // only what the text leaves open is followed
	once    sync.Once
	sim     *simulate.Simulation
	mapping *verdict                        // of token-mapped, found on the way
	again   map[string]*simulate.Simulation // with a name missing that cannot be told
	failing map[simulate.LackKey]bool       // what secret-available reports as an error
}

func newJudgement(w *Workflows, inv inventory.Inventory, c Context) *judgement {
	return &judgement{w: w, k: inventory.Remember(inv), c: c}
}

// concerns tells whether a read is judged.
func (j *judgement) concerns(r *source.Read) bool {
	return (r.Hex || j.w.Options.All) && !source.IsBuiltIn(r)
}

// concernsFile tells whether a file is judged as a whole: GitHub refuses all of it.
func (j *judgement) concernsFile(d *source.Document) bool { return d.Hex || j.w.Options.All }

// verdict collects the findings of a check.
type verdict struct {
	looked  bool // there was something to look at
	entries []entry
	index   map[string]int
	rest    map[string]*rest // by file: what is counted and not said
	unknown []string         // why something could not be told
	nothing string           // why there was nothing to look at
}

// entry is a finding in the making: one that holds for several jobs is said once.
type entry struct {
	place    Place
	severity check.Severity
	jobs     []string
	format   string // has jobMark where it names them
	fix      string
}

// add notes a finding. format is the message, with jobMark where it names the job.
func (v *verdict) add(p Place, severity check.Severity, job, format, fix string) {
	v.looked = true
	key := fmt.Sprintf("%s:%d:%d %s %s", p.File, p.Line, p.Column, severity, withoutStep(format))
	if v.index == nil {
		v.index = map[string]int{}
	}
	i, known := v.index[key]
	if !known && v.full(p, severity, key, fix) {
		return
	}
	if !known {
		i = len(v.entries)
		v.index[key] = i
		v.entries = append(v.entries, entry{place: p, severity: severity, format: format, fix: fix})
	}
	if e := &v.entries[i]; job != "" && !slices.Contains(e.jobs, job) && len(e.jobs) < maxJobsNamed {
		e.jobs = append(e.jobs, job)
	}
}

// maxFindings bounds what one check says of one file.
const maxFindings = 100

// rest are the findings about a file beyond those that are said.
type rest struct {
	said  int
	more  map[uint64]bool // hashes: a finding that holds for several jobs counts once
	first Place
	worst check.Severity
	fix   string
}

// full tells whether enough was said of a file. What is not said is counted, and keeps its weight.
func (v *verdict) full(p Place, severity check.Severity, key, fix string) bool {
	if v.rest == nil {
		v.rest = map[string]*rest{}
	}
	r := v.rest[p.File]
	if r == nil {
		r = &rest{more: map[uint64]bool{}, worst: check.SeverityNote}
		v.rest[p.File] = r
	}
	if r.said < maxFindings {
		r.said++
		return false
	}
	if len(r.more) == 0 {
		r.first = p
	}
	r.more[hash(key)] = true
	if severity == check.SeverityError && r.worst != severity || r.worst == check.SeverityNote {
		r.worst, r.fix = severity, fix
	}
	return true
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// count says for each file how much was not said of it.
func (v *verdict) count() {
	for _, r := range v.rest {
		if n := len(r.more); n > 0 {
			v.entries = append(v.entries, entry{place: r.first, severity: r.worst, format: fmt.Sprintf("and %d more from here on", n), fix: r.fix})
		}
	}
}

// maxJobsNamed bounds how many jobs one finding names.
const maxJobsNamed = 20

// aside is a note that stands although nothing may concern Hex: it says what was not looked at.
func (v *verdict) aside(p Place, job, format string) {
	looked := v.looked
	v.add(p, check.SeverityNote, job, format, "")
	v.looked = looked
}

func (v *verdict) cannotTell(reason string) {
	v.looked = true
	if !slices.Contains(v.unknown, reason) && len(v.unknown) < source.MaxProblems {
		v.unknown = append(v.unknown, reason)
	}
}

// doubt notes at a place what could not be told there.
func (v *verdict) doubt(p Place, reason string) {
	v.cannotTell(reason)
	v.add(p, check.SeverityNote, "", reason, "")
}

// message writes an entry out.
func (e entry) message() string {
	names := "job " + strings.Join(e.jobs, ", ")
	if len(e.jobs) > 1 {
		names = "each of the jobs " + strings.Join(e.jobs, ", ")
	}
	message := strings.Replace(e.format, jobMark, names, 1)
	return strings.Replace(strings.Replace(message, stepFrom, "", 1), stepTo, "", 1)
}

// withoutStep drops which step a message is about: what stands behind an anchor is read by several, in one place.
func withoutStep(format string) string {
	from, to := strings.Index(format, stepFrom), strings.LastIndex(format, stepTo)
	if from < 0 || to < from {
		return format
	}
	return format[:from] + format[to:]
}

// Marks in a message: the jobs it is about, and from where to where it names the step.
const (
	jobMark  = "\x00jobs\x00"
	stepFrom = "\x00step\x00"
	stepTo   = "\x00end\x00"
)

// result is what core says of the findings.
func (v *verdict) result(fine string) check.Result {
	findings := v.findings()
	if !v.looked {
		r := check.Skip(cmp.Or(v.nothing, "no workflow uses Hex"))
		r.Findings = findings
		if n := len(findings); n > 0 {
			r.Message += "; " + findings[0].Message
		}
		return r
	}
	r := check.Judge(findings, fine, "")
	r.Doubt = strings.Join(v.unknown, "; ")
	if len(v.unknown) > 0 && r.Status != check.StatusError {
		r.Status, r.Message, r.Fix = check.StatusUnknown, strings.Join(v.unknown, "; "), ""
	}
	return r
}

func (v *verdict) findings() []check.Finding {
	v.count()
	sort.SliceStable(v.entries, func(i, j int) bool { return source.Before(v.entries[i].place, v.entries[j].place) })
	findings := make([]check.Finding, 0, len(v.entries))
	for _, e := range v.entries {
		findings = append(findings, check.Finding{
			File: e.place.File, Line: e.place.Line, Column: e.place.Column, Severity: e.severity, Message: e.message(), Fix: e.fix,
		})
	}
	return findings
}

// storeCommand is the command that stores a secret; flags say where, in further words of the line.
func (j *judgement) storeCommand(name, environment, flags string) string {
	if !j.w.isHexToken(name) || j.w.Holding(name) != "" {
		return Destination{Repository: j.c.Repository, Environment: environment}.Set("secret", name) + flags
	}
	command := "gh hex auth"
	if name != vendors.SecretNames()[0] {
		command += " --secret " + core.ShellWord(name)
	}
	if environment != "" {
		command += " --env " + core.ShellWord(environment)
	}
	if _, exists := j.k.Environment(environment); environment != "" && !exists && j.k.Repository.EnvironmentsErr == nil {
		command += " --create-env"
	}
	return command + flags + j.c.Flag
}
