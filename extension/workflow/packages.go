package workflow

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// Packages returns where the workflows use a secret of this name for hex.pm, the Elixir package registry.
func (w *Workflows) Packages(secretName string) []Place {
	var out []Place
	for _, d := range w.Docs {
		for _, x := range d.Reads {
			if x.Kind == inventory.Secret && strings.EqualFold(x.Name, secretName) && x.ToPackages() {
				out = append(out, x.Place)
			}
		}
	}
	return out
}

// Readers returns the workflow files that read a secret of this name from an environment or, with app "dependabot", in
// runs that Dependabot starts. An environment that is chosen at run time may be any.
func (w *Workflows) Readers(secretName, app, environment string) []string {
	j := newJudgement(w, nil, Context{Dependabot: true})
	var out []string
	w.resolve(func(x *source.Read, r *source.Run, name string) {
		if x.Kind != inventory.Secret || !strings.EqualFold(name, secretName) {
			return
		}
		reads := false
		j.propose(x, r, name, func(p Proposal) {
			reads = reads || p.App == app && strings.EqualFold(p.Environment, environment)
		})
		for _, p := range j.simulated().Places {
			reads = reads || environment != "" && p.R == r && p.Names.Undecided() != ""
		}
		if file := r.At(x).File; reads && !slices.Contains(out, file) {
			out = append(out, file)
		}
	})
	return out
}

// IsTokenName tells a name under which a Hex token is kept, alone or with a suffix: HEX_API_TOKEN, HEX_TOKEN_EU. The
// name HEX_API_KEY is not one of them: it is nearly always that of a key for hex.pm.
func IsTokenName(name string) bool { return vendors.IsSecretName(name) && !vendors.IsContested(name) }
