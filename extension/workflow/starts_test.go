package workflow

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// What a dry run tries is what the steps start that read this very secret, and nothing else.
func TestStarts(t *testing.T) {
	const a, b, c = "019f681a-1870-731d-bf1e-b82d136117fa", "019f681a-1870-731d-bf1e-b82d136117fb", "019f681a-1870-731d-bf1e-b82d136117fc"
	job := func(text string) string {
		return "on: push\njobs:\n  nightly:\n    runs-on: ubuntu-latest\n" + text
	}
	step := func(run, env string) string {
		return "      - run: " + run + "\n        env:\n          HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}\n" + env
	}
	tests := []struct {
		name, file string
		want       []string
	}{
		{"a literal", job("    steps:\n" + step("gh hex run start "+a, "")), []string{a + " nightly []"}},
		{"a URL", job("    steps:\n" + step("curl -X POST https://app.hex.tech/api/v1/projects/"+a+"/runs", "")), []string{a + " nightly []"}},
		{"in an environment", job("    environment: prod\n    steps:\n" + step("gh hex run start "+a, "")), []string{a + " nightly [prod]"}},
		{"in an environment of the run", job("    environment: ${{ github.ref_name }}\n    steps:\n" + step("gh hex run start "+a, "")), []string{a + " nightly any []"}},
		{"a variable", job("    steps:\n" + step("gh hex run start", "          HEX_PROJECT_ID: ${{ vars.HEX_PROJECT_ID }}\n")), []string{"vars.HEX_PROJECT_ID nightly []"}},
		{"a variable of another name", job("    steps:\n" + step("gh hex run start $P", "          P: ${{ vars.REPORT }}\n")), []string{"vars.REPORT nightly []"}},
		{"an environment variable of the step", job("    steps:\n" + step("gh hex run start \"$P\"", "          P: "+a+"\n")), []string{a + " nightly []"}},
		{"of the job", job("    env:\n      HEX_PROJECT_ID: " + a + "\n    steps:\n" + step("gh hex run start", "")), []string{a + " nightly []"}},
		{"of the job, by the name that the script reads", job("    env:\n      REPORT: " + a + "\n      OTHER: " + b + "\n    steps:\n" + step("gh hex run start $REPORT", "")), []string{a + " nightly []"}},
		{"of the workflow", "env:\n  HEX_PROJECT_ID: " + a + "\n" + job("    steps:\n"+step("gh hex run start", "")), []string{a + " nightly []"}},
		{"the step's own wins", job("    env:\n      HEX_PROJECT_ID: " + b + "\n    steps:\n" + step("gh hex run start "+a, "")), []string{a + " nightly []"}},
		{"chosen at run time", job("    steps:\n" + step("gh hex run start ${{ inputs.project }}", "")), []string{"? nightly []"}},
		{"the token of the job", job("    env:\n      HEX_API_TOKEN: ${{ secrets.HEX_API_TOKEN }}\n    steps:\n      - run: gh hex run start " + a + "\n"), []string{a + " nightly []"}},
		{"another secret", job("    steps:\n      - run: gh hex run start " + a + "\n        env:\n          HEX_API_TOKEN: ${{ secrets.HEX_RUN_TOKEN }}\n"), nil},
		{"the secret goes to another step", job("    steps:\n" + step("gh hex project list", "") + "      - run: gh hex run start " + b + "\n        env:\n          HEX_API_TOKEN: ${{ secrets.OTHER }}\n"), nil},
		{"nothing is run", job("    steps:\n" + step("gh hex project view "+c, "")), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, s := range Read([]File{{Path: ".github/workflows/hex.yml", Data: []byte(tt.file)}}, ReadOptions{}).Starts("hex_api_token") {
				what := s.Ref
				if s.Variable != "" {
					what = "vars." + s.Variable
				}
				if what == "" {
					what = "?"
				}
				if i := strings.Index(what, "/projects/"); i >= 0 {
					what = what[i+len("/projects/"):][:36]
				}
				text := what + " " + s.Job
				if s.AnyEnvironment {
					text += " any"
				}
				got = append(got, fmt.Sprintf("%s %v", text, slices.DeleteFunc(slices.Clone(s.Environments), func(e string) bool { return e == "" })))
				if s.Place.File == "" || s.Place.Line == 0 {
					t.Errorf("no place: %+v", s)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}
