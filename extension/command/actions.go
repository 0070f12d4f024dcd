package command

import (
	"fmt"
	"os"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Actions speaks to the runner of GitHub Actions. A nil one, elsewhere than in a workflow, does nothing.
type Actions struct {
	*Process
	quiet bool  // standard output is for a machine; the runner finds commands on standard error as well
	err   error // the first failure to write a file of the runner
}

// NewActions is nil outside GitHub Actions, which its methods bear; quiet keeps standard output for data.
func NewActions(p *Process, quiet bool) *Actions {
	if !p.InActions() {
		return nil
	}
	return &Actions{Process: p, quiet: quiet}
}

// workflowCommand is a line to the runner, such as ::error title=…::message. Values are escaped: those that came from
// outside must not become commands of their own.
func workflowCommand(name, title, message string) string {
	if title != "" {
		name += " title=" + EscapeProperty(title)
	}
	return "::" + name + "::" + EscapeData(message)
}

// Command hands the runner a line such as ::error title=…::message.
func (a *Actions) Command(name, title, message string) {
	if a == nil {
		return
	}
	write := a.Print
	if a.quiet {
		write = a.Say
	}
	write("%s", console.Styled(workflowCommand(name, core.Printable(title), core.Printable(message))))
}

// Output sets an output of the step.
func (a *Actions) Output(name, value string) {
	if a != nil && value != "" {
		a.append("GITHUB_OUTPUT", name+"="+core.Printable(value)+"\n")
	}
}

// Summary adds Markdown to the page of the workflow run.
func (a *Actions) Summary(markdown string) {
	if a != nil {
		a.append("GITHUB_STEP_SUMMARY", markdown)
	}
}

// append adds to the file that an environment variable names. A runner that names none wants nothing.
func (a *Actions) append(variable, text string) {
	path := a.Getenv(variable)
	if path == "" {
		return
	}
	if err := AppendFile(path, text); err != nil && a.err == nil {
		a.err = fmt.Errorf("write %s: %w", variable, err)
		a.Say("%s %s", a.Yellow("!"), a.err)
	}
}

// AppendFile adds to a file of the runner's, or makes it.
func AppendFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if closing := f.Close(); err == nil {
		err = closing
	}
	return err
}

// Failure is the first file that could not be written: a later step would read an empty output.
func (a *Actions) Failure() error {
	if a == nil {
		return nil
	}
	return a.err
}

// Markdown makes text from outside safe to stand in a cell of a table: no markup, no link, no second line.
func Markdown(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\\", "\\\\", "|", "\\|", "[", "\\[", "]", "\\]",
		"*", "\\*", "_", "\\_", "`", "\\`", "~", "\\~", "!", "\\!", "@", "&#64;", "#", "&#35;", ":", "&#58;").Replace(core.Printable(text))
}

// EscapeData makes text the message of one command. A line break in it is kept, escaped; what else is never shown is dropped.
func EscapeData(text string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(console.Visible(text))
}

// EscapeProperty makes text the value of one property.
func EscapeProperty(text string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(EscapeData(text))
}

// Cell makes text from outside one cell of the table. Between two "$" GitHub would set a formula.
func Cell(text string) string { return strings.ReplaceAll(Markdown(text), "$", "&#36;") }
