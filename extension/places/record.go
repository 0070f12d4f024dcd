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

// Records is what is to be written down beside secrets that were set: one for each place, with an entry for each app.
type Records map[github.Place]*PlaceRecord

// PlaceRecord is the record of one place, whatever the app.
type PlaceRecord struct {
	Entries stored.Record
	Sharing github.Sharing // who sees an organization's: whoever sees the secret
	Before  stored.Record  // what stood there when it was written
}

// Add notes a secret that was set.
func (r Records) Add(at github.Place, e stored.Entry, sharing github.Sharing) {
	app := at.App
	at.App = github.Actions // whose variable holds it, whatever the app
	if r[at] == nil {
		r[at] = &PlaceRecord{Entries: stored.Record{}, Sharing: sharing}
	}
	r[at].Entries[string(app)] = e
}

// foreignRecordError means that the variable holds something that is no record.
type foreignRecordError struct{ name, place string }

func (e *foreignRecordError) Error() string {
	return fmt.Sprintf("the variable %s of %s was not written by gh hex, and was left alone", e.name, e.place)
}

// WriteRecord writes a record into its variable. What stands there of other apps stays.
func WriteRecord(ctx context.Context, client *github.Client, at github.Place, secret string, r *PlaceRecord) error {
	before, err := client.Variable(ctx, at, stored.RecordName(secret))
	if err != nil && !errors.Is(err, github.ErrNotFound) {
		return github.ForWrite(err)
	}
	return ReplaceRecord(ctx, client, at, secret, before, r)
}

// ReplaceRecord is WriteRecord for a variable that was read before; the zero value is for none.
func ReplaceRecord(ctx context.Context, client *github.Client, at github.Place, secret string, before github.Entry, r *PlaceRecord) error {
	name, exists := stored.RecordName(secret), before.Name != ""
	record, ours := stored.ParseRecord(before.Value)
	if exists && !ours {
		return &foreignRecordError{name, at.Target()}
	}
	if record == nil {
		record = stored.Record{}
	}
	r.Before = maps.Clone(record)
	maps.Copy(record, r.Entries)
	return client.SetVariable(ctx, at, name, record.Text(), exists, r.Sharing)
}

// NoRecord says that a record was not written, and what that costs.
func NoRecord(secret string, err error) string {
	return fmt.Sprintf("Note: gh hex verify will not know when this token expires: %s was not written (%v)", stored.RecordName(secret), err)
}

// Remember reads what was written down beside the secrets. What cannot be read is as if it were not there.
func (s *Search) Remember(ctx context.Context, found []*Place) {
	var wg sync.WaitGroup
	read := map[github.Place]map[string]func() stored.Record{}
	for _, p := range found {
		if p.Err != nil || p.Entry.Name == "" {
			continue
		}
		at, name := p.At, stored.RecordName(p.Entry.Name)
		at.App = github.Actions
		if read[at] == nil {
			read[at] = map[string]func() stored.Record{}
		}
		if read[at][name] == nil {
			read[at][name] = sync.OnceValue(func() stored.Record {
				variable, _ := s.Client.Variable(ctx, at, name)
				record, _ := stored.ParseRecord(variable.Value)
				return record
			})
		}
		read := read[at][name]
		wg.Go(func() { p.Record, p.Replaced = read().For(string(p.At.App), p.Entry.UpdatedAt) })
	}
	wg.Wait()
}
