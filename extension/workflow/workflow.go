// Package workflow reads GitHub Actions workflows and judges whether every job can see the secrets and variables it
// reads. It touches neither network nor disk: files come in as bytes, what GitHub keeps is asked of an [inventory.Inventory].
//
// [Read] turns files into [Workflows]; [Judge] turns those and an inventory into a result for each check; [Explain] shows
// what they are read off.
//
// What stands behind each verdict is the layer below: package source for what the files say, package simulate for what
// becomes of a run, package inventory for what GitHub keeps.
package workflow

import (
	"sync"

	"github.com/gh-hex/gh-hex/extension/source"
)

type (
	// File is one file of the repository.
	File = source.File
	// ReadOptions says what [Read] may draw on beside the workflow files themselves.
	ReadOptions = source.Options
	// Place is where something stands.
	Place = source.Place
)

// Workflows is what [Read] understood. It is not changed by judging and may be shared.
type Workflows struct {
	*source.Workflows
	textual func() *judgement // of what the text alone decides; what it says without a simulation is not followed
	whole   func() *judgement // the same, with all of it followed
	tokens  map[string]bool   // names of secrets that serve as a Hex token
	besides map[string]bool   // names of other secrets that steps of Hex's read
	holding map[string]string // what secrets hold that are no bare token
}

// Read understands the workflows among files: those right in .github/workflows whose name ends in .yml or .yaml. The
// other files are left alone. It never fails: what cannot be read becomes a finding of workflow-syntax.
func Read(files []File, o ReadOptions) *Workflows {
	w := &Workflows{Workflows: source.Load(files, o), tokens: map[string]bool{}, besides: map[string]bool{}, holding: map[string]string{}}
	w.textual = sync.OnceValue(func() *judgement { return w.followed(true) })
	w.whole = sync.OnceValue(func() *judgement { return w.followed(false) })
	if !w.Ended() {
		w.classifyNames()
	}
	return w
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
	// Flag is what names that repository to a command of ours, such as " -R octo/analytics"; empty where nothing has to.
	Flag string
	// HasVariable tells whether the gh in use knows gh variable, which came later than the oldest that is supported; nil
	// for no.
	HasVariable func() bool
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

// Proposal is a place, beside the repository's Actions secrets, where the Hex secret is needed.
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
