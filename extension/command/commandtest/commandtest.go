package commandtest

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Bench is a process whose streams are buffers and whose environment is a map.
type Bench struct {
	*command.Process
	Stdout, Stderr bytes.Buffer
	Env            map[string]string
}

// New is a process off a terminal in an empty folder, without environment.
func New(t *testing.T) *Bench {
	t.Helper()
	b := &Bench{Env: map[string]string{}}
	b.Process = &command.Process{
		Streams: &console.Streams{In: strings.NewReader(""), Out: &console.StickyWriter{W: &b.Stdout}, Err: &b.Stderr, Width: 100},
		Getenv:  func(name string) string { return b.Env[name] },
		Dir:     t.TempDir(),
		Now:     time.Now,
	}
	return b
}

// OnTerminal has the output go to a terminal.
func (b *Bench) OnTerminal() *Bench {
	b.OutTTY, b.ErrTTY = true, true
	return b
}

// Reading sets standard input.
func (b *Bench) Reading(in io.Reader) *Bench {
	b.In = in
	return b
}

// OneRecord fails when text has not that many lines, or holds what a terminal would act on.
func OneRecord(t *testing.T, text string, lines int) {
	t.Helper()
	if strings.Count(text, "\n") != lines || !strings.HasSuffix(text, "\n") {
		t.Errorf("not %d lines: %q", lines, text)
	}
	if strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.In(r, unicode.Bidi_Control)
	}) {
		t.Errorf("control characters: %q", text)
	}
}

// A project and a run of it, as Hex would name them.
const (
	Project = "019f681a-1870-731d-bf1e-b82d136117fa"
	Run     = "019f6a00-51c2-7000-8a1b-3d0f2c9be001"
	RunURL  = "https://app.hex.tech/acme/app/" + Project + "/runs/" + Run
)
