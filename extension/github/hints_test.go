package github

import (
	"errors"
	"strings"
	"testing"

	"github.com/cli/go-gh/v2/pkg/config"
)

// accounts makes gh's configuration name accounts, the first of them active, as gh 2.40 and newer write it.
func accounts(t *testing.T, names ...string) {
	t.Helper()
	text := "hosts:\n  github.com:\n    user: " + names[0] + "\n    users:\n"
	for _, name := range names {
		text += "      " + name + ":\n        git_protocol: https\n"
	}
	read := config.Read
	config.Read = func(*config.Config) (*config.Config, error) { return config.ReadFromString(text), nil }
	t.Cleanup(func() { config.Read = read })
}

// A login without fine-grained permissions lacks a scope or a role of its account; and the account may be the wrong one.
func TestRefusalsNameWhatIsMissing(t *testing.T) {
	write := []string{"secrets=write"}
	tests := []struct {
		name     string
		accounts []string
		err      Error
		want     string
		not      string
	}{
		{"an OAuth login", []string{"ada"}, Error{Classic: true, Permissions: write, Source: "oauth_token"}, "account ada lacks the role for it: ask an owner for write access", "permission"},
		{"one of several accounts", []string{"ada", "grace"}, Error{Classic: true, Permissions: write, Source: "oauth_token"}, "gh auth switch", "permission"},
		{"the only account", []string{"ada"}, Error{Classic: true, Source: "oauth_token"}, "ada", "switch"},
		{"a token in the environment", []string{"ada", "grace"}, Error{Classic: true, Permissions: write, Source: "GH_TOKEN"}, "the token in GH_TOKEN lacks the role", "switch"},
		{"an environment is made by an admin", []string{"ada"}, Error{Classic: true, Permissions: []string{"administration=write"}, Source: "oauth_token"}, "the role admin", "write access"},
		{"a scope", []string{"ada"}, Error{Classic: true, Scopes: []string{"admin:org"}, Permissions: write, Source: "oauth_token"}, "gh auth refresh -s admin:org", "role"},
		{"a fine-grained token", []string{"ada", "grace"}, Error{Permissions: write, Source: "GH_TOKEN"}, "the permission Secrets: write", "role"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			accounts(t, tt.accounts...)
			tt.err.Status, tt.err.Host = 403, "github.com"
			if got := tt.err.Hint(); !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
				t.Errorf("%q, want %q and no %q", got, tt.want, tt.not)
			}
		})
	}
}

// The first look at a secret is refused for want of a right to read; what the user needs is the right to write.
func TestRefusedLooksNameTheWrite(t *testing.T) {
	read := &Error{Status: 403, Host: "github.com", Permissions: []string{"secrets=read", "metadata=write"}}
	var wider *Error
	if !errors.As(ForWrite(read), &wider) {
		t.Fatal("no error of ours")
	}
	if got := wider.Hint(); !strings.Contains(got, "Secrets: write") || strings.Contains(got, "Secrets: read") {
		t.Error(got)
	}
	if read.Permissions[0] != "secrets=read" {
		t.Error("the error itself was changed")
	}
}

// Who may not push is told which account that is, and how to change to another one.
func TestNoPushNamesTheAccount(t *testing.T) {
	accounts(t, "ada", "grace")
	err := &noPushError{"octo/analytics", &Error{Host: "github.com", Source: "oauth_token"}}
	if got := err.Hint(); !strings.Contains(got, "for the account ada") || !strings.Contains(got, "gh auth switch") {
		t.Error(got)
	}
}
