package auth

import (
	"testing"

	"github.com/gh-hex/gh-hex/extension/github"
	"github.com/gh-hex/gh-hex/extension/places"
)

func TestPlaceOf(t *testing.T) {
	for _, test := range []struct {
		store      github.Store
		visibility string
		want       string
	}{
		{github.Store{App: github.Actions, Level: github.LevelRepository}, "", "Actions"},
		{github.Store{App: github.Dependabot, Level: github.LevelRepository}, "", "Dependabot"},
		{github.Store{App: github.Actions, Level: github.LevelEnvironment, Environment: "prod/eu"}, "", "environment prod/eu"},
		{github.Store{App: github.Actions, Level: github.LevelOrganization}, "", "organization"},
		{github.Store{App: github.Actions, Level: github.LevelOrganization}, "all", "organization (all)"},
		{github.Store{App: github.Codespaces, Level: github.LevelOrganization}, "selected", "Codespaces organization (selected)"},
	} {
		p := &places.Place{Store: test.store, Entry: github.Entry{Visibility: test.visibility}}
		if got := placeOf(p); got != test.want {
			t.Errorf("%+v: %q, want %q", test.store, got, test.want)
		}
	}
}
