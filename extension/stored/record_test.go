package stored

import (
	"strings"
	"testing"
	"time"

	"github.com/gh-hex/gh-hex/core"
)

func token(t *testing.T, text string) core.Token {
	t.Helper()
	parsed, err := core.ParseToken(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func host(t *testing.T, text string) core.Host {
	t.Helper()
	parsed, err := core.ParseHost(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func digits(c string) string { return strings.Repeat(c, 96) }

// TestFingerprint holds the form that is documented, computed once with another program.
func TestFingerprint(t *testing.T) {
	workspace, eu := token(t, "hxtw_"+digits("0")), host(t, "https://eu.hex.tech")
	const want = "0281a49c2f116689"
	if got := Fingerprint(workspace, eu, "Octo"); got != want {
		t.Errorf("%s instead of %s", got, want)
	}
	for name, other := range map[string]string{
		"another token": Fingerprint(token(t, "hxtw_"+digits("1")), eu, "octo"),
		"another kind":  Fingerprint(token(t, "hxtp_"+digits("0")), eu, "octo"),
		"another host":  Fingerprint(workspace, core.DefaultHost(), "octo"),
		"another owner": Fingerprint(workspace, eu, "octo2"),
	} {
		if other == want || len(other) != 16 {
			t.Errorf("%s: %s", name, other)
		}
	}
	for name, none := range map[string]string{
		"a token of no known shape": Fingerprint(token(t, digits("0")), eu, "octo"),
		"a cut token":               Fingerprint(token(t, "hxtw_"+digits("0")[1:]), eu, "octo"),
		"no host":                   Fingerprint(workspace, core.Host{}, "octo"),
		"no owner":                  Fingerprint(workspace, eu, ""),
		"no token":                  Fingerprint(core.Token{}, eu, "octo"),
	} {
		if none != "" {
			t.Errorf("%s: %s", name, none)
		}
	}
}

func TestRecordComesBack(t *testing.T) {
	secret := "hxtw_" + digits("ab")[:96]
	set := time.Date(2026, 11, 30, 12, 0, 0, 987, time.FixedZone("", 3600))
	expires := time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)
	r := Record{
		"actions":    NewEntry(token(t, secret), core.Identity{Kind: core.KindWorkspace, HasExpiry: true, ExpiresAt: expires}, host(t, "eu.hex.tech"), "octo", set),
		"dependabot": NewEntry(token(t, secret), core.Identity{Kind: core.KindPersonal, Email: "ada@example.com", NeverExpires: true}, core.DefaultHost(), "octo", set),
		"agents":     NewEntry(token(t, digits("a")), core.Identity{}, core.DefaultHost(), "octo", set),
	}
	text := r.Text()
	for _, never := range []string{secret, secret[len(secret)-4:], "hxtw_", "ada@", "octo"} {
		if strings.Contains(text, never) {
			t.Errorf("the record holds %q: %s", never, text)
		}
	}
	back, ours := ParseRecord(text)
	if !ours || back.Text() != text || !back["actions"].ExpiresAt.Equal(expires) || !back["dependabot"].NeverExpires || back["agents"].Fingerprint != "" {
		t.Errorf("%s\ncame back as %s, ours: %t", text, back.Text(), ours)
	}
	if len(text)*4 > 3*maxRecord {
		t.Errorf("%d bytes come near the limit of %d", len(text), maxRecord)
	}
}

func TestRecordOfOthers(t *testing.T) {
	good := `{"actions":{"kind":"workspace","host":"https://app.hex.tech","set":"2026-11-30T12:00:00Z","token":"0123456789abcdef"}}`
	if _, ours := ParseRecord(good); !ours {
		t.Fatal("the good record is not taken")
	}
	hostile := map[string]string{
		"nothing": "", "text": "ask Ada", "a number": "7", "a list": "[" + good + "]", "null": "null", "no app": "{}", "cut": good[:60],
		"huge": strings.Replace(good, "workspace", strings.Repeat("workspace", 1000), 1), "long but empty": good + strings.Repeat(" ", maxRecord),
		"deep": strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500), "another text behind": good + good,
	}
	for name, change := range map[string][2]string{
		"another app":              {"actions", "payroll"},
		"an app of no name":        {`"actions"`, `""`},
		"another kind":             {"workspace", "admin\u202e"},
		"no host":                  {"https://app.hex.tech", ""},
		"a host with a password":   {"https://app.hex.tech", "https://a:b@app.hex.tech"},
		"no time":                  {`,"set":"2026-11-30T12:00:00Z"`, ""},
		"a time that is none":      {"2026-11-30T12:00:00Z", "yesterday"},
		"the year zero":            {"2026-11-30T12:00:00Z", "0001-01-01T00:00:00Z"},
		"a fingerprint of letters": {"0123456789abcdef", "0123456789ABCDEF"},
		"a long fingerprint":       {"0123456789abcdef", digits("a")},
		"an expiry that is none":   {`,"set"`, `,"expires":"soon\u001b[31m","set"`},
		"an object for a text":     {`"workspace"`, `{"a":1}`},
	} {
		if !strings.Contains(good, change[0]) {
			t.Fatalf("%s: the record holds no %q", name, change[0])
		}
		hostile[name] = strings.Replace(good, change[0], change[1], 1)
	}
	for name, text := range hostile {
		if r, ours := ParseRecord(text); ours || len(r) > 0 {
			t.Errorf("%s: taken for ours: %.80s", name, text)
		}
	}
}

func TestRecordOfThisSecret(t *testing.T) {
	set := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	r := Record{"actions": {Set: set, ExpiresAt: set.Add(time.Hour)}}
	for _, test := range []struct {
		app             string
		updated         time.Time
		there, replaced bool
	}{
		{"actions", set, true, false},
		{"actions", set.Add(time.Minute), true, false},
		{"actions", set.Add(-time.Minute), true, false},
		{"actions", set.Add(time.Minute + time.Second), true, true},
		{"actions", set.Add(-time.Minute - time.Second), false, false}, // it speaks of a time to come
		{"actions", time.Time{}, false, false},
		{"dependabot", set, false, false},
	} {
		e, replaced := r.For(test.app, test.updated)
		if (e != nil) != test.there || replaced != test.replaced {
			t.Errorf("%s %s: there %t, replaced %t", test.app, test.updated, e != nil, replaced)
		}
	}
	if e, _ := Record(nil).For("actions", set); e != nil {
		t.Error("no record says something")
	}
}

func FuzzParseRecord(f *testing.F) {
	f.Add(`{"actions":{"kind":"workspace","host":"https://app.hex.tech","expires":"never","set":"2026-11-30T12:00:00Z","token":"0123456789abcdef"}}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, ours := ParseRecord(text)
		if !ours {
			return
		}
		again, same := ParseRecord(r.Text())
		if !same || again.Text() != r.Text() {
			t.Errorf("%q comes back as %q", r.Text(), again.Text())
		}
		for _, e := range r {
			if said := e.Expiry(time.Now()); core.Printable(said) != said {
				t.Errorf("%q is shown", said)
			}
		}
	})
}
