package github

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// Files reads other files of a snapshot, all in one query, and over REST what that leaves open. One that is not there has
// no entry. The error is the first that leaves a file unknown.
func (c *Client) Files(ctx context.Context, s Snapshot, names []string) (map[string][]byte, error) {
	found := map[string][]byte{}
	open := names
	if s.Repository.NodeID != "" && s.Commit != "" {
		open = c.queryFiles(ctx, s, names, found)
	}
	var mu sync.Mutex
	var wg sync.WaitGroup
	var first error
	for _, name := range open {
		wg.Go(func() {
			data, err := c.workflowFile(ctx, s, name)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case errors.Is(err, ErrNotFound):
			case err != nil && first == nil:
				first = err
			case data != nil:
				found[name] = data
			}
		})
	}
	wg.Wait()
	return found, first
}

// queryFiles adds the files that a query tells in whole, and returns the names of the others.
func (c *Client) queryFiles(ctx context.Context, s Snapshot, names []string, found map[string][]byte) (open []string) {
	var in struct {
		Data struct {
			Node map[string]*struct {
				Typename string `json:"__typename"`
				blobText
			}
		}
		Errors []graphqlError
	}
	variables := map[string]any{"id": s.Repository.NodeID}
	for i, name := range names {
		variables[fmt.Sprintf("e%d", i)] = s.Commit + ":" + name
	}
	what := fmt.Sprintf("read %s and what else the workflows of %s use", names[0], s.Repository.FullName())
	err := c.query(ctx, filesQuery(len(names)), variables, what, &in)
	if err != nil || len(in.Errors) > 0 {
		return names
	}
	for i, name := range names {
		f, told := in.Data.Node[fmt.Sprintf("f%d", i)]
		switch {
		case !told:
			open = append(open, name)
		case f == nil || f.Typename == "Tree":
		default:
			if text, whole := f.whole(); whole {
				found[name] = text
			} else {
				open = append(open, name)
			}
		}
	}
	return open
}

// filesQuery asks for n files.
func filesQuery(n int) string {
	var declared, fields strings.Builder
	for i := range n {
		fmt.Fprintf(&declared, ",$e%d:String!", i)
		fmt.Fprintf(&fields, "f%d:object(expression:$e%d){__typename ...on Blob{byteSize isBinary isTruncated text}}\n", i, i)
	}
	return "query($id:ID!" + declared.String() + "){node(id:$id){...on Repository{" + fields.String() + "}}}"
}
