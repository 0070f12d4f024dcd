// Package stored tells what is known of the tokens that GitHub stores, though nobody can read them back: a workflow that
// asks Hex about each of them, its runs judged, and the record that stands beside a secret. It asks nobody anything.
package stored

import (
	"cmp"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v4"

	"github.com/gh-hex/gh-hex/core"
)

const (
	// FileName is the workflow's name, by which GitHub's API knows it.
	FileName = "hex-check.yml"
	// Path is where it stands.
	Path = ".github/workflows/" + FileName
	// maxFile bounds a text that is looked at, in bytes: 300 environments take about 10 KiB.
	maxFile = 64 << 10
	// MaxProjects is how many projects one check tries: Hex allows 20 starts a minute.
	MaxProjects = 5
	// RepositoryJob is the job that sees what the repository and the organization hold.
	RepositoryJob = "repository"
	// environmentJob is how the name of a job begins that sees what an environment holds.
	environmentJob = "environment "
	everyDay       = "41 4 * * *"
)

// File is the workflow that asks Hex about the stored tokens, as far as one differs from another.
type File struct {
	Version string // the release to install, such as 1.2.3; the newest when empty
	Secret  string // its name
	Host    string // where to ask when no variable names one, at hex.tech; the default one when empty
	Cron    string // when it runs by itself; every day when empty
	// Environments are asked on every run, Protected ones, where each run waits for a person or a while, on dispatch only.
	Environments, Protected []string
	Projects                []string // IDs of what the workflows run
	Server                  bool     // for a GitHub Enterprise Server, which does not know environments without a deployment

	written string // as it was recognized, with lists as we write them
}

// Fits tells whether an environment can be named in the file: an expression would be worked out, and a line ends a list.
func Fits(environment string) bool {
	return environment != "" && !strings.Contains(environment, "${{") && !strings.ContainsFunc(environment, func(r rune) bool { return r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 })
}

// JobOf is the name of the job for an environment; of the repository's when it is empty.
func JobOf(environment string) string {
	if environment == "" {
		return RepositoryJob
	}
	return environmentJob + environment
}

// With is the file with what wanted has and it lacks: what somebody put into its lists stays.
func (f File) With(wanted File) File {
	f.Version = cmp.Or(wanted.Version, f.Version)
	known := slices.Concat(f.Environments, f.Protected)
	missing := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return slices.ContainsFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		})
	}
	f.Environments = append(slices.Clone(f.Environments), missing(wanted.Environments)...)
	f.Protected = append(slices.Clone(f.Protected), missing(wanted.Protected)...)
	for _, id := range wanted.Projects {
		if !slices.Contains(f.Projects, id) && len(f.Projects) < MaxProjects {
			f.Projects = append(f.Projects, id)
		}
	}
	return f
}

// Text is the file as this version writes it.
func (f File) Text() string { return f.render(template()) }

// texts are the file as this version and earlier ones write it, newest first. A template that is replaced stays here.
func (f File) texts() []string { return []string{f.Text()} }

// form is what the workflow is made of: head, the body that all jobs share, and what stands before it in each.
type form struct{ head, repository, environment, protected, place, serverPlace, steps, step string }

func (f File) render(t form) string {
	var b strings.Builder
	b.WriteString(t.head + t.repository + t.body())
	place := t.place
	if f.Server {
		place = t.serverPlace
	}
	for _, job := range []struct {
		head  string
		names []string
	}{{t.environment, f.Environments}, {t.protected, f.Protected}} {
		if len(job.names) > 0 {
			b.WriteString(strings.ReplaceAll(job.head, "<names>", list(job.names)) + place + t.body())
		}
	}
	pin := ""
	if f.Version != "" {
		pin = " --pin v" + f.Version
	}
	cron := cmp.Or(f.Cron, everyDay)
	host := cmp.Or(f.Host, core.DefaultHost().String())
	return strings.NewReplacer("<host>", host, "<pin>", pin, "<secret>", f.Secret, "<cron>", cron, "<projects>", projects(f.Projects)).Replace(b.String())
}

func (t form) body() string {
	var b strings.Builder
	b.WriteString(t.steps)
	for _, a := range asked() {
		var conditions []string
		for _, status := range append([]string{"ok"}, a.fails...) {
			conditions = append(conditions, "steps.ask.outputs."+a.id+" == '"+status+"'")
		}
		b.WriteString(strings.NewReplacer("<id>", a.id, "<told>", strings.Join(conditions, " || "), "<wrong>", a.wrong).Replace(t.step))
	}
	return b.String()
}

// question is a check whose status becomes the conclusion of a step of its name.
type question struct {
	id    string
	fails []string // the statuses that fail the step; any other but ok skips it
	wrong string   // what a failure means
}

func asked() []question {
	return []question{
		{tokenPresent, []string{"error"}, "the job gets no token: the secret is empty, or missing"},
		{tokenFormat, []string{"error"}, "what is stored is no Hex token"},
		{tokenAccepted, []string{"error"}, "Hex rejects the token: it is expired, revoked, or belongs to another host"},
		{tokenExpiry, []string{"warning", "error"}, "the token expires within 14 days"},
		{scopeRead, []string{"error"}, "Hex does not let the token list projects"},
		{scopeRun, []string{"error"}, "Hex does not let the token run a project"},
	}
}

// The checks that are asked, which name the steps.
const (
	tokenPresent  = "token-present"
	tokenFormat   = "token-format"
	tokenAccepted = "token-accepted"
	tokenExpiry   = "token-expiry"
	scopeRead     = "scope-read"
	scopeRun      = "scope-run"
)

func projects(ids []string) string {
	text := ""
	for _, id := range ids[:min(len(ids), MaxProjects)] {
		text += " " + id
	}
	return text
}

// list quotes the names as JSON does, which YAML reads alike.
func list(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false) // YAML knows \u, but a name shall be read by people
		_ = e.Encode(name)     // text always can be encoded
		quoted[i] = strings.TrimSpace(b.String())
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

// template is today's form. What varies stands in angle brackets.
func template() form {
	return form{
		head: `# Asks Hex whether the tokens that are stored on GitHub still work. Written by: gh hex init --check
# gh hex verify reads its last run, and gh hex verify --stored starts one, as long as only its lists are changed:
# when it runs, the environments, the projects. A failed scheduled run sends a mail.
name: Hex check
on:
  schedule:
    - cron: "<cron>"
  workflow_dispatch:
permissions: {}
concurrency:
  group: hex-check
jobs:
`,
		repository: `  repository:
    name: repository
    runs-on: ubuntu-latest
    timeout-minutes: 10
`,
		environment: `  environment:
    name: environment ${{ matrix.environment }}
    runs-on: ubuntu-latest
    timeout-minutes: 10
    strategy:
      fail-fast: false
      matrix:
        environment: <names>
`,
		protected: `  # Every run waits for a reviewer or a timer there, so it has to be asked for.
  protected:
    name: environment ${{ matrix.environment }}
    if: github.event_name == 'workflow_dispatch'
    runs-on: ubuntu-latest
    timeout-minutes: 10
    strategy:
      fail-fast: false
      matrix:
        environment: <names>
`,
		place: `    environment:
      name: ${{ matrix.environment }}
      deployment: false
`,
		serverPlace: `    environment: ${{ matrix.environment }}
`,
		steps: `    steps:
      - name: Install gh hex
        run: gh extension install gh-hex/gh-hex<pin>
        env:
          GH_TOKEN: ${{ github.token }}
      - name: Ask Hex
        id: ask
        run: |
          set --
          for project in $PROJECTS; do
            set -- "$@" --project "$project"
          done
          code=0
          gh hex verify --only token-accepted,token-expiry,scope-read,scope-run --json id,status \
            --jq '.[] | "\(.id)=\(.status)"' "$@" >>"$GITHUB_OUTPUT" || code=$?
          # 3: Hex could not be asked, which says nothing of the token.
          [ "$code" -eq 3 ] || exit "$code"
        env:
          GH_REPO: ${{ github.repository }}
          HEX_API_TOKEN: ${{ secrets.<secret> }}
          HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL || '<host>' }}
          PROJECTS: ${{ vars.HEX_PROJECT_ID || '' }}<projects>
`,
		step: `      - name: <id>
        if: ${{ !cancelled() && (<told>) }}
        run: |
          [ "$STATUS" = ok ] || { echo "::error::<wrong>"; exit 1; }
        env:
          STATUS: ${{ steps.ask.outputs.<id> }}
`,
	}
}

var (
	pinLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^ {8}run: gh extension install gh-hex/gh-hex(?: --pin v([0-9]{1,9}\.[0-9]{1,9}\.[0-9]{1,9}))?$`)
	})
	cronLine   = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^ {4}- cron: "([0-9*/, -]{9,100})"$`) })
	secretLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^ {10}HEX_API_TOKEN: \$\{\{ secrets\.([A-Z_][A-Z0-9_]{0,254}) \}\}$`)
	})
	hostLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^ {10}HEX_WORKSPACE_URL: \$\{\{ vars\.HEX_WORKSPACE_URL \|\| '(https://[a-z0-9-]{1,63}\.hex\.tech)' \}\}$`)
	})
	projectsLine = sync.OnceValue(func() *regexp.Regexp {
		return regexp.MustCompile(`(?m)^ {10}PROJECTS: \$\{\{ vars\.HEX_PROJECT_ID \|\| '' \}\}((?: [0-9a-f]{8}-[0-9a-f-]{27}){0,5})$`)
	})
	environmentLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^ {8}environment: (\[.*\])$`) })
	jobLine         = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`(?m)^  (environment|protected):$`) })
)

// Recognize reads a text that this version or an earlier one writes, whatever its lists hold. ours is false for any other:
// nothing of what its runs say may be believed, and none may be started.
func Recognize(text []byte) (f File, ours bool) {
	if len(text) > maxFile {
		return File{}, false
	}
	whole := strings.ReplaceAll(string(text), "\r\n", "\n") // git may turn line ends
	f = File{Server: !strings.Contains(whole, "\n      deployment: false\n")}
	for line, into := range map[*regexp.Regexp]*string{pinLine(): &f.Version, cronLine(): &f.Cron, secretLine(): &f.Secret, hostLine(): &f.Host} {
		found := line.FindStringSubmatch(whole)
		if found == nil {
			return File{}, false
		}
		*into = found[1]
	}
	if found := projectsLine().FindStringSubmatch(whole); found != nil && found[1] != "" {
		f.Projects = strings.Fields(found[1])
	}
	whole, ours = f.readEnvironments(whole)
	f.written = whole
	return f, ours && slices.Contains(f.texts(), whole)
}

// Written is the text that was recognized, with its lists as they are written here.
func (f File) Written() string { return f.written }

// readEnvironments reads the lists of both jobs, and returns the text with each written as we would.
func (f *File) readEnvironments(text string) (string, bool) {
	jobs, lists := jobLine().FindAllStringSubmatch(text, 3), environmentLine().FindAllStringSubmatch(text, 3)
	if len(jobs) != len(lists) || len(jobs) > 2 {
		return "", false
	}
	seen := map[string]bool{}
	for i, job := range jobs {
		names, literal := readList(lists[i][1])
		for _, name := range names {
			if name = strings.ToLower(name); seen[name] {
				return "", false // one name for two jobs
			}
			seen[strings.ToLower(name)] = true
		}
		if !literal || len(names) == 0 {
			return "", false
		}
		if job[1] == "protected" {
			f.Protected = names
		} else {
			f.Environments = names
		}
		text = strings.Replace(text, lists[i][1], list(names), 1)
	}
	return text, true
}

// readList reads a list of names on one line, in whichever quotes.
func readList(text string) (names []string, literal bool) {
	var nodes []yaml.Node
	if yaml.Unmarshal([]byte(text), &nodes) != nil {
		return nil, false
	}
	for _, n := range nodes {
		if n.Kind != yaml.ScalarNode || n.Anchor != "" || !Fits(n.Value) || n.ShortTag() != "!!str" {
			return nil, false
		}
		names = append(names, n.Value)
	}
	return names, true
}
