package worktree

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/core/leak"
)

const (
	// AcceptedFile is the list of findings that people decided to live with, a line each: a check, a fingerprint, a reason.
	// It accepts contents, not places, and a fingerprint can only be made by who has the content: nobody can accept
	// beforehand what somebody else will leak.
	AcceptedFile = ".gh-hex-accepted"
	// WantsReason stands in a line to paste for what its reader has to say; by itself it is none.
	WantsReason = "REASON"

	maxReason = 200 // characters that are shown of a reason
)

// acceptable are the checks that the list can be about. The others are about this machine, or are mended in a line.
func acceptable() []string { return []string{"token-leaked", "env-tracked"} }

// acceptance is a line of the list. What is wrong with it makes it one that accepts nothing.
type acceptance struct {
	line                       int
	check, fingerprint, reason string
	wrong                      string
	used                       bool
}

// accepted is the list as far as it is about one check.
type accepted struct {
	check   string
	mu      sync.Mutex
	entries []acceptance
	trouble error // it is there, and could not be read
}

// accepted reads the list in the work tree. What is wrong with it as a whole, or with a line of no known check, is said by
// the first of the checks.
func (t *Tree) accepted(id string) *accepted {
	a := &accepted{check: id}
	data, err := readWhole(t.root, AcceptedFile, maxEnvFile)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && id == acceptable()[0] {
		a.trouble = err
	}
	n := 0
	for line := range strings.Lines(string(data)) {
		n++
		e, some := parseAcceptance(line)
		if !some || e.check != id && (slices.Contains(acceptable(), e.check) || id != acceptable()[0]) {
			continue
		}
		e.line = n
		a.entries = append(a.entries, e)
	}
	return a
}

// parseAcceptance reads a line; false for one that is empty or a comment.
func parseAcceptance(line string) (acceptance, bool) {
	line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
	if line == "" || strings.HasPrefix(line, "#") {
		return acceptance{}, false
	}
	id, rest, _ := strings.Cut(strings.ReplaceAll(line, "\t", " "), " ")
	fingerprint, reason, _ := strings.Cut(strings.TrimSpace(rest), " ")
	e := acceptance{check: id, fingerprint: fingerprint, reason: leak.Mask(strings.TrimSpace(reason))}
	if runes := []rune(e.reason); len(runes) > maxReason {
		e.reason = string(runes[:maxReason]) + "…"
	}
	switch {
	case !slices.Contains(acceptable(), id):
		e.wrong = fmt.Sprintf("only findings of %s can be accepted here", strings.Join(acceptable(), " and "))
	case !isFingerprint(fingerprint):
		e.wrong = "the second word is not a fingerprint"
	case e.reason == "" || e.reason == WantsReason:
		e.wrong = "a reason is missing: nothing is accepted without one"
	}
	return e, true
}

func isFingerprint(s string) bool {
	return len(s) == 32 && strings.Trim(s, "0123456789abcdef") == ""
}

// of is the reason for which a fingerprint was accepted; false when it was not.
func (a *accepted) of(fingerprint string) (reason string, ok bool) {
	if a == nil || fingerprint == "" {
		return "", false
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.entries {
		if e := &a.entries[i]; e.wrong == "" && e.fingerprint == fingerprint {
			e.used = true
			return e.reason, true
		}
	}
	return "", false
}

// covers tells whether a match is accepted.
func (a *accepted) covers(m leak.Match) bool {
	_, ok := a.of(m.Token.Fingerprint())
	return ok
}

// rank puts what is accepted behind what is not.
func (a *accepted) rank(m leak.Match) int {
	if a.covers(m) {
		return 1
	}
	return 0
}

// withdraw makes the entries for a fingerprint worthless.
func (a *accepted) withdraw(fingerprint, why string) {
	for i := range a.entries {
		if e := &a.entries[i]; e.fingerprint == fingerprint {
			e.wrong = why
		}
	}
}

// open are the places with something that is not accepted.
func (a *accepted) open(places []location) []location {
	return slices.DeleteFunc(slices.Clone(places), func(p location) bool {
		return !slices.ContainsFunc(p.matches, func(m match) bool { return !a.covers(m.Match) })
	})
}

// apply makes notes of what is accepted, and counts it.
func (a *accepted) apply(findings []check.Finding) (n int) {
	for i, f := range findings {
		if reason, ok := a.of(f.Fingerprint); ok {
			findings[i] = f.Accept(reason)
			n++
		}
	}
	return n
}

// notes say what is wrong with the list. whole tells that everything was looked at that an entry could match.
func (a *accepted) notes(whole bool) []check.Finding {
	if a == nil {
		return nil
	}
	var notes []check.Finding
	if a.trouble != nil {
		notes = append(notes, check.Finding{File: AcceptedFile, Severity: check.SeverityNote, Message: "nothing is accepted: " + a.trouble.Error()})
	}
	for _, e := range a.entries {
		message := e.wrong
		if message == "" && whole && !e.used {
			message = "this entry no longer matches anything"
		}
		if message != "" {
			notes = append(notes, check.Finding{File: AcceptedFile, Line: e.line, Severity: check.SeverityNote, Message: message})
		}
	}
	return notes[:min(len(notes), maxFindings)]
}

// contentSum tells contents of .env files apart, however their lines end.
func contentSum(data []byte) string {
	sum := sha256.Sum256(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")))
	return hex.EncodeToString(sum[:16])
}

// contentFingerprint is that of one content, or of several together.
func contentFingerprint(sums ...string) string {
	sums = slices.Sorted(slices.Values(sums))
	if sums = slices.Compact(sums); len(sums) < 2 {
		return strings.Join(sums, "")
	}
	return contentSum([]byte(strings.Join(sums, "\n")))
}

func contentSums(contents [][]byte) []string {
	var sums []string
	for _, data := range contents {
		sums = append(sums, contentSum(data))
	}
	return sums
}
