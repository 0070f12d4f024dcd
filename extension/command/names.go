package command

import (
	"errors"
	"strings"
)

// CheckNames judges the names of the secret and of the variable, which may be empty for none, and turns them into GitHub's
// spelling.
func CheckNames(secret, variable *string) error {
	if err := CheckName(*secret); err != nil {
		return InvalidArgument("secret", *secret, err)
	}
	if err := CheckName(*variable); err != nil && *variable != "" {
		return InvalidArgument("variable", *variable, err)
	}
	*secret, *variable = strings.ToUpper(*secret), strings.ToUpper(*variable)
	return nil
}

// CheckName applies GitHub's rules for the names of secrets and variables.
func CheckName(name string) error {
	if isToken(strings.ToLower(name)) {
		return errors.New("this is a token, not a name")
	}
	for i, r := range name {
		letter := r == '_' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return errors.New("a name has only letters, digits and underscores, and does not start with a digit")
		}
	}
	if name == "" {
		return errors.New("a name is needed")
	}
	if strings.HasPrefix(strings.ToUpper(name), "GITHUB_") {
		return errors.New("GitHub reserves names that start with GITHUB_")
	}
	return nil
}
