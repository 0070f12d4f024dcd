package workflow

import (
	"slices"
	"strings"
)

// MayRead reports whether a workflow reads a secret of this name, or may: by itself or through one that it calls, by a name
// that is worked out at run time, or as one of all. What could not be read may read anything.
func (w *Workflows) MayRead(secretName string) bool {
	if len(w.RemoteRefs()) > 0 {
		return true
	}
	return slices.ContainsFunc(w.documents(), func(d *document) bool {
		return d.ast == nil || slices.ContainsFunc(d.reads, func(x *read) bool {
			return x.kind == secret && (x.whole || x.index != nil || strings.EqualFold(x.name, secretName))
		})
	})
}

// ReadsSecrets reports whether a workflow reads any secret that somebody has to store.
func (w *Workflows) ReadsSecrets() bool {
	return slices.ContainsFunc(w.documents(), func(d *document) bool {
		return slices.ContainsFunc(d.reads, func(x *read) bool { return x.kind == secret && x.name != "GITHUB_TOKEN" })
	})
}
