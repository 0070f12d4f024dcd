package workflow

import (
	"strings"

	"github.com/gh-hex/gh-hex/extension/inventory"
	"github.com/gh-hex/gh-hex/extension/source"
	"github.com/gh-hex/gh-hex/extension/vendors"
)

// classifyNames decides which secrets, by the names that GitHub keeps them under, serve as a token.
func (w *Workflows) classifyNames() {
	w.resolve(func(x *source.Read, r *source.Run, name string) {
		switch {
		case x.Kind != inventory.Secret || !x.Hex:
		case w.isToken(x, r, name, 0):
			w.tokens[name] = true
		case x.Marks.Has(vendors.Hex):
			w.besides[name] = true
		}
		if x.Kind == inventory.Secret && x.JSON {
			w.holding[name] = "JSON"
		}
	})
}

// Holding says what the workflows take a secret for that is no bare token, such as "JSON"; empty when nothing says so.
func (w *Workflows) Holding(name string) string {
	if name == vendors.ConnectionName {
		return "an Airflow connection"
	}
	return w.holding[name]
}

// isToken tells whether a read serves as a Hex token, rather than standing beside one.
func (w *Workflows) isToken(r *source.Read, in *source.Run, name string, depth int) bool {
	return name != "" && (vendors.IsSecretName(name) || vendors.IsSecretName(r.Site.Env) || vendors.IsSecretName(r.Site.Passes) || vendors.IsSecretName(r.Assigned()) ||
		r.Step != nil && vendors.UsesToolkit(r.Step.AST) && r.Site.What == "with token" || r.SentAsToken() || w.passesToken(r, in, depth))
}

// passesToken tells a read that is passed to a workflow which uses it as a token.
func (w *Workflows) passesToken(r *source.Read, in *source.Run, depth int) bool {
	if r.Site.Passes == "" || depth > source.MaxDepth {
		return false
	}
	for _, called := range in.Called {
		for _, x := range called.Reads() {
			if x.Kind == inventory.Secret && x.Name == r.Site.Passes && w.isToken(x, called, x.Name, depth+1) {
				return true
			}
		}
	}
	return false
}

// isHexToken tells a secret that serves as a Hex token somewhere, or was named as one. Where none can be told to be the
// token, all that Hex's steps read may be.
func (w *Workflows) isHexToken(name string) bool {
	return w.tokens[name] || strings.EqualFold(name, w.Options.Secret) || vendors.IsSecretName(name) && !vendors.IsContested(name) ||
		len(w.tokens) == 0 && w.besides[name]
}
