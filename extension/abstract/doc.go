// Package abstract works out expressions of GitHub Actions and shell scripts whose values are known in part only, in the
// manner of abstract interpretation. A value is known, opaque (a text that is not empty and otherwise not known) or
// anything; an expression has a set of them, and what GitHub makes of it is always among those. It knows nothing of
// workflows: what the contexts hold is asked for.
package abstract
