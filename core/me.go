package core

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Identity is what Hex says of a token. A workspace token has no user: of the texts, only OrgID is set then.
type Identity struct {
	Kind   Kind
	UserID string
	Name   string
	Email  string
	Role   string // such as ADMIN or EDITOR
	OrgID  string
	// ExpiresAt is set when HasExpiry is; neither that nor NeverExpires nor OddExpiry means that Hex did not tell.
	ExpiresAt    time.Time
	HasExpiry    bool
	NeverExpires bool
	OddExpiry    bool // Hex told something that is no time
}

// Owner is the person behind a token, such as Ada Lovelace <ada@example.com>; empty for a workspace token.
func (i Identity) Owner() string {
	switch {
	case i.Name != "" && i.Email != "":
		return fmt.Sprintf("%s <%s>", i.Name, i.Email)
	case i.Email != "":
		return i.Email
	case i.Name != "":
		return i.Name
	}
	return i.UserID
}

// Me asks whom the token belongs to and when it expires. It needs no scope. Old single-tenant hosts do not know it and
// answer [ErrNotFound]. Texts are cleaned as in [APIError].
func (c *Client) Me(ctx context.Context) (Identity, error) {
	var answer struct {
		ID    string `json:"id"`
		Name  string `json:"name"`
		Email string `json:"email"`
		Role  string `json:"role"`
		Org   *struct {
			ID string `json:"id"`
		} `json:"org"`
		Token *struct {
			Exp json.RawMessage `json:"exp"`
		} `json:"token"`
	}
	if err := c.call(ctx, Request{Path: "/users/me"}, &answer); err != nil {
		return Identity{}, err
	}
	if answer.ID == "" && (answer.Org == nil || answer.Org.ID == "") {
		return Identity{}, c.garbled("/users/me")
	}
	me := Identity{Kind: KindWorkspace, UserID: cleanText(answer.ID), Name: cleanText(answer.Name),
		Email: cleanText(answer.Email), Role: cleanText(answer.Role)}
	if answer.ID != "" {
		me.Kind = KindPersonal
	}
	if answer.Org != nil {
		me.OrgID = cleanText(answer.Org.ID)
	}
	if answer.Token != nil {
		me.ExpiresAt, me.HasExpiry = expiry(answer.Token.Exp)
		me.NeverExpires = bytes.Equal(answer.Token.Exp, []byte("null"))
		me.OddExpiry = !me.HasExpiry && !me.NeverExpires && len(answer.Token.Exp) > 0
	}
	return me, nil
}

// expiry reads seconds or milliseconds since 1970: the unit is not documented, and both have been seen for such fields.
// A number in quotes and a date in RFC 3339 are taken too.
func expiry(raw json.RawMessage) (time.Time, bool) {
	const firstMilliseconds = 1e11 // as seconds, the year 5138
	text := strings.Trim(string(raw), `"`)
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		return at.UTC(), true
	}
	n, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(n) || n <= 0 || n > 1e14 {
		return time.Time{}, false
	}
	if n > firstMilliseconds {
		return time.UnixMilli(int64(n)).UTC(), true
	}
	return time.Unix(int64(n), 0).UTC(), true
}
