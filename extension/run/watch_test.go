package run

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/console"
)

// seen is a run as Hex shows it: it started with the test and, once ended, has taken two minutes and five seconds.
func seen(t *testing.T, status string, ended bool) core.ProjectRun {
	t.Helper()
	end := "null"
	if ended {
		end = `"2026-11-23T12:02:05Z","elapsedTime":125000`
	}
	var run core.ProjectRun
	text := fmt.Sprintf(`{"projectId":%q,"runId":%q,"runUrl":%q,"status":%q,"startTime":"2000-01-01T00:00:00Z","endTime":%s}`, commandtest.Project, commandtest.Run, commandtest.RunURL, status, end)
	if err := json.Unmarshal([]byte(text), &run); err != nil {
		t.Fatal(err)
	}
	return run
}

// step is what Hex answers to one question of the watcher; the last one stays. do comes before the answer.
type step struct {
	run core.ProjectRun
	err error
	do  func(ctx context.Context)
}

// dialogue is a watcher between a Hex that answers step by step and a user who may press Ctrl-C. Time passes only while
// everybody waits.
type dialogue struct {
	*commandtest.Bench
	watch     *watcher
	began     time.Time
	asked     []time.Duration // when, after the start
	cancelled int
}

func watching(t *testing.T, b *commandtest.Bench, steps ...step) *dialogue {
	d := &dialogue{Bench: b, began: time.Now()}
	d.watch = &watcher{
		Process: b.Process, actions: command.NewActions(b.Process, false), project: commandtest.Project, id: commandtest.Run,
		interval: defaultInterval, timeout: 10 * time.Minute,
		cooked: func(f func()) { f() },
		sure:   func() (bool, error) { t.Error("asked whether to cancel"); return false, nil },
		cancel: func(context.Context) error { d.cancelled++; return nil },
		ask: func(ctx context.Context) (core.ProjectRun, error) {
			s := steps[min(len(d.asked), len(steps)-1)]
			d.asked = append(d.asked, time.Since(d.began))
			if s.do != nil {
				s.do(ctx)
			}
			return s.run, s.err
		},
	}
	return d
}

func at(seconds ...int) []time.Duration {
	var list []time.Duration
	for _, s := range seconds {
		list = append(list, time.Duration(s)*time.Second)
	}
	return list
}

func TestWatchToEachEnd(t *testing.T) {
	for status, want := range map[string]int{"COMPLETED": 0, "ERRORED": 1, "KILLED": 1, "UNABLE_TO_ALLOCATE_KERNEL": 1} {
		synctest.Test(t, func(t *testing.T) {
			running := step{run: seen(t, "RUNNING", false)}
			d := watching(t, commandtest.New(t), step{run: seen(t, "PENDING", false)}, running, running, step{run: seen(t, status, true)})
			run, err := d.watch.watch(t.Context())
			if command.ExitCode(err) != want || string(run.Status) != status || !slices.Equal(d.asked, at(0, 5, 10, 15)) {
				t.Errorf("%s: %v, asked at %v", status, err, d.asked)
			}
			if want != 0 && !strings.Contains(err.Error(), commandtest.RunURL) {
				t.Errorf("%s: no URL in %q", status, err)
			}
			lines := strings.Split(strings.TrimSpace(d.Stdout.String()), "\n")
			if len(lines) != 3 || lines[1] != "RUNNING\t"+commandtest.Run+"\t"+commandtest.RunURL+"\t5s" || lines[2] != status+"\t"+commandtest.Run+"\t"+commandtest.RunURL+"\t2m5s" {
				t.Errorf("%s: not a line a change: %q", status, lines)
			}
		})
	}
}

func TestWatchSurvivesFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken, doubtful := step{err: errors.New("connection reset")}, step{run: seen(t, "COMPLETED", false)}
		d := watching(t, commandtest.New(t), broken, broken, step{err: &core.APIError{Status: 429, RetryAfter: time.Minute}},
			step{err: &core.APIError{Status: 502}}, doubtful, doubtful)
		if _, err := d.watch.watch(t.Context()); err != nil || !slices.Equal(d.asked, at(0, 5, 10, 70, 75, 80)) {
			t.Errorf("%v, asked at %v", err, d.asked)
		}
		if n := strings.Count(d.Stderr.String(), "connection reset"); n != 1 {
			t.Errorf("the same failure is told %d times:\n%s", n, d.Stderr.String())
		}
	})
}

func TestWatchEndsOnWhatDoesNotMend(t *testing.T) {
	for status, want := range map[int]int{401: command.ExitAuth, 403: command.ExitProblem, 404: command.ExitProblem} {
		synctest.Test(t, func(t *testing.T) {
			d := watching(t, commandtest.New(t), step{err: &core.APIError{Status: status}})
			if _, err := d.watch.watch(t.Context()); command.ExitCode(err) != want || len(d.asked) != 1 {
				t.Errorf("%d: %v, asked at %v", status, err, d.asked)
			}
		})
	}
}

func TestWatchTimeout(t *testing.T) {
	hanging := step{do: func(ctx context.Context) { <-ctx.Done() }, err: context.Canceled}
	for name, last := range map[string]step{"a run that goes on": {run: seen(t, "RUNNING", false)}, "a question that hangs": hanging} {
		synctest.Test(t, func(t *testing.T) {
			d := watching(t, commandtest.New(t), step{run: seen(t, "RUNNING", false)}, last)
			run, err := d.watch.watch(t.Context())
			if command.ExitCode(err) != command.ExitUnknown || run.Status != core.RunRunning {
				t.Errorf("%s: %v, %+v", name, err, run)
			}
			for _, want := range []string{commandtest.RunURL, "gh hex run watch " + commandtest.Project + " " + commandtest.Run} {
				if !strings.Contains(d.Stderr.String(), want) {
					t.Errorf("%s: no %q in:\n%s", name, want, d.Stderr.String())
				}
			}
			if took := time.Since(d.began); took > d.watch.timeout || took < d.watch.timeout-defaultInterval {
				t.Errorf("%s: ended after %s", name, took)
			}
		})
	}
}

func TestControlC(t *testing.T) {
	goesOn := "gh hex run watch " + commandtest.Project + " " + commandtest.Run
	for _, test := range []struct {
		name      string
		sure      bool
		sureErr   error
		cancelErr error
		cancelled int
		says      string
	}{
		{"yes", true, nil, nil, 1, "Asked Hex to cancel the run"},
		{"no", false, nil, nil, 0, goesOn},
		{"Ctrl-C again", false, console.ErrCancelled, nil, 0, goesOn},
		{"yes, but Hex refuses", true, nil, &core.APIError{Status: 403}, 1, goesOn},
	} {
		for pressed, second := range map[string]step{
			"between two questions": {run: seen(t, "COMPLETED", true)},
			"during a question":     {do: func(ctx context.Context) { <-ctx.Done() }},
		} {
			synctest.Test(t, func(t *testing.T) {
				keys := make(chan struct{}, 1)
				d := watching(t, commandtest.New(t), step{run: seen(t, "RUNNING", false)}, second)
				delay := 7 * time.Second
				if second.do == nil {
					delay = 3 * time.Second
				}
				time.AfterFunc(delay, func() { keys <- struct{}{} })
				d.watch.interrupts = keys
				d.watch.sure = func() (bool, error) { return test.sure, test.sureErr }
				d.watch.cancel = func(context.Context) error { d.cancelled++; return test.cancelErr }
				_, err := d.watch.watch(t.Context())
				if command.ExitCode(err) != command.ExitCancelled || d.cancelled != test.cancelled || test.cancelErr != nil && !errors.Is(err, test.cancelErr) {
					t.Errorf("%s, %s: %v, cancelled %d times", test.name, pressed, err, d.cancelled)
				}
				if time.Since(d.began) != delay || !strings.Contains(d.Stderr.String(), test.says) {
					t.Errorf("%s, %s: no %q after %s in:\n%s", test.name, pressed, test.says, time.Since(d.began), d.Stderr.String())
				}
			})
		}
	}
}

func TestSignalWhileWatching(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, stop)
		d := watching(t, commandtest.New(t), step{run: seen(t, "RUNNING", false)})
		_, err := d.watch.watch(ctx)
		if command.ExitCode(err) != command.ExitCancelled || d.cancelled != 0 || !strings.Contains(d.Stderr.String(), "The run goes on: "+commandtest.RunURL) {
			t.Errorf("%v, cancelled %d times, says:\n%s", err, d.cancelled, d.Stderr.String())
		}
	})
}

func TestProgressOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		running := step{run: seen(t, "RUNNING", false)}
		slow := step{run: seen(t, "COMPLETED", true), do: func(context.Context) { time.Sleep(2500 * time.Millisecond) }}
		d := watching(t, commandtest.New(t).OnTerminal(), running, running, slow)
		if _, err := d.watch.watch(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := d.Stdout.String(); got != "✓ COMPLETED after 2m5s\n  "+commandtest.RunURL+"\n" {
			t.Errorf("the result is %q", got)
		}
		_, progress, told := strings.Cut(d.Stderr.String(), "Watching for up to 10m\n")
		frames := strings.Split(progress, "\r\x1b[K")
		if !told {
			t.Errorf("does not say until when: %q", d.Stderr.String())
		}
		// Where a redraw and a question are due at once, either may come first.
		for _, elapsed := range []string{"1s", "2s", "3s", "4s", "6s", "9s", "11s", "12s"} {
			if !slices.ContainsFunc(frames, func(f string) bool { return strings.HasPrefix(f, "* RUNNING "+elapsed+"  https://") }) {
				t.Errorf("not redrawn after %s: %q", elapsed, frames)
			}
		}
		for _, frame := range frames {
			if len([]rune(frame)) >= d.Width || strings.Contains(frame, "\n") {
				t.Errorf("not one line: %q", frame)
			}
		}
		if frames[len(frames)-1] != "" {
			t.Errorf("the progress stays: %q", frames[len(frames)-1])
		}
	})
}

func TestWatchForAMachine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := watching(t, commandtest.New(t), step{run: seen(t, "RUNNING", false)}, step{run: seen(t, "COMPLETED", true)})
		d.watch.quiet, d.watch.started = true, true
		d.watch.last = core.ProjectRun{RunID: commandtest.Run, RunURL: commandtest.RunURL}
		if _, err := d.watch.watch(t.Context()); err != nil || d.Stdout.Len() > 0 {
			t.Errorf("%v, stdout has %q", err, d.Stdout.String())
		}
		rest := "\t" + commandtest.Run + "\t" + commandtest.RunURL + "\t"
		if got := d.Stderr.String(); got != "started"+rest+"\nWatching for up to 10m\nRUNNING"+rest+"\nCOMPLETED"+rest+"2m5s\n" {
			t.Errorf("stderr has %q", got)
		}
	})
}

func TestWatchInActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := commandtest.New(t)
		b.Env["GITHUB_ACTIONS"] = "true"
		hostile := seen(t, "::set-env name=A::\n##[add-mask]ERRORED", false)
		hostile.RunURL = "https://app.hex.tech/##[group]x"
		d := watching(t, b, step{run: hostile}, step{run: seen(t, "ERRORED", true)})
		if _, err := d.watch.watch(t.Context()); command.ExitCode(err) != command.ExitProblem {
			t.Error(err)
		}
		want := "::group::Hex run " + commandtest.Run + "\n" +
			"setenvnameAaddmaskERRORED\t" + commandtest.Run + "\t\t\n" +
			"ERRORED\t" + commandtest.Run + "\t" + commandtest.RunURL + "\t2m5s\n" +
			"::endgroup::\n"
		if got := d.Stdout.String(); got != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	})
}

func TestActionsFiles(t *testing.T) {
	b := commandtest.New(t)
	dir := t.TempDir()
	b.Env["GITHUB_ACTIONS"] = "true"
	b.Env["GITHUB_OUTPUT"] = filepath.Join(dir, "output")
	b.Env["GITHUB_STEP_SUMMARY"] = filepath.Join(dir, "summary")
	a := command.NewActions(b.Process, false)
	a.Output("run-id", "x\nstatus=COMPLETED\r")
	a.Output("status", "")
	a.Summary(runSummary("A|B [x](javascript:y) <b> @octo", seen(t, "UNABLE_TO_ALLOCATE_KERNEL", true), "2m5s"))
	a.Command("error", "Hex run: a, b", "50%\n::warning::x")
	if got := read(t, b.Env["GITHUB_OUTPUT"]); got != "run-id=x status=COMPLETED \n" {
		t.Errorf("output: %q", got)
	}
	summary := read(t, b.Env["GITHUB_STEP_SUMMARY"])
	rows := strings.Split(strings.TrimSpace(summary), "\n")
	if want := `| A\|B \[x\](javascript&#58;y) &lt;b&gt; &#64;octo | ❌ UNABLE\_TO\_ALLOCATE\_KERNEL | 2m5s | [Open the run](<` + commandtest.RunURL + `>) |`; rows[len(rows)-1] != want {
		t.Errorf("summary: %q", rows[len(rows)-1])
	}
	if got := b.Stdout.String(); got != "::error title=Hex run%3A a%2C b::50%25 ::warning::x\n" {
		t.Errorf("annotation: %q", got)
	}
	if a.Failure() != nil {
		t.Error(a.Failure())
	}
	b.Env["GITHUB_OUTPUT"] = filepath.Join(dir, "missing", "output")
	a.Output("run-id", "x")
	if a.Failure() == nil {
		t.Error("an output that cannot be written passes as success")
	}
}

func TestElsewhereThanInActions(t *testing.T) {
	b := commandtest.New(t)
	b.Env["GITHUB_OUTPUT"] = filepath.Join(t.TempDir(), "output")
	a := command.NewActions(b.Process, false)
	a.Output("run-id", "x")
	a.Command("error", "", "x")
	if _, err := os.Stat(b.Env["GITHUB_OUTPUT"]); err == nil || b.Stdout.Len() > 0 || a.Failure() != nil {
		t.Error("speaks to a runner that is not there")
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
