package extension

import (
	"fmt"
	"os"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

// actions speaks to the runner of GitHub Actions. A nil one, elsewhere than in a workflow, does nothing.
type actions struct {
	*process
	quiet bool  // standard output is for a machine; the runner finds commands on standard error as well
	err   error // the first failure to write a file of the runner
}

func newActions(p *process, quiet bool) *actions {
	if !p.inActions() {
		return nil
	}
	return &actions{process: p, quiet: quiet}
}

// workflowCommand is a line to the runner, such as ::error title=…::message. Values are escaped: those that came from
// outside must not become commands of their own.
func workflowCommand(name, title, message string) string {
	if title != "" {
		name += " title=" + escapeProperty(title)
	}
	return "::" + name + "::" + escapeData(message)
}

func (a *actions) command(name, title, message string) {
	if a == nil {
		return
	}
	write := a.print
	if a.quiet {
		write = a.say
	}
	write("%s", styled(workflowCommand(name, core.Printable(title), core.Printable(message))))
}

// output sets an output of the step.
func (a *actions) output(name, value string) {
	if a != nil && value != "" {
		a.append("GITHUB_OUTPUT", name+"="+core.Printable(value)+"\n")
	}
}

// summary adds Markdown to the page of the workflow run.
func (a *actions) summary(markdown string) {
	if a != nil {
		a.append("GITHUB_STEP_SUMMARY", markdown)
	}
}

// append adds to the file that an environment variable names. A runner that names none wants nothing.
func (a *actions) append(variable, text string) {
	path := a.getenv(variable)
	if path == "" {
		return
	}
	if err := appendFile(path, text); err != nil && a.err == nil {
		a.err = fmt.Errorf("write %s: %w", variable, err)
		a.say("%s %s", a.yellow("!"), a.err)
	}
}

func appendFile(path, text string) error {
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

// failure is the first file that could not be written: a later step would read an empty output.
func (a *actions) failure() error {
	if a == nil {
		return nil
	}
	return a.err
}

// markdown makes text from outside safe to stand in a cell of a table: no markup, no link, no second line.
func markdown(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "\\", "\\\\", "|", "\\|", "[", "\\[", "]", "\\]",
		"*", "\\*", "_", "\\_", "`", "\\`", "~", "\\~", "!", "\\!", "@", "&#64;", "#", "&#35;", ":", "&#58;").Replace(core.Printable(text))
}

// runSummary is the table that the page of the workflow run shows.
func runSummary(title string, run core.ProjectRun, duration string) string {
	status := word(string(run.Status))
	mark := map[core.RunStatus]string{core.RunCompleted: "✅ ", core.RunErrored: "❌ ", core.RunKilled: "❌ ", core.RunNoKernel: "❌ "}[run.Status]
	where := ""
	if page := link(run.RunURL); page != "" && !strings.ContainsAny(page, "()") {
		where = "[Open the run](<" + strings.NewReplacer("|", "%7C", "*", "%2A", "_", "%5F").Replace(page) + ">)"
	}
	return fmt.Sprintf("### Hex run\n\n| Project | Status | Duration | Link |\n| --- | --- | --- | --- |\n| %s | %s%s | %s | %s |\n\n",
		cell(title), mark, strings.ReplaceAll(status, "_", "\\_"), markdown(duration), where)
}
