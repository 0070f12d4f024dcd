package auth

import (
	"testing"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/places"
)

func TestPlaceOf(t *testing.T) {
	for _, test := range []struct {
		place      github.Place
		visibility string
		want       string
	}{
		{github.Place{App: github.Actions, Level: github.LevelRepository}, "", "Actions"},
		{github.Place{App: github.Dependabot, Level: github.LevelRepository}, "", "Dependabot"},
		{github.Place{App: github.Actions, Level: github.LevelEnvironment, Environment: "prod/eu"}, "", "environment prod/eu"},
		{github.Place{App: github.Actions, Level: github.LevelOrganization}, "", "organization"},
		{github.Place{App: github.Actions, Level: github.LevelOrganization}, "all", "organization (all)"},
		{github.Place{App: github.Codespaces, Level: github.LevelOrganization}, "selected", "Codespaces organization (selected)"},
	} {
		p := &places.Place{At: test.place, Entry: github.Entry{Visibility: test.visibility}}
		if got := placeOf(p); got != test.want {
			t.Errorf("%+v: %q, want %q", test.place, got, test.want)
		}
	}
}
