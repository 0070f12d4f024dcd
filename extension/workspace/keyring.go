package workspace

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/zalando/go-keyring"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/extension/command"
)

// ErrNoKeyring means that this machine has no keyring that can be used.
var ErrNoKeyring = command.Hinted("no usable keyring on this machine", "Store the copy in .env with: --local dotenv, or none with: --local none")

// ErrNotInKeyring means that the keyring holds no token for a host.
var ErrNotInKeyring = errors.New("the keyring has no Hex token")

const (
	keyringService = "gh-hex"
	// KeyringGlance is how long a command that happens to need a token waits for the keyring.
	KeyringGlance = 2 * time.Second
	// KeyringPatience leaves a user who asked for the keyring time to unlock it.
	KeyringPatience = time.Minute
)

// keyringEntry is the operating system's keyring entry for one Hex host.
type keyringEntry struct {
	host   core.Host
	getenv func(string) string
}

// Keyring is this machine's keyring as far as it concerns a host.
func Keyring(p *command.Process, host core.Host) keyringEntry { return keyringEntry{host, p.Getenv} }

// Get reads the token, as it was saved.
func (k keyringEntry) Get(patience time.Duration) (string, error) {
	var token string
	err := k.within(patience, func() (func(), error) {
		found, err := keyring.Get(keyringService, k.host.String())
		return func() { token = found }, err
	})
	return token, err
}

func (k keyringEntry) Set(token core.Token) error {
	return k.within(KeyringPatience, func() (func(), error) {
		return func() {}, keyring.Set(keyringService, k.host.String(), token.Reveal())
	})
}

func (k keyringEntry) Remove() error {
	return k.within(KeyringPatience, func() (func(), error) {
		return func() {}, keyring.Delete(keyringService, k.host.String())
	})
}

// within lets the keyring be asked for some time: it may wait for a password that nobody types. take hands the result
// over, and is called only when it came in time.
func (k keyringEntry) within(patience time.Duration, ask func() (take func(), err error)) error {
	if !hasKeyring(k.getenv) {
		return fmt.Errorf("%w: there is no session bus", ErrNoKeyring)
	}
	type result struct {
		take func()
		err  error
	}
	done := make(chan result, 1)
	go func() {
		take, err := ask()
		done <- result{take, err}
	}()
	select {
	case r := <-done:
		switch {
		case errors.Is(r.err, keyring.ErrNotFound):
			return fmt.Errorf("%w for %s", ErrNotInKeyring, k.host.Name())
		case r.err != nil:
			return fmt.Errorf("%w: %w", ErrNoKeyring, r.err)
		}
		r.take()
		return nil
	case <-time.After(patience):
		return fmt.Errorf("%w: it did not answer within %s", ErrNoKeyring, patience)
	}
}

// hasKeyring reports whether asking makes sense. Without a session bus the library would start one.
func hasKeyring(getenv func(string) string) bool {
	if slices.Contains([]string{"darwin", "windows"}, runtime.GOOS) {
		return true
	}
	if address := getenv("DBUS_SESSION_BUS_ADDRESS"); address != "" {
		return address != "autolaunch:"
	}
	return slices.ContainsFunc([]string{"bus", "dbus-session"}, func(name string) bool {
		_, err := os.Stat(filepath.Join("/run/user", strconv.Itoa(os.Getuid()), name))
		return err == nil
	})
}

// Usable reports whether the keyring answers.
func (k keyringEntry) Usable(patience time.Duration) error {
	if _, err := k.Get(patience); err != nil && !errors.Is(err, ErrNotInKeyring) {
		return err
	}
	return nil
}
