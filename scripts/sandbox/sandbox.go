// Package sandbox plays GitHub and Hex for tests and for the demo: the real gh, and the extension under it, talk to it
// without an account and without leaving the machine. It decrypts the secrets that are put into it, fails in every way
// it is told to, and records each request.
package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// maxSocketPath is what the shortest of the supported systems allows.
const maxSocketPath = 104

// Sandbox is a running pair of services. All methods may be used at any time, from any goroutine.
type Sandbox struct {
	socket  string
	hexURL  string
	control string
	servers []*http.Server
	served  sync.WaitGroup
	ctx     context.Context
	cancel  context.CancelFunc

	mu       sync.Mutex // guards all that follows
	idle     *sync.Cond // a request ended
	state    State
	keys     map[string]*keyPair // by collection
	faults   []*activeFault
	requests []*Request
	active   int            // handlers and runs of workflows at work
	checks   int            // runs of workflows at work
	flying   map[string]int // requests without an answer, by service
	peak     map[string]int // the largest number in flying, by service
	limits   map[string]*limiter
}

// New starts GitHub on the Unix socket dir/s, which is what gh's http_unix_socket wants, and Hex and the control
// endpoint on loopback ports. dir is made when missing; its path must be short, since that of a socket ends at 104 bytes.
func New(dir string) (*Sandbox, error) {
	s := &Sandbox{
		socket: filepath.Join(dir, "s"),
		keys:   map[string]*keyPair{},
		flying: map[string]int{},
		peak:   map[string]int{},
		limits: map[string]*limiter{},
	}
	if len(s.socket) > maxSocketPath {
		return nil, fmt.Errorf("start the sandbox: the path of the socket %s has more than %d bytes", s.socket, maxSocketPath)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", err)
	}
	s.idle = sync.NewCond(&s.mu)
	s.state.complete(s.now())
	s.ctx, s.cancel = context.WithCancel(context.Background())
	if err := s.listen(); err != nil {
		return nil, fmt.Errorf("start the sandbox: %w", errors.Join(err, s.Close()))
	}
	return s, nil
}

func (s *Sandbox) listen() error {
	var config net.ListenConfig
	github, err := config.Listen(s.ctx, "unix", s.socket)
	if err != nil {
		return err
	}
	s.serve(github, s.handler("github", s.github))
	hex, err := config.Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.hexURL = "http://" + hex.Addr().String()
	s.serve(hex, s.handler("hex", s.hex))
	control, err := config.Listen(s.ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	s.control = "http://" + control.Addr().String()
	s.serve(control, s.controlHandler())
	return nil
}

func (s *Sandbox) serve(l net.Listener, h http.Handler) {
	server := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 30 * time.Second,
		BaseContext:       func(net.Listener) context.Context { return s.ctx },
	}
	s.servers = append(s.servers, server)
	s.served.Go(func() { _ = server.Serve(l) })
}

// Close ends every request under way and the services. It may be called more than once.
func (s *Sandbox) Close() error {
	s.cancel()
	var errs []error
	for _, server := range s.servers {
		errs = append(errs, server.Close())
	}
	s.served.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.active > 0 {
		s.idle.Wait()
	}
	return errors.Join(errs...)
}

// Socket is the path of the Unix socket on which GitHub answers.
func (s *Sandbox) Socket() string { return s.socket }

// HexURL is the origin of Hex, such as http://127.0.0.1:49152.
func (s *Sandbox) HexURL() string { return s.hexURL }

// ControlURL is the origin of the endpoint through which a script changes state and faults, and reads what happened.
func (s *Sandbox) ControlURL() string { return s.control }

// now has the resolution of the times that GitHub shows: one second.
func (s *Sandbox) now() time.Time { return time.Now().UTC().Truncate(time.Second) }
