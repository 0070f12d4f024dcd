package github

import (
	"context"
	"sync"
	"time"

	"github.com/cli/go-gh/v2/pkg/auth"

	"github.com/gh-hex/gh-hex/core"
)

const (
	// paceLimit is how many points are used within paceWindow: GitHub documents 900 a minute. What is left over is for the
	// time that requests take to arrive, and for those that were held back by a refusal.
	paceLimit  = 870
	paceWindow = 61 * time.Second
	// writePoints is what a write counts; a read counts one.
	writePoints = 5
)

// pace keeps a client that sends thousands of requests below GitHub's limit by the minute: a burst at first, and then as
// many as leave the window. Waiting costs less than being refused, which GitHub counts against the login.
type pace struct {
	mu    sync.Mutex
	spent []spent // within the window, oldest first
	sum   int
	now   func() time.Time
	pause func(context.Context, time.Duration) error
}

type spent struct {
	at     time.Time
	points int
}

// newPace is nil, which never waits, for a client that is not to be paced, and for an Enterprise Server: its limits are off
// unless its administrators switch them on, and then it says so by refusing.
func newPace(host string, paced bool) *pace {
	if !paced || auth.IsEnterprise(host) {
		return nil
	}
	return &pace{now: time.Now, pause: core.Sleep}
}

// wait returns when a request may be sent, and counts it.
func (p *pace) wait(ctx context.Context, r request) error {
	if p == nil {
		return ctx.Err()
	}
	points := 1
	if r.writes() {
		points = writePoints
	}
	for {
		wait := p.take(points)
		if wait <= 0 {
			return ctx.Err()
		}
		if err := p.pause(ctx, wait); err != nil {
			return err
		}
	}
}

// take counts points now, or returns how long it takes until there may be room for them.
func (p *pace) take(points int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	for len(p.spent) > 0 && now.Sub(p.spent[0].at) >= paceWindow {
		p.sum -= p.spent[0].points
		p.spent = p.spent[1:]
	}
	if p.sum+points > paceLimit {
		return paceWindow - now.Sub(p.spent[0].at)
	}
	p.spent, p.sum = append(p.spent, spent{now, points}), p.sum+points
	return 0
}
