package workspace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// MissingTokenError means that there is no token to store.
type MissingTokenError struct{ Err error }

func (e *MissingTokenError) Error() string { return e.Err.Error() }

func (e *MissingTokenError) Unwrap() error { return e.Err }

// AnotherToken reports whether another token may do.
func (*MissingTokenError) AnotherToken() bool { return true }

func (*MissingTokenError) ExitWith() int { return command.ExitAuth }

// TokenSource is how the token came in, which decides what is asked afterwards.
type TokenSource string

// The ways in which a token comes in.
const (
	FromInput       TokenSource = "standard input"
	FromEnvironment TokenSource = environmentSource
	FromPrompt      TokenSource = "the prompt"
)

// again is how to hand another token to the command that was typed.
func (s TokenSource) again(command string) func(other string) string {
	return func(other string) string {
		if s == FromEnvironment {
			return "set " + TokenName + " to " + other + ", and run " + command + " again"
		}
		return command + ", with " + other
	}
}

// ReadToken takes the token from standard input, the environment or a prompt; typed is the command that was typed.
func ReadToken(p *command.Process, withToken bool, host core.Host, typed string, first bool) (core.Token, TokenSource, error) {
	switch {
	case withToken:
		token, err := TokenFromInput(p, typed)
		return token, FromInput, err
	case strings.TrimSpace(p.Getenv(TokenName)) != "":
		token, err := parseToken(p.Getenv(TokenName), typed)
		return token, FromEnvironment, err
	case !p.CanAsk():
		return core.Token{}, FromInput, &MissingTokenError{command.Hinted("no Hex token: pipe it in with --with-token, or set the environment variable HEX_API_TOKEN", NoTerminal(p, typed))}
	}
	token, err := TokenFromPrompt(p, host, typed, first)
	return token, FromPrompt, err
}

// NoTerminal is how to be asked in a window of Git Bash, which an older mintty gives no terminal that Windows programs see.
func NoTerminal(p *command.Process, typed string) string {
	if p.Getenv("MSYSTEM") == "" {
		return ""
	}
	return "Git Bash's window may not be a terminal for it; to be asked there: winpty " + typed
}

// TokenFromInput reads the token from standard input; typed is the command that was typed.
func TokenFromInput(p *command.Process, typed string) (core.Token, error) {
	raw, err := io.ReadAll(io.LimitReader(p.In, 64<<10))
	if err != nil {
		return core.Token{}, fmt.Errorf("read the token from standard input: %w", err)
	}
	return parseToken(string(raw), typed)
}

// tries is how often a token may be typed.
const tries = 3

// WithToken carries out an attempt with a token, again while one from the prompt is no good and another may be. first is
// true the first time.
func WithToken(p *command.Process, attempt func(first bool) (TokenSource, error)) error {
	for n := 1; ; n++ {
		source, err := attempt(n == 1)
		var other interface{ AnotherToken() bool }
		if source != FromPrompt || n == tries || !errors.As(err, &other) || !other.AnotherToken() {
			return err
		}
		p.Say("%s %s", p.Red("✗"), console.Capitalised(err.Error()))
	}
}

// TokenFromPrompt says first where to make a token, unless it was said; typed is the command that was typed.
func TokenFromPrompt(p *command.Process, host core.Host, typed string, first bool) (core.Token, error) {
	question := "Paste another token (hidden; Ctrl-C ends):"
	if first {
		p.Say("Create a token at %s: Settings → API keys → New Token. Tick Projects: Read, and Projects: Run to start runs.", host)
		p.Say("Your workspace is on another host? Press Ctrl-C and run: %s --workspace-url HOST", typed)
		question = "Paste the token (it stays hidden):"
	}
	raw, err := p.Ask(question, true)
	if err != nil {
		return core.Token{}, err
	}
	return parseToken(raw, typed)
}

// parseToken tells an empty input, which is a missing token, from one that is refused.
func parseToken(raw, typed string) (core.Token, error) {
	token, err := core.ParseToken(raw)
	if err == nil {
		err = token.Malformed()
	}
	if e := (*core.TokenError)(nil); errors.As(err, &e) && e.Empty() {
		return token, &MissingTokenError{refused(err, typed)}
	}
	return token, refused(err, typed)
}

// Rejection is a token that Hex did not accept, or of which it cannot be told.
type Rejection struct{ check.Result }

func (r *Rejection) Error() string { return r.Message }

func (r *Rejection) Hint() string { return "Next: " + r.Fix }

// AnotherToken reports whether another token may do.
func (r *Rejection) AnotherToken() bool { return r.Auth }

func (r *Rejection) ExitWith() int {
	if r.Auth {
		return command.ExitAuth
	}
	return command.ExitProblem
}

// Accept asks Hex whose token it is and what it can read, and says so through tell; typed is the command that was typed.
func Accept(ctx context.Context, p *command.Process, found Settings, token core.Token, source TokenSource, typed string, tell func(status, format string, args ...any)) (core.Identity, error) {
	var owner core.Identity
	var report check.Report
	err := p.Interruptible(ctx, "Asking Hex about the token", func(ctx context.Context) error {
		owner, report = core.Verify(ctx, core.TokenInput{
			Token: token, TokenSource: string(source), Host: found.Host, HostSource: found.HostSource,
			Advice: Advice(source.again(typed)), Shared: true, Options: ClientOptions(p), Now: p.Now,
		})
		return console.Cancelled(ctx)
	})
	if err != nil {
		return owner, console.ErrCancelled
	}
	if r := refusal(report); r != nil {
		return owner, r
	}
	if owner.Kind == "" {
		owner.Kind = token.Kind() // a host that does not tell
	}
	tell("ok", "Hex accepted the token: %s", owner.Describe())
	for _, id := range []string{"token-format", "token-expiry", "token-owner", "scope-read"} {
		r := report.Of(id)
		switch {
		case id == "scope-read" && r.Status == check.StatusOK:
			tell("ok", "%s", console.Capitalised(r.Message))
		case r.Status == check.StatusOK || r.Status == check.StatusSkipped:
		default:
			// What the token cannot read is for the owner to judge: Hex accepted it.
			tell("warning", "%s", console.Capitalised(r.Message))
			p.Say("  %s %s", p.Gray("fix:"), r.Fix)
		}
	}
	return owner, nil
}

// refusal is what keeps a token from being used; nil for nothing.
func refusal(report check.Report) *Rejection {
	for _, id := range []string{"workspace-url", "token-accepted", "token-expiry"} {
		r := report.Of(id)
		if r.Status != check.StatusError && (id != "token-accepted" || r.Status == check.StatusOK) {
			continue
		}
		if shape := report.Of("token-format"); r.Auth && shape.Status == check.StatusWarning {
			r.Message += "; besides, " + shape.Message // a part of it was copied, most likely
		}
		return &Rejection{r}
	}
	return nil
}

// refusedError is a text that is no token: the next one goes to the command that was typed.
type refusedError struct {
	err   error
	typed string
}

func (e *refusedError) Error() string { return e.err.Error() }

func (e *refusedError) Unwrap() error { return e.err }

func (*refusedError) AnotherToken() bool { return true }

func (e *refusedError) Hint() string {
	return strings.Replace(command.Hint(e.err), "gh hex auth", e.typed, 1)
}

func refused(err error, typed string) error {
	if err == nil {
		return nil
	}
	return &refusedError{err, typed}
}

// KeepToken is the command that keeps a token on this machine.
const KeepToken = "gh hex auth login (without a keyring: --local dotenv), or set " + TokenName

// Advice names the commands that mend what core finds.
func Advice(replace func(other string) string) core.Advice {
	return core.Advice{Keep: KeepToken, Replace: replace, Rotate: "gh hex rotate", Name: "name one with --project"}
}

// StoreAgain puts another token into the place of the one on GitHub.
func StoreAgain(other string) string { return "gh hex auth, with " + other }
