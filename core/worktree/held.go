package worktree

import (
	"errors"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/dotenv"
	"github.com/gh-hex/gh-hex/core/leak"
)

// looksLikeToken is what a file holds that has a token of a known shape anywhere in it.
const looksLikeToken = "what looks like a Hex token"

// held is what a .env file holds of Hex's.
type held struct {
	// what makes it more than plain settings: a name with a value that may be a secret, or something like a token; empty
	// when nothing does.
	what    string
	setting bool // what is a name whose value is no secret by itself, such as a host
	stand   bool // a reference, an encrypted value or a placeholder stands where a token would
}

// token tells whether it may hold a token.
func (h held) token() bool { return h.what != "" && !h.setting }

// with is what two files hold together; what the first has goes before.
func (h held) with(other held) held {
	h.stand = h.stand || other.stand
	if h.what == "" || h.setting && other.token() {
		h.what, h.setting = other.what, other.setting
	}
	return h
}

// hold judges the contents of a .env file together. Beside a reference, which is written to be shared, the host and the
// project are meant to be shared as well.
func hold(contents ...[]byte) held {
	var all held
	for _, data := range contents {
		all = all.with(holdOne(data))
	}
	return all
}

func holdOne(data []byte) held {
	var h held
	setting := ""
	for name, value := range dotenv.Each(data) {
		switch {
		case value == "":
		case tokenName(name) && maySecret(value):
			return held{what: name, stand: h.stand}
		case tokenName(name):
			h.stand = true
		case settingName(name) && setting == "" && !standsFor(value):
			setting = name
		}
	}
	if len(leak.Find(data)) > 0 {
		h.what = looksLikeToken
	} else if setting != "" && !h.stand {
		h.what, h.setting = setting, true
	}
	return h
}

// maySecret tells whether the value of a name of tokens may be one, or another secret. What a reference falls back to is
// judged like a value.
func maySecret(value string) bool {
	_, err := core.ParseToken(value)
	var refused *core.TokenError
	if !errors.As(err, &refused) {
		return true
	}
	if _, fallback, found := strings.Cut(strings.TrimPrefix(value, "${"), "-"); found && strings.HasPrefix(value, "${") {
		fallback = strings.TrimSuffix(fallback, "}")
		return fallback != "" && maySecret(fallback)
	}
	return !refused.Reference && !refused.Placeholder && !refused.Empty()
}

// standsFor tells whether a setting holds nothing yet. An address has a scheme as references have, and is none.
func standsFor(value string) bool { return !strings.HasPrefix(value, "http") && !maySecret(value) }
