package hook

import (
	"crypto/sha256"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gh-hex/gh-hex/core"
)

const (
	// Line is what a hook of somebody else needs in order to run gh hex. A remote can be called --help.
	Line     = `gh hex verify --pre-push -- "$@"`
	hookMark = "# Written by gh hex init --hook."
)

// template is the hook, but for the folder that gh is in. It runs gh hex, then the hook that was there before, which may act:
// that of git-lfs sends files. Both get what git tells a hook. Where gh or the extension is gone, or the extension is too old
// to know the flag, the push goes on: the test is whether it can judge a push of nothing. A kept hook that is this one again,
// or that runs it, would start processes without end: it is passed over.
const template = `#!/bin/sh
` + hookMark + ` It looks for Hex tokens, .env files and broken workflows in what is pushed.
# A hook that was here before is now ` + keptName + `, and runs after it.
# To go past both once: git push --no-verify
# To remove it, delete this file; if there is a ` + keptName + `, rename it to ` + hookName + ` again.
refs=$(cat)
send() { [ -z "$refs" ] || printf '%s\n' "$refs"; }

# A program with windows starts git with fewer folders than a shell.
` + wroteFrom + wroteTo + `command -v gh >/dev/null 2>&1 || PATH=$PATH${wrote:+:$wrote}:/opt/homebrew/bin:/usr/local/bin:$HOME/.local/bin:/home/linuxbrew/.linuxbrew/bin:/snap/bin
if [ -z "$refs" ]; then
	: # nothing is pushed
elif ! command -v gh >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: gh is not installed" >&2
elif ! gh hex verify --pre-push </dev/null >/dev/null 2>&1; then
	echo "gh hex checked nothing of this push: the extension gh-hex is missing or old (gh extension install gh-hex/gh-hex)" >&2
else
	send | ` + Line + ` >&2 || exit
fi

folder=$(CDPATH= cd -- "${0%/*}" && pwd -P)
kept=${0%/*}/` + keptName + `
if [ -f "$kept" ] && [ -x "$kept" ]; then
	{ read -r second; read -r second; } 2>/dev/null <"$kept"
	case ":$GH_HEX_HOOKS:$second" in
	*":$folder:"* | *":` + hookMark + `"*)
		echo "gh hex passed over $kept: it runs this hook again (take that out of it, or delete it)" >&2
		;;
	*)
		send | GH_HEX_HOOKS=$GH_HEX_HOOKS:$folder "$kept" "$@"
		;;
	esac
fi
`

const (
	wroteFrom = "wrote="
	wroteTo   = "\n"
)

// scriptFor is the hook for a gh in this folder; empty when that is not known.
func scriptFor(folder string) string {
	if !filepath.IsAbs(folder) || core.Printable(folder) != folder || strings.Contains(folder, ":") {
		folder = "" // no folder of a PATH of sh, or none to be written down
	}
	head, tail, _ := strings.Cut(template, wroteFrom+wroteTo)
	return head + wroteFrom + core.ScriptWord(folder) + wroteTo + tail
}

// isOurs tells whether a hook is as it was written, for whatever folder.
func isOurs(text string) bool {
	_, after, _ := strings.Cut(text, "\n"+wroteFrom)
	folder, _, _ := strings.Cut(after, wroteTo)
	if quoted, ok := strings.CutPrefix(folder, "'"); ok {
		folder = strings.ReplaceAll(strings.TrimSuffix(quoted, "'"), `'\''`, "'")
	}
	return text == scriptFor(folder)
}

// earlier are the SHA-256 of what was written before: one passed what git says of the remote as options of gh hex, one ran
// the kept hook first.
func earlier() []string {
	return []string{
		"1c94da5e10a81617441f20b7a78e020327f4c863a1b2cb600432da7d45defbb0",
		"34b9695cc417b0ea78d0bdf2ee1fd5443a978a5f55228e0ae4291f5d10332ee5",
	}
}

func isEarlier(text []byte) bool {
	return slices.Contains(earlier(), fmt.Sprintf("%x", sha256.Sum256(text)))
}
