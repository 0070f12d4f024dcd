package api

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/workspace"
)

func TestAPIStaysOnItsHost(t *testing.T) {
	client := core.NewClient(core.DefaultHost(), core.Token{}, core.ClientOptions{})
	for path, want := range map[string]string{
		"users/me":                                       "/users/me",
		"/users/me":                                      "/users/me",
		"api/v1/users/me":                                "/users/me",
		"/api/v1/users/me?a=b":                           "/users/me?a=b",
		"https://app.hex.tech/api/v1/users/me":           "/users/me",
		"https://APP.hex.tech:443/api/v1/groups":         "/groups",
		"//evil.example.com/x":                           "/evil.example.com/x",
		"users/@evil.example.com":                        "/users/@evil.example.com",
		"users/a%2Fb":                                    "/users/a%2Fb",
		"https://eu.hex.tech/api/v1/users/me":            "",
		"https://evil.example.com/api/v1/x":              "",
		"https://app.hex.tech@evil.example.com/api/v1/x": "",
		"https://app.hex.tech/acme/home":                 "",
		"../embed":                                       "",
		"users/../../../embed":                           "",
		"users/%2e%2e/%2e%2e/embed":                      "",
		`users\..\..\embed`:                              "",
		"users/%zz":                                      "",
		"C:/Program Files/Git/users/me":                  "",
		"/":                                              "",
		"":                                               "",
	} {
		o := &apiOptions{Workspace: &workspace.Workspace{Client: client}, path: path}
		got, err := o.pathBelowAPI()
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", path, got, err)
		}
	}
}

func TestNest(t *testing.T) {
	for fields, want := range map[string]string{
		`a=1`:                                  `{"a":"1"}`,
		`a[b]=1 a[c][d]=2`:                     `{"a":{"b":"1","c":{"d":"2"}}}`,
		`a[]=1 a[]=2`:                          `{"a":["1","2"]}`,
		`a[]=`:                                 `{"a":[]}`,
		`a[][x]=1 a[][y]=2 a[][x]=3`:           `{"a":[{"x":"1","y":"2"},{"x":"3"}]}`,
		`a[][x][]=1 a[][x][]=2`:                `{"a":[{"x":["1","2"]}]}`,
		`a[b][]=1 a[b][]=2 a[c]=3`:             `{"a":{"b":["1","2"],"c":"3"}}`,
		`a=1 a=2`:                              ``,
		`a=1 a[b]=2`:                           ``,
		`a=1 a[]=2`:                            ``,
		`a[]=1 a[b]=2`:                         ``,
		`[a]=1`:                                ``,
		`a[b=1`:                                ``,
		`a[b]c=1`:                              ``,
		`a[b[c]]=1`:                            ``,
		`a` + strings.Repeat("[b]", 50) + `=1`: ``,
	} {
		var list []command.Field
		for pair := range strings.FieldsSeq(fields) {
			name, value, _ := strings.Cut(pair, "=")
			list = append(list, command.Field{Name: name, Value: value})
		}
		object, err := nest(list)
		got := ""
		if err == nil {
			raw, _ := json.Marshal(object)
			got = string(raw)
		}
		if got != want {
			t.Errorf("%s: %s, %v", fields, got, err)
		}
	}
}

func FuzzNest(f *testing.F) {
	f.Add("a[b][]=1 a[b][]=2")
	f.Add("a[][x]=1 a[][x]=2 a=3")
	f.Fuzz(func(t *testing.T, fields string) {
		var list []command.Field
		for pair := range strings.FieldsSeq(fields) {
			name, value, _ := strings.Cut(pair, "=")
			list = append(list, command.Field{Name: name, Value: value})
		}
		object, err := nest(list)
		if err != nil {
			return
		}
		if _, err := json.Marshal(object); err != nil {
			t.Fatal(err)
		}
		if _, err := queryOf(object); err != nil {
			t.Fatal(err)
		}
	})
}

func TestQueryOf(t *testing.T) {
	query, err := queryOf(map[string]any{"a": []any{"x", json.Number("2")}, "b": map[string]any{"c": true}, "d": nil})
	if want := (url.Values{"a[]": {"x", "2"}, "b[c]": {"true"}, "d": {""}}); err != nil || !reflect.DeepEqual(query, want) {
		t.Errorf("%v, %v", query, err)
	}
}

func TestHeadersThatAreNotTaken(t *testing.T) {
	for _, line := range []string{"authorization: Bearer x", "AUTHORIZATION:x", "nothing", ": x"} {
		if header, err := parseHeaders([]string{line}); err == nil {
			t.Errorf("%q is taken: %v", line, header)
		}
	}
}
