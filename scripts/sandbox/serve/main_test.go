package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestServeUntilTold(t *testing.T) {
	dir, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-dir", dir, "-state", "-"}, strings.NewReader(`{"hex": {"tokens": {"ada": {}}}}`), in)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("no line: %v, %v", err, <-ended)
	}
	var r ready
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(r.Socket); err != nil || r.HexTokens["ada"] == "" {
		t.Errorf("%+v: %v", r, err)
	}
	for _, url := range []string{r.HexURL, r.Control + "/state"} {
		resp, err := http.Get(url) //nolint:gosec,noctx // loopback
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", url, resp.Status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestServeRefusesWrongState(t *testing.T) {
	for _, args := range [][]string{{}, {"-dir", "", "-state", "-"}} {
		if run(t.Context(), args, strings.NewReader(`{}`), io.Discard) == nil {
			t.Errorf("%v was accepted", args)
		}
	}
	dir, err := os.MkdirTemp("", "sb")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if run(t.Context(), []string{"-dir", dir, "-state", "-"}, strings.NewReader(`{"unknown": 1}`), io.Discard) == nil {
		t.Error("a state with an unknown field was accepted")
	}
}
