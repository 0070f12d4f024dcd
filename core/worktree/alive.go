package worktree

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

const (
	// maxAsked bounds the tokens that the host is asked about.
	maxAsked = 20
	// askedAtOnce are asked about at the same time.
	askedAtOnce = 5
)

// remember keeps a token, and returns its fingerprint.
func (s *search) remember(t core.Token) string {
	fingerprint := t.Fingerprint()
	if s.options.Accepts != nil && fingerprint != "" {
		s.tokens[fingerprint] = t
	}
	return fingerprint
}

// ask asks the host about each token that was found, and adds to its findings what came of it. That one was accepted here
// counts for nothing while the host accepts it too.
func (s *search) ask(ctx context.Context) error {
	if s.options.Accepts == nil {
		return nil
	}
	fingerprints := s.toAsk()
	asked := fingerprints[:min(len(fingerprints), maxAsked)]
	said, err := s.askHost(ctx, asked)
	for _, fingerprint := range fingerprints[len(asked):] {
		said[fingerprint] = fmt.Sprintf("not asked about: at most %d tokens are", maxAsked)
	}
	for i := range s.findings {
		f := &s.findings[i]
		if token := s.tokens[f.Fingerprint]; said[f.Fingerprint] != "" {
			f.Message += "; " + said[f.Fingerprint]
		} else if !token.IsZero() {
			f.Message += "; not asked about: without hxtp_ or hxtw_ it may be another service's"
		}
	}
	return err
}

// askHost returns what is to be said of each token by what the host says of it.
func (s *search) askHost(ctx context.Context, asked []string) (said map[string]string, err error) {
	alive, errs := make([]bool, len(asked)), make([]error, len(asked))
	var wg sync.WaitGroup
	slots := make(chan struct{}, askedAtOnce)
	for i, fingerprint := range asked {
		wg.Go(func() {
			slots <- struct{}{}
			alive[i], errs[i] = s.options.Accepts(ctx, s.tokens[fingerprint])
			<-slots
		})
	}
	wg.Wait()
	_, host, _ := strings.Cut(s.options.Host, "://")
	said = map[string]string{}
	for i, fingerprint := range asked {
		switch {
		case errs[i] != nil:
			said[fingerprint] = "could not tell whether " + host + " still accepts it: " + errs[i].Error()
			errs[i] = errors.New("could not tell whether " + host + " still accepts a token: " + errs[i].Error())
		case alive[i]:
			said[fingerprint] = "still accepted: revoke it now"
			s.accepted.withdraw(fingerprint, host+" still accepts this token, so that it is not accepted here")
		default:
			said[fingerprint] = host + " does not accept it (revoked, or of another host)"
		}
	}
	return said, errors.Join(errs...)
}

// toAsk are the fingerprints of the tokens that are surely Hex's, each once, those of errors first and of what is accepted
// last.
func (s *search) toAsk() []string {
	sort.SliceStable(s.findings, func(i, j int) bool { return before(s.findings[i], s.findings[j]) })
	var ranks [3][]string
	for _, f := range s.findings {
		if s.tokens[f.Fingerprint].Kind() == core.KindUnknown {
			continue
		}
		rank := 1
		if _, accepted := s.accepted.of(f.Fingerprint); accepted {
			rank = 2
		} else if f.Severity == check.SeverityError {
			rank = 0
		}
		ranks[rank] = append(ranks[rank], f.Fingerprint)
	}
	var all []string
	for _, fingerprint := range slices.Concat(ranks[:]...) {
		if !slices.Contains(all, fingerprint) {
			all = append(all, fingerprint)
		}
	}
	return all
}
