package simulate

import (
	"runtime"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
)

// What bounds the work of one simulation, in nodes of expressions that are worked out: for one workflow with those that
// it calls, and for all.
const (
	MaxFuel = 180_000
	allFuel = 3_000_000
)

// Question is what is followed, by what is known of the repository.
type Question struct {
	W          *source.Workflows
	K          *inventory.Knowledge
	Dependabot bool // Dependabot is enabled
	// Without is a secret, in upper case, that counts as missing where it cannot be told.
	Without string
	// Apart has each scenario followed by itself.
	Apart bool
	// Only tells the workflows that are followed; nil for all of them.
	Only func(*source.Document) bool
	// Watch makes what is told of one workflow. Several are followed at once.
	Watch func() Watch

	about *abstract.Fields // the repository
}

// Watch is told what a simulation comes to in one workflow.
type Watch struct {
	Step   func(StepFact)          // of every step
	Shared func(StepFact, *EnvVar) // of every variable of a job whose environment a step that runs may read
	Done   func()                  // at the end, of one workflow at a time, in their order
}

// Simulation is what became of the runs that the events of workflows start: of all workflows or, on the way, of one.
type Simulation struct {
	Question
	watch Watch
	fuel  int  // that is left
	spent int  // of it
	Over  bool // some had too little

	lacks     map[LackKey]*Lack
	Order     []*Lack
	Names     map[ReadKey][]string    // of the secrets and variables on GitHub that a read may mean
	Undecided map[*source.Read]string // what decides an index at run time
	Places    []InEnvironment
	steps     map[*source.Step][]*Course  // in which a step may run
	Hollow    map[*actionlint.String]bool // conditions that are the text 'false', which counts as true
	used      map[any]*usage
	effects   map[effectKey]*actionEffect
	courses   map[courseKey]*Course
	parsed    map[*actionlint.String][]abstract.Expression
}

func (q Question) simulation() *Simulation {
	return &Simulation{
		Question: q,
		lacks:    map[LackKey]*Lack{}, Names: map[ReadKey][]string{}, Undecided: map[*source.Read]string{}, steps: map[*source.Step][]*Course{},
		Hollow: map[*actionlint.String]bool{}, used: map[any]*usage{}, effects: map[effectKey]*actionEffect{},
		courses: map[courseKey]*Course{}, parsed: map[*actionlint.String][]abstract.Expression{},
	}
}

// Follow follows every run that the events of the workflows start, of several workflows at once. Another one is begun where
// enough is left for it whatever those before it take: what each gets depends on the workflows alone.
func Follow(q Question) *Simulation {
	q.about = q.aboutRepository()
	all, left, most := q.simulation(), allFuel, 2*runtime.GOMAXPROCS(0)-1
	started := q.started()
	var begun []chan *Simulation
	for len(started)+len(begun) > 0 {
		if n := len(begun); len(started) > 0 && (n == 0 || n < most && left >= MaxFuel*(n+1)) {
			done := make(chan *Simulation, 1)
			go func(runs []*source.Run, fuel int) { done <- q.follow(runs, fuel) }(started[0], min(MaxFuel, left))
			started, begun = started[1:], append(begun, done)
			continue
		}
		one := <-begun[0]
		begun = begun[1:]
		left -= one.spent
		all.take(one)
	}
	return all
}

// started are the runs of each workflow that events start.
func (q Question) started() [][]*source.Run {
	roots := map[*source.Document][]*source.Run{}
	for _, r := range q.W.Runs {
		if r.Caller == nil {
			roots[r.Job.Doc] = append(roots[r.Job.Doc], r)
		}
	}
	var out [][]*source.Run
	for _, d := range q.W.Docs {
		if runs := roots[d]; d.AST != nil && len(runs) > 0 && (q.Only == nil || q.Only(d)) {
			out = append(out, runs)
		}
	}
	return out
}

// follow follows the runs of one workflow with the fuel that it gets.
func (q Question) follow(runs []*source.Run, fuel int) *Simulation {
	sim := q.simulation()
	sim.fuel = fuel
	if q.W.Ended() {
		return sim
	}
	if q.Watch != nil {
		sim.watch = q.Watch()
	}
	d := runs[0].Job.Doc
	for _, s := range q.scenariosOf(d, runs[0].Open) {
		f := &frame{sim: sim, d: d, S: s, runs: runs, inputs: s.inputs}
		f.walk()
	}
	sim.spent, sim.Over = fuel-max(sim.fuel, 0), sim.fuel < 0
	return sim
}

// take adds what became of one workflow.
func (sim *Simulation) take(one *Simulation) {
	sim.Over = sim.Over || one.Over
	sim.Order = append(sim.Order, one.Order[:min(len(one.Order), maxLacks-len(sim.Order))]...)
	sim.Places = append(sim.Places, one.Places...)
	for key, names := range one.Names {
		sim.Names[key] = abstract.Union(sim.Names[key], names)
	}
	for x, by := range one.Undecided {
		if sim.Undecided[x] == "" {
			sim.Undecided[x] = by
		}
	}
	for s, courses := range one.steps {
		sim.steps[s] = append(sim.steps[s], courses...)
	}
	for s := range one.Hollow {
		sim.Hollow[s] = true
	}
	if one.watch.Done != nil {
		one.watch.Done()
	}
}

// Events are those that a step may run on.
func (sim *Simulation) Events(s *source.Step) []string {
	var out []string
	for _, c := range sim.steps[s] {
		for _, scenario := range c.Scenarios {
			out = abstract.Union(out, scenario.Events)
		}
	}
	return out
}

// Forget drops what was only needed on the way.
func (sim *Simulation) Forget() { sim.Order = nil }
