package source

import (
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/extension/inventory"
)

// MayRead tells whether a workflow reads a secret of this name, or may: by itself or through one that it calls, by a name
// that is worked out at run time, or as one of all. What could not be read may read anything.
func (w *Workflows) MayRead(secretName string) bool {
	if len(w.RemoteRefs()) > 0 {
		return true
	}
	return slices.ContainsFunc(w.documents(), func(d *Document) bool {
		return d.AST == nil || slices.ContainsFunc(d.Reads, func(x *Read) bool {
			return x.Kind == inventory.Secret && (x.Whole || x.Index != nil || strings.EqualFold(x.Name, secretName))
		})
	})
}

// ReadsSecrets tells whether a workflow reads any secret that somebody has to store.
func (w *Workflows) ReadsSecrets() bool {
	return slices.ContainsFunc(w.documents(), func(d *Document) bool {
		return slices.ContainsFunc(d.Reads, func(x *Read) bool { return x.Kind == inventory.Secret && x.Name != "GITHUB_TOKEN" })
	})
}
