package workspace

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/command"
)

// The variables that workflows and .env files use for the token and the host, and what is said where none names a host.
const (
	TokenName     = "HEX_API_TOKEN"
	HostName      = "HEX_WORKSPACE_URL"
	DefaultSource = "the default"
)

// ErrNoLocalToken means that no place on this machine holds a token.
var ErrNoLocalToken = command.Hinted("no Hex token on this machine", "Next: "+KeepToken)

// Settings is what this machine says of Hex: the token and the host, each with where it came from.
type Settings struct {
	Token       core.Token
	TokenErr    error
	TokenSource string
	Host        core.Host
	HostErr     error
	HostSource  string // empty when HostErr names it
	// Notes say why a file was passed over.
	Notes []string
}

// Find looks for the token and the host in the places that the README names, in that order. tree is nil outside
// a work tree; workspaceURL is the flag.
func Find(ctx context.Context, p *command.Process, tree *worktree.Tree, workspaceURL string) Settings {
	s := FindHost(ctx, p, tree, workspaceURL)
	s.lookIntoKeyring(p)
	return s
}

// FindHost is [Find] without the keyring, for what needs no token.
func FindHost(ctx context.Context, p *command.Process, tree *worktree.Tree, workspaceURL string) Settings {
	var s Settings
	files := s.readFiles(ctx, tree)
	s.findToken(p, files)
	s.findHost(p, files, workspaceURL)
	return s
}

// lookIntoKeyring is silent about a keyring that cannot be used: nobody asked for it.
func (s *Settings) lookIntoKeyring(p *command.Process) {
	if !s.Token.IsZero() || s.TokenErr != nil || s.HostErr != nil {
		return
	}
	raw, err := Keyring(p, s.Host).Get(KeyringGlance)
	if err != nil || raw == "" {
		return
	}
	s.Token, s.TokenErr = core.ParseToken(raw)
	s.TokenSource = keyringSource
}

const (
	keyringSource     = "the keyring"
	environmentSource = "the environment variable " + TokenName
)

// localFile is a .env file that may be a source of settings.
type localFile struct {
	name string
	data []byte
}

func (s *Settings) readFiles(ctx context.Context, tree *worktree.Tree) []localFile {
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
			s.Notes = append(s.Notes, name+" is tracked by git, so it is not used as a source of token or host")
		case !errors.Is(err, fs.ErrNotExist):
			s.Notes = append(s.Notes, fmt.Sprintf("not used as a source of token or host: %v", err))
		}
	}
	return files
}

func (s *Settings) findToken(p *command.Process, files []localFile) {
	raw, source := p.Getenv(TokenName), environmentSource
	for _, f := range files {
		if strings.TrimSpace(raw) != "" {
			break
		}
		raw, _, _ = dotenv.Lookup(f.data, TokenName)
		source = f.name
	}
	if strings.TrimSpace(raw) == "" {
		return
	}
	s.Token, s.TokenErr = core.ParseToken(raw)
	s.TokenSource = source
}

// Replace says how to put another token where this one was found.
func (s *Settings) Replace(other string) string {
	switch s.TokenSource {
	case keyringSource:
		return "gh hex auth login, with " + other
	case ".env":
		return "gh hex auth login --local dotenv, with " + other
	case environmentSource:
		return "set " + TokenName + " to " + other
	}
	return fmt.Sprintf("set %s in %s to %s", TokenName, s.TokenSource, other)
}

func (s *Settings) findHost(p *command.Process, files []localFile, workspaceURL string) {
	if workspaceURL != "" {
		s.Host, s.HostErr = core.ParseHost(workspaceURL)
		s.HostSource = "--workspace-url"
		return
	}
	if raw := p.Getenv(HostName); strings.TrimSpace(raw) != "" {
		s.Host, s.HostErr = core.ParseHost(raw)
		s.HostSource = "the environment variable " + HostName
		return
	}
	for _, f := range files {
		if raw, _, _ := dotenv.Lookup(f.data, HostName); strings.TrimSpace(raw) != "" {
			s.Host, s.HostErr = fromFile(raw, f.name)
			s.HostSource = f.name
			if refused := (*ForeignHostError)(nil); errors.As(s.HostErr, &refused) {
				s.HostSource = "" // the error names it
			}
			return
		}
	}
	s.Host, s.HostSource = core.DefaultHost(), DefaultSource
}

// HostTrouble is why the host cannot be used, with where it was named.
func (s *Settings) HostTrouble() error {
	if s.HostErr == nil || s.HostSource == "" {
		return s.HostErr
	}
	return command.Hinted(fmt.Sprintf("%v (from %s)", s.HostErr, s.HostSource), "Next: "+core.NameHost)
}

// TokenTrouble is why there is no token that can be used, with where one was found.
func (s *Settings) TokenTrouble() error {
	switch {
	case s.TokenErr != nil:
		return refused(fmt.Errorf("%w (from %s)", s.TokenErr, s.TokenSource), "gh hex auth login")
	case s.Token.IsZero():
		return &MissingTokenError{fmt.Errorf("%w for %s", ErrNoLocalToken, s.Host.Name())}
	}
	return nil
}

// ForeignHostError means that a file names a host outside hex.tech.
type ForeignHostError struct {
	File string
	host core.Host
}

func (e *ForeignHostError) Error() string {
	return fmt.Sprintf("%s in %s names a host outside hex.tech (%s): it is accepted only from --workspace-url or the environment", HostName, e.File, e.host.Name())
}

func (e *ForeignHostError) Hint() string {
	return fmt.Sprintf("If you log in to Hex there, set %s in the environment; else delete that line in %s", HostName, e.File)
}

// fromFile accepts only Hex's own hosts: a repository must not be able to name where a token is sent.
func fromFile(raw, file string) (core.Host, error) {
	host, err := core.ParseHost(raw)
	if err != nil {
		return core.Host{}, err
	}
	if !host.IsHex() {
		return core.Host{}, &ForeignHostError{file, host}
	}
	return host, nil
}
