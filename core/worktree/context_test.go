package worktree

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core/check"
)

// ending is a context that ends when it was asked a number of times.
type ending struct {
	context.Context
	end  context.CancelFunc
	left int
}

func (e *ending) Err() error {
	if e.left--; e.left == 0 {
		e.end()
	}
	return e.Context.Err()
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r := interruptible{&ending{ctx, cancel, 3}, bytes.NewReader(make([]byte, 1<<20))}
	read := 0
	for {
		n, err := r.Read(make([]byte, 1000))
		read += n
		if err != nil {
			if !errors.Is(err, context.Canceled) || read != 2000 {
				t.Errorf("read %d bytes, %v", read, err)
			}
			return
		}
	}
}

func TestLoopsEndWithTheirContext(t *testing.T) {
	r := newRepository(t)
	r.write(".env", "HEX_API_TOKEN=x\n")
	r.write("app/.env", "HEX_API_TOKEN=x\n")
	r.commit("app/.env")
	tree := r.open()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := tree.EnvFiles(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("EnvFiles: %v", err)
	}
	if _, err := FixPermissions(ctx, tree); runtime.GOOS != "windows" && !errors.Is(err, context.Canceled) {
		t.Errorf("FixPermissions: %v", err)
	}
	if err := tree.readVersions(ctx, []version{{mode: "100644", blob: r.git("rev-parse", "HEAD:app/.env")}}); !errors.Is(err, context.Canceled) {
		t.Errorf("readVersions: %v", err)
	}
	if got := LeakCheck(tree, LeakOptions{History: true}).Run(ctx); got.Status != check.StatusUnknown || !strings.Contains(got.Message, context.Canceled.Error()) {
		t.Errorf("LeakCheck: %+v", got)
	}
}

// A file of .env lines, all of them Hex's, is judged in one go. Looked up one by one they would take hours.
func TestManyNamesAreJudgedAtOnce(t *testing.T) {
	var lines strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&lines, "HEX_API_TOKEN_%d=\n", i)
	}
	if got := hold([]byte(lines.String())); got != (held{}) {
		t.Errorf("holds %+v", got)
	}
	if got := hold([]byte(lines.String() + "HEX_URL=eu.hex.tech\n")); got.what != "HEX_URL" || got.token() {
		t.Errorf("holds %+v", got)
	}
	if got := hold([]byte(strings.ReplaceAll(lines.String(), "=\n", "=put-a-token-here\n"))); got != (held{stand: true}) {
		t.Errorf("holds %+v", got)
	}
}
