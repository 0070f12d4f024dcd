//go:build gitleaks

package leak

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRealGitleaks runs the program that GITLEAKS names with the configuration of docs/scanners.md over the corpus, a file
// for each text. See scripts/scanners.
func TestRealGitleaks(t *testing.T) {
	program := os.Getenv("GITLEAKS")
	if program == "" {
		t.Fatal("GITLEAKS names no program: run scripts/scanners")
	}
	dir := t.TempDir()
	put := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	config := put("rule.toml", strings.Join(fenced(t, "toml"), "\n"))
	texts := corpus()
	for i, p := range texts {
		put(fmt.Sprintf("texts/%d.txt", i), p.text)
	}
	report := filepath.Join(dir, "report.json")
	cmd := exec.Command(program, "dir", "--config", config, "--no-banner", "--exit-code", "0", "--max-decode-depth", "0",
		"--report-format", "json", "--report-path", report, filepath.Join(dir, "texts"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var findings []struct{ RuleID, File, Secret string }
	data, err := os.ReadFile(report)
	if err == nil {
		err = json.Unmarshal(data, &findings)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, f := range findings {
		if f.RuleID == "hex-api-token" {
			found[filepath.Base(f.File)] = true
			if _, whole := judge([]byte(f.Secret), len(personalPrefix)); !whole {
				t.Errorf("%s: the secret is no token", f.File)
			}
		}
	}
	for i, p := range texts {
		if want, known := expected(p); known && found[fmt.Sprintf("%d.txt", i)] != want {
			t.Errorf("%s: found %v, want %v", p.name, !want, want)
		}
	}
}
