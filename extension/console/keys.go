package console

import (
	"bytes"
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

const (
	controlC = 3
	// maxAhead bounds what is kept of what was typed while nothing was asked, in bytes.
	maxAhead = 64 << 10
)

// keys reads the terminal for all questions and waits of a command, in raw mode, where Ctrl-C is a key: a SIGINT would end
// gh and leave us without a terminal. While something is waited for, Ctrl-C ends that, and what else is typed is kept for
// the next question. The terminal is only read while somebody wants to know: a read that began before the raw mode would
// still echo.
type keys struct {
	tty *os.File

	mu     sync.Mutex
	change *sync.Cond
	ahead  []byte // typed, and not asked for yet
	err    error
	asking bool
	ended  bool   // nothing is asked any more
	cancel func() // what Ctrl-C does; nil while nothing is waited for
}

func (s *Streams) keyboard() *keys {
	if s.keys == nil {
		s.keys = &keys{tty: s.tty}
		s.keys.change = sync.NewCond(&s.keys.mu)
		go s.keys.pump()
		if s.Over != nil {
			context.AfterFunc(s.Over, s.keys.end)
		}
	}
	return s.keys
}

func (k *keys) pump() {
	typed := make([]byte, 256)
	for k.wanted() {
		n, err := k.tty.Read(typed)
		k.take(typed[:n], err)
	}
}

// wanted waits until somebody wants to know what is typed; false when no more will come.
func (k *keys) wanted() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	for k.err == nil && k.cancel == nil && (!k.asking || len(k.ahead) > 0) {
		k.change.Wait()
	}
	return k.err == nil
}

func (k *keys) take(typed []byte, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, b := range typed {
		switch {
		case b == controlC && k.cancel != nil:
			k.cancel()
			k.cancel = nil
		case len(k.ahead) < maxAhead:
			k.ahead = append(k.ahead, b)
		}
	}
	k.err = err
	k.change.Broadcast()
}

// Read hands what was typed to a question, up to the end of a line: what follows is for the next one, or thrown away.
func (k *keys) Read(p []byte) (int, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asking = true
	for len(k.ahead) == 0 && k.err == nil && !k.ended {
		k.change.Broadcast()
		k.change.Wait()
	}
	k.asking = false
	switch {
	case k.ended:
		return 0, ErrCancelled
	case len(k.ahead) == 0:
		return 0, k.err
	}
	line := k.ahead
	if end := bytes.IndexAny(line, "\r\n"); end >= 0 {
		line = line[:end+1]
	}
	n := copy(p, line)
	k.ahead = k.ahead[n:]
	return n, nil
}

// end answers the question that waits, and every later one, with errCancelled.
func (k *keys) end() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = true
	k.change.Broadcast()
}

// discard throws away what was typed and not asked for, and reports whether there was anything. The terminal is in raw
// mode, and the question that ended has just read from it.
func (k *keys) discard() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	some := len(k.ahead) > 0
	k.ahead = nil
	return discardInput(k.tty) || some
}

// Forget throws away what was typed before a question was seen whose answer starts something.
func (s *Streams) Forget() {
	if s.keys != nil {
		s.keys.mu.Lock()
		defer s.keys.mu.Unlock()
		s.keys.ahead = nil
	}
}

// onInterrupt sets what Ctrl-C does; nil makes it a key like others.
func (k *keys) onInterrupt(cancel func()) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.cancel = cancel
	k.change.Broadcast()
}

// waiting is a time during which Ctrl-C ends a context, with errCancelled as its cause, on a terminal in raw mode.
type waiting struct {
	context.Context
	keys   *keys // nil where nobody can press it
	before *term.State
	cancel context.CancelCauseFunc
}

// Wait begins such a time, until close. Without a terminal, or in the background, where touching it would stop the
// process, nobody can press Ctrl-C.
func (s *Streams) Wait(ctx context.Context) *waiting {
	w := &waiting{}
	w.Context, w.cancel = context.WithCancelCause(ctx)
	if !s.CanAsk() || !inForeground(s.tty) {
		return w
	}
	if before, err := makeRaw(s.tty); err == nil {
		w.keys, w.before = s.keyboard(), before
		w.keys.onInterrupt(w.interrupt)
	}
	return w
}

func (w *waiting) interrupt() { w.cancel(ErrCancelled) }

// interrupted reports whether Ctrl-C was pressed.
func (w *waiting) interrupted() bool { return errors.Is(context.Cause(w), ErrCancelled) }

// Cooked gives the terminal back while f runs, which may ask: in raw mode a line feed does not return the carriage.
func (w *waiting) Cooked(f func()) {
	if w.keys == nil {
		f()
		return
	}
	w.keys.onInterrupt(nil)
	_ = term.Restore(int(w.keys.tty.Fd()), w.before)
	f()
	_, _ = makeRaw(w.keys.tty)
	if w.Err() == nil {
		w.keys.onInterrupt(w.interrupt)
	}
}

// Close gives the terminal back.
func (w *waiting) Close() {
	if w.keys != nil {
		w.keys.onInterrupt(nil)
		_ = term.Restore(int(w.keys.tty.Fd()), w.before)
	}
	w.cancel(nil)
}

// Interruptible calls f, which prints nothing, with a context that Ctrl-C ends. On a terminal doing says what is waited
// for.
func (s *Streams) Interruptible(ctx context.Context, doing string, f func(context.Context) error) error {
	g := s.NewProgress(time.Now)
	return s.While(ctx, g, func(ctx context.Context) error {
		g.Show("%s", doing)
		return f(ctx)
	})
}

// While is Interruptible for what tells by itself how far it is, from when Ctrl-C is a key. The line is taken away in the
// end.
func (s *Streams) While(ctx context.Context, g *Progress, f func(context.Context) error) error {
	w := s.Wait(ctx)
	defer w.Close()
	defer g.Clear()
	err := f(w)
	if w.interrupted() {
		return errors.Join(ErrCancelled, err)
	}
	return err
}

// Cancelled is the interruption of a context, if there was one. That its time is over is no interruption.
func Cancelled(ctx context.Context) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return ErrCancelled
	}
	return nil
}
