// Command serve runs the sandbox for shell scripts: GitHub on a Unix socket, Hex and the control endpoint on loopback.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/gh-hex/gh-hex/scripts/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// ready is the line that is printed once everything answers.
type ready struct {
	Socket    string            `json:"socket"`
	HexURL    string            `json:"hexUrl"`
	Control   string            `json:"control"`
	HexTokens map[string]string `json:"hexTokens"` // by the name in the state
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("serve", flag.ContinueOnError)
	dir := flags.String("dir", "", "folder for the socket; its path must be short")
	state := flags.String("state", "", "file with the state, - for standard input")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if *dir == "" {
		return fmt.Errorf("-dir is missing")
	}
	s, err := sandbox.New(*dir)
	if err != nil {
		return err
	}
	defer func() { _ = s.Close() }()
	if err := load(s, *state, stdin); err != nil {
		return err
	}
	line := ready{Socket: s.Socket(), HexURL: s.HexURL(), Control: s.ControlURL(), HexTokens: map[string]string{}}
	for name, token := range s.State().Hex.Tokens {
		line.HexTokens[name] = token.Value
	}
	if err := json.NewEncoder(stdout).Encode(line); err != nil {
		return fmt.Errorf("report the addresses: %w", err)
	}
	<-ctx.Done()
	return s.Close()
}

func load(s *sandbox.Sandbox, file string, stdin io.Reader) error {
	if file == "" {
		return nil
	}
	read := func() ([]byte, error) { return os.ReadFile(file) }
	if file == "-" {
		read = func() ([]byte, error) { return io.ReadAll(stdin) }
	}
	raw, err := read()
	if err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	return s.Merge(raw)
}
