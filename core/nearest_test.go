package core

import "testing"

func TestNearestName(t *testing.T) {
	for name, want := range map[string]string{
		"HEX_API_TOKE": "HEX_API_TOKEN", "hex_api_tokne": "HEX_API_TOKEN", "HEX_API_TOKEN": "", "DEPLOY_KEY": "", "": "",
	} {
		if got := NearestName(name, []string{"OTHER", "HEX_API_TOKEN"}); got != want {
			t.Errorf("NearestName(%q) = %q, want %q", name, got, want)
		}
	}
}
