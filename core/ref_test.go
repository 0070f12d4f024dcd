package core

import (
	"strings"
	"testing"
)

const (
	sampleProject = "019f681a-1870-731d-bf1e-b82d136117fa"
	sampleRun     = "0f1e2d3c-4b5a-4978-8695-a4b3c2d1e0f9"
)

func TestParseProjectRef(t *testing.T) {
	const short = "033qADkKFIi4rt3feMxx3C"
	for _, test := range []struct{ ref, host string }{
		{sampleProject, ""},
		{" " + strings.ToUpper(sampleProject) + "\n", ""},
		{short, ""},
		{"https://app.hex.tech/octo/app/" + sampleProject + "/latest", "https://app.hex.tech"},
		{"https://eu.hex.tech/octo/hex/" + sampleProject + "/draft/logic?x=1", "https://eu.hex.tech"},
		{"eu.hex.tech/octo/hex/" + sampleProject, "https://eu.hex.tech"},
		{"https://app.hex.tech/hex/app/" + sampleProject + "/latest", "https://app.hex.tech"},
		{"https://app.hex.tech/app/hex/" + sampleProject + "/latest", "https://app.hex.tech"},
		{"https://app.hex.tech/" + sampleRun + "/app/" + sampleProject + "/latest", "https://app.hex.tech"},
		{"https://app.hex.tech/octo/app/My-Title-" + short + "/latest", "https://app.hex.tech"},
		{"https://app.hex.tech/octo/app/" + short + "/latest", "https://app.hex.tech"},
		{"https://app.hex.tech/api/v1/projects/" + sampleProject + "/runs", "https://app.hex.tech"},
	} {
		id, host, err := ParseProjectRef(test.ref)
		if err != nil || id != sampleProject || host.String() != test.host {
			t.Errorf("ParseProjectRef(%q) = %s, %s, %v", test.ref, id, host, err)
		}
	}
	for _, ref := range []string{
		"", "analytics", "019f681a-1870-731d-bf1e-b82d136117f", "019f681a-1870-731d-bf1e-b82d136117fg", "019f681a1870-731d-bf1e-b82d136117fa0",
		strings.Repeat("z", 22), "033qADkKFIi4rt3feMxx3_", "https://app.hex.tech/octo/home", "https://app.hex.tech/octo/app/My-Title/latest",
		"http://app.hex.tech/octo/app/" + sampleProject, "https://a@b/app/" + sampleProject, "../" + sampleProject,
		"https:/app.hex.tech/octo/app/" + sampleProject, "https:///app.hex.tech/octo/app/" + sampleProject, "https:app.hex.tech/octo/app/" + sampleProject,
	} {
		if id, _, err := ParseProjectRef(ref); err == nil {
			t.Errorf("ParseProjectRef(%q) = %s", ref, id)
		}
	}
}

func TestParseRunURL(t *testing.T) {
	for _, ref := range []string{
		"https://app.hex.tech/octo/app/" + sampleProject + "/latest?runId=" + sampleRun,
		"https://app.hex.tech/hex/" + sampleProject + "/run/" + sampleRun,
		"https://app.hex.tech/octo/app/" + sampleProject + "/runs/" + strings.ToUpper(sampleRun),
		"https://app.hex.tech/api/v1/projects/" + sampleProject + "/runs/" + sampleRun,
		"https://app.hex.tech/api/v1/project/" + sampleProject + "/run/" + sampleRun,
	} {
		project, run, host, err := ParseRunURL(ref)
		if err != nil || project != sampleProject || run != sampleRun || host != DefaultHost() {
			t.Errorf("ParseRunURL(%q) = %s, %s, %s, %v", ref, project, run, host, err)
		}
	}
	for _, ref := range []string{"", sampleRun, "https://app.hex.tech/octo/app/" + sampleProject + "/latest", "https://app.hex.tech/octo/runs/" + sampleRun, "http://eu.hex.tech/app/" + sampleProject + "/runs/" + sampleRun} {
		if project, run, _, err := ParseRunURL(ref); err == nil {
			t.Errorf("ParseRunURL(%q) = %s, %s", ref, project, run)
		}
	}
}

func FuzzParseProjectRef(f *testing.F) {
	for _, seed := range []string{sampleProject, "033qADkKFIi4rt3feMxx3C", "https://eu.hex.tech/x/app/T-033qADkKFIi4rt3feMxx3C/latest", "/", "app/", "https://[::1]/app/x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		_, _, _, _ = ParseRunURL(ref)
		id, _, err := ParseProjectRef(ref)
		if err != nil {
			return
		}
		if again, _, err := ParseProjectRef(id); err != nil || again != id || strings.ContainsAny(id, "/.?#%") {
			t.Errorf("%q gives %q, then %q, %v", ref, id, again, err)
		}
	})
}
