package worktree

import (
	"bytes"
	"context"
	"errors"
	"hash/fnv"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gh-hex/gh-hex/core/leak"
)

// maxPointer bounds what git-lfs leaves in place of a file, in bytes.
const maxPointer = 1 << 10

// match is a token in a file or an object. in says where inside, such as in which member of an archive; it may be empty.
type match struct {
	leak.Match
	in string
}

// found is what was seen in a file, or in what git stores of one.
type found struct {
	matches  []match
	unopened uint64 // stands for something compressed in it that was not looked into; 0 for nothing
	missing  string // the object that git-lfs does not keep here
}

// count adds what was not looked into. What stands in several places is the same.
func (f found) count(unopened map[uint64]bool, missing map[string]bool) {
	if f.unopened != 0 {
		unopened[f.unopened] = true
	}
	if f.missing != "" {
		missing[f.missing] = true
	}
}

// fingerprint tells compressed files from others by their start.
func fingerprint(start []byte) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(start)
	return h.Sum64()
}

// contents looks into what git stores of a file: as it is, in what git-lfs keeps for a pointer, and in an archive. The zero
// value follows no pointer and opens no archive.
type contents struct {
	ctx      context.Context
	scanner  leak.Scanner
	archives *archives
	store    *folder // the common directory of git, where git-lfs keeps its objects
	head     []byte
}

func (c *contents) close() {
	if c.store != nil {
		c.store.close()
	}
}

// look reads size bytes of r, or less when it ends before, and follows them when they are a pointer.
func (c *contents) look(r io.Reader, size int64) (found, error) {
	f, p, err := c.scan(r, size)
	if p == (pointer{}) || err != nil {
		return f, err
	}
	kept, err := c.follow(p)
	kept.matches = append(f.matches, kept.matches...)
	return kept, err
}

// scan is look without following a pointer, which it returns; the zero one when there is none.
func (c *contents) scan(r io.Reader, size int64) (found, pointer, error) {
	if c.head == nil {
		c.head = make([]byte, 128<<10)
	}
	n, err := io.ReadFull(r, c.head[:min(size, int64(len(c.head)))])
	head := c.head[:n]
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // it became shorter meanwhile
		size = int64(n)
	case err != nil:
		return found{matches: outside(leak.Find(head))}, pointer{}, err
	}
	if isArchive(head) && size <= maxArchive && c.archives != nil {
		f, err := c.archives.open(c, head, r, size)
		return f, pointer{}, err
	}
	var f found
	if isCompressed(head) {
		f.unopened = fingerprint(head)
	}
	if size == int64(n) {
		f.matches = outside(leak.Find(head))
		return f, parsePointer(head), nil
	}
	matches, err := c.scanner.Scan(io.MultiReader(bytes.NewReader(head), io.LimitReader(r, size-int64(n))))
	f.matches = outside(matches)
	return f, pointer{}, err
}

// outside are matches in a file as it is.
func outside(matches []leak.Match) []match {
	var all []match
	for _, m := range matches {
		all = append(all, match{Match: m})
	}
	return all
}

// pointer is what git stores in place of a file that git-lfs keeps.
type pointer struct {
	id   string
	size int64
}

// parsePointer reads a pointer of git-lfs; the zero one when text is none.
func parsePointer(text []byte) pointer {
	if len(text) > maxPointer || !bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/spec/")) && !bytes.HasPrefix(text, []byte("version https://hawser.github.com/spec/")) {
		return pointer{}
	}
	var p pointer
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		switch key {
		case "oid":
			p.id, _ = strings.CutPrefix(value, "sha256:")
		case "size":
			p.size, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	if len(p.id) != 64 || !IsObjectID(p.id) || p.size <= 0 {
		return pointer{}
	}
	return p
}

// follow looks into the object that a pointer names. One that is not there, or another in its place, is missing.
func (c *contents) follow(p pointer) (found, error) {
	file := c.kept(p)
	if file == nil {
		return found{missing: p.id}, nil
	}
	defer file.Close()
	f, _, err := c.scan(interruptible{c.ctx, file}, p.size)
	for i := range f.matches {
		m := &f.matches[i]
		m.in = strings.TrimSuffix("what git-lfs keeps of it, "+m.in, ", ")
	}
	return f, err
}

// kept opens the object that a pointer names; nil when it is not there.
func (c *contents) kept(p pointer) *os.File {
	if c.store == nil {
		return nil
	}
	info, base, err := c.store.find("lfs/objects/" + p.id[:2] + "/" + p.id[2:4] + "/" + p.id)
	if err != nil || info == nil || !info.Mode().IsRegular() || info.Size() != p.size {
		return nil
	}
	file, err := c.store.open(base)
	if err != nil {
		return nil
	}
	return file
}

// deeper keeps of the matches in a file as it is those that were not found inside again.
func deeper(raw, inside []match) []match {
	return append(slices.DeleteFunc(raw, func(m match) bool {
		return slices.ContainsFunc(inside, func(other match) bool { return other.Masked == m.Masked })
	}), inside...)
}
