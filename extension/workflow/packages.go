package workflow

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/github"
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
	j := newJudgement(w, github.Inventory{}, Context{Dependabot: true})
	var out []string
	add := func(file string) {
		if !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	for _, r := range w.runs {
		if r.open {
			continue
		}
		for _, x := range r.reads() {
			if x.kind != secret || !x.site.secrets || !slices.Contains(j.ownNames(x, r), strings.ToUpper(secretName)) {
				continue
			}
			j.propose(x, r, func(p Proposal) {
				if p.App == app && strings.EqualFold(p.Environment, environment) {
					add(p.File)
				}
			})
			if environment != "" && slices.ContainsFunc(j.sightsOf(r), func(s sight) bool { return s.environment.any }) {
				add(r.at(x).File)
			}
		}
	}
	return out
}

// IsTokenName tells a name under which a Hex token is kept, alone or with a suffix: HEX_API_TOKEN, HEX_TOKEN_EU. The
// name HEX_API_KEY is not one of them: it is nearly always that of a key for hex.pm.
func IsTokenName(name string) bool { return isSecretName(name) && !isContested(name) }
