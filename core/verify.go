package core

import (
	"context"
	"errors"
	"net/http"

	"github.com/gh-hex/gh-hex/core/check"
)

// Verify carries out the checks of [TokenChecks] and also returns whose token it is, as far as Hex told: the zero
// Identity when it did not. The token is accepted when the result of token-accepted is ok.
func Verify(ctx context.Context, in TokenInput) (Identity, check.Report) {
	c := newTokenChecks(in)
	report := check.Run(ctx, c.list())
	return c.answers.me, report
}

// Accepts asks Hex whether it accepts the token of the client. The error means that there was no clear answer. Hosts that
// do not know users/me are asked for the list of projects.
func (c *Client) Accepts(ctx context.Context) (bool, error) {
	_, err := c.Me(ctx)
	if errors.Is(err, ErrNotFound) {
		_, err = c.Projects(ctx, ProjectListOptions{})
		if isClear(err, http.StatusForbidden) {
			return true, nil
		}
	}
	if isClear(err, http.StatusUnauthorized) {
		return false, nil
	}
	return err == nil, err
}

// Describe is the token in words: "Ada Lovelace <ada@example.com>, personal token, expires 2027-02-01".
func (i Identity) Describe() string {
	text := string(i.Kind) + " token"
	if owner := i.Owner(); owner != "" {
		text = owner + ", " + text
	}
	switch {
	case i.HasExpiry:
		text += ", expires " + i.ExpiresAt.Format("2006-01-02")
	case i.NeverExpires:
		text += ", never expires"
	}
	return text
}
