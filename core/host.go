package core

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"unicode"
)

const (
	defaultOrigin = "https://app.hex.tech"
	hexDomain     = ".hex.tech"
)

// Host is the origin of a Hex installation, such as https://eu.hex.tech. Hosts compare with ==. The zero Host is none.
type Host struct{ origin string }

// DefaultHost is https://app.hex.tech, Hex's multi-tenant installation in the United States.
func DefaultHost() Host { return Host{origin: defaultOrigin} }

// ParseHost normalises a host name or any URL on it to its origin: eu.hex.tech, https://eu.hex.tech/my-workspace/home
// and https://eu.hex.tech/api/v1 are the same host. Only https is accepted, http for loopback alone. Errors never
// repeat the text given, which may hold a password or a token pasted into the wrong field.
func ParseHost(raw string) (Host, error) {
	s := strings.Trim(strings.TrimSpace(raw), "\"'\ufeff")
	if s == "" {
		return Host{}, errors.New("the Hex host is empty")
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII || r <= ' ' || r == 0x7f || r == '\\' }) {
		return Host{}, errors.New("the Hex host contains characters that no host name has")
	}
	if !strings.Contains(s, "://") {
		if isScheme(s) {
			return Host{}, errors.New("the Hex host needs two slashes behind the scheme; it should look like https://app.hex.tech")
		}
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil {
		return Host{}, errors.New("the Hex host is not a URL; it should look like https://app.hex.tech")
	}
	return hostOf(u)
}

// isScheme reports whether s starts with the scheme of a URL, as in https:/app.hex.tech, and not with a host: one has a
// dot in its name, or is this machine, or has the number of a port behind the colon.
func isScheme(s string) bool {
	before, after, found := strings.Cut(s, ":")
	port, _, _ := strings.Cut(after, "/")
	_, err := strconv.ParseUint(port, 10, 16)
	return found && (isWebScheme(before) || err != nil && !strings.ContainsAny(before, "./[") && !strings.Contains(s, "@") && !isLoopback(before))
}

func isWebScheme(s string) bool { return strings.EqualFold(s, "https") || strings.EqualFold(s, "http") }

func hostOf(u *url.URL) (Host, error) {
	if u.User != nil {
		return Host{}, errors.New("the Hex host contains a user name or password; leave out everything before the @")
	}
	name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if !isHostName(name) || isWebScheme(name) {
		return Host{}, errors.New("the Hex host is not a host name; it should look like https://app.hex.tech")
	}
	if err := refuseHost(name); err != nil {
		return Host{}, err
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(name)) {
		return Host{}, fmt.Errorf("a token is only sent over https: use https://%s", name)
	}
	port, err := cleanPort(u)
	if err != nil {
		return Host{}, err
	}
	if strings.Contains(name, ":") {
		name = "[" + name + "]"
	}
	return Host{origin: u.Scheme + "://" + name + port}, nil
}

func isHostName(name string) bool {
	if addr, err := netip.ParseAddr(name); err == nil {
		return addr.Zone() == ""
	}
	if len(name) > 253 {
		return false
	}
	// What ends in a number is an address in a form that others read differently: 127.1, 2130706433.
	if last := name[strings.LastIndexByte(name, '.')+1:]; strings.Trim(last, "0123456789") == "" || strings.HasPrefix(last, "0x") {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.Trim(label, "-") != label {
			return false
		}
		// Internationalised names serve look-alikes only: Hex has none.
		if strings.HasPrefix(label, "xn--") || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			return false
		}
	}
	return true
}

func refuseHost(name string) error {
	switch name {
	case "hex.tech", "www.hex.tech", "learn.hex.tech", "static.hex.site":
		return fmt.Errorf("%s is Hex's website, not a workspace: use the host you log in to, such as https://app.hex.tech", name)
	case "hex.pm", "www.hex.pm", "repo.hex.pm":
		return fmt.Errorf("%s is the Elixir package registry, a different company: use the host you log in to, such as https://app.hex.tech", name)
	}
	return nil
}

func cleanPort(u *url.URL) (string, error) {
	port := u.Port()
	if port == "" && !strings.HasSuffix(u.Host, ":") {
		return "", nil
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil || n == 0 {
		return "", errors.New("the Hex host has a port that does not exist")
	}
	if (u.Scheme == "https" && n == 443) || (u.Scheme == "http" && n == 80) {
		return "", nil
	}
	return ":" + strconv.FormatUint(n, 10), nil
}

func isLoopback(name string) bool {
	if name == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(name)
	return err == nil && addr.IsLoopback()
}

// String is the origin without a trailing slash, such as https://app.hex.tech.
func (h Host) String() string { return h.origin }

// Name is the host name, with its port when that is not the default one, such as app.hex.tech.
func (h Host) Name() string {
	_, name, _ := strings.Cut(h.origin, "://")
	return name
}

// IsZero reports whether h is no host.
func (h Host) IsZero() bool { return h.origin == "" }

// IsHex reports whether the host is one of hex.tech's, over https and on the default port.
func (h Host) IsHex() bool {
	name, found := strings.CutPrefix(h.origin, "https://")
	return found && strings.HasSuffix(name, hexDomain)
}

// IsLoopback reports whether the host is this machine.
func (h Host) IsLoopback() bool {
	u, err := url.Parse(h.origin)
	return err == nil && isLoopback(u.Hostname())
}

// MarshalText implements [encoding.TextMarshaler], and with it JSON, with the origin.
func (h Host) MarshalText() ([]byte, error) { return []byte(h.origin), nil }
