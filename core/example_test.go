package core_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/check"
)

// Another program can verify a token with core alone.
func Example() {
	hex := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/v1/users/me":
			fmt.Fprint(w, `{"id":"1","name":"Ada Lovelace","email":"ada@example.com","org":{"id":"2"},"token":{"exp":4102444800}}`)
		case "/api/v1/projects":
			fmt.Fprint(w, `{"values":[{"id":"3","lastPublishedAt":"2026-01-02T03:04:05Z"}],"pagination":{"after":null}}`)
		}
	}))
	defer hex.Close()

	token, err := core.ParseToken("Bearer hxtp_0123456789abcdef0123")
	if err != nil {
		fmt.Println(err)
		return
	}
	host, err := core.ParseHost(hex.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(token)

	checks := core.TokenChecks(core.TokenInput{Token: token, TokenSource: "the prompt", Host: host})
	for _, r := range check.Run(context.Background(), checks) {
		switch r.ID {
		case "token-present", "token-format", "token-owner", "scope-read":
			fmt.Printf("%s %s: %s\n", r.Status, r.ID, r.Message)
		}
	}
	// Output:
	// hxtp_…0123
	// ok token-present: token on this machine, from the prompt (hxtp_…0123)
	// warning token-format: the token has 25 characters instead of 101
	// ok token-owner: personal token of Ada Lovelace <ada@example.com>
	// ok scope-read: can read projects (1 visible)
}
