package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/console"
)

const (
	pageSize    = "100"       // the most that Hex allows
	maxAPIPages = 10000       // a list that does not end is a defect
	MaxCursor   = 4 << 10     // bytes
	firstWait   = time.Minute // when Hex does not say how long
)

// allPages prints each page as soon as it is there, and keeps none.
func (o *apiOptions) allPages(ctx context.Context, r core.Request) error {
	deadline := o.Now().Add(o.timeout)
	ctx, stop := context.WithTimeout(ctx, o.timeout)
	defer stop()
	if r.Query == nil {
		r.Query = url.Values{}
	}
	r.Path, r.Query = splitQuery(r.Path, r.Query)
	if !r.Query.Has("limit") {
		r.Query.Set("limit", pageSize)
	}
	seen := map[string]bool{}
	g := o.NewProgress(o.Now)
	for n := range maxAPIPages {
		response, err := o.patiently(ctx, g, fmt.Sprintf("Asking Hex for page %d", n+1), r, deadline)
		if response != nil {
			err = errors.Join(err, o.show(response))
		}
		if err != nil {
			return errors.Join(err, o.flush())
		}
		if o.Out.Err != nil {
			return nil // whoever read the output is gone
		}
		name, value := nextPage(response.Body, r.Query)
		if name == "" {
			return o.flush()
		}
		if len(value) > MaxCursor {
			return errors.Join(fmt.Errorf("%s names a next page by more than %d bytes: %w", o.Client.Host().Name(), MaxCursor, core.ErrTooLarge), o.flush())
		}
		if key := name + "=" + value; seen[key] {
			return errors.Join(fmt.Errorf("%s names the same page twice: %w", o.Client.Host().Name(), core.ErrGarbled), o.flush())
		} else {
			seen[key] = true
		}
		r.Query.Set(name, value)
	}
	return errors.Join(fmt.Errorf("%s has more than %d pages: %w", o.Client.Host().Name(), maxAPIPages, core.ErrTooLarge), o.flush())
}

// splitQuery moves a query from the path to where a page can replace its cursor.
func splitQuery(path string, query url.Values) (string, url.Values) {
	path, given, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(given)
	if err != nil {
		return path + "?" + given, query
	}
	for name, list := range values {
		query[name] = append(list, query[name]...)
	}
	return path, query
}

// patiently waits as long as Hex asks to, also for longer than the client itself would, until the deadline.
func (o *apiOptions) patiently(ctx context.Context, g *console.Progress, doing string, r core.Request, deadline time.Time) (*core.Response, error) {
	for {
		response, err := o.send(ctx, g, doing, r)
		var answer *core.APIError
		if !errors.As(err, &answer) || answer.Status != http.StatusTooManyRequests {
			return response, err
		}
		delay := answer.RetryAfter
		if delay == 0 {
			delay = firstWait
		}
		until := o.Now().Add(delay)
		if until.After(deadline) {
			return response, err
		}
		o.Say("%s Hex's rate limit is reached; going on at %s", o.Yellow("!"), until.Format(time.TimeOnly))
		err = o.Interruptible(ctx, "Waiting", func(ctx context.Context) error {
			_ = core.Sleep(ctx, delay)
			return context.Cause(ctx)
		})
		if err != nil {
			return nil, err
		}
	}
}

// nextPage is the parameter of the query that leads to the following page; an empty name on the last one. Hex pages most
// lists by a cursor, and runs by an offset: there the address of the next page is not followed, only believed to exist.
func nextPage(body []byte, query url.Values) (name, value string) {
	var page map[string]json.RawMessage
	if json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &page) != nil {
		return "", ""
	}
	var pagination map[string]json.RawMessage
	_ = json.Unmarshal(page["pagination"], &pagination) // what is no object names no page
	if after := scalar(pagination["after"]); after != "" {
		return "after", after
	}
	count := items(page)
	if scalar(page["nextPage"]) == "" || count == 0 {
		return "", ""
	}
	offset, err := strconv.Atoi(query.Get("offset"))
	if err != nil || offset < 0 {
		offset = 0
	}
	return "offset", strconv.Itoa(offset + count)
}

// scalar is a string, or the digits of a number; empty for null and for what is not there.
func scalar(raw json.RawMessage) string {
	var text string
	switch {
	case json.Unmarshal(raw, &text) == nil:
		return text
	case string(raw) == "null":
		return ""
	}
	return string(raw)
}

// item is anything, and takes no memory.
type item struct{}

// UnmarshalJSON implements [json.Unmarshaler].
func (*item) UnmarshalJSON([]byte) error { return nil }

// items counts what stands in the longest list of a page.
func items(page map[string]json.RawMessage) int {
	longest := 0
	for _, raw := range page {
		var list []item
		if json.Unmarshal(raw, &list) == nil {
			longest = max(longest, len(list))
		}
	}
	return longest
}
