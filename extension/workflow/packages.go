package workflow

import (
	"slices"
	"strings"
)

// Packages returns where the workflows use a secret of this name for hex.pm, the Elixir package registry.
func (w *Workflows) Packages(secretName string) []Place {
	var out []Place
	for _, d := range w.docs {
		for _, x := range d.reads {
			if x.kind == secret && strings.EqualFold(x.name, secretName) && x.toPackages() {
				out = append(out, x.place)
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
	w.resolve(func(x *read, r *run, name string) {
		if x.kind != secret || !strings.EqualFold(name, secretName) {
			return
		}
		reads := false
		j.propose(x, r, name, func(p Proposal) {
			reads = reads || p.App == app && strings.EqualFold(p.Environment, environment)
		})
		for _, p := range j.simulated().places {
			reads = reads || environment != "" && p.r == r && p.names.Undecided() != ""
		}
		if file := r.at(x).File; reads && !slices.Contains(out, file) {
			out = append(out, file)
		}
	})
	return out
}

// IsTokenName tells a name under which a Hex token is kept, alone or with a suffix: HEX_API_TOKEN, HEX_TOKEN_EU. The
// name HEX_API_KEY is not one of them: it is nearly always that of a key for hex.pm.
func IsTokenName(name string) bool { return isSecretName(name) && !isContested(name) }
