package extension

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/term"
)

const controlC = 3

// terminalKeys is a terminal in raw mode, where Ctrl-C is a key: a SIGINT would end gh and leave us without a terminal.
type terminalKeys struct {
	interrupts <-chan struct{}
	fd         int
	before     *term.State
}

// watchKeys puts the terminal into raw mode and tells of the first Ctrl-C; later keys are left to whoever asks next.
// Without a terminal, or in the background, where touching it would stop the process, there is nothing to watch.
func (s *streams) watchKeys() (*terminalKeys, error) {
	if !s.canAsk() || !inForeground(s.tty) {
		return &terminalKeys{}, nil
	}
	fd := int(s.tty.Fd())
	before, err := term.MakeRaw(fd)
	if err != nil {
		return nil, fmt.Errorf("prepare the terminal: %w", err)
	}
	if s.pressed == nil { // a reader cannot be called off: a second one would compete with it
		s.pressed = make(chan struct{}, 1)
		go s.readKeys()
	}
	return &terminalKeys{interrupts: s.pressed, fd: fd, before: before}, nil
}

func (s *streams) readKeys() {
	key := make([]byte, 1)
	for {
		n, err := s.tty.Read(key)
		if err != nil {
			return
		}
		if n == 1 && key[0] == controlC {
			s.pressed <- struct{}{}
			return
		}
	}
}

// interruptible calls f, which prints nothing, with a context that Ctrl-C ends. On a terminal doing says what is waited
// for.
func (s *streams) interruptible(ctx context.Context, doing string, f func(context.Context) error) error {
	keys, err := s.watchKeys()
	if err != nil {
		return err
	}
	defer keys.close()
	if s.errTTY {
		fmt.Fprintf(s.err, "\r\x1b[K%s %s", s.yellow("*"), safe(doing))
		defer fmt.Fprint(s.err, "\r\x1b[K")
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() {
		select {
		case <-keys.interrupts:
			stop(errCancelled)
		case <-ctx.Done():
		}
	}()
	err = f(ctx)
	if errors.Is(context.Cause(ctx), errCancelled) {
		return errors.Join(errCancelled, err)
	}
	return err
}

// cooked gives the terminal back while f runs: in raw mode a line feed does not return the carriage.
func (k *terminalKeys) cooked(f func()) {
	if k.before == nil {
		f()
		return
	}
	_ = term.Restore(k.fd, k.before)
	f()
	_, _ = term.MakeRaw(k.fd)
}

// close gives the terminal back.
func (k *terminalKeys) close() {
	if k.before != nil {
		_ = term.Restore(k.fd, k.before)
	}
}
