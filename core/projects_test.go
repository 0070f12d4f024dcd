package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

func TestProjectsAsksForWhatIsChosen(t *testing.T) {
	c, s := play(t, answer{status: 200, body: `{"values":[],"pagination":{"after":"next","before":null}}`})
	page, err := c.Projects(t.Context(), ProjectListOptions{IncludeArchived: true, OwnerEmail: "ada@example.com", Limit: 500, After: "x", Statuses: []string{"a", "b"}})
	if err != nil || page.Next != "next" {
		t.Fatal(page, err)
	}
	want := "after=x&includeArchived=true&limit=100&ownerEmail=ada%40example.com&statuses%5B%5D=a&statuses%5B%5D=b"
	if got := s.requests[0].URL.RawQuery; got != want {
		t.Errorf("query %s, want %s", got, want)
	}
}

func TestProjectKeepsHexsNames(t *testing.T) {
	const body = `{"id":"p","title":"T","description":null,"type":"PROJECT","creator":{"email":"a"},"owner":{"email":"b"},"status":null,` +
		`"categories":[{"name":"c"}],"lastEditedAt":"2026-01-02T03:04:05.678Z","lastPublishedAt":"yesterday","createdAt":7,"archivedAt":null,` +
		`"schedules":[{"cadence":"DAILY"}],"analytics":{"appViews":{"allTime":3}},"unknown":[]}`
	c, s := play(t, answer{status: 200, body: body})
	p, err := c.Project(t.Context(), "p/../q")
	if err != nil {
		t.Fatal(err)
	}
	if got := s.requests[0].URL.EscapedPath(); got != "/api/v1/projects/p%2F..%2Fq" {
		t.Errorf("path %s", got)
	}
	if !p.Published() || p.LastEditedAt.Year() != 2026 || !p.LastPublishedAt.IsZero() || p.Status != nil || p.ArchivedAt.IsSet() {
		t.Errorf("%+v", p)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"lastEditedAt":"2026-01-02T03:04:05.678Z"`, `"lastPublishedAt":"yesterday"`, `"createdAt":"7"`, `"archivedAt":null`, `"trashedAt":null`, `"analytics":{"appViews":{"allTime":3}}`} {
		if !strings.Contains(string(b), want) {
			t.Errorf("%s lacks %s", b, want)
		}
	}
}

func TestAllProjectsEnds(t *testing.T) {
	page := func(id, after string) answer {
		return answer{status: 200, body: fmt.Sprintf(`{"values":[{"id":%q}],"pagination":{"after":%s}}`, id, after)}
	}
	for _, test := range []struct {
		name     string
		answers  []answer
		ids      string
		requests int
		err      string
	}{
		{"two pages", []answer{page("a", `"1"`), page("b", `null`)}, "ab", 2, ""},
		{"an empty cursor", []answer{page("a", `""`)}, "a", 1, ""},
		{"a circle", []answer{page("a", `"1"`), page("b", `"2"`), page("c", `"1"`)}, "abc", 3, "twice"},
		{"the same page", []answer{page("a", `"1"`)}, "a", 2, "twice"},
		{"a new cursor for the same projects", []answer{page("a", `"1"`), page("b", `"2"`), page("a", `"3"`)}, "ab", 3, "twice"},
		{"a project that moved to the next page", []answer{page("a", `"1"`), {status: 200, body: `{"values":[{"id":"a"},{"id":"b"}]}`}}, "ab", 2, ""},
		{"a cursor that is no cursor", []answer{page("a", `"`+strings.Repeat("x", maxCursor+1)+`"`)}, "", 1, "more than 4096 bytes"},
		{"a project without an ID", []answer{page("a", `"1"`), {status: 200, body: `{"values":[null]}`}}, "a", 2, "garbled"},
		{"a failure on the way", []answer{page("a", `"1"`), {status: 403}}, "a", 2, "403"},
	} {
		c, s := play(t, test.answers...)
		ids, failure := "", ""
		for p, err := range c.AllProjects(t.Context(), ProjectListOptions{}) {
			if err != nil {
				failure = err.Error()
			}
			ids += p.ID
		}
		if ids != test.ids || len(s.requests) != test.requests || (failure == "") != (test.err == "") || !strings.Contains(failure, test.err) {
			t.Errorf("%s: %s after %d requests, %s", test.name, ids, len(s.requests), failure)
		}
	}
	pages := 0
	endless := NewClient(DefaultHost(), mustToken(t, sample("hxtw_", "a")), ClientOptions{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		pages++
		return page(strconv.Itoa(pages), strconv.Quote(strconv.Itoa(pages))).response(r), nil
	})})
	var failure error
	for _, err := range endless.AllProjects(t.Context(), ProjectListOptions{}) {
		failure = err
	}
	if pages != maxPages || !errors.Is(failure, ErrTooLarge) {
		t.Errorf("%d pages, then %v", pages, failure)
	}
	c, s := play(t, page("a", `"1"`), page("b", "null"))
	for range c.AllProjects(t.Context(), ProjectListOptions{}) {
		break
	}
	if len(s.requests) != 1 {
		t.Error("goes on asking after the caller stopped")
	}
}
