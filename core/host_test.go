package core

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestParseHost(t *testing.T) {
	for _, test := range []struct {
		raw, want     string
		hex, loopback bool
	}{
		{"eu.hex.tech", "https://eu.hex.tech", true, false},
		{" EU.hex.tech. \n", "https://eu.hex.tech", true, false},
		{"https://eu.hex.tech/", "https://eu.hex.tech", true, false},
		{"https://eu.hex.tech/my-workspace/home?x=1#y", "https://eu.hex.tech", true, false},
		{"eu.hex.tech/api/v1", "https://eu.hex.tech", true, false},
		{"https://eu.hex.tech:443/api/v1", "https://eu.hex.tech", true, false},
		{"HTTPS://app.hex.tech", "https://app.hex.tech", true, false},
		{"'https://acme.hex.tech'", "https://acme.hex.tech", true, false},
		{"https://eu.hex.tech:8443", "https://eu.hex.tech:8443", false, false},
		{"https://hex.example.com", "https://hex.example.com", false, false},
		{"https://eu.hex.tech.example.com", "https://eu.hex.tech.example.com", false, false},
		{"https://evilhex.tech", "https://evilhex.tech", false, false},
		{"http://localhost:8080/x", "http://localhost:8080", false, true},
		{"http://127.0.0.1:80", "http://127.0.0.1", false, true},
		{"http://[::1]:99", "http://[::1]:99", false, true},
		{"https://localhost", "https://localhost", false, true},
		{"localhost:8080/x", "https://localhost:8080", false, true},
		{"app.hex.tech:443", "https://app.hex.tech", true, false},
		{"eu.hex.tech/x?next=https:/y", "https://eu.hex.tech", true, false},
		{"hex:8443", "https://hex:8443", false, false},
		{"https://hex", "https://hex", false, false},
		{"https://10.0.0.7:8443", "https://10.0.0.7:8443", false, false},
		{"https://h2.0x.example", "https://h2.0x.example", false, false},
	} {
		host, err := ParseHost(test.raw)
		if err != nil || host.String() != test.want || host.IsHex() != test.hex || host.IsLoopback() != test.loopback {
			t.Errorf("ParseHost(%q) = %s, %v; of Hex: %t, loopback: %t", test.raw, host, err, host.IsHex(), host.IsLoopback())
		}
	}
}

func TestParseHostRefuses(t *testing.T) {
	for _, test := range []struct{ raw, want string }{
		{"", "empty"}, {"  ", "empty"}, {"https://", "not a host name"}, {"https:///x", "not a host name"},
		{"http://eu.hex.tech", "only sent over https"}, {"http://localhost.example.com", "https"},
		{"http://127.0.0.1.example.com", "https"}, {"ftp://eu.hex.tech", "https"}, {"file:///etc/passwd", "not a host name"},
		{"https://user@eu.hex.tech", "user name"}, {"https://eu.hex.tech@evil.example", "user name"}, {"https://eu.hex.tech:pw@evil.example", "user name"},
		{"https://eu.hex.tech\\@evil.example", "characters"}, {"https://eu.hex.tech\n.evil", "characters"}, {"https://eü.hex.tech", "characters"},
		{"https://xn--e-xfa.hex.tech", "not a host name"}, {"https://eu_x.hex.tech", "not a host name"}, {"https://-eu.hex.tech", "not a host name"},
		{"https://eu..hex.tech", "not a host name"}, {"https://eu.hex.tech:0", "port"}, {"https://eu.hex.tech:70000", "port"},
		{"https://[fe80::1%25eth0]", "not a host name"}, {"https://%65u.hex.tech%2f", "not a"},
		{"https:/app.hex.tech", "two slashes"}, {"HTTPS:/app.hex.tech/x", "two slashes"}, {"https:app.hex.tech", "two slashes"}, {"http:/localhost", "two slashes"},
		{"https:443/app.hex.tech", "two slashes"}, {"https:", "two slashes"}, {"ftp:/app.hex.tech", "two slashes"}, {"hex:pw", "two slashes"},
		{"https:///app.hex.tech", "not a host name"}, {"https:/app.hex.tech/?next=https://eu.hex.tech", "not a host name"}, {"//app.hex.tech", "not a host name"},
		{"/app.hex.tech", "not a host name"}, {"://app.hex.tech", "not a URL"}, {"https://https:/app.hex.tech", "not a host name"}, {"https://http//app.hex.tech", "not a host name"},
		{"https://https://app.hex.tech", "not a host name"}, {"https:\\\\app.hex.tech", "characters"}, {"ada:pw@app.hex.tech", "user name"}, {"https://@app.hex.tech", "user name"},
		{"https://app.hex.tech:", "port"}, {"app.hex.tech:/x", "port"}, {"https://app.hex.tech:+443", "not a URL"}, {"https://app.hex.tech:443:443", "not a"},
		{"app.hex.tech:https", "not a URL"}, {"https://app.hex.tech..", "not a host name"}, {"https://.", "not a host name"}, {"https://127.1", "not a host name"},
		{"https://2130706433", "not a host name"}, {"https://0x7f000001", "not a host name"}, {"https://app%2ehex.tech", "not a"}, {"https://?app.hex.tech", "not a host name"},
		{"https://#@app.hex.tech", "not a host name"}, {"https://app.hex.tech,evil.example", "not a host name"}, {"javascript:alert(1)", "two slashes"}, {"mailto:a@b.c", "user name"},
		{"hex.tech", "app.hex.tech"}, {"https://www.hex.tech/", "app.hex.tech"}, {"https://learn.hex.tech/docs", "app.hex.tech"},
		{"static.hex.site", "app.hex.tech"}, {"hex.pm", "Elixir"}, {sample("hxtp_", "a"), "not a host name"},
	} {
		host, err := ParseHost(test.raw)
		if err == nil || !host.IsZero() || !strings.Contains(err.Error(), test.want) {
			t.Errorf("ParseHost(%q) = %s, %v; want %q", test.raw, host, err, test.want)
			continue
		}
		if strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "hxtp_") {
			t.Errorf("the error repeats what may be secret: %v", err)
		}
	}
}

func TestHostMarshalsAsOrigin(t *testing.T) {
	b, err := json.Marshal(struct{ Host Host }{DefaultHost()})
	if err != nil || string(b) != `{"Host":"https://app.hex.tech"}` {
		t.Errorf("%s, %v", b, err)
	}
	if DefaultHost().Name() != "app.hex.tech" || !DefaultHost().IsHex() || (Host{}).IsHex() || (Host{}).IsLoopback() {
		t.Error("the default host is not told from none")
	}
}

func FuzzParseHost(f *testing.F) {
	for _, seed := range []string{"eu.hex.tech", "https://a@b", "http://[::1]:1", "https://eu.hex.tech:443/x", "//x", "https://a\\b", "https://a%41.b", "1", "https://[::ffff:1.2.3.4]", "https:/a.b", "https:443/a", "a.b:"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		host, err := ParseHost(raw)
		if err != nil {
			return
		}
		origin := host.String()
		if !strings.HasPrefix(origin, "https://") && !(strings.HasPrefix(origin, "http://") && host.IsLoopback()) {
			t.Errorf("%q gives %q", raw, origin)
		}
		if strings.ContainsAny(origin[8:], "@\\?# \"") || strings.HasSuffix(origin, "/") {
			t.Errorf("%q gives %q", raw, origin)
		}
		if again, err := ParseHost(origin); err != nil || again != host {
			t.Errorf("%q gives %q, then %q, %v", raw, origin, again, err)
		}
	})
}
