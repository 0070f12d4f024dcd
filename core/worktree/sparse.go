package worktree

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// LeftOut are the files that git tracks and a sparse checkout leaves out of the work tree, with the blob of each in the
// index. There are none where no checkout was ever sparse.
func (t *Tree) LeftOut(ctx context.Context) (map[string]string, error) {
	if _, err := os.Lstat(filepath.Join(t.gitDir, "info", "sparse-checkout")); err != nil {
		return nil, nil
	}
	out, err := t.git.run(ctx, t.root, nil, "ls-files", "-t", "--stage", "-z")
	records := slices.DeleteFunc(fields(out), func(record string) bool { return !strings.HasPrefix(record, "S ") })
	for i, record := range records {
		records[i] = strings.TrimPrefix(record, "S ")
	}
	left := map[string]string{}
	for _, v := range blobs(parseStages(records)) {
		left[v.path] = v.blob
	}
	return left, err
}

// Blob reads an object of at most limit bytes; false when it is not here, as in a partial clone.
func (t *Tree) Blob(ctx context.Context, blob string, limit int) ([]byte, bool) {
	data, err := t.git.runLimited(ctx, t.root, nil, limit, "cat-file", "blob", blob)
	return data, err == nil
}
