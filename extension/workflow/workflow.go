// Package workflow reads GitHub Actions workflows and judges whether every job can see the secrets and variables it
// reads. It touches neither network nor disk: files come in as bytes, what GitHub keeps is asked of an [Inventory].
//
// [Read] turns files into [Workflows]; [Judge] turns those and an inventory into a result for each check; [Explain] shows
// what they are read off.
//
// # The run, simulated
//
// One model stands behind every verdict about who gets what: a run, followed in the manner of abstract interpretation.
//
// A value is known (a few texts, numbers, lists, objects), opaque (a text that is not empty and otherwise not known: the
// value of a secret, the name of some branch), or anything (decided at run time, with the name of what decides it); an
// expression has a set of them. A value that came out empty because a secret or variable is missing carries that lack
// with it, until a condition looks at it or something needs it. The rules of truth, comparison and coercion are GitHub's,
// and what is worked out is sound: what GitHub makes of an expression is always among it.
//
// A scenario is one way in which the events start a workflow: a push to each branch that matters and to another one, a
// pull request of this repository, of a fork, of Dependabot, a schedule, a manual run for each choice. It fixes the
// contexts github and inputs, and whose secrets are read. Scenarios that nothing in a workflow tells apart are one.
//
// For each scenario and each row of a matrix the jobs are followed in the order of `needs` and their steps in theirs:
// conditions with the implicit success(), environments, env, outputs and results, called workflows with what they are
// passed, composite actions, and shell scripts with the control flow that their variables decide. Where a lack reaches
// a step that runs and needs it, that is a finding; a lack that nothing needs is a note.
//
// All of it is bounded: sets, texts, scenarios, rows, and the work for one workflow and for all.
package workflow

import "context"

// File is one file of the repository. Path is relative to the top of the work tree and separated by "/".
type File struct {
	Path string
	Data []byte
}

// ReadOptions says what [Read] may draw on beside the workflow files themselves.
type ReadOptions struct {
	// Lookup returns the content of another file of the work tree: a called workflow, or a local action's action.yml.
	// The path is clean, relative and separated by "/". Nil means that nothing but the given files is there.
	Lookup func(path string) ([]byte, bool)
	// Remote returns a workflow of another repository, as named by `uses` (owner/repo/path@ref). Nil means that none
	// was fetched; [Workflows.RemoteRefs] then says which would be worth it.
	Remote func(ref string) ([]byte, error)
	// Secret is the name of the Hex secret where the user named one; it then counts as Hex's wherever it is read.
	Secret string
	// Ends ends reading, and judging what was read, early: what comes out is then worth nothing. Nil means never.
	Ends context.Context
	// All judges every secret and variable of every workflow, not only Hex's.
	All bool
}

// Context is what [Judge] has to know beside the inventory.
type Context struct {
	// Dependabot tells that .github/dependabot.yml (or .yaml) exists.
	Dependabot bool
	// Host is the host of the Hex workspace ("eu.hex.tech"), empty when nothing says which it is.
	Host string
	// Repository is what commands are to be about, OWNER/NAME or HOST/OWNER/NAME; empty leaves it to gh, which may take a
	// fork's parent.
	Repository string
}

// Place is where something stands. Line and Column count from 1; a column counts characters.
type Place struct {
	File   string
	Line   int
	Column int
}

// Named is a name that the workflows use, in GitHub's spelling (upper case), and where.
type Named struct {
	Name   string
	Places []Place
}

// Project is a Hex project that a workflow names: by Ref, an ID or URL as written, or by the name of the Variable
// that holds it.
type Project struct {
	Ref      string
	Variable string
	Place    Place
}

// Proposal is a store, beside the repository's Actions secrets, where the Hex secret is needed.
type Proposal struct {
	App         string // actions or dependabot
	Environment string // of an Actions secret
	Reason      string // "job deploy reads it in environment prod"
	File        string
	Line        int
}

// The IDs of the checks that [Judge] answers.
const (
	SecretAvailable   = "secret-available"
	VariableAvailable = "variable-available"
	EnvironmentExists = "environment-exists"
	SecretOnEvent     = "secret-on-event"
	SecretContext     = "secret-context"
	SecretPassed      = "secret-passed"
	SecretDynamic     = "secret-dynamic"
	Syntax            = "workflow-syntax"
	TokenMapped       = "token-mapped"
	HexVendor         = "hex-vendor"
	HexAction         = "hex-action"
	HexEndpoint       = "hex-endpoint"
)
