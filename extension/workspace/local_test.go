package workspace

import (
	"testing"
)

// A new token goes where the old one was found: another place would not be looked at.
func TestReplaceNamesThePlaceOfTheToken(t *testing.T) {
	tests := map[string]string{
		keyringSource:     "gh hex auth login, with a new one",
		environmentSource: "set HEX_API_TOKEN to a new one",
		".env":            "gh hex auth login --local dotenv, with a new one",
		".env.local":      "set HEX_API_TOKEN in .env.local to a new one",
	}
	for source, want := range tests {
		s := Settings{TokenSource: source}
		if got := s.Replace("a new one"); got != want {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}
