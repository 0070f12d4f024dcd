package auth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/inspect"
	"github.com/gh-hex/gh-hex/extension/places"
	"github.com/gh-hex/gh-hex/extension/stored"
)

// writeRecords writes down beside the secrets what may be known of the token. That it could not is a note.
func (s *storing) writeRecords(ctx context.Context) {
	if s.variable == "" {
		return
	}
	records := places.Records{}
	for _, p := range s.places {
		if p.err == nil {
			records.Add(p.at, stored.NewEntry(s.token, s.owner, s.host, p.at.Owner, p.set), p.sharing)
		}
	}
	written := map[*places.PlaceRecord]bool{}
	for _, p := range s.places {
		at := p.at
		at.App = github.Actions
		r := records[at]
		if r == nil {
			continue
		}
		if !written[r] {
			written[r] = true
			if err := places.WriteRecord(ctx, s.client, at, s.secret, r); err != nil {
				s.Say("%s", places.NoRecord(s.secret, err))
			}
		}
		was, replaced := r.Before.For(string(p.at.App), p.before.UpdatedAt)
		p.same = was != nil && !replaced && was.Fingerprint != "" && was.Fingerprint == r.Entries[string(p.at.App)].Fingerprint
	}
}

// otherRecords are the places whose secret is, by its record, one of another kind or for another host.
func (s *storing) otherRecords(ctx context.Context) []string {
	var others []string
	for _, p := range s.places {
		if p.err != nil || p.before.Name == "" || s.variable == "" {
			continue
		}
		at := p.at
		at.App = github.Actions
		variable, err := s.client.Variable(ctx, at, stored.RecordName(s.secret))
		record, _ := stored.ParseRecord(variable.Value)
		e, replaced := record.For(string(p.at.App), p.before.UpdatedAt)
		if err != nil || e == nil || replaced || e.Host == s.host && (e.Kind == s.owner.Kind || e.Kind == core.KindUnknown) {
			continue
		}
		others = append(others, fmt.Sprintf("the %s token for %s in the %s secret %s of %s", e.Kind, e.Host.Name(), p.at, s.secret, s.describe(p)))
	}
	return others
}

// settleOtherKind asks before a token takes the place of one of another kind, or of another host.
func (s *storing) settleOtherKind(ctx context.Context) error {
	if !s.CanAsk() || s.dryRun {
		return nil
	}
	others := s.otherRecords(ctx)
	if len(others) == 0 {
		return nil
	}
	yes, err := s.Confirm(fmt.Sprintf("Replace %s with this %s token for %s?", strings.Join(others, ", "), s.owner.Kind, s.host.Name()), false)
	if err != nil || !yes {
		return errors.Join(console.ErrCancelled, err)
	}
	return nil
}

// proof is the command that has Hex asked about what was stored, where the workflow that does is there; empty elsewhere.
func (s *storing) proof(ctx context.Context) string {
	if s.org != "" || !slices.ContainsFunc(s.places, func(p *place) bool { return p.at.App == github.Actions }) {
		return ""
	}
	for _, n := range s.workflows(ctx).HexSecrets() {
		for _, at := range n.Places {
			if strings.EqualFold(n.Name, s.secret) && at.File == stored.Path {
				return inspect.ProveStored + s.repoFlag()
			}
		}
	}
	return ""
}

// replaces tells whether a secret took the place of another token, as far as that is known: the same one must not be
// revoked.
func (s *storing) replaces() bool {
	return slices.ContainsFunc(s.places, func(p *place) bool { return p.before.Name != "" && !p.same })
}
