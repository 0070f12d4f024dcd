// Package docs carries the documentation that the program itself shows.
package docs

import (
	_ "embed"
	"strings"
)

// checks is docs/checks.md.
//
//go:embed checks.md
var checks string

// Check returns what docs/checks.md says about a check: the Markdown below its heading, without white space around it.
// It is empty for an ID that has no section.
func Check(id string) string {
	_, section, found := strings.Cut(checks, "\n### "+id+"\n")
	if !found {
		return ""
	}
	for _, heading := range []string{"\n### ", "\n## "} {
		section, _, _ = strings.Cut(section, heading)
	}
	return strings.TrimSpace(section)
}

// CheckURL returns the address of that section.
func CheckURL(id string) string {
	return "https://github.com/gh-hex/gh-hex/blob/main/docs/checks.md#" + id
}
