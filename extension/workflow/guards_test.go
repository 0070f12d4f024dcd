package workflow

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/extension/abstract"
	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/simulate"
)

// TestGuards generates conditions over single events: a secret that is missing is reported exactly when the step runs in
// one of the ways in which the event can come.
func TestGuards(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	events := []struct {
		on   string
		ways []string // contexts, as JSON
	}{
		{"push: {branches: [main]}", []string{way("push", "refs/heads/main", "main", `"pull_request": null`, "", "", "{}")}},
		{"push: {branches: [main, develop]}", []string{way("push", "refs/heads/main", "main", "", "", "", "{}"), way("push", "refs/heads/develop", "develop", "", "", "", "{}")}},
		{"push: {tags: ['v*']}", []string{way("push", "refs/tags/v1.2", "v1.2", "", "", "", "{}")}},
		{"pull_request: {branches: [main]}", []string{
			way("pull_request", "refs/pull/7/merge", "7/merge", pullOf("opened"), "topic", "main", "{}"),
			way("pull_request", "refs/pull/7/merge", "7/merge", pullOf("synchronize"), "topic", "main", "{}"),
		}},
		{"schedule: [{cron: '0 5 * * 1'}]", []string{way("schedule", "refs/heads/main", "main", `"schedule": "0 5 * * 1"`, "", "", "{}")}},
		{"workflow_dispatch: {inputs: {target: {type: choice, options: [dev, prod]}, dry: {type: boolean}}}", dispatches()},
	}
	reported := 0
	for n := range 400 {
		event := events[n%len(events)]
		guard := generateGuard(r, r.IntN(3))
		runs := slices.ContainsFunc(event.ways, func(way string) bool { return passesIn(t, guard, way) })
		file := File{Path: ".github/workflows/hex.yml", Data: []byte(fmt.Sprintf(
			"on: {%s}\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - run: python x.py\n        if: ${{ %s }}\n        env: {HEX_API_TOKEN: '${{ secrets.HEX_API_TOKEN }}'}\n", event.on, guard))}
		inv := newStored()
		inv.repository = inventory.Repository{Owner: "octo", Name: "analytics", DefaultBranch: "main", Private: true}
		got := Judge(Read([]File{file}, ReadOptions{}), inv, Context{})[SecretAvailable].Status
		if (got == check.StatusError) != runs {
			t.Errorf("on %s, if %s: the step runs: %v, reported: %v", event.on, guard, runs, got)
		}
		if runs {
			reported++
		}
	}
	if reported < 100 || reported > 300 {
		t.Errorf("%d of 400 steps run, which tries one side only", reported)
	}
}

func way(event, ref, name, payload, head, base, inputs string) string {
	if payload != "" {
		payload = ", " + payload
	}
	return fmt.Sprintf(`{"github": {"event_name": %q, "ref": %q, "ref_name": %q, "head_ref": %q, "base_ref": %q, "repository": "octo/analytics", "repository_owner": "octo", "actor": "ada",
 "event": {"repository": {"full_name": "octo/analytics", "default_branch": "main"}, "inputs": %s%s}}, "inputs": %s}`, event, ref, name, head, base, inputs, payload, inputs)
}

func pullOf(action string) string {
	return fmt.Sprintf(`"action": %q, "pull_request": {"merged": false, "user": {"login": "ada"}, "base": {"ref": "main"}, "head": {"ref": "topic", "repo": {"full_name": "octo/analytics", "fork": false, "owner": {"login": "octo"}}}}`, action)
}

func dispatches() []string {
	var out []string
	for _, target := range []string{"dev", "prod"} {
		for _, dry := range []string{"true", "false"} {
			for _, branch := range []string{"main", "elsewhere", "develop", "release"} {
				out = append(out, way("workflow_dispatch", "refs/heads/"+branch, branch, "", "", "", fmt.Sprintf(`{"target": %q, "dry": %s}`, target, dry)))
			}
		}
	}
	return out
}

func generateGuard(r *rand.Rand, depth int) string {
	if depth > 0 {
		a, b := generateGuard(r, depth-1), generateGuard(r, depth-1)
		return []string{"(" + a + " && " + b + ")", "(" + a + " || " + b + ")", "!(" + a + ")", "(" + a + ") == true"}[r.IntN(4)]
	}
	guards := []string{
		"github.event_name == 'push'", "github.event_name != 'pull_request'", "github.ref == 'refs/heads/main'", "github.ref_name == 'develop'", "startsWith(github.ref, 'refs/tags/')", "github.head_ref == ''",
		"github.event.pull_request", "github.event.pull_request == null", "github.event.pull_request.head.repo.full_name == github.repository", "github.event.pull_request.head.repo.fork", "github.repository == 'octo/analytics'",
		"github.repository_owner == 'upstream'", "inputs.target == 'prod'", "inputs.dry", "github.event.inputs.target != ''", "contains(fromJSON('[\"schedule\",\"workflow_dispatch\"]'), github.event_name)", "github.actor == 'dependabot[bot]'",
		"github.event.schedule == '0 5 * * 1'", "github.ref == format('refs/heads/{0}', github.event.repository.default_branch)", "github.base_ref == 'main'", "github.event.action == 'opened'", "github.event.action == 'closed'",
		"github.event.pull_request.merged == true", "true", "false", "github.event_name",
	}
	return guards[r.IntN(len(guards))]
}

func passesIn(t *testing.T, guard, way string) bool {
	x := abstract.ParseExpression(guard + "}}")
	contexts, ok := abstract.FromJSON(way)
	if x.Node == nil || !ok {
		t.Fatalf("%s %s in %s", guard, x.Problem, way)
	}
	fuel := simulate.MaxFuel
	e := &abstract.Evaluator{Context: contexts.Fields.Get, Fuel: &fuel}
	return e.Expression(x).Truth().Yes
}
