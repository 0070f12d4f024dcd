package verify

import "github.com/gh-hex/gh-hex/extension/workspace"

// namedProjects reads what --project names.
func namedProjects(refs []string) ([]workspace.Reference, error) {
	var out []workspace.Reference
	for _, ref := range refs {
		r, err := workspace.ProjectFlag(ref)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
