package extension

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress is a line on the terminal that says how far a long command is. Elsewhere it shows nothing, and notes are
// lines of their own. It is safe for concurrent use.
type progress struct {
	w    io.Writer
	live bool

	mu   sync.Mutex
	last time.Time
	now  func() time.Time
}

func (p *process) newProgress() *progress {
	return &progress{w: p.err, live: p.errTTY, now: p.now}
}

// show replaces the line, a few times a second at most.
func (g *progress) show(format string, args ...any) {
	if !g.live {
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if now := g.now(); now.Sub(g.last) >= 100*time.Millisecond {
		g.last = now
		fmt.Fprintf(g.w, "\r\x1b[K%s", printable(format, args))
	}
}

// note prints a line that stays. Both forms of its end are right: the terminal may be in raw mode.
func (g *progress) note(format string, args ...any) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live {
		fmt.Fprintf(g.w, "\r\x1b[K%s\r\n", printable(format, args))
		return
	}
	fmt.Fprintln(g.w, printable(format, args))
}

// clear takes the line away.
func (g *progress) clear() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.live {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
}

// limit says until when GitHub wants to be left alone.
func (g *progress) limit(until time.Time) {
	g.note("GitHub's rate limit is reached; going on at %s", until.Local().Format("15:04:05"))
}

// keys reads the terminal for a command that both asks and waits: while it waits, Ctrl-C cancels, and what else is typed
// is kept for the next question. On a SIGINT gh would end and leave us without a terminal.
type keys struct {
	tty    *os.File
	typed  chan []byte
	rest   []byte
	mu     sync.Mutex
	cancel context.CancelFunc // of the wait under way; nil while a question is asked
}

// readKeys makes questions read through the keys; nil where nobody can be asked.
func (p *process) readKeys() *keys {
	if p.tty == nil || p.terminal != nil {
		return nil
	}
	k := &keys{tty: p.tty, typed: make(chan []byte, 64)}
	p.terminal = term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{k, p.questions}, "")
	go k.pump()
	return k
}

func (k *keys) pump() {
	defer close(k.typed)
	for {
		buf := make([]byte, 256)
		n, err := k.tty.Read(buf)
		for _, b := range buf[:n] {
			if k.interrupts(b) {
				continue
			}
			k.typed <- []byte{b}
		}
		if err != nil {
			return
		}
	}
}

func (k *keys) interrupts(b byte) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b != 0x03 || k.cancel == nil {
		return false
	}
	k.cancel()
	return true
}

// Read hands what was typed to a question.
func (k *keys) Read(p []byte) (int, error) {
	if len(k.rest) == 0 {
		typed, open := <-k.typed
		if !open {
			return 0, io.EOF
		}
		k.rest = typed
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}

// wait lets Ctrl-C cancel the context it returns, until done is called.
func (k *keys) wait(ctx context.Context) (waiting context.Context, done func()) {
	if k == nil {
		return ctx, func() {}
	}
	state, err := term.MakeRaw(int(k.tty.Fd()))
	if err != nil {
		return ctx, func() {}
	}
	waiting, cancel := context.WithCancelCause(ctx)
	k.set(func() { cancel(errCancelled) })
	return waiting, func() {
		k.set(nil)
		_ = term.Restore(int(k.tty.Fd()), state)
	}
}

func (k *keys) set(cancel context.CancelFunc) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cancel = cancel
}

// checklist shows numbered options, marks those that are chosen, and lets the user choose others. The answer is the
// chosen indices; Enter keeps the marked ones.
func (s *streams) checklist(question string, options []string, marked []bool) ([]int, error) {
	fmt.Fprintln(s.questions, safe(question))
	for i, o := range options {
		box := "[ ]"
		if marked[i] {
			box = "[x]"
		}
		fmt.Fprintf(s.questions, "  %3d  %s %s\n", i+1, box, safe(o))
	}
	for {
		answer, err := s.ask("Numbers (such as 1,3-5 or all; Enter for the marked ones, none to cancel):", false)
		if err != nil {
			return nil, err
		}
		if chosen, ok := parseChoice(answer, marked); ok {
			return chosen, nil
		}
	}
}
