package github

import (
	"context"
	"errors"
	"sync"
	"time"
)

// gate holds every request back while GitHub refuses them: a limit is the login's, not that of one request. When it is
// due to end, one request goes ahead to find out, and the rest follow when it was not refused.
type gate struct {
	mu      sync.Mutex
	limit   *Error // the last refusal; nil while the gate is open
	until   time.Time
	strikes int // refusals in a row that told no time to come
	probing bool
	changed chan struct{}
	tell    func(until time.Time)
}

func newGate(tell func(until time.Time)) *gate {
	return &gate{changed: make(chan struct{}), tell: tell}
}

// enter waits until a request may be sent; probe tells that it is the one that goes ahead. The error is the refusal that
// holds when ctx ends, or would end before the wait does.
func (g *gate) enter(ctx context.Context) (probe bool, err error) {
	for {
		g.mu.Lock()
		if g.limit == nil {
			g.mu.Unlock()
			return false, ctx.Err()
		}
		limit, changed, wait := g.limit, g.changed, time.Until(g.until)
		if wait <= 0 && !g.probing && ctx.Err() == nil {
			g.probing = true
			g.mu.Unlock()
			return true, nil
		}
		late := false
		if deadline, has := ctx.Deadline(); has && g.until.After(deadline) {
			late = true
		}
		g.mu.Unlock()
		if late || ctx.Err() != nil {
			return false, limit
		}
		await(ctx, changed, wait)
	}
}

// await returns when ctx ends, when the gate changes, or after wait if that is positive.
func await(ctx context.Context, changed <-chan struct{}, wait time.Duration) {
	var due <-chan time.Time
	if wait > 0 {
		due = time.After(wait)
	}
	select {
	case <-ctx.Done():
	case <-changed:
	case <-due:
	}
}

// leave takes note of how a request ended.
func (g *gate) leave(probe bool, err error) {
	var e *Error
	limited := errors.As(err, &e) && e.RateLimited
	g.mu.Lock()
	defer g.mu.Unlock()
	if !limited {
		if probe {
			g.limit, g.probing, g.strikes = nil, false, 0
			g.notify()
		}
		return
	}
	first := g.limit == nil || probe
	if first && !e.tellsWhen() {
		g.strikes++
	}
	g.limit = e
	if until := e.resumes(g.strikes); first || until.After(g.until) {
		g.until = until
	}
	if probe {
		g.probing = false
	}
	g.notify()
	if first && g.tell != nil {
		g.tell(g.until)
	}
}

func (g *gate) notify() {
	close(g.changed)
	g.changed = make(chan struct{})
}
