package refusals

import (
	"slices"
	"strconv"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

// refused lists the parser's messages that stand for something GitHub refuses too. The parser also reports matters of
// style and of taste (an anchor that is not used, an empty string, a section that says nothing, a time-out of zero,
// credentials with one half): whatever is not listed here is left out.
func refused() []string {
	return []string{
		"could not parse as YAML",
		"recursive alias",
		"does not support YAML merge key",
		"is duplicated in",
		"unexpected key",
		"key for",
		"section must be sequence node but got",
		"expected scalar node for string value but found",
		"node but mapping node is expected",
		"section should not be empty",
		"expected bool value but found",
		"expecting a single ${{...}} expression or",
		`"type" is missing at`,
		`"value" is missing at`,
		"for input type of workflow_call event",
		"group name is missing",
		`name is missing in "environment" section`,
		"step must run script",
		"when a reusable workflow is called with",
		"is only available for a reusable workflow call",
		"expected mapping node for secrets or",
		`"steps" section is missing in job`,
		`"runs-on" section is missing in job`,
		`"on" section is missing`,
		`"jobs" section is missing`,
		"workflow is empty",
	}
}

// Counts tells whether GitHub refuses what the parser complains about in these words.
func Counts(message string) bool {
	return slices.ContainsFunc(refused(), func(m string) bool { return strings.Contains(message, m) })
}

// UnknownKey is a key that the parser does not know in its place, and those that it knows there; ok is false for any other
// complaint.
func UnknownKey(message string) (key string, known []string, ok bool) {
	rest, unexpected := strings.CutPrefix(message, "unexpected key ")
	if !unexpected {
		only, got, found := strings.Cut(message, " but got ")
		if !found || !strings.HasPrefix(only, "expected ") || !strings.Contains(only, " key for ") {
			return "", nil, false
		}
		rest, message = got, only
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return "", nil, false
	}
	key, _ = strconv.Unquote(quoted)
	_, list, _ := strings.Cut(message, "expected ")
	if unexpected {
		_, list, _ = strings.Cut(rest[len(quoted):], "expected one of ")
	}
	for i, part := range strings.Split(list, `"`) {
		if i%2 == 1 {
			known = append(known, part)
		}
	}
	return key, known, true
}

// MeantKey is the key that was probably meant, or "": one that is a single slip away, two in a long one.
func MeantKey(key string, known []string) string {
	for _, k := range known {
		if d := slips(key, k); d == 1 || d == 2 && len(k) > 7 {
			return k
		}
	}
	return ""
}

// slips counts the edits between two keys, letters that changed places being one.
func slips(a, b string) int {
	d := core.EditDistance(strings.ToUpper(a), strings.ToUpper(b))
	for i := 0; i+1 < len(a) && len(a) == len(b); i++ {
		if a[:i]+a[i+1:i+2]+a[i:i+1]+a[i+2:] == b {
			return 1
		}
	}
	if d == 0 && a != b {
		return 1 // upper and lower case
	}
	return d
}
