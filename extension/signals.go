package extension

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// howOftenParent is how often a command that gh started looks whether that gh is still there.
const howOftenParent = 500 * time.Millisecond

// listen returns the context of a command. It ends, with errCancelled as its cause, on the first SIGINT or SIGTERM, when the
// terminal is closed unless nohup has that ignored, and when the gh that started the command is gone: nobody would see the
// rest. What was begun is then finished and told. A second signal ends the process at once, after giveBack.
func listen(giveBack func()) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	gone := make(chan struct{})
	go watchParent(ctx, os.Getppid(), gone)
	go func() {
		select {
		case <-signals:
		case <-gone:
		}
		cancel(console.ErrCancelled)
		<-signals
		giveBack()
		os.Exit(command.ExitCancelled)
	}()
	return ctx, func() { signal.Stop(signals); cancel(nil) }
}

// watchParent closes gone when this process has another parent than the gh that it began with.
func watchParent(ctx context.Context, parent int, gone chan<- struct{}) {
	if !isGH(parent) {
		return
	}
	look := time.NewTicker(howOftenParent)
	defer look.Stop()
	for os.Getppid() == parent {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
		}
	}
	close(gone)
}

// isProgramGH reports whether a program's name is that of gh, which some packagers wrap under another one.
func isProgramGH(name string) bool { return name == "gh" || name == ".gh-wrapped" }

// endingReader is an input that ends with errCancelled when a context does, also while nothing comes.
type endingReader struct {
	in   io.Reader
	over context.Context
}

func (e endingReader) Read(p []byte) (int, error) {
	const most = 32 << 10
	type result struct {
		n   int
		err error
	}
	piece, done := make([]byte, min(len(p), most)), make(chan result, 1)
	go func() {
		n, err := e.in.Read(piece)
		done <- result{n, err}
	}()
	select {
	case r := <-done:
		return copy(p, piece[:r.n]), r.err
	case <-e.over.Done():
		return 0, console.ErrCancelled
	}
}
