package run

import (
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gh-hex/gh-hex/extension/command"
	"github.com/gh-hex/gh-hex/extension/command/commandtest"
)

func TestRunInputs(t *testing.T) {
	for _, test := range []struct {
		name, stdin string
		flags       command.InputFlags
		want        string
		says        string
	}{
		{"none", "", command.InputFlags{}, `{}`, ""},
		{"strings and types", "", command.InputFlags{Raw: []string{"a=1", "b=x=y"}, Typed: []string{"c=1", "d=null"}}, `{"a":"1","b":"x=y","c":1,"d":null}`, ""},
		{"names are literal", "", command.InputFlags{Raw: []string{"a[b]=1"}}, `{"a[b]":"1"}`, ""},
		{"a file, and one that wins", "\ufeff" + `{"a": 1, "big": 12345678901234567890}`, command.InputFlags{File: "-", Raw: []string{"a=2"}}, `{"a":"2","big":12345678901234567890}`, ""},
		{"no object", `[1]`, command.InputFlags{File: "-"}, "", "JSON object"},
		{"no JSON", `a: 1`, command.InputFlags{File: "-"}, "", "not JSON"},
		{"two values", `{} {}`, command.InputFlags{File: "-"}, "", "not JSON"},
		{"a body", `{"inputParams": {"a": 1}, "dryRun": true}`, command.InputFlags{File: "-"}, "", "gh hex api"},
		{"an input of that name", `{"inputParams": {"a": 1}, "other": true}`, command.InputFlags{File: "-"}, `{"inputParams":{"a":1},"other":true}`, ""},
		{"too large", `{"a":"` + strings.Repeat("x", command.MaxInput) + `"}`, command.InputFlags{File: "-"}, "", "MiB"},
		{"no value", "", command.InputFlags{Typed: []string{"a"}}, "", "name=value"},
		{"no name", "", command.InputFlags{Raw: []string{"=a"}}, "", "name=value"},
	} {
		inputs, err := runInputs(commandtest.New(t).Reading(strings.NewReader(test.stdin)).Process, &test.flags)
		got, _ := json.Marshal(inputs)
		if test.says != "" {
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("%s: %s, %v", test.name, got, err)
			}
			continue
		}
		if err != nil || string(got) != test.want {
			t.Errorf("%s: %s, %v", test.name, got, err)
		}
	}
}

func TestHintTellsFilesFromTheNetwork(t *testing.T) {
	const network, input = "Check the network", "Check the file that --input"
	b := commandtest.New(t)
	_, missing := b.ReadInput(filepath.Join(t.TempDir(), "missing.json"))
	empty := filepath.Join(t.TempDir(), "empty.json")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, notJSON := runInputs(b.Process, &command.InputFlags{File: empty})
	refused := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for name, test := range map[string]struct {
		err  error
		want string
	}{
		"missing":   {missing, input},
		"empty":     {notJSON, input},
		"full disk": {fmt.Errorf("write: %w", &fs.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}), ""},
		"refused":   {fmt.Errorf("ask: %w", refused), network},
		"cut off":   {fmt.Errorf("ask: %w", io.ErrUnexpectedEOF), network},
	} {
		if got := command.Hint(test.err); test.err == nil || !strings.HasPrefix(got, test.want) || test.want == "" && got != "" {
			t.Errorf("%s: %v: %q", name, test.err, got)
		}
	}
}
