package core

import "fmt"

// RejectedError means that Hex did not accept the token: [ErrUnauthorized] in words that name the host and where the token
// was found. It wraps the [*APIError] of the answer.
type RejectedError struct {
	Host        Host
	TokenSource string // empty when that is not known

	advice Advice
	answer *APIError
}

func (e *RejectedError) Error() string {
	source := ""
	if e.TokenSource != "" {
		source = " from " + e.TokenSource
	}
	return fmt.Sprintf("%s rejects the token%s (401): it is expired, revoked, or belongs to another region's host", e.Host, source)
}

// Fix is what to do about it.
func (e *RejectedError) Fix() string {
	return e.advice.replace("a new token from "+menuOf(e.Host)) + "; or set HEX_WORKSPACE_URL to the host you log in to"
}

func (e *RejectedError) Unwrap() error { return e.answer }
