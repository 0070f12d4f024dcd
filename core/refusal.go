package core

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// The causes of a refusal that are no error of their own.
var (
	// errUnclear is for one of a project that could not be asked for.
	errUnclear = errors.New("cannot tell why")
	// errOther is for one of a project that is there, is published, and was sent nothing that the answer speaks of.
	errOther = errors.New("for a reason of its own")
)

// settle finds out what a 403 or 422 about runs means: Hex answers so, too, where it does not know the project, or does not
// show it to the token. The project itself tells.
func (c *Client) settle(ctx context.Context, projectID string, in RunInput, err error) error {
	var e *APIError
	if !errors.As(err, &e) || e.HTML || e.namesInputs() || e.Status != http.StatusForbidden && e.Status != http.StatusUnprocessableEntity {
		return err
	}
	p, unseen := c.project(ctx, Request{Path: projectPath(projectID), Once: true})
	switch {
	case isClear(unseen, http.StatusNotFound), isClear(unseen, http.StatusForbidden):
		e.cause = ErrNotFound
	case unseen != nil:
		e.cause = errUnclear
	case e.Status == http.StatusForbidden:
		e.cause = ErrForbidden
	case !p.Published():
		e.cause = ErrUnpublished
	case e.speaksOf(in.InputParams):
		e.cause = ErrInputs
	default:
		e.cause = errOther
	}
	return err
}

// refusedFor tells whether Hex itself refused something for this cause.
func refusedFor(err, cause error) bool {
	var e *APIError
	return errors.As(err, &e) && !e.HTML && (errors.Is(e.cause, cause) || errors.Is(e, cause))
}

// namesInputs tells a 422 that lists inputs, which only a project that is there has.
func (e *APIError) namesInputs() bool { return len(e.Invalid) > 0 || len(e.NotFound) > 0 }

// speaksOf tells whether an issue names one of the inputs that were sent. What nobody sent is not to blame.
func (e *APIError) speaksOf(inputs map[string]any) bool {
	return slices.ContainsFunc(e.Issues, func(issue string) bool {
		for name := range inputs {
			if strings.Contains(issue, name) {
				return true
			}
		}
		return false
	})
}
