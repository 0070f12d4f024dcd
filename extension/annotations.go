package extension

import (
	"fmt"
	"strings"
	"time"

	"github.com/gh-hex/gh-hex/core/check"
	"github.com/gh-hex/gh-hex/docs"
)

// maxSummary bounds the table of a step summary, in bytes: GitHub drops a summary of more than 1 MiB.
const maxSummary = 512 << 10

// annotate prints a report as the workflow commands by which a job of GitHub Actions annotates lines, and adds a table to
// the summary of its step. Standard output holds nothing else but the verdict: the runner looks for commands in every
// line of it, and names and messages come from the repository.
func annotate(p *process, report check.Report, elapsed time.Duration) error {
	for _, r := range report {
		for _, problem := range problems(r) {
			fmt.Fprintln(p.out, annotation(problem))
		}
	}
	p.print("%s", verdict(p.streams, report, elapsed))
	if p.out.err != nil {
		return p.out.err
	}
	return addSummary(p.getenv("GITHUB_STEP_SUMMARY"), summaryTable(report))
}

// annotation writes "::error file=…,line=…,col=…,title=…::message".
func annotation(p problem) string {
	properties := []string{"title=" + escapeProperty(p.id)}
	if p.File != "" && p.Commit == "" {
		at := []string{"file=" + escapeProperty(p.File)}
		if p.Line > 0 {
			at = append(at, fmt.Sprintf("line=%d", p.Line))
		}
		if p.Line > 0 && p.Column > 0 {
			at = append(at, fmt.Sprintf("col=%d", p.Column))
		}
		properties = append(at, properties...)
	}
	return fmt.Sprintf("::%s %s::%s", commandName(p), strings.Join(properties, ","), escapeData(p.text()))
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

// escapeData makes text the message of one command.
func escapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(text)
}

// escapeProperty makes text the value of one property. A line break in a file's name is kept, escaped; what else is never
// shown is dropped.
func escapeProperty(text string) string {
	text = visible(text)
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(escapeData(text))
}

// summaryTable is the report in Markdown: the counts, and a row for each problem as far as they fit.
func summaryTable(report check.Report) string {
	count := map[check.Status]int{}
	var rows []string
	for _, r := range report {
		count[r.Status]++
		for _, p := range problems(r) {
			rows = append(rows, summaryRow(p))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "### gh hex verify: %s\n\n", counts(count))
	if len(rows) > 0 {
		b.WriteString("| | Check | Where | What | Fix |\n|---|---|---|---|---|\n")
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
		fix = "<code>" + cell(p.Fix) + "</code>"
	}
	return fmt.Sprintf("| %s | [%s](%s) | %s | %s | %s |\n", status, p.id, docs.CheckURL(p.id), cell(place(p.Finding)), cell(p.Message), fix)
}

// cell makes text from outside one cell of the table. Between two "$" GitHub would set a formula.
func cell(text string) string { return strings.ReplaceAll(markdown(text), "$", "&#36;") }

// addSummary appends to the file that the runner names; without one, this is no job of GitHub Actions.
func addSummary(path, text string) error {
	if path == "" {
		return nil
	}
	if err := appendFile(path, text); err != nil {
		return fmt.Errorf("write the step summary: %w", err)
	}
	return nil
}
