package stored

import (
	"io"
	"strings"
	"testing"

	"github.com/rhysd/actionlint"
)

const oneProject, otherProject = "019f681a-1870-731d-bf1e-b82d136117fa", "019f681a-1870-731d-bf1e-b82d136117fb"

func files() []File {
	return []File{
		{Version: "1.2.3", Secret: "HEX_API_TOKEN", Cron: everyDay},
		{Secret: "HEX_TOKEN", Host: "https://eu.hex.tech", Cron: everyDay, Environments: []string{"prod"}},
		{Secret: "HEX_API_TOKEN", Cron: "5 6 * * 1", Environments: []string{"prod/eu", `a"b\c`, "é <&> 'x'", "- #: {}", "null", "7"}, Projects: []string{oneProject, otherProject}},
		{Version: "0.10.0", Secret: "HEX_API_TOKEN", Cron: everyDay, Environments: []string{"staging"}, Protected: []string{"prod"}},
		{Secret: "HEX_API_TOKEN", Cron: everyDay, Protected: []string{"prod"}, Server: true},
	}
}

func TestRecognizeOwn(t *testing.T) {
	for _, f := range files() {
		for name, text := range map[string]string{"as written": f.Text(), "with other line ends": strings.ReplaceAll(f.Text(), "\n", "\r\n")} {
			got, ours := Recognize([]byte(text))
			if len(f.Environments)+len(f.Protected) == 0 {
				got.Server = f.Server // it makes no difference
			}
			if !ours || got.Text() != f.Text() {
				t.Errorf("%s: %+v comes back as %+v, ours: %t\n%s", name, f, got, ours, text)
			}
		}
	}
}

// TestRecognizeLists changes lists by hand: any way to write one is as good.
func TestRecognizeLists(t *testing.T) {
	text := File{Secret: "HEX_API_TOKEN", Environments: []string{"prod"}}.Text()
	for _, written := range []string{`[prod, staging]`, `['prod', "staging"]`, `[ prod,staging ]`} {
		f, ours := Recognize([]byte(strings.Replace(text, `["prod"]`, written, 1)))
		if !ours || len(f.Environments) != 2 || f.Environments[1] != "staging" {
			t.Errorf("%s: %q, ours: %t", written, f.Environments, ours)
		}
	}
}

func TestRecognizeForeign(t *testing.T) {
	f := File{Version: "1.2.3", Secret: "HEX_API_TOKEN", Environments: []string{"prod"}, Protected: []string{"live"}, Projects: []string{oneProject}}
	text := f.Text()
	foreign := map[string]string{
		"nothing": "", "another file": "on: push\njobs: {}\n", "cut": text[:len(text)-20], "longer": text + "\n", "huge": strings.Repeat(text, 100),
		"with a job": text + "  more:\n    runs-on: ubuntu-latest\n    steps:\n      - run: \"true\"\n",
	}
	for name, change := range map[string][2]string{
		"a step that always passes":         {`[ "$STATUS" = ok ] ||`, `true ||`},
		"a condition that is left out":      {"!cancelled() && (steps.ask.outputs.token-accepted == 'ok'", "!cancelled() && (true || steps.ask.outputs.token-accepted == 'ok'"},
		"permissions":                       {"permissions: {}", "permissions: write-all"},
		"an event":                          {"  workflow_dispatch:\n", "  workflow_dispatch:\n  pull_request_target:\n"},
		"another extension":                 {"gh-hex/gh-hex", "someone/gh-hex"},
		"another pin":                       {"--pin v1.2.3", "--pin main"},
		"a command behind the pin":          {"--pin v1.2.3", "--pin v1.2.3; env"},
		"another runner":                    {"ubuntu-latest", "self-hosted"},
		"another secret in one job":         {"secrets.HEX_API_TOKEN", "secrets.OTHER"},
		"all secrets":                       {"secrets.HEX_API_TOKEN", "toJSON(secrets)"},
		"another host":                      {"${{ vars.HEX_WORKSPACE_URL || 'https://app.hex.tech' }}", "https://example.com"},
		"another host by default":           {"'https://app.hex.tech'", "'https://hex.tech.example.com'"},
		"an expression in a list":           {`["prod"]`, `["${{ secrets.HEX_API_TOKEN }}"]`},
		"an object in a list":               {`["prod"]`, `[{name: prod}]`},
		"a list in a list":                  {`["prod"]`, `[[prod]]`},
		"an anchor in a list":               {`["prod"]`, `[&a prod]`},
		"a number in a list":                {`["prod"]`, `[1]`},
		"an empty list":                     {`["prod"]`, `[]`},
		"one name twice":                    {`["prod"]`, `["prod", "PROD"]`},
		"one name in both lists":            {`["prod"]`, `["live"]`},
		"a project that is none":            {oneProject, "$(env)"},
		"another expression among projects": {oneProject, "${{ github.actor }}"},
		"more than five projects":           {oneProject, strings.Repeat(oneProject+" ", 5) + oneProject},
		"a cron that is none":               {everyDay, "41 4 * * *\"\n    - cron: \"1 1 * * *"},
		"a second trigger of its own":       {"  schedule:", "  push:\n  schedule:"},
		"a comment that says otherwise":     {"# gh hex verify reads", "# nobody reads"},
	} {
		if !strings.Contains(text, change[0]) {
			t.Fatalf("%s: the file holds no %q", name, change[0])
		}
		foreign[name] = strings.Replace(text, change[0], change[1], 1)
	}
	for name, text := range foreign {
		if _, ours := Recognize([]byte(text)); ours {
			t.Errorf("%s: taken for ours", name)
		}
	}
}

func FuzzRecognize(f *testing.F) {
	for _, file := range files() {
		f.Add(file.Text(), `["prod"]`, "x")
	}
	f.Fuzz(func(t *testing.T, text, old, new string) {
		file, ours := Recognize([]byte(strings.Replace(text, old, new, 1)))
		if again, same := Recognize([]byte(file.Text())); ours && (!same || again.Text() != file.Text()) {
			t.Errorf("what was recognized is not written so that it is again: %+v", file)
		}
	})
}

func TestFits(t *testing.T) {
	for name, want := range map[string]bool{
		"prod": true, "prod/eu": true, `a"b`: true, "$ {x}": true, "é": true,
		"": false, "a\nb": false, "${{ secrets.X }}": false, "a\u2028b": false, "a\tb": false,
	} {
		if Fits(name) != want {
			t.Errorf("%q: %t", name, !want)
		}
	}
}

// TestFileKeepsTheToken looks at where the token and gh's login go, and has actionlint judge the file.
func TestFileKeepsTheToken(t *testing.T) {
	for _, f := range files() {
		linter, err := actionlint.NewLinter(io.Discard, &actionlint.LinterOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if problems, err := linter.Lint(FileName, []byte(f.Text()), nil); err != nil || len(problems) > 0 {
			t.Errorf("actionlint: %v, %v\n%s", problems, err, f.Text())
		}
		w, problems := actionlint.Parse([]byte(f.Text()))
		if len(problems) > 0 || w.Env != nil || strings.Contains(f.Text(), "uses:") || !strings.Contains(f.Text(), "\npermissions: {}\n") {
			t.Errorf("%v: uses an action, has permissions or an environment for all:\n%s", problems, f.Text())
		}
		for id, job := range w.Jobs {
			if job.Env != nil {
				t.Errorf("%s: every step sees its environment", id)
			}
			for _, s := range job.Steps {
				_, token := s.Env.Vars["hex_api_token"]
				if token != (s.ID != nil && s.ID.Value == "ask") {
					t.Errorf("%s: step %s sees the token: %t", id, s.Name.Value, token)
				}
				if strings.Contains(s.Exec.(*actionlint.ExecRun).Run.Value, "${{") {
					t.Errorf("%s: an expression lands in a script", id)
				}
			}
		}
	}
}

// TestListsAreReadAsWritten has YAML read the names back: quotes, signs and what looks like another type stay text.
func TestListsAreReadAsWritten(t *testing.T) {
	names := files()[2].Environments
	got, literal := readList(list(names))
	if !literal || strings.Join(got, "\n") != strings.Join(names, "\n") {
		t.Errorf("%q became %q", names, got)
	}
}

// TestRecognizeIsBounded gives it lists that take long to read as a whole.
func TestRecognizeIsBounded(t *testing.T) {
	text := File{Secret: "HEX_API_TOKEN", Environments: []string{"prod"}}.Text()
	room := maxFile - len(text)
	for _, list := range []string{
		"[" + strings.Repeat("[", room/2) + strings.Repeat("]", room/2-8) + "]",
		"[" + strings.Repeat("{a: ", room/5) + strings.Repeat("}", room/5) + "]",
		"[&a x" + strings.Repeat(", *a", room/5) + "]",
		"[" + strings.Repeat(",", room-8) + "]",
	} {
		if _, ours := Recognize([]byte(strings.Replace(text, `["prod"]`, list, 1))); ours {
			t.Errorf("%.20s: taken for ours", list)
		}
	}
}
