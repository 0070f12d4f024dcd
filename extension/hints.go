package extension

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
	"github.com/gh-hex/gh-hex/extension/github"
)

// report prints an error and the next command to type. It is the only place that does.
func (p *process) report(err error) {
	var o outcome
	if err == nil || errors.As(err, &o) {
		return
	}
	if err == errCancelled { //nolint:errorlint // joined with another error, that one is worth showing
		return
	}
	for line := range strings.SplitSeq(err.Error(), "\n") {
		if line != errCancelled.Error() {
			// Line breaks are ours, tabs too; everything else in an error may come from outside.
			p.say("%s%s", styled(strings.Repeat("\t", len(line)-len(strings.TrimLeft(line, "\t")))), strings.TrimLeft(line, "\t"))
		}
	}
	// After Ctrl-C there is nothing to mend, but perhaps something that goes on.
	var start *startError
	if next := hint(err); next != "" && (!errors.Is(err, errCancelled) || errors.As(err, &start)) {
		p.say("%s", next)
	}
	var usage *usageError
	if errors.As(err, &usage) {
		p.say("")
		fmt.Fprint(p.err, usageOf(usage.cmd))
	}
}

func exitCode(err error) int {
	var o outcome
	var login *github.LoginError
	var missing *missingTokenError
	var rejected *rejection
	var unanswered *unansweredError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errCancelled):
		return exitCancelled
	case errors.As(err, &o):
		return int(o)
	case errors.As(err, &login), errors.As(err, &missing):
		return exitAuth
	case errors.As(err, &rejected) && rejected.Auth:
		return exitAuth
	case errors.Is(err, core.ErrUnauthorized), errors.Is(err, github.ErrUnauthorized):
		return exitAuth
	case errors.Is(err, core.ErrWatchTimeout), errors.As(err, &unanswered):
		return exitUnknown
	}
	return exitProblem
}

// hint is the next command to type after an error.
func hint(err error) string {
	var login *github.LoginError
	var several *severalRemotesError
	var noRemote *noRemoteError
	var elsewhere *otherHostsError
	var path *scaffold.PathError
	var file *fileError
	var onGitHub *github.Error
	var rejected *rejection
	var conflict *variableConflictError
	var token *core.TokenError
	var place *initPlaceError
	var push *noPushError
	if next := storeHint(err); next != "" {
		return next
	}
	switch {
	case errors.As(err, &token) && token.Reference:
		return "" // the sentence names the way
	case errors.As(err, &token):
		return "Copy the token again, or create one in Hex (Settings → API keys → New Token), then run: gh hex auth"
	case errors.As(err, &rejected):
		return "Next: " + rejected.Fix
	case errors.As(err, &conflict):
		return "Keep both with: --variable OTHER_NAME, or replace it with: --force"
	case errors.As(err, &push):
		account, _ := push.login.Account()
		return "Ask an owner of the repository for write access" + prefixed(" for the account ", account) + "; this login: gh auth status" +
			switchAccount(push.login, "; another account: ")
	case errors.As(err, &login):
		return "To log in, run: gh auth login" + hostFlag(login.Host)
	case errors.As(err, &several):
		return "Choose one with: gh repo set-default, or name it with: -R OWNER/REPO"
	case errors.As(err, &elsewhere):
		return "Add a remote on that host, unset GH_HOST, or name the repository with: -R [HOST/]OWNER/REPO"
	case errors.As(err, &noRemote):
		return "Name the repository with: -R [HOST/]OWNER/REPO"
	case errors.Is(err, worktree.ErrPushList):
		return "git runs this from its pre-push hook; to add one: gh hex init --hook"
	case errors.Is(err, worktree.ErrNotRepository) && errors.As(err, &place):
		return "Change into a git repository, then run the command again"
	case errors.Is(err, worktree.ErrNotRepository):
		return "Change into a git repository, or name one with: -R [HOST/]OWNER/REPO"
	case errors.As(err, &file):
		return "Mend that, or go on without " + file.without
	case errors.As(err, &path):
		return "Mend the path, then run the command again"
	case errors.As(err, &onGitHub):
		return gitHubFix(onGitHub)
	}
	return hexHint(err)
}

// storeHint is for the errors of commands that store, keep or replace tokens.
func storeHint(err error) string {
	var vendor *vendorError
	var environment *missingEnvironmentError
	var same *sameTokenError
	var unnamed *unnamedError
	var foreign *foreignHostError
	var logout *logoutError
	var rotated *newTokenError
	var local *localTokenError
	var keep *keepError
	var refused *refusedRunError
	switch {
	case errors.As(err, &keep):
		return "Next: " + keep.next
	case errors.As(err, &local):
		return strings.Replace(hint(local.err), "gh hex auth", "gh hex auth login", 1)
	case errors.As(err, &refused):
		return capitalised(runScope(refused.kind)) + "; to go on all the same: --force"
	case errors.As(err, &rotated):
		return strings.Replace(hint(rotated.err), "gh hex auth", "gh hex rotate", 1)
	case errors.As(err, &foreign):
		return fmt.Sprintf("If you log in to Hex there, set it in the environment (export %s=…); else take the line out of %s", hostName, foreign.file)
	case errors.Is(err, errNoLocalToken):
		return "Set the environment variable HEX_API_TOKEN, or keep a token on this machine with: gh hex auth login (without a keyring: --local dotenv)"
	case errors.As(err, &vendor):
		return "Store the Hex token under another name with: --secret HEX_WORKSPACE_TOKEN, or replace that key with: --force"
	case errors.As(err, &environment):
		return "Create it with: --create-env"
	case errors.As(err, &logout):
		return "Where there is no keyring there is nothing to remove; one that is locked: unlock it, then run the command again"
	case errors.Is(err, errNoKeyring):
		return "Keep the copy in .env with: --local dotenv, or keep none with: --local none"
	case errors.Is(err, errNoTimeLeft):
		return "Run the command again: what is stored already is only replaced by the same"
	case errors.As(err, &same):
		return "To store this one in further places, run: gh hex auth"
	case errors.As(err, &unnamed) && len(unnamed.places) == 0:
		return "Store the token with: gh hex auth"
	case errors.As(err, &unnamed):
		return "Name places with --app, --env, --org and -R, or replace all of them with: --all"
	}
	return ""
}

func hostFlag(host string) string {
	if host == "" || host == "github.com" {
		return ""
	}
	return " -h " + host
}

// gitHubFix is what to do about an answer of GitHub, from what the answer itself names.
func gitHubFix(e *github.Error) string {
	switch {
	case e.SSO != "":
		return "Authorize the login for the organization: " + e.SSO
	case errors.Is(e, github.ErrUnauthorized):
		return unauthorizedFix(e)
	case e.RateLimited:
		return "Wait, then run the command again; `gh api rate_limit` shows the limits"
	case len(e.Scopes) > 0:
		return scopeFix(e)
	case e.Classic && errors.Is(e, github.ErrForbidden):
		return roleFix(e)
	case len(e.Permissions) > 0 && errors.Is(e, github.ErrForbidden):
		return fmt.Sprintf("The login needs the permission %s; give it to the fine-grained token under Settings → Developer settings", permissionName(e.Permissions))
	case errors.Is(e, github.ErrNotFound):
		return "Check the name, and that this login may see it: gh auth status" + switchAccount(e, "; with another account: ")
	case errors.Is(e, github.ErrForbidden):
		return "Ask an owner for the permission; this login: gh auth status"
	case e.Status < 300, e.Status >= 500: // none, one that is not GitHub's, or a failure
		return "Check the network and https://www.githubstatus.com, then run the command again"
	}
	return "Run the command again; if it stays, see GitHub's answers with: GH_DEBUG=api"
}

// unauthorizedFix tells a login that gh manages from a token in the environment, which gh cannot renew.
func unauthorizedFix(e *github.Error) string {
	if strings.Contains(e.Source, "TOKEN") {
		return fmt.Sprintf("The token in %s is not accepted: replace it, or unset it to use gh's own login", e.Source)
	}
	return "Log in again: gh auth login" + hostFlag(e.Host)
}

// prefixed is empty when there is nothing to put the prefix before.
func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}

// roleFix is for a login with every scope that its account's role does not let do this.
func roleFix(e *github.Error) string {
	role := "lacks the role for it: ask an owner for write access there, or to do it"
	if slices.Contains(e.Permissions, "administration=write") {
		role = "lacks the role for it: ask an owner for the role admin there, or to do it"
	}
	if strings.Contains(e.Source, "TOKEN") {
		return "The account of the token in " + e.Source + " " + role
	}
	account, _ := e.Account()
	return "The account " + cmp.Or(account, "of this login") + " " + role + switchAccount(e, ", or use another account: ")
}

// switchAccount is how to use another account, where gh has several: empty elsewhere.
func switchAccount(e *github.Error, before string) string {
	if _, others := e.Account(); !others {
		return ""
	}
	return before + "gh auth switch" + hostFlag(e.Host)
}

func scopeFix(e *github.Error) string {
	scope := e.Scopes[0]
	if slices.Contains(e.Scopes, "repo") {
		scope = "repo"
	}
	if strings.Contains(e.Source, "TOKEN") {
		return fmt.Sprintf("The token in %s lacks the scope %s: replace it with one that has it", e.Source, scope)
	}
	return fmt.Sprintf("Give the login the scope: gh auth refresh%s -s %s", hostFlag(e.Host), scope)
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
