package stored

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/gh-hex/gh-hex/core"
)

const (
	// recordSuffix makes the name of the variable out of the secret's.
	recordSuffix = "_INFO"
	// maxRecord bounds a record that is looked at, in bytes: one with all four apps takes less than a quarter.
	maxRecord = 4 << 10
	// drift is how far two times of GitHub for one write may be apart.
	drift = time.Minute
	// fingerprintDigits is how much of the digest is kept: enough to compare, and no more than that.
	fingerprintDigits = 16
	never             = "never"
)

// RecordName is the variable that holds the record of a secret.
func RecordName(secret string) string { return strings.ToUpper(secret) + recordSuffix }

// Record is what was written down beside a secret when it was set, by app: nothing of it leads to the token, and all of it
// may be read and written by others. It is a hint, never a proof.
type Record map[string]Entry

// Entry is what was known of a token.
type Entry struct {
	Kind         core.Kind
	Host         core.Host
	ExpiresAt    time.Time // zero when Hex did not tell, and when it never expires
	NeverExpires bool
	Set          time.Time // by GitHub's clock
	Fingerprint  string    // empty for a token of no known shape
}

// Fingerprint tells two tokens apart for those who hold them: 384 random bits cannot be found by trying. One of no known
// shape could be guessable, and gets none.
func Fingerprint(t core.Token, host core.Host, owner string) string {
	if !t.KnownShape() || host.IsZero() || owner == "" {
		return ""
	}
	mac := hmac.New(sha256.New, []byte(t.Reveal()))
	mac.Write([]byte(host.String() + "/" + strings.ToLower(owner)))
	return hex.EncodeToString(mac.Sum(nil))[:fingerprintDigits]
}

// NewEntry describes a token that was set just now. owner is the account on GitHub that the secret is stored for.
func NewEntry(t core.Token, is core.Identity, host core.Host, owner string, set time.Time) Entry {
	e := Entry{Kind: is.Kind, Host: host, NeverExpires: is.NeverExpires, Set: set.UTC().Truncate(time.Second), Fingerprint: Fingerprint(t, host, owner)}
	if is.HasExpiry {
		e.ExpiresAt = is.ExpiresAt.UTC().Truncate(time.Second)
	}
	if e.Kind == "" {
		e.Kind = t.Kind()
	}
	return e
}

// written is an entry as it stands in the variable.
type written struct {
	Kind    string    `json:"kind"`
	Host    string    `json:"host"`
	Expires string    `json:"expires,omitempty"` // a time, or never
	Set     time.Time `json:"set"`
	Token   string    `json:"token,omitempty"` // the fingerprint
}

// Text is the record as the value of a variable.
func (r Record) Text() string {
	out := map[string]written{}
	for app, e := range r {
		w := written{Kind: string(e.Kind), Host: e.Host.String(), Set: e.Set, Token: e.Fingerprint}
		switch {
		case e.NeverExpires:
			w.Expires = never
		case !e.ExpiresAt.IsZero():
			w.Expires = e.ExpiresAt.Format(time.RFC3339)
		}
		out[app] = w
	}
	raw, _ := json.Marshal(out) // texts and times always can be encoded
	return string(raw)
}

var fingerprintForm = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9a-f]{16}$`) })

// ParseRecord reads what stands in the variable. ours is false for everything that is not a whole record: it is then as if
// there were none, and nobody's to be replaced.
func ParseRecord(text string) (r Record, ours bool) {
	var in map[string]written
	if len(text) > maxRecord || !strings.HasPrefix(strings.TrimSpace(text), "{") || core.DecodeJSON([]byte(text), &in) != nil || len(in) == 0 {
		return nil, false
	}
	r = Record{}
	for app, w := range in {
		e, whole := w.entry()
		if !whole || !isApp(app) {
			return nil, false
		}
		r[app] = e
	}
	return r, true
}

func isApp(name string) bool {
	return name == "actions" || name == "dependabot" || name == "codespaces" || name == "agents"
}

func (w written) entry() (e Entry, whole bool) {
	host, err := core.ParseHost(w.Host)
	e = Entry{Kind: core.Kind(w.Kind), Host: host, Set: w.Set, Fingerprint: w.Token, NeverExpires: w.Expires == never}
	if w.Expires != "" && !e.NeverExpires {
		at, wrong := time.Parse(time.RFC3339, w.Expires)
		if wrong != nil || at.IsZero() {
			return Entry{}, false
		}
		e.ExpiresAt = at.UTC()
	}
	known := e.Kind == core.KindPersonal || e.Kind == core.KindWorkspace || e.Kind == core.KindUnknown
	return e, err == nil && known && !w.Set.IsZero() && (w.Token == "" || fingerprintForm().MatchString(w.Token))
}

// For is the entry of an app, if it can be about the secret that GitHub says was set last at updated. replaced tells that
// somebody set it since, so that what the entry says counts no more.
func (r Record) For(app string, updated time.Time) (e *Entry, replaced bool) {
	found, there := r[app]
	if !there || updated.IsZero() || found.Set.After(updated.Add(drift)) {
		return nil, false
	}
	return &found, updated.After(found.Set.Add(drift))
}

// Expiry is the entry's expiry in words: "expires on 2027-02-01", "never expires"; empty when it is not known.
func (e Entry) Expiry(now time.Time) string {
	switch {
	case e.NeverExpires:
		return "never expires"
	case e.ExpiresAt.IsZero():
		return ""
	case e.ExpiresAt.After(now):
		return "expires on " + e.ExpiresAt.Format(time.DateOnly)
	}
	return "expired on " + e.ExpiresAt.Format(time.DateOnly)
}

// soon is how long before a token expires there is a warning.
const soon = 14 * 24 * time.Hour

// soon tells whether the token expires within 14 days, or has expired.
func (e Entry) soon(now time.Time) bool {
	return !e.ExpiresAt.IsZero() && e.ExpiresAt.Sub(now) <= soon
}
