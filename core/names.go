package core

// LoginName is the variable that Hex's own command line tool takes a token from.
const LoginName = "HEX_CLI_LOGIN_TOKEN"

// TokenNames are those of variables that hold a Hex token, alone or with a suffix such as _EU.
func TokenNames() []string {
	return []string{"HEX_API_TOKEN", "HEX_TOKEN", "HEX_API_KEY", "HEX_CLI_TOKEN", "HEX_RUN_TOKEN", "HEX_READ_TOKEN", LoginName, "DATAHUB_HEX_TOKEN"}
}

// HostNames are those of variables that hold the address of a workspace, in the same way.
func HostNames() []string {
	return []string{"HEX_WORKSPACE_URL", "HEX_BASE_URL", "HEX_API_BASE_URL", "HEX_API_BASE", "HEX_URL"}
}

// ProjectName is that of a variable that holds a project.
const ProjectName = "HEX_PROJECT_ID"
