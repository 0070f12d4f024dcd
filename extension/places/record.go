package places

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/stored"
)

// Records is what is to be written down beside secrets that were set: a record a level, with an entry an app.
type Records map[github.Store]*LevelRecord

// LevelRecord is the record of one level.
type LevelRecord struct {
	Entries stored.Record
	Sharing github.Sharing // who sees an organization's: whoever sees the secret
}

// Add notes a secret that was set.
func (r Records) Add(s github.Store, e stored.Entry, sharing github.Sharing) {
	app := s.App
	s.App = github.Actions // whose variable holds it, whatever the app
	if r[s] == nil {
		r[s] = &LevelRecord{Entries: stored.Record{}, Sharing: sharing}
	}
	r[s].Entries[string(app)] = e
}

// foreignRecordError means that the variable holds something that is no record.
type foreignRecordError struct{ name, place string }

func (e *foreignRecordError) Error() string {
	return fmt.Sprintf("the variable %s of %s is not ours, and was left alone", e.name, e.place)
}

// WriteRecord writes a record into its variable. What stands there of other apps stays.
func WriteRecord(ctx context.Context, client *github.Client, s github.Store, secret string, r *LevelRecord) error {
	name := stored.RecordName(secret)
	before, err := client.Variable(ctx, s, name)
	missing := errors.Is(err, github.ErrNotFound)
	if err != nil && !missing {
		return github.ForWrite(err)
	}
	record, ours := stored.ParseRecord(before.Value)
	if !missing && !ours {
		return &foreignRecordError{name, s.Target()}
	}
	if record == nil {
		record = stored.Record{}
	}
	maps.Copy(record, r.Entries)
	return client.SetVariable(ctx, s, name, record.Text(), !missing, r.Sharing)
}

// NoRecord says that a record was not written, and what that costs.
func NoRecord(secret string, err error) string {
	return fmt.Sprintf("Note: gh hex verify will not know when this token expires: %s was not written (%v)", stored.RecordName(secret), err)
}

// Remember reads what was written down beside the secrets. What cannot be read is as if it were not there.
func (s *Search) Remember(ctx context.Context, found []*Place) {
	var wg sync.WaitGroup
	levels := map[github.Store]map[string]func() stored.Record{}
	for _, p := range found {
		if p.Err != nil || p.Entry.Name == "" {
			continue
		}
		level, name := p.Store, stored.RecordName(p.Entry.Name)
		level.App = github.Actions
		if levels[level] == nil {
			levels[level] = map[string]func() stored.Record{}
		}
		if levels[level][name] == nil {
			levels[level][name] = sync.OnceValue(func() stored.Record {
				variable, _ := s.Client.Variable(ctx, level, name)
				record, _ := stored.ParseRecord(variable.Value)
				return record
			})
		}
		read := levels[level][name]
		wg.Go(func() { p.Record, p.Replaced = read().For(string(p.Store.App), p.Entry.UpdatedAt) })
	}
	wg.Wait()
}
