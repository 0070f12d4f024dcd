package core

import (
	"context"
	"errors"
	"net/http"
	"time"
)

// ErrWatchTimeout means that a run had not ended when the time to watch it was over; it goes on.
var ErrWatchTimeout = errors.New("the run has not ended yet")

// minInterval is how often Hex's documentation lets a run be asked for.
const minInterval = 5 * time.Second

// Watch decides, from one answer to the next, whether a run has ended and when to ask again. It neither waits nor asks.
type Watch struct {
	interval time.Duration
	deadline time.Time
	doubted  bool
}

// WatchStep is what to do next: wait for Delay, then ask again or, when Done, stop. Err says why the watch ended
// without the run having ended: [ErrWatchTimeout], or an answer that waiting does not mend.
type WatchStep struct {
	Delay time.Duration
	Done  bool
	Err   error
}

// NewWatch returns a watch that asks every interval, 5 s at least, until deadline; without one when that is zero.
func NewWatch(interval time.Duration, deadline time.Time) *Watch {
	return &Watch{interval: max(interval, minInterval), deadline: deadline}
}

// Next takes what [Client.RunStatus] returned. Failures of the network and of the server are survived until the
// deadline, and an unknown status is no end. A COMPLETED without an end time has been seen on runs that then went on:
// it is asked for once more.
func (w *Watch) Next(now time.Time, run ProjectRun, err error) WatchStep {
	switch {
	case err != nil && !mends(err):
		return WatchStep{Done: true, Err: err}
	case err != nil || !run.Status.Ended():
		return w.again(now, err)
	case run.Status == RunCompleted && !run.EndTime.IsSet() && !w.doubted:
		w.doubted = true
		return w.again(now, nil)
	}
	return WatchStep{Done: true}
}

func (w *Watch) again(now time.Time, err error) WatchStep {
	delay := w.interval
	if answer, ok := errors.AsType[*APIError](err); ok {
		delay = max(delay, answer.RetryAfter)
	}
	if !w.deadline.IsZero() && now.Add(delay).After(w.deadline) {
		return WatchStep{Done: true, Delay: max(0, w.deadline.Sub(now)), Err: ErrWatchTimeout}
	}
	return WatchStep{Delay: delay}
}

func mends(err error) bool {
	if answer, ok := errors.AsType[*APIError](err); ok {
		return answer.Status >= http.StatusInternalServerError || answer.Status == http.StatusTooManyRequests ||
			answer.Status == http.StatusRequestTimeout
	}
	return !errors.Is(err, context.Canceled) && !errors.Is(err, ErrRedirect)
}
