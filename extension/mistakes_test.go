package extension

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

const (
	aProject = "019f681a-1870-731d-bf1e-b82d136117fa"
	aRun     = "019f6a00-51c2-7000-8a1b-3d0f2c9be001"
)

// What is printed after a mistake ends with what was meant.
func TestMistakes(t *testing.T) {
	for _, tt := range []struct{ args, last string }{
		// commands
		{"nonsense", "The commands of gh hex: api, auth, init, project, rotate, run, verify"},
		{"verfy", "Did you mean: gh hex verify"},
		{"verfy --nonsense", "Did you mean: gh hex verify"},
		{"login", "Did you mean: gh hex auth login"},
		{"logn", "Did you mean: gh hex auth login"},
		{"status", "Did you mean: gh hex auth status"},
		{"token", "Did you mean: gh hex auth token"},
		{"doctor", "Did you mean: gh hex verify"},
		{"setup", "Did you mean: gh hex init"},
		{"list", "Did you mean: gh hex auth status, or: gh hex project list, or: gh hex run list"},
		{"version", "Did you mean: gh hex --version"},
		{"whoami", "Did you mean: gh hex auth status"},
		{"secret", "Did you mean: gh hex auth"},
		{"start " + aProject, "Did you mean: gh hex run start"},
		{aProject, "Did you mean: gh hex run start " + aProject},
		{"run " + aProject, "Did you mean: gh hex run start " + aProject},
		{"project " + aProject, "Did you mean: gh hex project view " + aProject},
		{"run stop", "Did you mean: gh hex run cancel"},
		{"run strt --watch", "Did you mean: gh hex run start"},
		{"project lst", "Did you mean: gh hex project list"},
		{"project nonsense", "The commands of gh hex project: list, run, view"},
		{"auth logn", "Did you mean: gh hex auth login"},
		{"auth logn --nonsense", "Did you mean: gh hex auth login"},
		{"auth list", "Did you mean: gh hex auth status"},
		{"auth dry-run", "Did you mean: gh hex auth --dry-run"},
		{"help nonsense", "The commands of gh hex: api, auth, init, project, rotate, run, verify"},
		{"help verfy", "Did you mean: gh hex verify"},
		{"help run strt", "Did you mean: gh hex run start"},
		{"help verify nonsense", "Usage: gh hex verify [flags] (more: gh hex verify --help)"},
		// arguments
		{"verify nonsense", "Usage: gh hex verify [flags] (more: gh hex verify --help)"},
		{"verify help", "Did you mean: gh hex verify --help"},
		{"verify offline", "Did you mean: gh hex verify --offline"},
		{"verify token-leaked", "Did you mean: gh hex verify --only token-leaked"},
		{"verify octo/analytics", "Did you mean: gh hex verify -R octo/analytics"},
		{"rotate ghe.example.com/octo/analytics", "Did you mean: gh hex rotate -R ghe.example.com/octo/analytics"},
		{"init octo/analytics", "Usage: gh hex init [flags] (more: gh hex init --help)"},
		{"auth hxtp_0123456789", "Pipe it into: gh hex auth --with-token"},
		{"auth ghp_0123456789abcdefghij", "How to hand over one of Hex: gh hex auth --help"},
		{"verify hex_0123456789abcdef0123456789abcdef01234567", "How to hand over one of Hex: gh hex auth --help"},
		{"auth -R ghp_0123456789abcdefghij", "How to hand over one of Hex: gh hex auth --help"},
		{"run sk-learn", "The commands of gh hex run: cancel, list, start, view, watch"},
		{"auth login hxtw_0123456789", "Pipe it into: gh hex auth --with-token"},
		{"api", "Usage: gh hex api <path> [flags] (more: gh hex api --help)"},
		{"api users me", "Usage: gh hex api <path> [flags] (more: gh hex api --help)"},
		{"project view", "Find its ID with: gh hex project list"},
		{"project view Sales", "Find its ID with: gh hex project list"},
		{"project view a b", "Usage: gh hex project view [<project>] [flags] (more: gh hex project view --help)"},
		{"run start", "Find its ID with: gh hex project list"},
		{"run start Sales", "Find its ID with: gh hex project list"},
		{"run list Sales", "Find its ID with: gh hex project list"},
		{"run watch", "Find one with: gh hex run list <project>"},
		{"run watch " + aRun, "Find one with: gh hex run list " + aRun + "; if " + aRun + " is the run itself, name its project before it"},
		{"run cancel https://app.hex.tech/acme/app/" + aProject + "/latest", "Find one with: gh hex run list " + aProject},
		{"run view " + aProject + " last", "Find one with: gh hex run list <project>"},
		{"run view last", "Find one with: gh hex run list <project>"},
		{"run watch https://app.hex.tech/acme/home", "Find one with: gh hex run list <project>"},
		{"project run Sales", "Find its ID with: gh hex project list"},
		{"run list", "Find its ID with: gh hex project list"},
		{"run view", "Find one with: gh hex run list <project>"},
		{"run cancel x y z", "Usage: gh hex run cancel {<project> <run> | <url>} [flags] (more: gh hex run cancel --help)"},
		// flags
		{"--nonsense", "The flags of gh hex: gh hex --help"},
		{"verify --nonsense", "The flags of gh hex verify: gh hex verify --help"},
		{"verify --expalin env-ignored", "Did you mean --explain?"},
		{"verify --off", "Did you mean --offline?"},
		{"verify --watch", "--watch is a flag of gh hex project run, gh hex run start; those of gh hex verify: gh hex verify --help"},
		{"auth --token x", "Did you mean --with-token?"},
		{"auth --host eu.hex.tech", "Did you mean --workspace-url?"},
		{"rotate --confirm", "Did you mean --yes?"},
		{"init --hooks", "Did you mean --hook?"},
		{"project list -o json", "Did you mean --json?"},
		{"run list " + aProject + " --max 3", "Did you mean --limit?"},
		{"api users --limit 3", "--limit is a flag of gh hex project list, gh hex run list; those of gh hex api: gh hex api --help"},
		{"rotate -e", "--env environment: Replace the secret of this environment (repeatable)"},
		{"verify --only", "--only IDs: Run only the checks with these IDs"},
		{"verify --json", "  unread"},
		{"verify --jq .", "cannot use `--jq` without specifying `--json`"},
		{"verify --template x", "cannot use `--template` without specifying `--json`"},
		{"auth --env prod --org octo", "specify only one of `--org` or `--env`: an organization has no environments"},
		{"init -R octo/analytics", "--repo does not go with init, which works on the current work tree"},
		{"project list -R octo/a -R octo/b", "only gh hex auth, gh hex rotate and gh hex verify take several"},
		// values
		{"verify --format json", "Did you mean: --json FIELDS; the fields: gh hex verify --json"},
		{"verify --format html", `invalid argument "html" for "--format" flag: valid values are {text|sarif|github}`},
		{"verify --json id,mesage", "Did you mean message?"},
		{"verify --json id,nonsense", "  unread"},
		{"verify --only token-leakd", "Did you mean token-leaked?"},
		{"verify --skip nonsense", "	Files: env-ignored, env-tracked, env-permissions, env-example, hook-active, token-leaked"},
		{"verify --explain token-leakd", "Did you mean token-leaked?"},
		{"verify -R octo", `invalid argument "octo" for "-R, --repo" flag: a repository is named OWNER/REPO, such as octo/analytics, or HOST/OWNER/REPO`},
		{"auth status -R octo", "a repository is named OWNER/REPO, such as octo/analytics, or HOST/OWNER/REPO"},
		{"verify --timeout 5 --stored", "--timeout takes a time, such as 90s, 10m or 1h30m"},
		{"auth status --timeout 0s", "a positive duration is needed"},
		{"auth --secret 1X", `invalid argument "1X" for "--secret" flag: a name has only letters, digits and underscores, and does not start with a digit`},
		{"auth --secret GITHUB_X", "GitHub reserves names that start with GITHUB_"},
		{"auth --secret hxtp_0123456789", "this is a token, not a name"},
		{"auth --variable A-B", `invalid argument "A-B" for "--variable" flag: a name has only letters`},
		{"auth --local nowhere", `invalid argument "nowhere" for "--local" flag: valid values are {keyring|dotenv|none}`},
		{"auth login --local none", "valid values are {keyring|dotenv}"},
		{"auth --app actions,pages", "valid values are {actions|dependabot|codespaces|agents}"},
		{"rotate --app pages", "valid values are {actions|dependabot|codespaces|agents}"},
		{"auth --org octo --visibility public", "valid values are {all|private|selected}"},
		{"auth --dry-run=perhaps", "--dry-run is on or off: write it alone, or leave it out"},
		{"run list " + aProject + " --status foo", "valid values are {pending|running|completed|errored|killed|unable_to_allocate_kernel}"},
		{"run list " + aProject + " --trigger foo", "valid values are {api|scheduled|app_refresh|all}"},
		{"run watch " + aProject + " " + aRun + " --interval 1s", "Hex allows one request every 5s"},
		{"project list --limit 0", "--limit takes a whole number from 1, such as 30"},
		{"run list " + aProject + " -L -1", "--limit takes a whole number from 1, such as 30"},
		{"verify --project nonsense", "Find its ID with: gh hex project list"},
		{"auth --project", "--project project: Also store the ID of this project as the variable HEX_PROJECT_ID"},
		{"api users --jq [", "How it is written: gh help formatting"},
		{"api users -t {{", "How it is written: gh help formatting"},
		{"verify --json id --jq [", "How it is written: gh help formatting"},
		{"verify --json id --template {{", "How it is written: gh help formatting"},
		{"project list --limit many", "--limit takes a whole number, such as 30"},
		{"project list --sort size", "valid values are {created|edited|published}"},
		{"project list --sort edited --order up", "valid values are {asc|desc}"},
	} {
		p, out, errOut := newTestProcess(t)
		if code := execute(t.Context(), p, strings.Fields(tt.args)); code != command.ExitProblem {
			t.Errorf("%s: exit code %d", tt.args, code)
		}
		said := strings.TrimSuffix(errOut.String(), "\n")
		last := said[strings.LastIndex(said, "\n")+1:]
		if !strings.Contains(last, tt.last) || out.Len() > 0 {
			t.Errorf("%s\n got %q\nwant %q\nstdout %q", tt.args, said, tt.last, out)
		}
		if strings.Contains(said, "strconv") || strings.Contains(said, "time: ") {
			t.Errorf("%s: %s is how Go says it", tt.args, said)
		}
		if strings.Contains(said, "hxtw_0123456789") || strings.Contains(said, "0123456789abcdef") {
			t.Errorf("%s shows the token: %s", tt.args, said)
		}
	}
}

// A whole token is refused wherever it stands, before anything is sent: as a name it would go to GitHub.
func TestTokensAreNoArguments(t *testing.T) {
	transport := http.DefaultTransport
	t.Cleanup(func() { http.DefaultTransport = transport })
	http.DefaultTransport = unused{t}
	t.Setenv("GH_TOKEN", "sample-login")
	token := sandbox.NewToken(sandbox.Personal, "typed")
	for _, args := range []string{
		"TOKEN", "auth TOKEN", "auth --env TOKEN -R octo/analytics", "auth --env=TOKEN -R octo/analytics", "auth --org octo --repos TOKEN", "auth --org TOKEN",
		"auth --workspace-url https://TOKEN@app.hex.tech -R octo/analytics", "auth --workspace-url https://app.hex.tech/TOKEN -R octo/analytics",
		"verify -R octo/TOKEN", "verify -Rocto/TOKEN", "verify --org TOKEN", "auth status --org TOKEN", "rotate --with-token --env TOKEN -R octo/analytics",
		"run start " + aProject + " -f a=TOKEN", "project list --owner TOKEN", "api users/me?x=TOKEN", "api users/me -X TOKEN", "help TOKEN", "--TOKEN",
	} {
		p, out, errOut := newTestProcess(t)
		code := execute(t.Context(), p, strings.Fields(strings.ReplaceAll(args, "TOKEN", token)))
		said := out.String() + errOut.String()
		if code != command.ExitProblem || !strings.HasPrefix(said, "a token must not be an argument") || strings.Contains(said, token[5:]) {
			t.Errorf("%s: exit code %d, %q", args, code, strings.ReplaceAll(said, token, "TOKEN"))
		}
	}
	if err := command.TypedTokens([]string{"verify", "--pre-push", "--", "origin", "https://" + token + "@example.com/a"}); err != nil {
		t.Errorf("what git hands a hook is refused: %v", err)
	}
}

// unused is a network that nothing may ask.
type unused struct{ t *testing.T }

func (u unused) RoundTrip(r *http.Request) (*http.Response, error) {
	u.t.Errorf("asks %s", r.URL.Host)
	return nil, errors.New("nothing is to be asked")
}
