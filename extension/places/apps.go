package places

import (
	"github.com/gh-hex/gh-hex/extension/github"
)

func allApps() []github.App {
	return []github.App{github.Actions, github.Dependabot, github.Codespaces, github.Agents}
}

// AppNames are the values of --app.
func AppNames() []string {
	var names []string
	for _, app := range allApps() {
		names = append(names, string(app))
	}
	return names
}

// NamedApps are the apps of --app, which takes no other names.
func NamedApps(names []string) []github.App {
	var apps []github.App
	for _, name := range names {
		apps = append(apps, github.App(name))
	}
	return apps
}
