package console

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Progress is a line on the terminal that says how far a long command is. Elsewhere it shows nothing, and notes are
// lines of their own. It is safe for concurrent use.
type Progress struct {
	w     io.Writer
	live  bool
	plain bool // in lines of their own, and few of them

	mu   sync.Mutex
	last time.Time
	now  func() time.Time
	// next is what came too soon after the line on the terminal, and is shown a little later; nil for nothing.
	next *time.Timer
}

// NewProgress is progress on standard error; now tells the time.
func (s *Streams) NewProgress(now func() time.Time) *Progress {
	return &Progress{w: s.Err, live: s.ErrTTY && !s.PlainProgress, plain: s.PlainProgress, now: now}
}

// Show replaces the line, a few times a second at most. A plain one is added now and then.
func (g *Progress) Show(format string, args ...any) {
	pause := 100 * time.Millisecond
	switch {
	case g.plain:
		pause = 10 * time.Second
	case !g.live:
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget()
	line, now := printable(format, args), g.now()
	switch soon := now.Sub(g.last) < pause; {
	case soon && !g.plain:
		g.next = time.AfterFunc(pause, func() {
			g.mu.Lock()
			defer g.mu.Unlock()
			if g.next != nil {
				g.draw(line)
			}
		})
	case soon:
	default:
		g.last = now
		g.draw(line)
	}
}

func (g *Progress) draw(line string) {
	if g.plain {
		fmt.Fprintf(g.w, "%s...\n", line)
		return
	}
	fmt.Fprintf(g.w, "\r\x1b[K%s", line)
}

// forget gives up what was to be shown later.
func (g *Progress) forget() {
	if g.next != nil {
		g.next.Stop()
		g.next = nil
	}
}

// note prints a line that stays.
func (g *Progress) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
	fmt.Fprintln(g.w, printable(format, args))
}

// Clear takes the line away.
func (g *Progress) Clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.forget()
	if g.live {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
}

// Limit says until when GitHub wants to be left alone.
func (g *Progress) Limit(until time.Time) {
	g.note("GitHub's rate limit is reached; going on at %s", until.Local().Format("15:04:05"))
}
