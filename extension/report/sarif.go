package report

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	// nowhere is where a problem stands that is in no file, such as a secret that is not stored. GitHub refuses a whole
	// report for one result without a file. This one names the settings that such problems are about; it is always the
	// same one, there or not, so that the alert stays the same.
	sarifNowhere = ".env.example"
	// fingerprintName is versioned as the standard asks. GitHub's upload action adds its own, made of the line's text.
	fingerprintName = "hexFinding/v1"
)

// The part of SARIF 2.1.0 that is written.
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool        sarifTool         `json:"tool"`
		Invocations []sarifInvocation `json:"invocations"`
		ColumnKind  string            `json:"columnKind"`
		Results     []sarifResult     `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string    `json:"id"`
		Name             string    `json:"name"`
		ShortDescription sarifText `json:"shortDescription"`
		FullDescription  sarifText `json:"fullDescription"`
		Help             sarifText `json:"help"`
		HelpURI          string    `json:"helpUri"`
	}
	sarifText struct {
		Text     string `json:"text"`
		Markdown string `json:"markdown,omitempty"`
	}
	sarifInvocation struct {
		// Successful says that verify itself ran to its end; what it could not look up is in the notifications.
		Successful    bool                `json:"executionSuccessful"`
		Notifications []sarifNotification `json:"toolExecutionNotifications"`
	}
	sarifNotification struct {
		Level   string       `json:"level"`
		Message sarifText    `json:"message"`
		Rule    sarifRuleRef `json:"associatedRule"`
	}
	sarifRuleRef struct {
		ID    string `json:"id"`
		Index int    `json:"index"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifText         `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical `json:"physicalLocation"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI    string `json:"uri"`
		BaseID string `json:"uriBaseId"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn,omitempty"`
	}
)

// WriteSARIF prints a report for GitHub's code scanning, and for whatever else reads SARIF.
func WriteSARIF(s *console.Streams, report check.Report) error {
	enc := json.NewEncoder(s.Out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", command.Indent(s))
	return enc.Encode(sarifOf(report))
}

func sarifOf(report check.Report) sarifLog {
	run := sarifRun{
		Tool:        sarifTool{sarifDriver{Name: "gh hex", Version: command.Version, InformationURI: "https://github.com/gh-hex/gh-hex", Rules: []sarifRule{}}},
		Invocations: []sarifInvocation{{Successful: true, Notifications: []sarifNotification{}}},
		ColumnKind:  "unicodeCodePoints",
		Results:     []sarifResult{},
	}
	seen := map[string]int{}
	for i, r := range report {
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRuleOf(r))
		for _, p := range problems(r) {
			if p.isAlert() {
				run.Results = append(run.Results, sarifResultOf(p, i, seen))
				continue
			}
			notes := &run.Invocations[0].Notifications
			*notes = append(*notes, sarifNotification{Level: sarifLevel(p), Message: sarifMessage(p.text()), Rule: sarifRuleRef{r.ID, i}})
		}
	}
	return sarifLog{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}
}

func sarifRuleOf(r check.Result) sarifRule {
	section := docs.Check(r.ID)
	summary, _, _ := strings.Cut(section, "\n\n")
	summary = cmp.Or(strings.ReplaceAll(summary, "\n", " "), r.ID)
	return sarifRule{
		ID:               r.ID,
		Name:             pascalCase(r.ID),
		ShortDescription: sarifText{Text: cmp.Or(console.Safe(r.Title), r.ID)},
		FullDescription:  sarifText{Text: summary},
		Help:             sarifText{Text: summary + "\n" + docs.CheckURL(r.ID), Markdown: section},
		HelpURI:          docs.CheckURL(r.ID),
	}
}

// pascalCase makes "env-tracked" the name that the standard wants of a rule: "EnvTracked".
func pascalCase(id string) string {
	var b strings.Builder
	for word := range strings.SplitSeq(id, "-") {
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
	}
	return b.String()
}

func sarifLevel(p problem) string {
	if p.unknown {
		return "warning"
	}
	return string(p.Severity)
}

func sarifResultOf(p problem, rule int, seen map[string]int) sarifResult {
	physical := sarifPhysical{
		Artifact: sarifArtifact{URI: relativeURI(cmp.Or(p.File, sarifNowhere)), BaseID: "%SRCROOT%"},
		// GitHub wants a line of every result.
		Region: sarifRegion{StartLine: 1},
	}
	if p.Commit == "" && p.Line > 0 {
		physical.Region = sarifRegion{StartLine: p.Line, StartColumn: max(p.Column, 0)}
	}
	return sarifResult{
		RuleID:       p.id,
		RuleIndex:    rule,
		Level:        sarifLevel(p),
		Message:      sarifMessage(p.text()),
		Locations:    []sarifLocation{{physical}},
		Fingerprints: map[string]string{fingerprintName: fingerprint(p, seen)},
	}
}

// sarifMessage keeps the text of a file from becoming a link: SARIF reads "[text](address)" even in plain text.
func sarifMessage(text string) sarifText {
	return sarifText{Text: strings.ReplaceAll(text, "](", "] (")}
}

// relativeURI writes a path as a relative reference. A colon in it must not read as the end of a scheme, nor a slash at its
// beginning as that of a host.
func relativeURI(path string) string {
	uri := strings.ReplaceAll((&url.URL{Path: path}).EscapedPath(), ":", "%3A")
	if below, rooted := strings.CutPrefix(uri, "/"); rooted {
		return "%2F" + below
	}
	return uri
}

// fingerprint recognises a problem in the next report, whatever its line is then. What is in no file may have a text that
// changes from day to day.
func fingerprint(p problem, seen map[string]int) string {
	key := p.id
	if p.File != "" {
		key = strings.Join([]string{p.id, p.File, p.Commit, p.Message}, "\x00")
	}
	seen[key]++
	sum := sha256.Sum256([]byte(key))
	return fmt.Sprintf("%s:%d", hex.EncodeToString(sum[:16]), seen[key])
}

// problem is what the formats for machines say of a check, once for each finding.
type problem struct {
	check.Finding
	id      string
	unknown bool // the check could not be carried out
}

// problems are the findings of a check, and the check itself where none of them says why it failed. The fix of a check is
// meant for its worst finding.
func problems(r check.Result) []problem {
	worst := check.Severity(r.Status)
	told := slices.IndexFunc(r.Findings, func(f check.Finding) bool { return f.Severity == worst })
	var out []problem
	if told < 0 && r.Status != check.StatusOK && r.Status != check.StatusSkipped {
		out = append(out, problem{
			Finding: check.Finding{Severity: worst, Message: r.Message, Fix: r.Fix}, id: r.ID, unknown: r.Status == check.StatusUnknown,
		})
	}
	for i, f := range r.Findings {
		p := problem{Finding: f, id: r.ID}
		if i == told {
			p.Fix = r.Fix
		}
		out = append(out, p)
	}
	return out
}

// isAlert tells what belongs beside the code from what is only worth knowing about this run.
func (p problem) isAlert() bool {
	return !p.unknown && (p.File != "" || p.Severity != check.SeverityNote)
}

// text is the message with what has no place of its own: the commit, and the fix in a second line.
func (p problem) text() string {
	text := console.Safe(p.Message)
	if p.Commit != "" {
		text = console.Safe(place(p.Finding)) + ": " + text
	}
	if p.unknown {
		text = "could not be checked: " + text
	}
	if p.Fix != "" {
		text += "\nfix: " + console.Safe(p.Fix)
	}
	if line := accepting(p.id, p.Finding); line != "" {
		text += "\n" + line
	}
	return text
}
