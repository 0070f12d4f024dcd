package workspace

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/cli/go-gh/v2/pkg/browser"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// ProjectName is the variable of the project that is run by default, in the environment and on GitHub.
const ProjectName = core.ProjectName

// Workspace is the Hex workspace that a command talks to.
type Workspace struct {
	*command.Process
	Client *core.Client
}

// AddURLFlag adds the flag that names the Hex host to a command and those below it.
func AddURLFlag(cmd *cobra.Command) {
	cmd.PersistentFlags().String("workspace-url", "", "The Hex host, as any `URL` of the workspace")
	command.HideRepo(cmd.PersistentFlags())
}

// Open finds the token and the host on this machine and says which they are.
func Open(cmd *cobra.Command, p *command.Process) (*Workspace, error) {
	named, _ := cmd.Flags().GetString("workspace-url")
	s := localSettings(cmd.Context(), p, named)
	for _, note := range s.Notes {
		p.Say("%s %s", p.Yellow("!"), note)
	}
	switch {
	case s.HostErr != nil:
		return nil, s.HostTrouble()
	case s.TokenTrouble() != nil:
		return nil, s.TokenTrouble()
	}
	p.Say("%s", p.Gray(fmt.Sprintf("Using the token from %s on %s", s.TokenSource, s.Host)))
	options := ClientOptions(p)
	options.TokenSource, options.Advice = s.TokenSource, Advice(s.Replace)
	return &Workspace{p, core.NewClient(s.Host, s.Token, options)}, nil
}

// Run is the RunE of a command that talks to Hex: it checks what was typed before it looks for a token, opens the workspace
// into w, and runs.
func Run(p *command.Process, w **Workspace, check func(args []string) error, run func(context.Context) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := check(args)
		if err != nil {
			return err
		}
		if *w, err = Open(cmd, p); err != nil {
			return err
		}
		return run(cmd.Context())
	}
}

// Read asks Hex for something, in parts whose number f tells where there are several. On a terminal doing says what is
// waited for, and Ctrl-C ends it: then nothing else is worth saying.
func (w *Workspace) Read(ctx context.Context, doing string, f func(ctx context.Context, soFar func(int)) error) error {
	g := w.NewProgress(w.Now)
	err := w.While(ctx, g, func(ctx context.Context) error {
		g.Show("%s", doing)
		return f(ctx, func(n int) { g.Show("%s: %d so far", doing, n) })
	})
	if errors.Is(err, console.ErrCancelled) {
		return console.ErrCancelled
	}
	return err
}

// localSettings also works outside a repository, and in one that git does not want to read: a token in the environment
// needs neither.
func localSettings(ctx context.Context, p *command.Process, workspaceURL string) Settings {
	tree, err := OpenTree(ctx, p)
	s := Find(ctx, p, tree, workspaceURL)
	if err != nil && !errors.Is(err, worktree.ErrBare) {
		s.Notes = append(s.Notes, fmt.Sprintf("not looking for .env files: %v", err))
	}
	return s
}

// OtherHostError means that an argument is the URL of something on another host than the token's.
type OtherHostError struct{ Named, Used core.Host }

func (e *OtherHostError) Error() string {
	return fmt.Sprintf("the URL is on %s, but the token is used on %s", e.Named, e.Used)
}

func (e *OtherHostError) Hint() string {
	return "If the token belongs there, name the host: HEX_WORKSPACE_URL=" + e.Named.String()
}

// reach refuses what is on another host: a URL that somebody passed on must not decide where the token is sent.
func (w *Workspace) reach(r Reference) error {
	if used := w.Client.Host(); !r.Host.IsZero() && r.Host != used {
		return &OtherHostError{r.Host, used}
	}
	return nil
}

// Link is a URL that Hex gave, when it leads to the web and holds nothing that a terminal, a log of GitHub Actions or
// Markdown would read as more than a URL; empty otherwise.
func Link(raw string) string {
	const punctuation = "-._~:/?#@+,=%" // nothing that a shell acts on: the URL ends up in commands
	odd := strings.ContainsFunc(raw, func(r rune) bool {
		return !strings.ContainsRune(punctuation, r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	u, err := url.Parse(raw)
	if odd || err != nil || u.Scheme != "https" && u.Scheme != "http" || len(raw) > 2048 {
		return ""
	}
	return raw
}

// Open shows a page of the workspace in the browser.
func (w *Workspace) Open(page string) error {
	host, err := core.ParseHost(page)
	if err != nil || Link(page) == "" || host != w.Client.Host() {
		return fmt.Errorf("%s gave no URL of its own to open", w.Client.Host().Name())
	}
	if w.OutTTY {
		w.Say("Opening %s in your browser.", page)
	}
	return browser.New("", w.Out, w.Err).Browse(page)
}
