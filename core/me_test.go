package core

import (
	"errors"
	"testing"
	"time"
)

func TestMe(t *testing.T) {
	at := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	ada := Identity{Kind: KindPersonal, UserID: "u", Name: "Ada Lovelace", Email: "ada@example.com", Role: "ADMIN", OrgID: "o"}
	odd := ada
	odd.OddExpiry = true
	with := func(i Identity, at time.Time, never bool) Identity {
		i.ExpiresAt, i.HasExpiry, i.NeverExpires = at, !at.IsZero(), never
		return i
	}
	personal := func(token string) string {
		return `{"id":"u","name":"Ada Lovelace","email":"ada@example.com","role":"ADMIN","org":{"id":"o"}` + token + `}`
	}
	for _, test := range []struct {
		body string
		want Identity
	}{
		{personal(``), ada},
		{personal(`,"token":null`), ada},
		{personal(`,"token":{}`), ada},
		{personal(`,"token":{"exp":null}`), with(ada, time.Time{}, true)},
		{personal(`,"token":{"exp":1801440000}`), with(ada, at, false)},
		{personal(`,"token":{"exp":1801440000.5}`), with(ada, at, false)},
		{personal(`,"token":{"exp":1801440000000}`), with(ada, at, false)},
		{personal(`,"token":{"exp":1.80144e12}`), with(ada, at, false)},
		{personal(`,"token":{"exp":"1801440000"}`), with(ada, at, false)},
		{personal(`,"token":{"exp":"2027-02-01T01:00:00+01:00"}`), with(ada, at, false)},
		{personal(`,"token":{"exp":"soon"}`), odd},
		{personal(`,"token":{"exp":1e300}`), odd},
		{personal(`,"token":{"exp":-5}`), odd},
		{personal(`,"token":{"exp":{}}`), odd},
		{`{"org":{"id":"o"},"token":{"exp":null}}`, Identity{Kind: KindWorkspace, OrgID: "o", NeverExpires: true}},
		{`{"id":"u","name":null,"email":"a\u001b[2Jb@example.com"}`, Identity{Kind: KindPersonal, UserID: "u", Email: "a[2Jb@example.com"}},
	} {
		c, _ := play(t, answer{status: 200, body: test.body})
		me, err := c.Me(t.Context())
		if err != nil || me != test.want {
			t.Errorf("%s:\n got %+v, %v\nwant %+v", test.body, me, err, test.want)
		}
	}
	for _, body := range []string{`{}`, `{"ok":true}`, `[]`, `{"id":5}`, `{"org":null}`} {
		c, _ := play(t, answer{status: 200, body: body})
		if me, err := c.Me(t.Context()); !errors.Is(err, ErrGarbled) {
			t.Errorf("%s is taken for %+v, %v", body, me, err)
		}
	}
}

func TestOwner(t *testing.T) {
	for want, i := range map[string]Identity{
		"Ada Lovelace <ada@example.com>": {Name: "Ada Lovelace", Email: "ada@example.com"},
		"ada@example.com":                {Email: "ada@example.com"},
		"Ada Lovelace":                   {Name: "Ada Lovelace"},
		"u":                              {UserID: "u"},
		"":                               {OrgID: "o"},
	} {
		if got := i.Owner(); got != want {
			t.Errorf("%+v: %q, want %q", i, got, want)
		}
	}
}
