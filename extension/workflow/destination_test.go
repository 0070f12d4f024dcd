package workflow

import "testing"

// TestDestination types out each command, with a gh that knows gh variable and with one that does not.
func TestDestination(t *testing.T) {
	for _, tt := range []struct {
		where          Destination
		known, without string
	}{
		{Destination{}, "gh variable set N --body 'a b'", "gh api repos/{owner}/{repo}/actions/variables -f name=N -f value='a b'"},
		{Destination{Repository: "octo/analytics", Environment: "prod eu/1"},
			"gh variable set N --repo octo/analytics --env 'prod eu/1' --body 'a b'",
			"gh api repos/octo/analytics/environments/'prod eu%2F1'/variables -f name=N -f value='a b'"},
		{Destination{Repository: "ghe.example.com/octo/analytics"},
			"gh variable set N --repo ghe.example.com/octo/analytics --body 'a b'",
			"gh api --hostname ghe.example.com repos/octo/analytics/actions/variables -f name=N -f value='a b'"},
		{Destination{Organization: "octo"},
			"gh variable set N --org octo --body 'a b'", "gh api orgs/octo/actions/variables -f name=N -f value='a b' -f visibility=private"},
		{Destination{Organization: "octo", Host: "ghe.example.com"},
			"gh variable set N --org octo --body 'a b'",
			"gh api --hostname ghe.example.com orgs/octo/actions/variables -f name=N -f value='a b' -f visibility=private"},
	} {
		for known, want := range map[bool]string{true: tt.known, false: tt.without} {
			if got := tt.where.SetVariable(known, "N", "a b"); got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		}
	}
	if got, want := (Destination{Repository: "octo/analytics"}).Set("secret", "$(x)"), "gh secret set '$(x)' --repo octo/analytics"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
