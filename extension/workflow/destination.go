package workflow

import (
	"cmp"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

// Destination is where a command of gh, for the user to type, stores a secret or a variable.
type Destination struct {
	// Repository is OWNER/NAME or HOST/OWNER/NAME; empty leaves it to gh.
	Repository  string
	Environment string
	// Organization stands instead of a repository; Host is where it is, empty for github.com.
	Organization, Host string
}

// Set is the command that stores a "secret" or a "variable".
func (d Destination) Set(kind, name string) string {
	command := "gh " + kind + " set " + core.ShellWord(name)
	for _, flag := range [][2]string{{" --org ", d.Organization}, {" --repo ", d.Repository}, {" --env ", d.Environment}} {
		if flag[1] != "" {
			command += flag[0] + core.ShellWord(flag[1])
		}
	}
	return command
}

// SetVariable is the command that stores a variable, with its value. The oldest gh that is supported, 2.23, has none: where
// it is not known, it goes through gh api.
func (d Destination) SetVariable(known bool, name, value string) string {
	if known {
		return d.Set("variable", name) + " --body " + core.ShellWord(value)
	}
	path, sharing := "actions/variables", ""
	switch {
	case d.Organization != "":
		sharing = " -f visibility=private"
	case d.Environment != "":
		path = environmentPath(d.Environment) + "/variables"
	}
	return d.api("", path) + " -f name=" + core.ShellWord(name) + " -f value=" + core.ShellWord(value) + sharing
}

func environmentPath(name string) string {
	return "environments/" + core.ShellWord(strings.ReplaceAll(name, "/", "%2F"))
}

// api is a call of GitHub's API, path being below the repository's or the organization's.
func (d Destination) api(flags, path string) string {
	host, root := d.Host, "orgs/"+d.Organization
	if d.Organization == "" {
		repository := cmp.Or(d.Repository, "{owner}/{repo}")
		if strings.Count(repository, "/") == 2 {
			host, repository, _ = strings.Cut(repository, "/")
		}
		root = "repos/" + repository
	}
	if host != "" {
		flags += "--hostname " + core.ShellWord(host) + " "
	}
	return "gh api " + flags + root + "/" + path
}
