package abstract

import (
	"strings"

	"github.com/rhysd/actionlint"
)

// admits applies the filters of an event to a branch. The last pattern that matches decides.
func Admits(branch string, only, ignore *actionlint.WebhookEventFilter) bool {
	if !only.IsEmpty() {
		admitted := false
		for _, p := range only.Values {
			pattern, negated := strings.CutPrefix(p.Value, "!")
			if MatchesGlob(pattern, branch) {
				admitted = !negated
			}
		}
		return admitted
	}
	if !ignore.IsEmpty() {
		for _, p := range ignore.Values {
			if MatchesGlob(p.Value, branch) {
				return false
			}
		}
	}
	return true
}

// matchesGlob matches a branch against a filter's pattern: * within a path segment, ** across, ? + [] as in a regular
// expression's quantifiers and classes. The time is bounded by the product of both lengths.
func MatchesGlob(pattern, name string) bool {
	parts := globParts(pattern)
	states := map[int]bool{0: true}
	states = closeOver(parts, states)
	for i := 0; i < len(name); i++ {
		next := map[int]bool{}
		for at := range states {
			if at == len(parts) || !parts[at].matches(name[i]) {
				continue
			}
			next[at+1] = true
			if parts[at].many {
				next[at] = true
			}
		}
		if states = closeOver(parts, next); len(states) == 0 {
			return false
		}
	}
	return states[len(parts)]
}

// globPart is one element of a pattern: a set of bytes, that may be left out or repeated.
type globPart struct {
	class          string // the bytes that match; "" is any
	notSlash       bool
	optional, many bool
}

func (p globPart) matches(b byte) bool {
	if p.class != "" {
		return strings.IndexByte(p.class, b) >= 0
	}
	return !p.notSlash || b != '/'
}

func closeOver(parts []globPart, states map[int]bool) map[int]bool {
	for at := range parts {
		if states[at] && parts[at].optional {
			states[at+1] = true
		}
	}
	return states
}

func globParts(pattern string) []globPart {
	var out []globPart
	for i := 0; i < len(pattern); i++ {
		switch c := pattern[i]; {
		case c == '*' && strings.HasPrefix(pattern[i:], "**"):
			out = append(out, globPart{optional: true, many: true})
			i++
			if strings.HasPrefix(pattern[i+1:], "/") && (i == 1 || pattern[i-2] == '/') {
				out = append(out, globPart{class: "/", optional: true})
				i++
			}
		case c == '*':
			out = append(out, globPart{notSlash: true, optional: true, many: true})
		case c == '?' && len(out) > 0:
			out[len(out)-1].optional = true
		case c == '+' && len(out) > 0:
			out[len(out)-1].many = true
		case c == '[' && strings.Contains(pattern[i:], "]"):
			end := i + strings.IndexByte(pattern[i:], ']')
			out = append(out, globPart{class: expandClass(pattern[i+1 : end])})
			i = end
		case c == '\\' && i+1 < len(pattern):
			i++
			out = append(out, globPart{class: string(pattern[i])})
		default:
			out = append(out, globPart{class: string([]byte{c})})
		}
	}
	return out
}

// expandClass lists the bytes of a class such as a-z0-9; an empty one matches nothing.
func expandClass(class string) string {
	var b strings.Builder
	for i := 0; i < len(class); i++ {
		if i+2 < len(class) && class[i+1] == '-' {
			for c := int(class[i]); c <= int(class[i+2]); c++ {
				b.WriteByte(byte(c))
			}
			i += 2
			continue
		}
		b.WriteByte(class[i])
	}
	if b.Len() == 0 {
		return "\x00"
	}
	return b.String()
}
