package workspace

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/console"
)

// Reference is what the arguments of a command name. Host is zero unless one of them was a URL.
type Reference struct {
	Project, Run string
	Host         core.Host
}

const findProject = "Find its ID with: gh hex project list"

// ProjectArgument reads the only argument, or HEX_PROJECT_ID when there is none.
func ProjectArgument(p *command.Process, args []string) (Reference, error) {
	text, source := p.Getenv(ProjectName), " (from "+ProjectName+")"
	if len(args) > 0 {
		text, source = args[0], ""
	}
	if strings.TrimSpace(text) == "" {
		return Reference{}, command.Hinted("no project: name one by its ID or URL, or set "+ProjectName, findProject)
	}
	id, host, err := core.ParseProjectRef(text)
	if err != nil {
		return Reference{}, command.Hinted(err.Error()+source, findProject)
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

// RunArguments reads a project and a run, the URL of a run, or a run of the project in HEX_PROJECT_ID.
func RunArguments(p *command.Process, args []string) (Reference, error) {
	if len(args) == 0 {
		return Reference{}, &NoRunError{}
	}
	last := args[len(args)-1]
	if len(args) == 1 && strings.Contains(last, "/") {
		project, run, host, err := core.ParseRunURL(last)
		if named, _, isProject := core.ParseProjectRef(last); err != nil && isProject == nil {
			err = &NoRunError{Project: named}
		}
		return Reference{project, run, host}, err
	}
	if len(args) == 1 && strings.TrimSpace(p.Getenv(ProjectName)) == "" {
		named, _, err := core.ParseProjectRef(last)
		if err != nil {
			return Reference{}, notARun(last)
		}
		return Reference{}, &NoRunError{named, true}
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

func notARun(text string) error {
	return command.Hinted(fmt.Sprintf("%q is not the ID of a run", console.Safe(text)), (&NoRunError{}).Hint())
}
