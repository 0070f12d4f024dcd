package github

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/h2non/gock"
)

func limited(after time.Duration) *Error {
	return &Error{Status: 429, RateLimited: true, Retry: time.Now().Add(after), err: errors.New("limit")}
}

// One request finds out whether the limit has ended; the others follow only when it was not refused.
func TestGateLetsOneGoAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []time.Time
		g := newGate(func(until time.Time) { told = append(told, until) })
		g.leave(false, limited(10*time.Second))
		g.leave(false, limited(9*time.Second)) // of a request that was under way
		start := time.Now()
		var mu sync.Mutex
		var entered []time.Duration
		refusals := 1
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				for {
					probe, err := g.enter(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					mu.Lock()
					entered = append(entered, time.Since(start).Round(time.Second))
					refused := refusals > 0
					refusals--
					mu.Unlock()
					if !refused {
						g.leave(probe, nil)
						return
					}
					g.leave(probe, limited(20*time.Second))
				}
			})
		}
		wg.Wait()
		if len(entered) != 6 || entered[0] != 10*time.Second {
			t.Fatalf("entered after %v", entered)
		}
		for _, after := range entered[1:] {
			if after != 30*time.Second {
				t.Errorf("entered after %v", entered)
			}
		}
		if len(told) != 2 {
			t.Errorf("told %d times", len(told))
		}
	})
}

// A wait that would outlast its context is not begun, and one that it cuts short names the limit.
func TestGateGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(nil)
		g.leave(false, limited(time.Hour))
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		if _, err := g.enter(ctx); !errors.Is(err, ErrRateLimited) || time.Since(start) != 0 {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		ctx, cancel = context.WithCancel(t.Context())
		go func() { time.Sleep(time.Second); cancel() }()
		if _, err := g.enter(ctx); !errors.Is(err, ErrRateLimited) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

// A time that is over, by a clock that is wrong or since the refusal goes on: a second, then longer.
func TestLimitsThatAreOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(nil)
		g.leave(false, limited(-time.Hour))
		for _, want := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second} {
			start := time.Now()
			probe, err := g.enter(t.Context())
			if err != nil || time.Since(start) != want {
				t.Errorf("%v after %v, want %v", err, time.Since(start), want)
			}
			g.leave(probe, limited(0))
		}
	})
}

// When a limit ends is told by the service's clock, not by this machine's.
func TestLimitsByTheServicesClock(t *testing.T) {
	for _, ahead := range []time.Duration{-time.Hour, 0, time.Hour} {
		now := time.Now().Add(-ahead)
		h := http.Header{"Date": {now.UTC().Format(http.TimeFormat)}, "X-Ratelimit-Remaining": {"0"}, "X-Ratelimit-Reset": {strconv.FormatInt(now.Add(time.Minute).Unix(), 10)}}
		if _, retry := rateLimit(http.StatusForbidden, h); (time.Until(retry) - time.Minute).Abs() > 5*time.Second {
			t.Errorf("this clock is ahead by %v: waits %v", ahead, time.Until(retry))
		}
	}
}

// A client that waits for limits does not for one that ends after its own time: it says so at once, and asks no more.
func TestLimitBeyondTheTimeThereIs(t *testing.T) {
	c := newTestClient(t)
	gock.New(root).Get("/repos/octo/analytics/actions/secrets").Reply(http.StatusTooManyRequests).SetHeader("Retry-After", "3600")
	c.waits, c.pace = true, &pace{now: time.Now, pause: func(context.Context, time.Duration) error { return errors.New("asked again and again") }}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if l := c.Secrets(ctx, analytics()); !errors.Is(l.Err, ErrRateLimited) || ctx.Err() != nil {
		t.Error(l.Err, ctx.Err())
	}
}

// Without a word from GitHub: a minute, then longer.
func TestLimitsThatDoNotSayHowLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(nil)
		silent := &Error{Status: 403, RateLimited: true, err: errors.New("limit")}
		var waits []time.Duration
		g.leave(false, silent)
		for range 3 {
			start := time.Now()
			probe, err := g.enter(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			waits = append(waits, time.Since(start))
			g.leave(probe, silent)
		}
		if waits[0] != time.Minute || waits[1] != 2*time.Minute || waits[2] != 4*time.Minute {
			t.Errorf("waited %v", waits)
		}
	})
}
