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

func (k *kept[T]) ask(question func() (T, error)) (T, error) {
	if k == nil {
		return question()
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.known {
		return k.answer, nil
	}
	answer, err := question()
	if err == nil {
		k.known, k.answer = true, answer
	}
	return answer, err
}

// setting is one of git's configuration, as it stands there.
type setting struct {
	scope string // such as "local"; "command" for ours
	key   string // its section and variable in lower case
	value string
}

// settings are those that anything is asked about here, in the order in which git reads them.
func (t *Tree) settings(ctx context.Context) ([]setting, error) {
	return t.settingsKept.ask(func() ([]setting, error) {
		return t.readSettings(ctx, `^(core\.hookspath|filter\..*\.(clean|process)|remote\..*\.(url|pushurl|gh-resolved)|url\..*\.(push)?insteadof|credential\.(.*\.)?helper)$`)
	})
}

func (t *Tree) readSettings(ctx context.Context, pattern string, flags ...string) ([]setting, error) {
	args := append([]string{"config", "-z", "--show-scope"}, flags...)
	out, err := t.git.run(ctx, t.root, nil, append(args, "--get-regexp", pattern)...)
	var all []setting
	for record := range slices.Chunk(fields(out), 2) {
		if len(record) == 2 {
			key, value, _ := strings.Cut(record[1], "\n")
			all = append(all, setting{record[0], key, value})
		}
	}
	return all, failure(err)
}

// in is the name of the subsection when the setting is one of these variables of a section, such as "origin" of "remote".
func (s setting) in(section string, variables ...string) (name string, ok bool) {
	rest, ok := strings.CutPrefix(s.key, section+".")
	end := strings.LastIndexByte(rest, '.')
	if !ok || end < 0 || !slices.Contains(variables, rest[end+1:]) {
		return "", false
	}
	return rest[:end], true
}
