package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

const (
	// maxOutput bounds what git may print, in bytes.
	maxOutput = 64 << 20
	// gitPatience is how long git may neither read nor print anything.
	gitPatience = 30 * time.Second
)

var (
	// ErrTooMuch means that git printed more than is reasonable.
	ErrTooMuch = errors.New("too much output")
	// ErrStalled means that git was ended since nothing came of it.
	ErrStalled = errors.New("git stalled")
)

// GitError is what git itself had to say, such as "detected dubious ownership in repository".
type GitError struct {
	Command string // such as "ls-files"
	Message string
	Code    int // git's exit code, -1 when it did not end by itself
	Err     error
}

func (e *GitError) Error() string { return "git " + e.Command + ": " + e.Message }

func (e *GitError) Unwrap() error { return e.Err }

// git runs the program at path with nothing that a repository's own configuration could make it execute.
type git struct {
	path     string
	gitDir   string // the repository, where git shall not look for it itself
	patience time.Duration
}

func findGit() (git, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return git{}, fmt.Errorf("%w: %w", ErrNoGit, err)
	}
	return git{path: path, patience: gitPatience}, nil
}

// run returns what git prints, also when it fails. args[0] is the command unless it is a flag of git itself.
func (g git) run(ctx context.Context, dir string, input []byte, args ...string) ([]byte, error) {
	return g.runLimited(ctx, dir, input, maxOutput, args...)
}

func (g git) runLimited(ctx context.Context, dir string, input []byte, limit int, args ...string) ([]byte, error) {
	w, done := g.watch(ctx)
	defer done()
	p := g.prepare(w, dir, args)
	out := &bounded{limit: limit}
	p.Stdin, p.Stdout = io.TeeReader(bytes.NewReader(input), w), io.MultiWriter(w, out)
	err := p.Run()
	if out.full && w.ctx.Err() == nil {
		return nil, &GitError{Command: p.command, Message: ErrTooMuch.Error(), Code: -1, Err: ErrTooMuch}
	}
	err = p.explain(err)
	if err != nil && w.ctx.Err() != nil {
		return nil, err
	}
	return out.data.Bytes(), err
}

// stream hands what git prints to read while git runs. What read leaves is thrown away; its error comes first.
func (g git) stream(ctx context.Context, dir string, input io.Reader, read func(io.Reader) error, args ...string) error {
	w, done := g.watch(ctx)
	defer done()
	if input != nil {
		input = io.TeeReader(input, w)
	}
	return g.streamWatched(w, dir, input, read, args)
}

func (g git) streamWatched(w *watch, dir string, input io.Reader, read func(io.Reader) error, args []string) error {
	p := g.prepare(w, dir, args)
	p.Stdin = input
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	if pipe, ok := out.(*os.File); ok {
		widen(pipe)
	}
	if err := p.Start(); err != nil {
		return p.explain(err)
	}
	if err := read(io.TeeReader(out, w)); err != nil {
		if w.ctx.Err() != nil {
			err = p.explain(err) // what was read ended in the middle, since git was ended
		}
		w.end(context.Canceled)
		_ = p.Wait()
		return err
	}
	_, _ = io.Copy(w, out)
	return p.explain(p.Wait())
}

// pipe hands what one git prints to another, and what that prints to read, as stream does. The second is alive as long as
// the first is, so that they are watched together.
func (g git) pipe(ctx context.Context, dir string, input io.Reader, from, to []string, read func(io.Reader) error) error {
	w, done := g.watch(ctx)
	defer done()
	near, far, err := os.Pipe()
	if err != nil {
		return err
	}
	source := g.prepare(w, dir, from)
	source.Stdin, source.Stdout = io.TeeReader(input, w), far
	err = source.Start()
	far.Close()
	if err != nil {
		near.Close()
		return source.explain(err)
	}
	err = g.streamWatched(w, dir, near, read, to)
	near.Close() // a source that is not read to its end ends by itself
	failed := source.Wait()
	if err != nil {
		return err
	}
	return source.explain(failed)
}

// watch ends the processes that it is told of when ctx does, or when nothing was read or printed by them for too long. A
// repository can make git wait for ever: any file that git reads may be a named pipe.
type watch struct {
	ctx   context.Context
	end   context.CancelCauseFunc
	moved atomic.Int64
}

// Write counts.
func (w *watch) Write(p []byte) (int, error) {
	w.moved.Add(int64(len(p)))
	return len(p), nil
}

// ticksPerPatience keeps a machine that slept, or a process that was stopped meanwhile, from counting as git's delay: of
// the ticks that fell into that time, one comes.
const ticksPerPatience = 10

func (g git) watch(ctx context.Context) (w *watch, done func()) {
	w = &watch{}
	w.ctx, w.end = context.WithCancelCause(ctx)
	ticker := time.NewTicker(g.patience / ticksPerPatience)
	go w.look(ticker.C)
	return w, func() {
		w.end(context.Canceled)
		ticker.Stop()
	}
}

func (w *watch) look(ticks <-chan time.Time) {
	last, idle := int64(0), 0
	for idle < ticksPerPatience {
		select {
		case <-w.ctx.Done():
			return
		case <-ticks:
		}
		idle++
		if now := w.moved.Load(); now != last {
			last, idle = now, 0
		}
	}
	w.end(ErrStalled)
}

// process is a git that may not have been started yet.
type process struct {
	*exec.Cmd
	command   string
	complaint *bounded
	watch     *watch
	patience  time.Duration
}

func (g git) prepare(w *watch, dir string, args []string) process {
	flags := configuration()
	if g.gitDir != "" {
		flags = append(flags, "--git-dir="+g.gitDir)
	}
	cmd := exec.CommandContext(w.ctx, g.path, append(flags, args...)...)
	cmd.Dir = dir
	cmd.Env = environment(os.Environ())
	cmd.WaitDelay = 10 * time.Second // a busy machine takes its time to close a pipe
	ownGroup(cmd)
	complaint := &bounded{limit: 4 << 10}
	cmd.Stderr = complaint
	command := args[slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })]
	return process{Cmd: cmd, command: command, complaint: complaint, watch: w, patience: g.patience}
}

// explain turns the error of a git that ended into what git said.
func (p process) explain(err error) error {
	switch cause := context.Cause(p.watch.ctx); {
	case err == nil:
		return nil
	case errors.Is(cause, ErrStalled):
		said := fmt.Sprintf("nothing came of it for %s, so it was stopped; what git reads may be a named pipe (find . -type p; "+
			"look at core.excludesFile and include.path, too), or a disk that does not answer", p.patience)
		return &GitError{Command: p.command, Message: said, Code: -1, Err: ErrStalled}
	case cause != nil:
		return fmt.Errorf("git %s: %w", p.command, p.watch.ctx.Err())
	}
	// A process that never started has no state, and its exit code is then -1 as well.
	return &GitError{Command: p.command, Message: message(p.complaint.data.String(), err), Code: p.ProcessState.ExitCode(), Err: err}
}

// failure leaves out exit code 1, by which some commands say that they found nothing.
func failure(err error) error {
	if said := (*GitError)(nil); errors.As(err, &said) && said.Code == 1 {
		return nil
	}
	return err
}

// message is git's complaint without the word that it starts with.
func message(complaint string, err error) string {
	text := strings.TrimPrefix(strings.TrimSpace(complaint), "fatal: ")
	if text == "" {
		return err.Error()
	}
	return text
}

// configuration turns off what a repository can make git execute, and what it can make git leave out, whatever its own
// configuration says.
func configuration() []string {
	flags := []string{"--no-optional-locks", "--no-pager"}
	for _, setting := range []string{
		"core.fsmonitor=false",
		"core.hooksPath=" + os.DevNull,
		"core.pager=cat",
		"core.quotePath=false",
		"diff.external=",
		"log.diffMerges=separate",
		"log.showRoot=true",
		"log.showSignature=false",
		// A clone can hold a folder that looks like a bare repository, with a configuration of the attacker's.
		"safe.bareRepository=explicit",
		"advice.graftFileDeprecated=false",
		"submodule.recurse=false",
	} {
		flags = append(flags, "-c", setting)
	}
	return flags
}

// environment drops every secret, and whatever a hook or the user's shell tells git about another repository. What is
// left of GIT_* is where git finds its own configuration and parts. No protocol is allowed, so that nothing is fetched
// for a partial clone by a git that does not know GIT_NO_LAZY_FETCH yet. Objects are read as they are pushed: replacements
// and grafts stay on this machine.
func environment(parent []string) []string {
	env := make([]string, 0, len(parent))
	for _, entry := range parent {
		name, _, _ := strings.Cut(entry, "=")
		if !withheld(strings.ToUpper(name)) {
			env = append(env, entry)
		}
	}
	return append(env, "LC_ALL=C", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none",
		"GIT_NO_REPLACE_OBJECTS=1", "GIT_GRAFT_FILE="+os.DevNull)
}

func withheld(name string) bool {
	switch {
	case name == "GITHUB_TOKEN", name == "GITHUB_ENTERPRISE_TOKEN", name == "LC_ALL":
		return true
	case strings.HasPrefix(name, "HEX_"), strings.HasPrefix(name, "GH_"):
		return true
	case strings.HasPrefix(name, "GIT_CONFIG_"), name == "GIT_EXEC_PATH",
		name == "GIT_CEILING_DIRECTORIES", name == "GIT_DISCOVERY_ACROSS_FILESYSTEM":
		return false
	}
	return strings.HasPrefix(name, "GIT_")
}

// bounded keeps what is written to it, up to limit bytes, and fails beyond.
type bounded struct {
	data  bytes.Buffer
	limit int
	full  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.data.Len()+len(p) > b.limit {
		b.full = true
		n, _ := b.data.Write(p[:b.limit-b.data.Len()])
		return n, ErrTooMuch
	}
	return b.data.Write(p)
}

// fields splits output that was asked for with -z.
func fields(out []byte) []string {
	text := strings.TrimSuffix(string(out), "\x00")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\x00")
}
