package extension

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
)

// bench is a process whose streams are buffers and whose environment is a map.
type bench struct {
	*process
	stdout, stderr bytes.Buffer
	env            map[string]string
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{env: map[string]string{}}
	b.process = &process{
		streams: &streams{in: strings.NewReader(""), out: &stickyWriter{w: &b.stdout}, err: &b.stderr, width: 100},
		getenv:  func(name string) string { return b.env[name] },
		dir:     t.TempDir(),
		now:     time.Now,
	}
	return b
}

func (b *bench) onTerminal() *bench {
	b.outTTY, b.errTTY = true, true
	return b
}

func (b *bench) reading(in io.Reader) *bench {
	b.in = in
	return b
}
