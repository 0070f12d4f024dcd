package extension

// AllChecks lets the tests outside the package see the catalogue.
func AllChecks() []string { return allChecks() }
