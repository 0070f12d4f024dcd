package workflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/extension/inventory"
)

// TestExplain says for each way in which a workflow is started what its steps get.
func TestExplain(t *testing.T) {
	file := File{Path: ".github/workflows/hex.yml", Data: []byte(`on:
  push: {branches: [main]}
  pull_request:
env: {HAS: "${{ secrets.OTHER != '' }}"}
jobs:
  refresh:
    runs-on: ubuntu-latest
    environment: ${{ github.event_name == 'push' && 'prod' || '' }}
    steps:
      - name: lint
        run: make
      - if: env.HAS == 'true'
        run: gh hex run start x
        env:
          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
          HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL }}
`)}
	inv := newStored()
	inv.repository = inventory.Repository{Owner: "octo", Name: "analytics", DefaultBranch: "main", Environments: []inventory.Environment{{Name: "prod"}}}
	inv.put(inventory.Place{}, "OTHER")
	inv.put(inventory.Place{Level: inventory.OfEnvironment, Environment: "prod"}, "HEX_API_TOKEN")
	inv.put(inventory.Place{Variables: true}, "HEX_WORKSPACE_URL=https://eu.hex.tech")
	rows, ok := Explain(Read([]File{file}, ReadOptions{}), inv, Context{}, file.Path)
	if !ok {
		t.Fatal("the workflow was not found")
	}
	var got []string
	for _, r := range rows {
		got = append(got, fmt.Sprintf("%s | %s | %s | %s | %s", r.Scenario, r.Job, r.Step, r.Runs, strings.Join(r.Gets, "; ")))
	}
	want := []string{
		"a push to main | refresh, in prod | lint | yes | ",
		`a push to main | refresh, in prod | 2 | yes | HEX_API_TOKEN: secret HEX_API_TOKEN; HEX_WORKSPACE_URL: "https://eu.hex.tech"`,
		"a pull_request of this repository | refresh | lint | yes | ",
		`a pull_request of this repository | refresh | 2 | yes | HEX_API_TOKEN: empty, since secret HEX_API_TOKEN is; HEX_WORKSPACE_URL: "https://eu.hex.tech"`,
		"a fork's pull_request | refresh | lint | yes | ",
		`a fork's pull_request | refresh | 2 | no | HEX_API_TOKEN: empty, since secret HEX_API_TOKEN is; HEX_WORKSPACE_URL: "https://eu.hex.tech" or empty`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if _, ok := Explain(Read([]File{file}, ReadOptions{}), inv, Context{}, "other.yml"); ok {
		t.Error("a file that is not there is explained")
	}
}

// TestExplainOnlyExplains explains a workflow in which verify finds a fault on the way.
func TestExplainOnlyExplains(t *testing.T) {
	file := File{Path: ".github/workflows/hex.yml", Data: []byte(`on: push
jobs:
  refresh:
    runs-on: ubuntu-latest
    env: {HEX_API_TOKEN: $HEX_API_TOKEN}
    steps: [{run: make}]
`)}
	rows, ok := Explain(Read([]File{file}, ReadOptions{}), newStored(), Context{}, file.Path)
	if want := `HEX_API_TOKEN: "$HEX_API_TOKEN"`; !ok || len(rows) != 1 || strings.Join(rows[0].Gets, "; ") != want {
		t.Errorf("got %+v, want one row that gets %s", rows, want)
	}
}
