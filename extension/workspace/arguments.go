package workspace

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Reference is what the arguments of a command name. Host is zero unless one of them was a URL. On a terminal what is
// missing is asked for by [Workspace.Settle].
type Reference struct {
	Project, Run string
	Host         core.Host
	// title names the project, and alone is an ID that is the project's or the run's.
	title, alone string
}

const findProject = "Find its ID with: gh hex project list"

// ProjectArgument reads the only argument, or HEX_PROJECT_ID when there is none.
func ProjectArgument(p *command.Process, args []string) (Reference, error) {
	text, source := p.Getenv(ProjectName), " (from "+ProjectName+")"
	if len(args) > 0 {
		text, source = args[0], ""
	}
	if strings.TrimSpace(text) == "" && asks(p) {
		return Reference{}, nil
	}
	if strings.TrimSpace(text) == "" {
		return Reference{}, command.Hinted("no project: name one by its ID or URL, or set "+ProjectName, findProject)
	}
	id, host, err := core.ParseProjectRef(text)
	if err != nil && source == "" && asks(p) && !strings.Contains(text, "://") {
		return Reference{title: text}, nil
	}
	if err != nil {
		return Reference{}, command.Hinted(err.Error()+source, findProject)
	}
	return Reference{Project: id, Host: host}, nil
}

// ProjectFlag reads the value of --project.
func ProjectFlag(ref string) (Reference, error) {
	id, host, err := core.ParseProjectRef(ref)
	if err != nil {
		return Reference{}, command.Hinted(command.InvalidArgument("project", console.Safe(ref), err).Error(), findProject)
	}
	return Reference{Project: id, Host: host}, nil
}

// NoRunError means that no run was named, but perhaps a project: the ID of one looks like that of a run.
type NoRunError struct {
	Project string
	Unsure  bool // it may be the ID of a run
}

func (*NoRunError) Error() string {
	return "no run: name a project and the ID of a run, or the URL of a run; the ID of a run alone is enough when " + ProjectName + " is set"
}

func (e *NoRunError) Hint() string {
	hint := "Find one with: gh hex run list " + cmp.Or(e.Project, "<project>")
	if e.Unsure {
		hint += "; if " + e.Project + " is the run itself, name its project before it"
	}
	return hint
}

// RunArguments reads a project and a run, the URL of a run, or a run of the project in HEX_PROJECT_ID. On a terminal both
// may be missing.
func RunArguments(p *command.Process, args []string) (Reference, error) {
	if len(args) == 0 && asks(p) {
		return ProjectArgument(p, nil)
	}
	if len(args) == 0 {
		return Reference{}, &NoRunError{}
	}
	last := args[len(args)-1]
	switch {
	case len(args) == 1 && strings.Contains(last, "/"):
		return runOfURL(p, last)
	case len(args) == 1 && strings.TrimSpace(p.Getenv(ProjectName)) == "":
		return runAlone(p, last)
	}
	r, err := ProjectArgument(p, args[:len(args)-1])
	if err != nil {
		return r, err
	}
	id, host, err := core.ParseProjectRef(last)
	if err != nil || !host.IsZero() {
		return r, notARun(last)
	}
	r.Run = id
	return r, nil
}

// runOfURL reads the URL of a run or, where the run may be chosen, of a project.
func runOfURL(p *command.Process, text string) (Reference, error) {
	project, run, host, err := core.ParseRunURL(text)
	if err == nil {
		return Reference{Project: project, Run: run, Host: host}, nil
	}
	named, host, isProject := core.ParseProjectRef(text)
	switch {
	case isProject != nil:
		return Reference{}, command.Hinted(err.Error(), (&NoRunError{}).Hint())
	case asks(p):
		return Reference{Project: named, Host: host}, nil
	}
	return Reference{}, &NoRunError{Project: named}
}

// runAlone reads an ID that nothing names a project for, which may be that of either, or a part of a title.
func runAlone(p *command.Process, text string) (Reference, error) {
	named, _, err := core.ParseProjectRef(text)
	switch {
	case err != nil && asks(p):
		return Reference{title: text}, nil
	case err != nil:
		return Reference{}, notARun(text)
	case asks(p):
		return Reference{alone: named}, nil
	}
	return Reference{}, &NoRunError{named, true}
}

func notARun(text string) error {
	return command.Hinted(fmt.Sprintf("%q is not the ID of a run", console.Safe(text)), (&NoRunError{}).Hint())
}

// asks reports whether a person is there to choose a project: as with gh itself, not where the output goes to a program.
func asks(p *command.Process) bool { return p.CanAsk() && p.OutTTY }
