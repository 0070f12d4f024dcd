package extension

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/MakeNowJust/heredoc"
	"github.com/spf13/cobra"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

type authOptions struct {
	*process
	export *exporter

	repo         string
	withToken    bool
	secret       string
	variable     string
	workspaceURL string
	local        string
	noScaffold   bool
	dryRun       bool
	force        bool
}

func newAuthCmd(p *process) *cobra.Command {
	cmd := newLoginCmd(p, "auth", "Verify a Hex token and store it where this repository's workflows read it")
	cmd.AddCommand(newLoginCmd(p, "login", "The same as gh hex auth"), newAuthStatusCmd(p))
	return cmd
}

// newLoginCmd builds the command under one of its two names.
func newLoginCmd(p *process, name, short string) *cobra.Command {
	o := &authOptions{process: p}
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Long: heredoc.Doc(`
			Verify a Hex token and store it where this repository's workflows read it.

			The token is read from standard input with --with-token, else from the environment
			variable HEX_API_TOKEN, else from a hidden prompt. Nothing is stored and no file is
			written unless Hex accepted it. The host is stored beside it as a variable, and
			.gitignore and .env.example are completed.`),
		Example: example(`
			# Paste a token at the prompt
			$ gh hex auth

			# Read it from a password manager, for a workspace in the EU
			$ op read op://data/hex/token | gh hex auth --with-token --workspace-url eu.hex.tech

			# See what would be stored and written
			$ gh hex auth --dry-run
		`),
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.repo, _ = cmd.Flags().GetString("repo")
			if err := o.check(); err != nil {
				return &usageError{err, cmd}
			}
			return runAuth(cmd.Context(), o)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&o.withToken, "with-token", false, "Read the token from standard input")
	f.StringVar(&o.secret, "secret", tokenName, "`Name` of the secret")
	f.StringVar(&o.variable, "variable", hostName, "`Name` of the variable that holds the host; empty for none")
	f.StringVar(&o.workspaceURL, "workspace-url", "", "The Hex host, as any `URL` of the workspace")
	f.StringVar(&o.local, "local", "", "Keep a copy on this machine: {dotenv|none} (default: asked on a terminal, else none)")
	f.BoolVar(&o.noScaffold, "no-scaffold", false, "Leave .gitignore and .env.example alone")
	f.BoolVar(&o.dryRun, "dry-run", false, "Verify, and show what would be stored and written; change nothing")
	f.BoolVar(&o.force, "force", false, "Replace a variable that has another value")
	o.export = addExport(cmd, []string{"secret", "repository", "host", "token", "stores", "variable", "files"})
	return cmd
}

func (o *authOptions) check() error {
	if !slices.Contains([]string{"", "dotenv", "none"}, o.local) {
		return fmt.Errorf("invalid argument %q for --local: one of dotenv, none", o.local)
	}
	for flag, name := range map[string]string{"--secret": o.secret, "--variable": o.variable} {
		if flag == "--variable" && name == "" {
			continue
		}
		if err := checkName(name); err != nil {
			return fmt.Errorf("invalid argument %q for %s: %w", name, flag, err)
		}
	}
	o.secret, o.variable = strings.ToUpper(o.secret), strings.ToUpper(o.variable)
	return nil
}

// checkName applies GitHub's rules for the names of secrets and variables.
func checkName(name string) error {
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return errors.New("a name holds letters, digits and underscores, and does not start with a digit")
		}
	}
	if name == "" {
		return errors.New("a name is needed")
	}
	if strings.HasPrefix(strings.ToUpper(name), "GITHUB_") {
		return errors.New("GitHub keeps names that start with GITHUB_ to itself")
	}
	return nil
}

// missingTokenError means that there is no token to store.
type missingTokenError struct{ err error }

func (e *missingTokenError) Error() string { return e.err.Error() }
func (e *missingTokenError) Unwrap() error { return e.err }

// authResult is what --json shows.
type authResult struct {
	Secret     string          `json:"secret"`
	Repository string          `json:"repository"`
	Host       string          `json:"host"`
	Token      tokenResult     `json:"token"`
	Stores     []storeResult   `json:"stores"`
	Variable   *variableResult `json:"variable"`
	Files      []fileResult    `json:"files"`
}

type tokenResult struct {
	Kind      core.Kind `json:"kind"`
	Owner     string    `json:"owner"`
	ExpiresAt *string   `json:"expiresAt"`
}

type storeResult struct {
	App    github.App   `json:"app"`
	Level  github.Level `json:"level"`
	Name   string       `json:"name"`
	Status string       `json:"status"`
	Error  string       `json:"error"`
}

type variableResult struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Status string `json:"status"`
	Error  string `json:"error"`
}

type fileResult struct {
	Path   string          `json:"path"`
	Action scaffold.Action `json:"action"`
}

// runAuth keeps the promise that nothing is stored or written unless Hex accepted the token: everything that can be
// known before is asked and decided first.
func runAuth(ctx context.Context, o *authOptions) error {
	tree, err := openTree(ctx, o.process)
	if err != nil {
		return err
	}
	place, err := resolveTarget(ctx, o.process, o.repo, tree)
	if err != nil {
		return err
	}
	client, err := github.NewClient(place.Host, github.Options{UserAgent: o.userAgent()})
	if err != nil {
		return err
	}
	found := findSettings(ctx, o.process, treeOf(place, tree), o.workspaceURL)
	for _, note := range found.notes {
		o.say("%s %s", o.yellow("!"), note)
	}
	if found.hostErr != nil {
		return found.hostErr
	}
	o.say("Storing for %s", place)
	token, source, err := o.readToken(found.host)
	if err != nil {
		return err
	}
	owner, err := o.verify(ctx, found, token)
	if err != nil {
		return o.explainRejection(ctx, client, place, found.host, err)
	}
	s := &storing{authOptions: o, client: client, place: place, tree: treeOf(place, tree), host: found.host, token: token, owner: owner}
	if err := s.prepare(ctx, source); err != nil {
		return err
	}
	return s.carryOut(ctx)
}

// treeOf is the work tree when it is the target's own: the files of another repository are neither a source nor touched.
func treeOf(place target, tree *worktree.Tree) *worktree.Tree {
	if place.here {
		return tree
	}
	return nil
}

// tokenSource tells how the token came in, which decides what is asked afterwards.
type tokenSource int

const (
	fromInput tokenSource = iota
	fromEnvironment
	fromPrompt
)

func (o *authOptions) readToken(host core.Host) (core.Token, tokenSource, error) {
	switch {
	case o.withToken:
		raw, err := io.ReadAll(io.LimitReader(o.in, 64<<10))
		if err != nil {
			return core.Token{}, fromInput, fmt.Errorf("read the token from standard input: %w", err)
		}
		token, err := parseToken(string(raw))
		return token, fromInput, err
	case o.getenv(tokenName) != "":
		token, err := parseToken(o.getenv(tokenName))
		return token, fromEnvironment, err
	case !o.canAsk():
		return core.Token{}, fromInput, &missingTokenError{errors.New("no Hex token: pipe it in with --with-token, or set the environment variable HEX_API_TOKEN")}
	}
	o.say("Create a token at %s: Settings → API keys → New Token. Tick Projects: Read, and Projects: Run to start runs.", host)
	o.say("Your workspace is on another host? Press Ctrl-C and run: gh hex auth --workspace-url HOST")
	raw, err := o.ask("Paste the token (it stays hidden):", true)
	if err != nil {
		return core.Token{}, fromPrompt, err
	}
	token, err := parseToken(raw)
	return token, fromPrompt, err
}

// parseToken tells an empty input, which is a missing token, from one that is refused.
func parseToken(raw string) (core.Token, error) {
	token, err := core.ParseToken(raw)
	if err != nil && strings.TrimSpace(raw) == "" {
		return token, &missingTokenError{err}
	}
	return token, err
}

// rejection is a token that Hex did not accept, or of which it cannot be told.
type rejection struct{ core.Result }

func (r *rejection) Error() string { return r.Message }

// verify asks Hex whose token it is and what it can read, and says so.
func (o *authOptions) verify(ctx context.Context, found settings, token core.Token) (core.Identity, error) {
	owner, report := core.Verify(ctx, core.TokenInput{
		Token: token, Host: found.host, HostSource: found.hostSource,
		Shared: true, Options: o.clientOptions(), Now: o.now,
	})
	for _, id := range []string{"workspace-url", "token-accepted", "token-expiry"} {
		r := report.Of(id)
		if r.Status == core.StatusError || id == "token-accepted" && r.Status != core.StatusOK {
			return owner, &rejection{r}
		}
	}
	if owner.Kind == "" {
		owner.Kind = token.Kind() // a host that does not tell
	}
	o.tell("ok", "Hex accepted the token: %s", owner.Describe())
	for _, id := range []string{"token-format", "token-expiry", "token-owner", "scope-read"} {
		r := report.Of(id)
		switch {
		case id == "scope-read" && r.Status == core.StatusOK:
			o.tell("ok", "%s", capitalised(r.Message))
		case r.Status == core.StatusOK || r.Status == core.StatusSkipped:
		default:
			// What the token cannot read is for the owner to judge: Hex accepted it.
			o.tell("warning", "%s", capitalised(r.Message))
			o.say("  %s %s", o.gray("fix:"), r.Fix)
		}
	}
	return owner, nil
}

func capitalised(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// tell prints a line of the result: behind an icon on a terminal, behind the status and a tab in a pipe. With --json it
// is conversation.
func (o *authOptions) tell(status, format string, args ...any) {
	if o.export.asked() {
		o.say("%s "+format, append([]any{icon(o.streams, core.Status(status))}, args...)...)
		return
	}
	o.record(status, format, args...)
}

// explainRejection adds what the repository itself says of the host, since another region's host answers 401 too.
func (o *authOptions) explainRejection(ctx context.Context, client *github.Client, place target, host core.Host, err error) error {
	var r *rejection
	if !errors.As(err, &r) || !r.Auth || o.variable == "" {
		return err
	}
	store := github.Store{App: github.Actions, Level: github.LevelRepository, Owner: place.Owner, Repo: place.Name}
	v, lookup := client.Variable(ctx, store, o.variable)
	if lookup != nil {
		return err
	}
	named, parse := core.ParseHost(v.Value)
	if parse != nil || named == host {
		return err
	}
	return fmt.Errorf("%w\nThe variable %s of %s names another host. Is the token from there? gh hex auth --workspace-url %s", err, o.variable, place, named)
}
