package worktree

import (
	"bytes"
	"encoding/hex"
	"hash/maphash"
	"strings"
)

// links tells whether all that objects name was read as well, so that git need not walk the history a second time to say
// what is missing. Of an ID a sum is kept, which nobody can aim at: a history can have millions.
type links struct {
	seed    maphash.Seed
	objects map[uint64]bool // by that sum; false for what was named and not read
	unread  int             // how many of these there are
	unclear bool            // an object was too large to be looked into for names
}

func newLinks() *links {
	return &links{seed: maphash.MakeSeed(), objects: map[uint64]bool{}}
}

// whole tells that nothing is missing, for sure.
func (l *links) whole() bool { return l != nil && l.unread == 0 && !l.unclear }

func (l *links) name(id []byte) {
	sum := maphash.Bytes(l.seed, id)
	if _, known := l.objects[sum]; !known {
		l.objects[sum] = false
		l.unread++
	}
}

func (l *links) read(id []byte) {
	sum := maphash.Bytes(l.seed, id)
	if read, named := l.objects[sum]; named && !read {
		l.unread--
	}
	l.objects[sum] = true
}

// add takes in an object that was read, and what it names. rootless is a commit whose parents this clone lacks.
func (l *links) add(id, kind string, content []byte, rootless bool) {
	var own [32]byte
	size, err := hex.Decode(own[:], []byte(id)[:min(len(id), 2*len(own))])
	if err != nil {
		l.unclear = true
		return
	}
	l.read(own[:size])
	switch kind {
	case "tree":
		l.addEntries(content, size)
	case "commit": // what a tag names is read by git when it begins
		head, _, _ := bytes.Cut(content, []byte("\n\n"))
		for line := range bytes.Lines(head) {
			l.addField(strings.TrimSuffix(string(line), "\n"), rootless)
		}
	}
}

// addEntries reads a tree: "<mode> <name>", a NUL and the ID, size bytes long, for each entry. What has the mode of a
// commit is one of another repository.
func (l *links) addEntries(tree []byte, size int) {
	for len(tree) > 0 {
		end := bytes.IndexByte(tree, 0) + 1
		if end == 0 || len(tree) < end+size {
			l.unclear = true
			return
		}
		if !bytes.HasPrefix(tree, []byte("160000 ")) {
			l.name(tree[end : end+size])
		}
		tree = tree[end+size:]
	}
}

func (l *links) addField(line string, rootless bool) {
	name, id, _ := strings.Cut(line, " ")
	if name != "tree" && (name != "parent" || rootless) {
		return
	}
	if raw, err := hex.DecodeString(id); err == nil {
		l.name(raw)
	}
}
