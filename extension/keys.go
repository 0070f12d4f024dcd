package extension

import (
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
	pressed := make(chan struct{}, 1)
	go func() {
		key := make([]byte, 1)
		for {
			n, err := s.tty.Read(key)
			if err != nil {
				return
			}
			if n == 1 && key[0] == controlC {
				pressed <- struct{}{}
				return
			}
		}
	}()
	return &terminalKeys{interrupts: pressed, fd: fd, before: before}, nil
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
