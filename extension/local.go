package extension

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

const (
	tokenName = "HEX_API_TOKEN"
	hostName  = "HEX_WORKSPACE_URL"

	defaultSource = "the default"
)

// errNoLocalToken means that no place on this machine holds a token.
var errNoLocalToken = hinted("no Hex token on this machine", "Set the environment variable HEX_API_TOKEN, or keep a token on this machine with: gh hex auth login (without a keyring: --local dotenv)")

// settings is what this machine says of Hex: the token and the host, each with where it came from.
type settings struct {
	token       core.Token
	tokenErr    error
	tokenSource string
	host        core.Host
	hostErr     error
	hostSource  string // empty when hostErr names it
	// notes say why a file was passed over.
	notes []string
}

// findSettings looks for the token and the host in the places that the README names, in that order. tree is nil outside
// a work tree; workspaceURL is the flag.
func findSettings(ctx context.Context, p *process, tree *worktree.Tree, workspaceURL string) settings {
	s := findHostSettings(ctx, p, tree, workspaceURL)
	s.lookIntoKeyring(p)
	return s
}

// findHostSettings is findSettings without the keyring, for what needs no token.
func findHostSettings(ctx context.Context, p *process, tree *worktree.Tree, workspaceURL string) settings {
	var s settings
	files := s.readFiles(ctx, tree)
	s.findToken(p, files)
	s.findHost(p, files, workspaceURL)
	return s
}

// lookIntoKeyring is silent about a keyring that cannot be used: nobody asked for it.
func (s *settings) lookIntoKeyring(p *process) {
	if !s.token.IsZero() || s.tokenErr != nil || s.hostErr != nil {
		return
	}
	raw, err := p.keyring(s.host).get(keyringGlance)
	if err != nil || raw == "" {
		return
	}
	s.token, s.tokenErr = core.ParseToken(raw)
	s.tokenSource = keyringSource
}

const (
	keyringSource     = "the keyring"
	environmentSource = "the environment variable " + tokenName
)

// localFile is a .env file that may be a source of settings.
type localFile struct {
	name string
	data []byte
}

func (s *settings) readFiles(ctx context.Context, tree *worktree.Tree) []localFile {
	if tree == nil {
		return nil
	}
	var files []localFile
	for _, name := range []string{".env.local", ".env"} {
		data, err := tree.ReadLocal(ctx, name)
		switch {
		case err == nil:
			files = append(files, localFile{name, data})
		case errors.Is(err, worktree.ErrTracked):
			s.notes = append(s.notes, name+" is tracked by git, so it is not used as a source of token or host")
		case !errors.Is(err, fs.ErrNotExist):
			s.notes = append(s.notes, fmt.Sprintf("not used as a source of token or host: %v", err))
		}
	}
	return files
}

func (s *settings) findToken(p *process, files []localFile) {
	raw, source := p.getenv(tokenName), environmentSource
	for _, f := range files {
		if strings.TrimSpace(raw) != "" {
			break
		}
		raw, _, _ = dotenv.Lookup(f.data, tokenName)
		source = f.name
	}
	if strings.TrimSpace(raw) == "" {
		return
	}
	s.token, s.tokenErr = core.ParseToken(raw)
	s.tokenSource = source
}

// replace says how to put another token where this one was found.
func (s *settings) replace(other string) string {
	switch s.tokenSource {
	case keyringSource:
		return "gh hex auth login, with " + other
	case ".env":
		return "gh hex auth login --local dotenv, with " + other
	case environmentSource:
		return "set " + tokenName + " to " + other
	}
	return fmt.Sprintf("set %s in %s to %s", tokenName, s.tokenSource, other)
}

func (s *settings) findHost(p *process, files []localFile, workspaceURL string) {
	if workspaceURL != "" {
		s.host, s.hostErr = core.ParseHost(workspaceURL)
		s.hostSource = "--workspace-url"
		return
	}
	if raw := p.getenv(hostName); strings.TrimSpace(raw) != "" {
		s.host, s.hostErr = core.ParseHost(raw)
		s.hostSource = "the environment variable " + hostName
		return
	}
	for _, f := range files {
		if raw, _, _ := dotenv.Lookup(f.data, hostName); strings.TrimSpace(raw) != "" {
			s.host, s.hostErr = fromFile(raw, f.name)
			s.hostSource = f.name
			if refused := (*foreignHostError)(nil); errors.As(s.hostErr, &refused) {
				s.hostSource = "" // the error names it
			}
			return
		}
	}
	s.host, s.hostSource = core.DefaultHost(), defaultSource
}

// hostTrouble is why the host cannot be used, with where it was named.
func (s *settings) hostTrouble() error {
	if s.hostErr == nil || s.hostSource == "" {
		return s.hostErr
	}
	return fmt.Errorf("%w (from %s)", s.hostErr, s.hostSource)
}

// foreignHostError means that a file names a host outside hex.tech.
type foreignHostError struct {
	file string
	host core.Host
}

func (e *foreignHostError) Error() string {
	return fmt.Sprintf("%s in %s names a host outside hex.tech (%s): it is accepted only from --workspace-url or the environment", hostName, e.file, e.host.Name())
}

func (e *foreignHostError) Hint() string {
	return fmt.Sprintf("If you log in to Hex there, set it in the environment (export %s=…); else take the line out of %s", hostName, e.file)
}

// fromFile accepts only Hex's own hosts: a repository must not be able to name where a token is sent.
func fromFile(raw, file string) (core.Host, error) {
	host, err := core.ParseHost(raw)
	if err != nil {
		return core.Host{}, err
	}
	if !host.IsHex() {
		return core.Host{}, &foreignHostError{file, host}
	}
	return host, nil
}

func (p *process) clientOptions() core.ClientOptions {
	return core.ClientOptions{UserAgent: p.userAgent(), Transport: debugTransport(p), Patience: p.patience}
}

func (p *process) gitHubOptions() github.Options {
	return github.Options{UserAgent: p.userAgent(), Patience: p.patience}
}
