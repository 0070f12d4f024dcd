package source

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/inventory"
)

// MayRead reports whether a workflow reads a secret of this name, or may: by itself or through one that it calls, by a name
// that is worked out at run time, or as one of all. What could not be read may read anything.
func (w *Workflows) MayRead(secretName string) bool {
	return slices.ContainsFunc(w.documents(), func(d *Document) bool {
		return d.AST == nil || slices.ContainsFunc(d.Jobs, w.handsOn) || slices.ContainsFunc(d.Reads, func(x *Read) bool {
			return x.Kind == inventory.Secret && (x.Whole || x.Index != nil || strings.EqualFold(x.Name, secretName))
		})
	})
}

// handsOn tells a job that gives every secret to a workflow that is not at hand, or one of Hex's.
func (w *Workflows) handsOn(j *Job) bool {
	return w.Missing[CallRef(j)] && (w.Options.All || j.Hex || j.AST.WorkflowCall.InheritSecrets)
}

// ReadsSecrets reports whether a workflow reads any secret that somebody has to store.
func (w *Workflows) ReadsSecrets() bool {
	return slices.ContainsFunc(w.documents(), func(d *Document) bool {
		return slices.ContainsFunc(d.Reads, func(x *Read) bool { return x.Kind == inventory.Secret && x.Name != "GITHUB_TOKEN" })
	})
}
