package extension

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/cli/go-gh/v2/pkg/browser"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/worktree"
)

const projectName = "HEX_PROJECT_ID"

// workspace is the Hex workspace that a command talks to.
type workspace struct {
	*process
	client *core.Client
}

// addWorkspaceURL adds the flag that names the Hex host to a command and those below it.
func addWorkspaceURL(cmd *cobra.Command) {
	cmd.PersistentFlags().String("workspace-url", "", "The Hex host, as any `URL` of the workspace")
	hideRepo(cmd.PersistentFlags())
}

// openWorkspace finds the token and the host on this machine and says which they are.
func openWorkspace(cmd *cobra.Command, p *process) (*workspace, error) {
	named, _ := cmd.Flags().GetString("workspace-url")
	s := localSettings(cmd.Context(), p, named)
	for _, note := range s.notes {
		p.say("%s %s", p.yellow("!"), note)
	}
	switch {
	case s.hostErr != nil:
		return nil, s.hostTrouble()
	case s.tokenErr != nil:
		return nil, ofLocalToken(fmt.Errorf("%w (from %s)", s.tokenErr, s.tokenSource))
	case s.token.IsZero():
		return nil, &missingTokenError{errNoLocalToken}
	}
	p.say("%s", p.gray(fmt.Sprintf("Using the token from %s on %s", s.tokenSource, s.host)))
	return &workspace{p, core.NewClient(s.host, s.token, p.clientOptions())}, nil
}

// localSettings also works outside a repository, and in one that git does not want to read: a token in the environment
// needs neither.
func localSettings(ctx context.Context, p *process, workspaceURL string) settings {
	tree, err := openTree(ctx, p)
	s := findSettings(ctx, p, tree, workspaceURL)
	if err != nil && !errors.Is(err, worktree.ErrBare) {
		s.notes = append(s.notes, fmt.Sprintf("not looking for .env files: %v", err))
	}
	return s
}

// reference is what the arguments of a command name. Host is zero unless one of them was a URL.
type reference struct {
	project, run string
	host         core.Host
}

// otherHostError means that an argument is the URL of something on another host than the token's.
type otherHostError struct{ named, used core.Host }

func (e *otherHostError) Error() string {
	return fmt.Sprintf("the URL is on %s, but the token is used on %s", e.named, e.used)
}

func (e *otherHostError) Hint() string {
	return "If the token belongs there, name the host: HEX_WORKSPACE_URL=" + e.named.String()
}

// reach refuses what is on another host: a URL that somebody passed on must not decide where the token is sent.
func (w *workspace) reach(r reference) error {
	if used := w.client.Host(); !r.host.IsZero() && r.host != used {
		return &otherHostError{r.host, used}
	}
	return nil
}

// projectArgument reads the only argument, or HEX_PROJECT_ID when there is none.
func (p *process) projectArgument(args []string) (reference, error) {
	text, source := p.getenv(projectName), " (from "+projectName+")"
	if len(args) > 0 {
		text, source = args[0], ""
	}
	if strings.TrimSpace(text) == "" {
		return reference{}, errors.New("no project: name one by its ID or URL, or set " + projectName)
	}
	id, host, err := core.ParseProjectRef(text)
	if err != nil {
		return reference{}, fmt.Errorf("%w%s", err, source)
	}
	return reference{project: id, host: host}, nil
}

// noRunError means that no run was named, but perhaps a project.
type noRunError struct{ project string }

func (*noRunError) Error() string {
	return "no run given: name a project and the ID of a run, or the URL of a run; the ID of a run alone is enough when " + projectName + " is set"
}

func (e *noRunError) Hint() string {
	return "Its runs: gh hex run list " + cmp.Or(e.project, "<project>")
}

// runArguments reads a project and a run, the URL of a run, or a run of the project in HEX_PROJECT_ID.
func (p *process) runArguments(args []string) (reference, error) {
	if len(args) == 0 {
		return reference{}, &noRunError{}
	}
	last := args[len(args)-1]
	if len(args) == 1 && strings.Contains(last, "/") {
		project, run, host, err := core.ParseRunURL(last)
		if named, _, isProject := core.ParseProjectRef(last); err != nil && isProject == nil {
			err = &noRunError{named}
		}
		return reference{project, run, host}, err
	}
	if len(args) == 1 && strings.TrimSpace(p.getenv(projectName)) == "" {
		named, _, err := core.ParseProjectRef(last)
		if err != nil {
			return reference{}, err
		}
		return reference{}, &noRunError{named}
	}
	r, err := p.projectArgument(args[:len(args)-1])
	if err != nil {
		return r, err
	}
	id, host, err := core.ParseProjectRef(last)
	if err != nil || !host.IsZero() {
		return r, fmt.Errorf("%q is not the ID of a run", safe(last))
	}
	r.run = id
	return r, nil
}

// atMost refuses more arguments than a command takes.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return &usageError{fmt.Errorf("unexpected argument %q for %q", args[n], cmd.CommandPath()), cmd}
		}
		return nil
	}
}

// link is a URL that Hex gave, when it leads to the web and holds nothing that a terminal, a log of GitHub Actions or
// Markdown would read as more than a URL; empty otherwise.
func link(raw string) string {
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

// open shows a page of the workspace in the browser.
func (w *workspace) open(page string) error {
	host, err := core.ParseHost(page)
	if err != nil || link(page) == "" || host != w.client.Host() {
		return fmt.Errorf("%s gave no URL of its own to open", w.client.Host().Name())
	}
	if w.outTTY {
		w.say("Opening %s in your browser.", page)
	}
	return browser.New("", w.out, w.err).Browse(page)
}
