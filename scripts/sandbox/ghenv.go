package sandbox

import (
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// The kinds of Hex tokens.
const (
	Personal  = "personal"
	Workspace = "workspace"
	Legacy    = "legacy" // a personal token of the time before tokens had a prefix
)

// NewToken makes a Hex token of a kind (Personal, Workspace, Legacy) that looks real and is always the same for the same
// seed. Tokens are made, never written down: the product looks for them in its own repository too.
func NewToken(kind, seed string) string {
	sum := sha512.Sum512([]byte(kind + "\x00" + seed))
	digits := hex.EncodeToString(sum[:])[:96]
	switch kind {
	case Personal:
		return "hxtp_" + digits
	case Workspace:
		return "hxtw_" + digits
	}
	return digits
}

// GHEnv writes a throw-away configuration of gh below dir, the folder given to [New], and returns the environment in
// which gh and git see nothing else of this machine than PATH. token is gh's login (GH_TOKEN), none when empty;
// tests of Enterprise hosts append GH_ENTERPRISE_TOKEN. Whatever does not go through the socket or to loopback meets a
// proxy that refuses it at once.
func GHEnv(dir, token string) ([]string, error) {
	for _, sub := range []string{"cfg", "home", "data", "state", "cache", "tmp"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return nil, fmt.Errorf("prepare gh's folders: %w", err)
		}
	}
	config := fmt.Sprintf("version: \"1\"\nhttp_unix_socket: %q\n", filepath.Join(dir, "s"))
	if err := os.WriteFile(filepath.Join(dir, "cfg", "config.yml"), []byte(config), 0o600); err != nil {
		return nil, fmt.Errorf("prepare gh's configuration: %w", err)
	}
	env := []string{
		"PATH=" + os.Getenv("PATH"),
		"GH_CONFIG_DIR=" + filepath.Join(dir, "cfg"),
		"HOME=" + filepath.Join(dir, "home"),
		"XDG_DATA_HOME=" + filepath.Join(dir, "data"),
		"XDG_STATE_HOME=" + filepath.Join(dir, "state"),
		"XDG_CACHE_HOME=" + filepath.Join(dir, "cache"),
		"XDG_CONFIG_HOME=" + filepath.Join(dir, "cfg"),
		"TMPDIR=" + filepath.Join(dir, "tmp"),
		"GH_NO_UPDATE_NOTIFIER=1",
		"GH_NO_EXTENSION_UPDATE_NOTIFIER=1",
		"GH_TELEMETRY=0",
		"GIT_CONFIG_NOSYSTEM=1",
		"HTTPS_PROXY=http://127.0.0.1:1",
		"HTTP_PROXY=http://127.0.0.1:1",
	}
	return append(append(env, windowsEnv(dir)...), loginEnv(token)...), nil
}

// ForgetReleases empties what gh below dir remembers of releases for thirty seconds; where it does depends on its version.
func ForgetReleases(dir string) error {
	return errors.Join(os.RemoveAll(filepath.Join(dir, "tmp", "gh-cli-cache")), os.RemoveAll(filepath.Join(dir, "cache", "gh")))
}

func loginEnv(token string) []string {
	if token == "" {
		return nil
	}
	return []string{"GH_TOKEN=" + token}
}

// windowsEnv is what programs need on Windows; the variables are not set elsewhere.
func windowsEnv(dir string) []string {
	root, present := os.LookupEnv("SystemRoot")
	if !present {
		return nil
	}
	home, tmp := filepath.Join(dir, "home"), filepath.Join(dir, "tmp")
	return []string{
		"SystemRoot=" + root, "PATHEXT=" + os.Getenv("PATHEXT"), "USERPROFILE=" + home,
		"AppData=" + filepath.Join(dir, "cfg"), "LocalAppData=" + filepath.Join(dir, "data"), "TEMP=" + tmp, "TMP=" + tmp,
	}
}
