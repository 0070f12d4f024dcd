package workflow

import "strings"

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

// IsTokenName tells a name under which a Hex token is kept, alone or with a suffix: HEX_API_TOKEN, HEX_TOKEN_EU. The
// name HEX_API_KEY is not one of them: it is nearly always that of a key for hex.pm.
func IsTokenName(name string) bool { return isSecretName(name) && !isContested(name) }
