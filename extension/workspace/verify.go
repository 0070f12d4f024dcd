package workspace

import (
	"github.com/gh-hex/gh-hex/core"
)

// ScaffoldHost is what a file may name as the host: a host outside hex.tech would be refused when read back.
func ScaffoldHost(host core.Host) string {
	if host.IsHex() {
		return host.String()
	}
	return ""
}
