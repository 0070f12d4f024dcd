// Package vendors tells Hex from hex.pm, the Elixir package registry: by names, by addresses, and by the commands of
// scripts.
package vendors

import (
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/abstract"
)

// Marks says what a step talks to.
type Marks uint8

const (
	Hex      Marks = 1 << iota // Hex (hex.tech)
	Packages                   // hex.pm, the Elixir package registry
	Runs                       // starts runs of Hex projects
)

func (m Marks) Has(x Marks) bool { return m&x != 0 }

// Both tells what talks to both vendors.
func (m Marks) Both() bool { return m.Has(Hex) && m.Has(Packages) }

// SecretNames are those under which a token is kept, alone or with a suffix (HEX_API_TOKEN_EU).
var SecretNames = sync.OnceValue(func() []string { return append(core.TokenNames(), ConnectionName) })

var hostNames = sync.OnceValue(core.HostNames)

// named tells one of the names, which are Hex's, alone or with a suffix.
func named(name string, names []string) bool {
	if name = strings.ToUpper(name); !strings.Contains(name, "HEX") {
		return false
	}
	return slices.ContainsFunc(names, func(n string) bool {
		return name == n || strings.HasPrefix(name, n) && name[len(n)] == '_'
	})
}

// IsSecretName tells a name under which a token is kept. What ends in _INFO is the record beside one.
func IsSecretName(name string) bool {
	return named(name, SecretNames()) && !strings.HasSuffix(strings.ToUpper(name), "_INFO")
}

// IsVariableName tells a name under which the address of a workspace is kept, or a project.
func IsVariableName(name string) bool {
	return IsHostName(name) || IsProjectName(name)
}

func IsHostName(name string) bool { return named(name, hostNames()) }

func IsProjectName(name string) bool { return named(name, []string{core.ProjectName}) }

// IsContested tells a name that is nearly always hex.pm's: alone it says nothing.
func IsContested(name string) bool { return named(name, []string{"HEX_API_KEY"}) }

// patterns find what is Hex's and hex.pm's in values, and addresses in what a command is given.
type patterns struct {
	runsURL, pmHost, pmAction, Uuid, ProjectURL, token, Expanded *regexp.Regexp
}

// Compiled compiles the patterns when they are first needed: most commands never need them.
var Compiled = sync.OnceValue(compile)

func compile() *patterns {
	return &patterns{
		runsURL:    regexp.MustCompile(`/projects?/[^\s"']+/runs?\b`),
		pmHost:     regexp.MustCompile(`(?i)\bhex\.pm\b`),
		pmAction:   regexp.MustCompile(`(?i)publish[-_]?(?:to[-_])?hex|hex[-_]?publish|hex_?pm|hex\.pm`),
		Uuid:       regexp.MustCompile(`(?i)\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b`),
		ProjectURL: regexp.MustCompile(`(?i)https://[a-z0-9-]+\.hex\.tech/[^\s"'<>]*?/(?:app|hex)/(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9_-]*-?[0-9A-Za-z]{22})(?:/[^\s"'<>]*)?`),
		Expanded:   regexp.MustCompile(`\$\{\{[ \t]*env\.([A-Za-z_][A-Za-z0-9_]*)[ \t]*\}\}`),
		token:      regexp.MustCompile(`\bhxt[pw]_[0-9a-fA-F]{16,}|(?i)\bbearer[ \t]+[0-9a-f]{64,}\b`),
	}
}

// OldPath is what the path of a project's runs began with.
const OldPath = "/api/v1/project/"

// OldPaths returns where it stands in a text.
func OldPaths(text string) [][]int {
	var out [][]int
	for at := 0; ; at += len(OldPath) {
		n := strings.Index(text[at:], OldPath)
		if n < 0 {
			return out
		}
		at += n
		out = append(out, []int{at, at + len(OldPath)})
	}
}

// Tokens returns where tokens stand in a text: each has many digits in a row, which spares most texts the pattern.
func Tokens(text string) [][]int {
	for row, at := 0, 0; at < len(text); at++ {
		if row++; strings.IndexByte("0123456789abcdefABCDEF", text[at]) < 0 {
			row = 0
		} else if row == 16 {
			return Compiled().token.FindAllStringIndex(text, -1)
		}
	}
	return nil
}

// PublishesPackages tells an action that publishes to hex.pm, by its name.
func PublishesPackages(uses string) bool {
	return strings.Contains(strings.ToLower(uses), "hex") && Compiled().pmAction.MatchString(uses)
}

// isAPIHost tells a name under hex.tech that is a workspace's, rather than one of Hex's own sites.
func isAPIHost(label string) bool {
	return !slices.Contains([]string{"learn", "www", "static", "status", "docs", "help", "community", "blog", "trust"}, strings.ToLower(label))
}

// MentionsHex is the cheap question that comes before every pattern.
func MentionsHex(text string) bool {
	return strings.Contains(text, "hex") || strings.Contains(text, "HEX") || strings.Contains(text, "Hex")
}

// mayBeCommand spares most values that they are read as a script: a name of a variable in it is no command of Hex's.
func mayBeCommand(value string) bool {
	return strings.Contains(value, "hex") || strings.Contains(value, "gleam") ||
		MentionsHex(value) && strings.Contains(strings.ToLower(value), "hex.") // a host, in capitals
}

// CallsHost tells a host that is called, alone or below /api, from a link to a page there.
func CallsHost(text string) bool {
	for _, m := range ApiHosts(text) {
		rest := text[m[1]:]
		if strings.HasPrefix(rest, ":") {
			rest = strings.TrimLeft(rest[1:], "0123456789")
		}
		path, below := strings.CutPrefix(rest, "/")
		if !below || strings.HasPrefix(path, "api") || path == "" || !abstract.IsWord(path[0]) {
			return true
		}
	}
	return false
}

// mayBePM spares most scripts a pattern that is slow to refuse them.
func mayBePM(script string) bool {
	lower := strings.ToLower(script)
	return slices.ContainsFunc([]string{"mix", "rebar3", "hex.pm", "gleam"}, func(word string) bool { return strings.Contains(lower, word) })
}

// ApiHosts returns where the hosts of Hex workspaces stand in a text.
func ApiHosts(text string) [][]int {
	if !strings.Contains(strings.ToLower(text), "hex.tech") {
		return nil
	}
	var out [][]int
	lower := strings.ToLower(text)
	if len(lower) != len(text) {
		lower = text // a letter whose lower case has another length: no host holds one
	}
	for at := 0; ; {
		n := strings.Index(lower[at:], hexDomain)
		if n < 0 {
			return out
		}
		dot := at + n
		at = dot + len(hexDomain)
		start := dot
		for start > 0 && isLabel(lower[start-1]) {
			start--
		}
		if start < dot && !goesOn(lower[at:]) && isAPIHost(text[start:dot]) {
			out = append(out, []int{start, at})
		}
	}
}

// goesOn tells whether a host's name does, as in app.hex.tech.example.com.
func goesOn(rest string) bool {
	return rest != "" && (abstract.IsWord(rest[0]) || rest[0] == '-' || rest[0] == '.' && len(rest) > 1 && isLabel(rest[1]))
}

// hexDomain follows the name of a workspace's host.
const hexDomain = ".hex.tech"

func isLabel(b byte) bool { return b == '-' || b >= '0' && b <= '9' || b >= 'a' && b <= 'z' }

// WithoutComments blanks the lines of a script that are comments; offsets stay.
func WithoutComments(script string) string {
	if !strings.Contains(script, "#") {
		return script
	}
	var b strings.Builder
	for line := range strings.Lines(script) {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "#") {
			line = strings.Repeat(" ", len(strings.TrimRight(line, "\r\n"))) + line[len(strings.TrimRight(line, "\r\n")):]
		}
		b.WriteString(line)
	}
	return b.String()
}

// Toolkit is Hex's own action.
const Toolkit = "hex-inc/action-context-toolkit"

// HasHexLine tells whether a line of a text, one of the first that may, is a command of Hex's.
func HasHexLine(text string) bool {
	left := 1000
	for line := range strings.Lines(text) {
		if !strings.Contains(line, "hex ") {
			continue
		}
		if left--; left < 0 {
			return false
		}
		if MarksOfValue(strings.TrimPrefix(strings.TrimSpace(line), "- run: ")).Has(Hex) {
			return true
		}
	}
	return false
}

// IndexesHex tells an index that begins like the name of a Hex token: secrets[format('HEX_API_TOKEN_{0}', …)].
func IndexesHex(index actionlint.ExprNode) bool {
	found := false
	actionlint.VisitExprNode(index, func(n, _ actionlint.ExprNode, _ bool) {
		if s, ok := n.(*actionlint.StringNode); ok && IsSecretName(s.Value) && !IsContested(s.Value) {
			found = true
		}
	})
	return found
}

// ConnectionName is the variable of Airflow that holds a connection to Hex.
const ConnectionName = "AIRFLOW_CONN_HEX_DEFAULT"

// UsesToolkit tells whether a step runs Hex's own action.
func UsesToolkit(s *actionlint.Step) bool {
	a, ok := s.Exec.(*actionlint.ExecAction)
	if !ok || a.Uses == nil {
		return false
	}
	name, _, _ := strings.Cut(a.Uses.Value, "@")
	return strings.EqualFold(name, Toolkit)
}

// ConfigOf is the path of the file that configures Hex's own action where a step uses it; empty for one that is decided at run
// time or stands elsewhere.
func ConfigOf(s *actionlint.Step) string {
	if !UsesToolkit(s) {
		return ""
	}
	name := "hex_context.config.json"
	if in := s.Exec.(*actionlint.ExecAction).Inputs["config_file"]; in != nil {
		name = path.Clean(strings.TrimSpace(in.Value.Value))
	}
	if strings.Contains(name, "${{") || !fs.ValidPath(name) {
		return ""
	}
	return name
}
