package worktree

import (
	"archive/zip"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"hash/maphash"
	"io"
	"slices"
	"sync"

	"github.com/gh-hex/gh-hex/core/leak"
)

const (
	// maxArchive bounds a compressed file that is opened, in bytes.
	maxArchive = 16 << 20
	// maxUnpacked bounds what is read out of one, in bytes.
	maxUnpacked = 64 << 20
	// maxMembers bounds the files in one.
	maxMembers = 10_000
)

// archives opens zip and gzip files, one at a time whoever asks: each is held as a whole. What stands in the work tree, in
// the index and in a commit is opened once.
type archives struct {
	mu   sync.Mutex
	data []byte
	seed maphash.Seed
	seen map[uint64]found
}

// isArchive tells whether what a file starts with is what an archive does that can be opened.
func isArchive(head []byte) bool { return isZip(head) || isGzip(head) }

func isZip(head []byte) bool { return bytes.HasPrefix(head, []byte("PK\x03\x04")) }

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte("\x1f\x8b\x08")) }

// isCompressed tells whether a file is of a kind that hides texts, so that a search of it as it is says little. Most
// pictures do not: only one with compressed texts counts.
func isCompressed(head []byte) bool {
	if bytes.HasPrefix(head, []byte("\x89PNG")) {
		return bytes.Contains(head, []byte("zTXt")) || bytes.Contains(head, []byte("iTXt"))
	}
	return isArchive(head) || slices.ContainsFunc([]string{"BZh", "\xfd7zXZ\x00", "\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18", "7z\xbc\xaf\x27\x1c", "Rar!\x1a", "%PDF-", "PAR1"},
		func(magic string) bool { return bytes.HasPrefix(head, []byte(magic)) })
}

// open looks into an archive of size bytes that starts with head and goes on in r.
func (a *archives) open(c *contents, head []byte, r io.Reader, size int64) (found, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if int64(cap(a.data)) < size {
		a.data = make([]byte, size)
	}
	a.data = a.data[:size]
	n := copy(a.data, head)
	more, err := io.ReadFull(r, a.data[n:])
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return found{}, err
	}
	a.data = a.data[:n+more]
	if a.seen == nil {
		a.seed, a.seen = maphash.MakeSeed(), map[uint64]found{}
	}
	key := maphash.Bytes(a.seed, a.data)
	f, known := a.seen[key]
	if !known {
		f = a.search(c)
	}
	if err := context.Cause(c.ctx); err != nil {
		return found{}, err
	}
	a.seen[key] = f
	f.matches = slices.Clone(f.matches)
	return f, nil
}

// search looks into the archive at hand.
func (a *archives) search(c *contents) found {
	f := found{matches: outside(leak.Find(a.data))}
	u := unpacking{contents: c, left: maxUnpacked + 1}
	err := u.members(a.data)
	f.matches = deeper(f.matches, u.matches)
	if u.closed || err != nil {
		f.unopened = fingerprint(a.data)
	}
	if len(f.matches) > leak.MaxMatches {
		f.matches = f.matches[:leak.MaxMatches]
	}
	return f
}

// unpacking is one archive that is being opened.
type unpacking struct {
	*contents
	in   io.Reader // what is unpacked
	left int64     // bytes until there are too many

	matches []match
	closed  bool // something in it stayed closed
}

var errTooLarge = errors.New("too large when unpacked")

// Read passes on what is unpacked, as long as it may be.
func (u *unpacking) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	if u.left == 0 {
		return 0, errTooLarge
	}
	n, err := u.in.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	return n, err
}

// members looks into each file of an archive. The error says why not into all of it.
func (u *unpacking) members(data []byte) error {
	if isGzip(data) {
		in, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil {
			return err
		}
		return u.member("its unpacked text", in)
	}
	// Every entry of the directory starts like this, whatever the count in the file says.
	if bytes.Count(data, []byte("PK\x01\x02")) > maxMembers {
		return errTooLarge
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return err
	}
	var failed error
	for _, file := range z.File {
		in, err := file.Open()
		if err == nil {
			err = u.member(leak.Mask(file.Name), in)
			in.Close()
		}
		failed = errors.Join(failed, err)
		if u.left == 0 || u.ctx.Err() != nil || len(u.matches) >= leak.MaxMatches {
			break
		}
	}
	return failed
}

// member looks into what one file of an archive unpacks to. An archive in an archive stays closed.
func (u *unpacking) member(name string, in io.Reader) error {
	u.in = in
	buffered := bufio.NewReaderSize(u, 4<<10)
	head, _ := buffered.Peek(64)
	u.closed = u.closed || isCompressed(head)
	matches, err := u.scanner.Scan(buffered)
	for _, m := range matches {
		m.Line, m.Column = 0, 0
		u.matches = append(u.matches, match{m, name})
	}
	return err
}
