package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

const (
	defaultInterval = 5 * time.Second // as often as Hex allows to ask
	redraw          = time.Second
)

// runEndedError means that a run has ended, and not well. That was said as it happened: the error is what to do next.
type runEndedError struct{ run core.ProjectRun }

func (e *runEndedError) Error() string {
	if page := workspace.Link(e.run.RunURL); page != "" {
		return "To see why, open the run: " + page
	}
	return "To see why, open the run in Hex"
}

// annotation stands alone, away from the output.
func (e *runEndedError) annotation() string {
	text := "the run ended as " + console.Word(string(e.run.Status))
	if page := workspace.Link(e.run.RunURL); page != "" {
		text += ": " + page
	}
	return text
}

// errInterrupted means that Ctrl-C was pressed while watching.
var errInterrupted = errors.New("interrupted")

// watcher follows one run to its end.
type watcher struct {
	*command.Process
	actions *command.Actions

	// ask returns the state of the run; cancel asks Hex to stop it.
	ask    func(context.Context) (core.ProjectRun, error)
	cancel func(context.Context) error
	// interrupts tells of Ctrl-C, and of the end of the context. sure then asks whether to cancel, and cooked gives the
	// terminal back while f runs.
	interrupts <-chan struct{}
	sure       func() (bool, error)
	cooked     func(f func())

	project, id string
	interval    time.Duration
	timeout     time.Duration
	started     bool // just now: say so
	quiet       bool // the result is for a machine: what happens meanwhile is conversation

	last    core.ProjectRun // as Hex last showed it
	problem string          // why Hex could not be asked the last time
	drawn   string          // the status that a line said, where progress is plain
}

// watch follows the run, tells of each change, and returns the run as it was seen last. The error is a *runEndedError,
// core.ErrWatchTimeout, errCancelled, or an answer of Hex that waiting does not mend.
func (w *watcher) watch(ctx context.Context) (core.ProjectRun, error) {
	w.actions.Command("group", "", "Hex run "+w.id)
	w.line(w.begin)
	err := w.follow(ctx)
	w.erase()
	switch {
	case err != nil && ctx.Err() != nil:
		w.goesOn()
		err = console.ErrCancelled
	case errors.Is(err, errInterrupted):
		err = w.interrupted(ctx)
	case errors.Is(err, core.ErrWatchTimeout):
		w.goesOn()
		err = fmt.Errorf("%w after %s", err, w.timeout)
	case err == nil && w.last.Status != core.RunCompleted:
		err = &runEndedError{w.last}
	}
	w.actions.Command("endgroup", "", "")
	return w.last, err
}

// follow asks and waits until the run has ended; nil says that it has.
func (w *watcher) follow(ctx context.Context) error {
	began := w.Now()
	machine := core.NewWatch(w.interval, began.Add(w.timeout))
	over := time.After(w.timeout)
	for {
		run, err := w.poll(ctx, over)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, errInterrupted), errors.Is(err, core.ErrWatchTimeout):
			return err
		}
		step := machine.Next(w.Now(), run, err)
		w.tell(run, err, step)
		if step.Done {
			return step.Err
		}
		if _, err := await(ctx, w, time.After(step.Delay), nil); err != nil {
			return err
		}
	}
}

// poll asks once. A question that hangs ends with the time-out of the watch, and on Ctrl-C.
func (w *watcher) poll(ctx context.Context, over <-chan time.Time) (core.ProjectRun, error) {
	type answer struct {
		run core.ProjectRun
		err error
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	answers := make(chan answer, 1)
	go func() {
		run, err := w.ask(ctx)
		answers <- answer{run, err}
	}()
	a, err := await(ctx, w, answers, over)
	if err != nil {
		return core.ProjectRun{}, err
	}
	return a.run, a.err
}

// await waits for a channel and keeps the progress up to date meanwhile.
func await[T any](ctx context.Context, w *watcher, done <-chan T, over <-chan time.Time) (T, error) {
	var none T
	for {
		var tick <-chan time.Time
		if w.OutTTY {
			tick = time.After(redraw)
		}
		select {
		case value := <-done:
			return value, nil
		case <-w.interrupts:
			return none, errInterrupted
		case <-ctx.Done():
			return none, ctx.Err()
		case <-over:
			return none, core.ErrWatchTimeout
		case <-tick:
			w.draw()
		}
	}
}

// tell shows what is new: a line a change or, on a terminal, the progress.
func (w *watcher) tell(run core.ProjectRun, err error, step core.WatchStep) {
	if err != nil {
		if problem := err.Error(); problem != w.problem && !step.Done {
			w.problem = problem
			w.line(func() { w.Say("%s could not ask Hex: %s; asking again in %s", w.Yellow("!"), problem, step.Delay) })
		}
		return
	}
	changed := run.Status != w.last.Status
	if run.RunURL == "" {
		run.RunURL = w.last.RunURL
	}
	w.last, w.problem = run, ""
	switch {
	case step.Done && step.Err == nil:
		w.line(w.ended)
	case w.OutTTY:
		w.draw()
	case changed:
		w.line(func() { w.change(run) })
	}
}

// begin tells of a run that was started just now, and until when it is watched.
func (w *watcher) begin() {
	switch page := workspace.Link(w.last.RunURL); {
	case !w.started:
	case w.OutTTY:
		w.Say("%s Started a run: %s", console.Icon(w.Streams, check.StatusOK), page)
	case w.quiet:
		w.Say("started\t%s\t%s\t", w.id, page)
	default:
		w.Print("started\t%s\t%s\t", w.id, page)
	}
	w.Say("%s", w.Gray("Watching for up to "+console.Span(w.timeout)))
}

// change is a line of the result in a pipe: status, run, URL and the time it took so far.
func (w *watcher) change(run core.ProjectRun) {
	write := w.Print
	if w.quiet {
		write = w.Say
	}
	write("%s\t%s\t%s\t%s", console.Word(string(run.Status)), w.id, workspace.Link(run.RunURL), console.Took(elapsed(run, w.Now())))
}

func (w *watcher) ended() {
	if !w.OutTTY || w.quiet {
		w.change(w.last)
		return
	}
	duration, page := console.Took(elapsed(w.last, w.Now())), ""
	if duration != "" {
		duration = " after " + duration
	}
	if w.last.Status == core.RunCompleted { // what comes after another end names the page
		page = "  " + workspace.Link(w.last.RunURL)
	}
	w.Print("%s %s%s%s", statusIcon(w.Streams, w.last.Status), w.Bold(console.Word(string(w.last.Status))), duration, page)
}

// draw writes the progress over itself, where a terminal shows it.
func (w *watcher) draw() {
	if !w.ErrTTY {
		return
	}
	status := console.Word(string(w.last.Status))
	if status == "" {
		status = "waiting for Hex"
	}
	if w.PlainProgress {
		if status != w.drawn {
			fmt.Fprintf(w.Err, "%s...\r\n", status)
		}
		w.drawn = status
		return
	}
	line := fmt.Sprintf("%s %s  %s", status, console.Took(elapsed(w.last, w.Now())), workspace.Link(w.last.RunURL))
	fmt.Fprintf(w.Err, "\r\x1b[K%s %s", w.Yellow("*"), text.Truncate(max(10, w.Width-3), line))
}

func (w *watcher) erase() {
	if w.ErrTTY && !w.PlainProgress {
		fmt.Fprint(w.Err, "\r\x1b[K")
	}
}

// line prints whole lines where the progress stands.
func (w *watcher) line(write func()) {
	w.erase()
	w.cooked(write)
}

func (w *watcher) goesOn() {
	w.line(func() {
		w.Say("The run goes on: %s", workspace.Link(w.last.RunURL))
		w.Say("Watch it again with: %s", watchCommand(w.project, w.id))
	})
}

// interrupted asks whether the run is to be cancelled too. Whatever the answer, watching is over.
func (w *watcher) interrupted(ctx context.Context) error {
	yes, err := false, error(nil)
	w.cooked(func() { yes, err = w.sure() })
	if err != nil || !yes {
		w.goesOn()
		return errors.Join(console.ErrCancelled, unlessCancelled(err))
	}
	if err := w.cancel(ctx); err != nil {
		w.goesOn()
		return errors.Join(console.ErrCancelled, err)
	}
	w.line(func() { w.Say("Asked Hex to cancel the run: it ends as KILLED a little later.") })
	return console.ErrCancelled
}

func unlessCancelled(err error) error {
	if errors.Is(err, console.ErrCancelled) {
		return nil
	}
	return err
}
