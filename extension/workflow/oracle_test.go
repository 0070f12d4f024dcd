package workflow

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/scripts/oracle"
)

// oracleScript is GitHub's own reader of workflows. It answers each with the list of what GitHub says against it.
// The package imports a JSON file in a way that Node.js has stopped to take.
const oracleScript = `
import {register} from "node:module";
register("data:text/javascript," + encodeURIComponent(` + "`" + `
export async function load(url, context, next) {
  if (url.endsWith(".json")) context = {...context, importAttributes: {type: "json"}, importAssertions: {type: "json"}};
  return next(url, context);
}` + "`" + `));
const {parseWorkflow, NoOperationTraceWriter, convertWorkflowTemplate} = await import("@actions/workflow-parser");
const {createInterface} = await import("node:readline");
for await (const line of createInterface({input: process.stdin})) {
  let errors = [];
  try {
    const read = parseWorkflow({name: "w", content: JSON.parse(line)}, new NoOperationTraceWriter());
    if (read.value) await convertWorkflowTemplate(read.context, read.value, undefined, {errorPolicy: 1});
    errors = read.context.errors.getErrors().map(e => e.message);
  } catch (e) { errors = ["failed: " + e]; }
  console.log(JSON.stringify(errors));
}
`

// TestRefusedAsByGitHub holds what is refused of the workflows in the tables of cases against GitHub's own reader. Where the
// two differ, testdata/refusals.txt says who is right and why.
func TestRefusedAsByGitHub(t *testing.T) {
	names, texts := workflowsOfCases(t)
	judged := differences(t)
	for i, said := range oracle.Ask[[]string](t, oracleScript, texts) {
		ours := refusedHere(texts[i])
		name := names[i]
		why, listed := judged[name]
		delete(judged, name)
		switch differs := (len(said) > 0) != (ours != ""); {
		case differs && !listed:
			t.Errorf("%s: GitHub's reader says %q, we say %q; whoever is right stands in testdata/refusals.txt", name, said, ours)
		case !differs && listed:
			t.Errorf("%s: no difference any more (%s)", name, why)
		}
	}
	for name := range judged {
		t.Errorf("testdata/refusals.txt: there is no %s", name)
	}
}

// refusedHere is the first error for which the text of a workflow is refused, whatever it calls; empty for none.
func refusedHere(text string) string {
	file := File{Path: ".github/workflows/w.yml", Data: []byte(text)}
	results := JudgeFiles(Read([]File{file}, ReadOptions{All: true}), Context{})
	for _, id := range []string{Syntax, SecretContext} {
		for _, f := range results[id].Findings {
			if f.Severity == check.SeverityError && !strings.Contains(f.Message, " calls ") {
				return f.Message
			}
		}
	}
	return ""
}

// workflowsOfCases are the texts of the tables, as CASE/FILE.
func workflowsOfCases(t *testing.T) (names, texts []string) {
	archives, err := filepath.Glob("testdata/cases/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range archives {
		archive, err := txtar.ParseFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range casesOf(t, archive) {
			for _, file := range c.ordered {
				if strings.HasPrefix(file, ".github/workflows/") && strings.HasSuffix(file, ".yml") {
					names = append(names, strings.TrimSuffix(filepath.Base(name), ".txtar")+"/"+c.name+"/"+filepath.Base(file))
					texts = append(texts, string(c.files[file]))
				}
			}
		}
	}
	return names, texts
}

// differences are the lines of testdata/refusals.txt: NAME, a tab, and who is right, and why.
func differences(t *testing.T) map[string]string {
	data, err := os.ReadFile("testdata/refusals.txt")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, why, ok := strings.Cut(line, "\t")
		if !ok || why == "" {
			t.Fatalf("testdata/refusals.txt: no reason in %q", line)
		}
		out[name] = why
	}
	return out
}
