package core

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"strings"
)

const (
	base62       = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	base62Length = 22 // digits of a 128-bit number
	uuidLength   = 36
)

// ParseProjectRef reads a project ID (a UUID of any version) or a Hex URL of a project, whose path holds the UUID or, in
// the newer form, the title and 22 base62 digits. It returns the ID in lower case, and the URL's host, which is zero
// when the text was an ID alone.
func ParseProjectRef(ref string) (id string, host Host, err error) {
	ref = strings.TrimSpace(ref)
	if id, ok := parseUUID(ref); ok {
		return id, Host{}, nil
	}
	if id, ok := decodeBase62(ref); ok {
		return id, Host{}, nil
	}
	u, host, err := parseHexURL(ref)
	if err != nil {
		return "", Host{}, fmt.Errorf("not a project ID or the URL of a project: %w", err)
	}
	id, ok := projectInPath(u.Path)
	if !ok {
		return "", Host{}, errors.New("the URL names no project: copy it from the browser while the project is open")
	}
	return id, host, nil
}

// ParseRunURL reads the URL of a run as Hex gives it (runUrl, runStatusUrl): the project is found as in
// [ParseProjectRef], the run in the path after "run" or "runs", or in the query as runId.
func ParseRunURL(ref string) (projectID, runID string, host Host, err error) {
	u, host, err := parseHexURL(strings.TrimSpace(ref))
	if err != nil {
		return "", "", Host{}, fmt.Errorf("not the URL of a run: %w", err)
	}
	projectID, ok := projectInPath(u.Path)
	if !ok {
		return "", "", Host{}, errors.New("the URL names no project")
	}
	runID, ok = idAfter(u.Path, "run", "runs")
	for _, name := range []string{"runId", "run_id", "run"} {
		if !ok {
			runID, ok = parseUUID(u.Query().Get(name))
		}
	}
	if !ok {
		return "", "", Host{}, errors.New("the URL names no run")
	}
	return projectID, runID, host, nil
}

func parseHexURL(s string) (*url.URL, Host, error) {
	if !strings.Contains(s, "/") {
		return nil, Host{}, errors.New("neither a UUID nor a URL")
	}
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	host, err := ParseHost(s)
	if err != nil {
		return nil, Host{}, err
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, Host{}, errors.New("not a URL")
	}
	return u, host, nil
}

func projectInPath(path string) (string, bool) {
	return idAfter(path, "app", "hex", "project", "projects")
}

// idAfter looks behind the words only: a workspace, too, can be named by an ID, or be named like one of the words.
func idAfter(path string, words ...string) (string, bool) {
	segments := strings.Split(path, "/")
	for i, segment := range segments[:len(segments)-1] {
		for _, word := range words {
			if segment != word {
				continue
			}
			if id, ok := idOfSegment(segments[i+1]); ok {
				return id, true
			}
		}
	}
	return "", false
}

func idOfSegment(segment string) (string, bool) {
	if id, ok := parseUUID(segment); ok {
		return id, true
	}
	return decodeBase62(segment[strings.LastIndexByte(segment, '-')+1:])
}

// isID reports whether an ID that Hex gave can stand in a command, a file and a URL as it is. Today's are UUIDs; that is
// not insisted on.
func isID(s string) bool {
	odd := strings.ContainsFunc(s, func(r rune) bool {
		return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	})
	return s != "" && len(s) <= 64 && !odd && s[0] != '-'
}

func parseUUID(s string) (string, bool) {
	s = strings.ToLower(s)
	if len(s) != uuidLength {
		return "", false
	}
	for i, c := range []byte(s) {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !isHexDigits(s[i:i+1]) {
			return "", false
		}
	}
	return s, true
}

// decodeBase62 reads a 128-bit number, most significant digit first, and writes it as a UUID.
func decodeBase62(s string) (string, bool) {
	if len(s) != base62Length {
		return "", false
	}
	n := new(big.Int)
	for _, c := range []byte(s) {
		digit := strings.IndexByte(base62, c)
		if digit < 0 {
			return "", false
		}
		n.Add(n.Mul(n, big.NewInt(int64(len(base62)))), big.NewInt(int64(digit)))
	}
	if n.BitLen() > 128 {
		return "", false
	}
	x := hex.EncodeToString(n.FillBytes(make([]byte, 16)))
	return strings.Join([]string{x[:8], x[8:12], x[12:16], x[16:20], x[20:]}, "-"), true
}
