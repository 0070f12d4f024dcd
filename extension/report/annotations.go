package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/docs"
	"github.com/gh-hex/gh-hex/extension/command"
)

// maxSummary bounds the table of a step summary, in bytes: GitHub drops a summary of more than 1 MiB.
const maxSummary = 512 << 10

// Annotate prints a report as the workflow commands by which a job of GitHub Actions annotates lines, and adds a table to
// the summary of its step. Standard output holds nothing else but the verdict: the runner looks for commands in every
// line of it, and names and messages come from the repository.
func Annotate(p *command.Process, report check.Report, rest string, elapsed time.Duration) error {
	for _, r := range report {
		for _, problem := range problems(r) {
			fmt.Fprintln(p.Out, annotation(problem))
		}
	}
	p.Print("%s", verdict(p.Streams, report, rest, elapsed))
	if p.Out.Err != nil {
		return p.Out.Err
	}
	return addSummary(p.Getenv("GITHUB_STEP_SUMMARY"), summaryTable(report, conclusion(report, rest)))
}

// annotation writes "::error file=…,line=…,col=…,title=…::message".
func annotation(p problem) string {
	properties := []string{"title=" + command.EscapeProperty(p.id)}
	if p.File != "" && p.Commit == "" {
		at := []string{"file=" + command.EscapeProperty(p.File)}
		if p.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", p.Line))
		}
		if p.Line > 0 && p.Column > 0 {
			at = append(at, fmt.Sprintf("col=%d", p.Column))
		}
		properties = append(at, properties...)
	}
	return fmt.Sprintf("::%s %s::%s", commandName(p), strings.Join(properties, ","), command.EscapeData(p.text()))
}

func commandName(p problem) string {
	switch {
	case p.unknown, p.Severity == check.SeverityWarning:
		return "warning"
	case p.Severity == check.SeverityError:
		return "error"
	}
	return "notice"
}

// summaryTable is the report in Markdown: the verdict, and a row for each problem as far as they fit.
func summaryTable(report check.Report, verdict string) string {
	var rows []string
	for _, r := range report {
		for _, p := range problems(r) {
			rows = append(rows, summaryRow(p))
		}
	}
	return table("### gh hex verify: "+command.Cell(verdict), "| | Check | Where | What | Fix |\n|---|---|---|---|---|\n", rows)
}

// table is a page in Markdown: a title, and below it as many rows as fit.
func table(title, header string, rows []string) string {
	var b strings.Builder
	b.WriteString(title + "\n\n")
	if len(rows) > 0 {
		b.WriteString(header)
	}
	for i, row := range rows {
		if b.Len()+len(row) > maxSummary {
			fmt.Fprintf(&b, "\nand %d more\n", len(rows)-i)
			break
		}
		b.WriteString(row)
	}
	return b.String() + "\n"
}

func summaryRow(p problem) string {
	status, fix := string(p.Severity), ""
	if p.unknown {
		status = "unknown"
	}
	if p.Fix != "" {
		fix = "<code>" + command.Cell(p.Fix) + "</code>"
	}
	return fmt.Sprintf("| %s | [%s](%s) | %s | %s | %s |\n", status, p.id, docs.CheckURL(p.id), command.Cell(place(p.Finding)), command.Cell(p.Message), fix)
}

// addSummary appends to the file that the runner names; without one, this is no job of GitHub Actions.
func addSummary(path, text string) error {
	if path == "" {
		return nil
	}
	if err := command.AppendFile(path, text); err != nil {
		return fmt.Errorf("write the step summary: %w", err)
	}
	return nil
}
