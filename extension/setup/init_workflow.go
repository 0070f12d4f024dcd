package setup

import (
	"bytes"
	"regexp"
	"strings"
	"sync"

	"github.com/MakeNowJust/heredoc"

	"github.com/gh-hex/gh-hex/core/scaffold"
	"github.com/gh-hex/gh-hex/core/worktree"
)

const workflowPath = ".github/workflows/hex.yml"

// planWorkflow adds the workflow where there is none of that name. One that is there stays as it is; foreign tells that
// it differs, because somebody else wrote it or it was changed since.
func planWorkflow(tree *worktree.Tree, content string) (change scaffold.Change, foreign bool, err error) {
	text := []byte(content)
	change, err = scaffold.PlanFile(tree.Root(), workflowPath, 0o666, func(old []byte) []byte {
		if old == nil {
			return text
		}
		foreign = !bytes.Equal(bytes.ReplaceAll(old, []byte("\r\n"), []byte("\n")), text) // git may turn line ends
		return old
	})
	return change, foreign, err
}

var (
	// plainBranch is a name without the characters that mean something in YAML or in a filter of branches.
	plainBranch = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._/-]*$`) })
	// releaseVersion is what the linker stamps into a released build.
	releaseVersion = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9]+\.[0-9]+\.[0-9]+$`) })
)

// workflowText is a workflow that uses this extension, pinned to the version given when that is a released one. It needs
// no action and no permission, and hands the token to the steps alone that use it.
func workflowText(branch, version string) string {
	if !plainBranch().MatchString(branch) {
		branch = "main"
	}
	pin := ""
	if releaseVersion().MatchString(version) {
		pin = " --pin v" + version
	}
	return strings.NewReplacer("BRANCH", `"`+branch+`"`, "PIN", pin).Replace(workflowTemplate())
}

func workflowTemplate() string {
	return heredoc.Doc(`
		# Runs a Hex project on every push and by hand. Written by: gh hex init --workflow
		# It reads the secret HEX_API_TOKEN and the variables HEX_WORKSPACE_URL (both set by: gh hex auth) and HEX_PROJECT_ID.
		name: Hex
		on:
		  push:
		    branches: [BRANCH]
		  workflow_dispatch:
		    inputs:
		      values:
		        description: Inputs of the project as JSON, by name
		        default: "{}"
		permissions: {}
		env:
		  HEX_WORKSPACE_URL: ${{ vars.HEX_WORKSPACE_URL }}
		jobs:
		  run:
		    name: Run the project
		    # Runs that Dependabot starts do not see the secret.
		    if: github.actor != 'dependabot[bot]'
		    runs-on: ubuntu-latest
		    timeout-minutes: 70
		    env:
		      HEX_PROJECT_ID: ${{ vars.HEX_PROJECT_ID }}
		    steps:
		      - name: Install gh hex
		        run: gh extension install gh-hex/gh-hexPIN
		        env:
		          GH_TOKEN: ${{ github.token }}
		      - name: Start a run and watch it
		        id: hex
		        run: printf '%s' "$INPUTS" | gh hex run start --watch --timeout 60m --input -
		        env:
		          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
		          INPUTS: ${{ inputs.values || '{}' }}
		      # Cancelling the workflow alone would leave the run in Hex going.
		      - name: Cancel the run
		        if: cancelled() && steps.hex.outputs.run-id != '' && steps.hex.outputs.status == ''
		        run: gh hex run cancel "$RUN_ID"
		        env:
		          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}
		          RUN_ID: ${{ steps.hex.outputs.run-id }}
	`)
}
