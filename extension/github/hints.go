package github

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// exitAuth is the exit code of commands that fail for want of a login alone.
const exitAuth = 4

// Hint is the next command to type.
func (e *LoginError) Hint() string { return "To log in, run: gh auth login" + HostFlag(e.Host) }

// ExitCode is that of authentication.
func (*LoginError) ExitWith() int { return exitAuth }

// ExitCode tells a login that is not accepted from other problems.
func (e *Error) ExitWith() int {
	if errors.Is(e, ErrUnauthorized) {
		return exitAuth
	}
	return 1
}

// HostFlag names a host to gh where it is not its default.
func HostFlag(host string) string {
	if host == "" || host == "github.com" {
		return ""
	}
	return " -h " + host
}

// Hint is what to do about an answer of GitHub, from what the answer itself names.
func (e *Error) Hint() string {
	switch {
	case e.SSO != "":
		return "Authorize the login for the organization: " + e.SSO
	case errors.Is(e, ErrUnauthorized):
		return e.unauthorizedHint()
	case e.RateLimited:
		return "Wait, then run the command again; `gh api rate_limit` shows the limits"
	case len(e.Scopes) > 0:
		return e.ScopeHint()
	case e.Classic && errors.Is(e, ErrForbidden):
		return e.roleHint()
	case len(e.Permissions) > 0 && errors.Is(e, ErrForbidden):
		return fmt.Sprintf("The login needs the permission %s; give it to the fine-grained token under Settings → Developer settings", permissionName(e.Permissions))
	case errors.Is(e, ErrNotFound) && e.Organization != "":
		return fmt.Sprintf("Check the name: there is no organization %s, or this login does not see it (gh auth status). A user's repositories are named one by one: -R %s/REPO",
			e.Organization, e.Organization) + e.switching("; with another account: ")
	case errors.Is(e, ErrNotFound):
		return "Check the name, and that this login may see it: gh auth status" + e.switching("; with another account: ")
	case errors.Is(e, ErrForbidden):
		return "Ask an owner for the permission; this login: gh auth status"
	case e.Status < 300, e.Status >= 500: // none, one that is not GitHub's, or a failure
		return "Check the network and https://www.githubstatus.com, then run the command again"
	}
	return "Run the command again; if that does not help, see GitHub's answers with: GH_DEBUG=api"
}

// unauthorizedHint tells a login that gh manages from a token in the environment, which gh cannot renew.
func (e *Error) unauthorizedHint() string {
	if strings.Contains(e.Source, "TOKEN") {
		return fmt.Sprintf("The token in %s is not accepted: replace it, or unset it to use gh's own login", e.Source)
	}
	return "Log in again: gh auth login" + HostFlag(e.Host)
}

// roleHint is for a login with every scope that its account's role does not let do this.
func (e *Error) roleHint() string {
	role := "lacks the role for it: ask an owner for write access there, or to do it"
	if slices.Contains(e.Permissions, "administration=write") {
		role = "lacks the role for it: ask an owner for the role admin there, or to do it"
	}
	if strings.Contains(e.Source, "TOKEN") {
		return "The account of the token in " + e.Source + " " + role
	}
	account, _ := e.account()
	return "The account " + cmp.Or(account, "of this login") + " " + role + e.switching(", or use another account: ")
}

// pushHint is for a login that can read a repository and not push to it.
func (e *Error) pushHint() string {
	text := "Ask an owner of the repository for write access"
	if account, _ := e.account(); account != "" {
		text += " for the account " + account
	}
	return text + "; this login: gh auth status" + e.switching("; another account: ")
}

// switching is how to use another account, where gh has several: empty elsewhere.
func (e *Error) switching(before string) string {
	if _, others := e.account(); !others {
		return ""
	}
	return before + "gh auth switch" + HostFlag(e.Host)
}

// ScopeHint is how to give the login the scope that is missing.
func (e *Error) ScopeHint() string {
	scope := e.Scopes[0]
	if slices.Contains(e.Scopes, "repo") {
		scope = "repo"
	}
	if strings.Contains(e.Source, "TOKEN") {
		return fmt.Sprintf("The token in %s lacks the scope %s: replace it with one that has it", e.Source, scope)
	}
	return fmt.Sprintf("Give the login the scope: gh auth refresh%s -s %s", HostFlag(e.Host), scope)
}

// permissionName turns "secrets=write" into what GitHub's settings page says: "Secrets: write".
func permissionName(permissions []string) string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		name, access, _ := strings.Cut(p, "=")
		name = strings.ReplaceAll(name, "_", " ")
		if name != "" {
			name = strings.ToUpper(name[:1]) + name[1:]
		}
		names[i] = name + ": " + access
	}
	return strings.Join(names, " or ")
}
