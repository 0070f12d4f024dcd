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
	"time"
)

// maxOutput bounds what git may print, in bytes.
const maxOutput = 64 << 20

// ErrTooMuch means that git printed more than is reasonable.
var ErrTooMuch = errors.New("too much output")

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
	path   string
	gitDir string // the repository, where git shall not look for it itself
}

func findGit() (git, error) {
	path, err := exec.LookPath("git")
	if err != nil {
		return git{}, fmt.Errorf("%w: %w", ErrNoGit, err)
	}
	return git{path: path}, nil
}

// run returns what git prints, also when it fails. args[0] is the command unless it is a flag of git itself.
func (g git) run(ctx context.Context, dir string, input []byte, args ...string) ([]byte, error) {
	return g.runLimited(ctx, dir, input, maxOutput, args...)
}

func (g git) runLimited(ctx context.Context, dir string, input []byte, limit int, args ...string) ([]byte, error) {
	p := g.prepare(ctx, dir, args)
	out := &bounded{limit: limit}
	p.Stdin, p.Stdout = bytes.NewReader(input), out
	err := p.Run()
	if out.full && ctx.Err() == nil {
		return nil, &GitError{Command: p.command, Message: ErrTooMuch.Error(), Code: -1, Err: ErrTooMuch}
	}
	err = p.explain(ctx, err)
	if err != nil && ctx.Err() != nil {
		return nil, err
	}
	return out.data.Bytes(), err
}

// stream hands what git prints to read while git runs. What read leaves is thrown away; its error comes first.
func (g git) stream(ctx context.Context, dir string, input io.Reader, read func(io.Reader) error, args ...string) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	p := g.prepare(ctx, dir, args)
	p.Stdin = input
	out, err := p.StdoutPipe()
	if err != nil {
		return err
	}
	if err := p.Start(); err != nil {
		return p.explain(ctx, err)
	}
	if err := read(out); err != nil {
		cancel()
		_ = p.Wait()
		return err
	}
	_, _ = io.Copy(io.Discard, out)
	return p.explain(ctx, p.Wait())
}

// pipe hands what one git prints to another, and what that prints to read, as stream does.
func (g git) pipe(ctx context.Context, dir string, input io.Reader, from, to []string, read func(io.Reader) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	near, far, err := os.Pipe()
	if err != nil {
		return err
	}
	source := g.prepare(ctx, dir, from)
	source.Stdin, source.Stdout = input, far
	err = source.Start()
	far.Close()
	if err != nil {
		near.Close()
		return source.explain(ctx, err)
	}
	err = g.stream(ctx, dir, near, read, to...)
	near.Close() // a source that is not read to its end ends by itself
	failed := source.Wait()
	if err != nil {
		return err
	}
	return source.explain(ctx, failed)
}

// process is a git that may not have been started yet.
type process struct {
	*exec.Cmd
	command   string
	complaint *bounded
}

func (g git) prepare(ctx context.Context, dir string, args []string) process {
	flags := configuration()
	if g.gitDir != "" {
		flags = append(flags, "--git-dir="+g.gitDir)
	}
	cmd := exec.CommandContext(ctx, g.path, append(flags, args...)...)
	cmd.Dir = dir
	cmd.Env = environment(os.Environ())
	cmd.WaitDelay = 10 * time.Second // a busy machine takes its time to close a pipe
	complaint := &bounded{limit: 4 << 10}
	cmd.Stderr = complaint
	command := args[slices.IndexFunc(args, func(arg string) bool { return !strings.HasPrefix(arg, "-") })]
	return process{Cmd: cmd, command: command, complaint: complaint}
}

// explain turns the error of a git that ended into what git said.
func (p process) explain(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return fmt.Errorf("git %s: %w", p.command, ctx.Err())
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
