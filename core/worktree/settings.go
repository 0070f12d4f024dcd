package worktree

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// Still is the same tree, for as long as nothing changes there: what several checks want to know of git is asked once. That
// of nil is nil.
func (t *Tree) Still() *Tree {
	if t == nil || t.settingsKept != nil {
		return t
	}
	still := *t
	still.settingsKept, still.listedKept = &kept[[]setting]{}, &kept[[]byte]{}
	return &still
}

// kept is an answer that stays true. Without a place to keep it in, each question is asked.
type kept[T any] struct {
	mu     sync.Mutex
	known  bool
	answer T
}

func (k *kept[T]) ask(question func() (T, error)) (answer T, err error) {
	if k == nil {
		return question()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known {
		return k.answer, nil
	}
	answer, err = question()
	k.answer, k.known = answer, err == nil
	return answer, err
}

// setting is one of git's configuration: section.name.variable, as it stands there. The section and the variable are in
// lower case; many have no name.
type setting struct {
	ours                    bool // it stands in no file
	section, name, variable string
	value                   string
}

// settings are those that anything is asked about here, in the order in which git reads them.
func (t *Tree) settings(ctx context.Context) ([]setting, error) {
	return t.settingsKept.ask(func() ([]setting, error) {
		return t.readSettings(ctx, `^(core\.hookspath|filter\..*\.(clean|process)|remote\..*\.(url|pushurl|gh-resolved)|url\..*\.(push)?insteadof|credential\.(.*\.)?helper)$`)
	})
}

// readSettings asks for origins, which git told long before it told scopes: all that is judged needs this.
func (t *Tree) readSettings(ctx context.Context, pattern string, flags ...string) ([]setting, error) {
	args := append([]string{"config", "-z", "--show-origin"}, flags...)
	out, err := t.git.run(ctx, t.root, nil, append(args, "--get-regexp", pattern)...)
	var all []setting
	for record := range slices.Chunk(fields(out), 2) {
		if len(record) < 2 {
			break
		}
		key, value, _ := strings.Cut(record[1], "\n")
		section, rest, _ := strings.Cut(key, ".")
		end := strings.LastIndexByte(rest, '.')
		all = append(all, setting{record[0] == "command line:", section, rest[:max(end, 0)], rest[end+1:], value})
	}
	return all, failure(err)
}
