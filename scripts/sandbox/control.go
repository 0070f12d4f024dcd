package sandbox

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// Report is what GET /requests answers.
type Report struct {
	Requests      []Request      `json:"requests"`
	Deleted       []Request      `json:"deleted"`
	MaxConcurrent map[string]int `json:"maxConcurrent"`
}

// controlHandler lets shell scripts do what Go tests do with the methods. Its requests are not recorded.
func (s *Sandbox) controlHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /state", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.State()) })
	mux.HandleFunc("POST /state", taking(s.Merge))
	mux.HandleFunc("POST /faults", taking(s.addFaultsJSON))
	mux.HandleFunc("DELETE /faults", doing(s.ClearFaults))
	mux.HandleFunc("POST /reset-requests", doing(s.ResetRequests))
	mux.HandleFunc("PUT /files/{owner}/{repo}/{branch}/{path...}", s.putFile)
	mux.HandleFunc("POST /schedule", doing(s.Schedule))
	mux.HandleFunc("GET /secrets", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.Secrets()) })
	mux.HandleFunc("GET /requests", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, Report{s.Requests(), s.Deleted(), map[string]int{
			"github": s.MaxConcurrent("github"), "hex": s.MaxConcurrent("hex"),
		}})
	})
	return mux
}

// putFile puts a file on a branch of a repository of github.com, as a push does.
func (s *Sandbox) putFile(w http.ResponseWriter, r *http.Request) {
	taking(func(text []byte) error {
		name := r.PathValue("owner") + "/" + r.PathValue("repo")
		return s.Merge(mustJSON(map[string]any{"github": map[string]any{"github.com": map[string]any{"repositories": map[string]any{
			name: map[string]any{"files": map[string]any{r.PathValue("branch"): map[string]any{r.PathValue("path"): string(text)}}},
		}}}}))
	})(w, r)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(append(mustJSON(v), '\n'))
}

func doing(act func()) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		act()
		w.WriteHeader(http.StatusNoContent)
	}
}

func taking(act func([]byte) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
		if err == nil {
			err = act(body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// addFaultsJSON takes one rule or a list of them.
func (s *Sandbox) addFaultsJSON(raw []byte) error {
	raw = bytes.TrimSpace(raw)
	if bytes.HasPrefix(raw, []byte("{")) {
		raw = append(append([]byte("["), raw...), ']')
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	var faults []Fault
	if err := d.Decode(&faults); err != nil {
		return fmt.Errorf("read faults: %w", err)
	}
	return s.AddFaults(faults...)
}
