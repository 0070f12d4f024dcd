package workspace

import (
	"cmp"
	"errors"
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

// ProjectArgument reads the only argument, or HEX_PROJECT_ID when there is none.
func ProjectArgument(p *command.Process, args []string) (Reference, error) {
	text, source := p.Getenv(ProjectName), " (from "+ProjectName+")"
	if len(args) > 0 {
		text, source = args[0], ""
	}
	if strings.TrimSpace(text) == "" {
		return Reference{}, errors.New("no project: name one by its ID or URL, or set " + ProjectName)
	}
	id, host, err := core.ParseProjectRef(text)
	if err != nil {
		return Reference{}, fmt.Errorf("%w%s", err, source)
	}
	return Reference{Project: id, Host: host}, nil
}

// NoRunError means that no run was named, but perhaps a project.
type NoRunError struct{ Project string }

func (*NoRunError) Error() string {
	return "no run given: name a project and the ID of a run, or the URL of a run; the ID of a run alone is enough when " + ProjectName + " is set"
}

func (e *NoRunError) Hint() string {
	return "Its runs: gh hex run list " + cmp.Or(e.Project, "<project>")
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
			err = &NoRunError{named}
		}
		return Reference{project, run, host}, err
	}
	if len(args) == 1 && strings.TrimSpace(p.Getenv(ProjectName)) == "" {
		named, _, err := core.ParseProjectRef(last)
		if err != nil {
			return Reference{}, err
		}
		return Reference{}, &NoRunError{named}
	}
	r, err := ProjectArgument(p, args[:len(args)-1])
	if err != nil {
		return r, err
	}
	id, host, err := core.ParseProjectRef(last)
	if err != nil || !host.IsZero() {
		return r, fmt.Errorf("%q is not the ID of a run", console.Safe(last))
	}
	r.Run = id
	return r, nil
}
