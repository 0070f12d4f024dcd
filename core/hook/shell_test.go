package hook

import "testing"

func TestRunsVerify(t *testing.T) {
	tests := []struct {
		text        string
		runs, maybe bool
	}{
		{"", false, false},
		{"#!/bin/sh\nexit 0\n", false, false},
		{scriptFor("/usr/bin"), true, false},
		{"#!/bin/sh\n" + Line + "\n", true, false},
		{"#!/usr/bin/env -S bash -e\n" + Line, true, false},
		{"make test && gh hex verify --strict --pre-push \"$@\"", true, false},
		{"send | /usr/bin/gh hex verify \\\n  --pre-push \"$@\" >&2", true, false},
		{"if ! GH_TOKEN=x gh hex verify --pre-push; then exit 1; fi", true, false},
		{"( exec gh hex verify --pre-push )", true, false},
		{"# gh hex verify --pre-push", false, false},
		{"make # gh hex verify --pre-push", false, false},
		{"echo \"run gh hex verify --pre-push by hand\"", false, false},
		{"echo 'a; gh hex verify --pre-push'", false, false},
		{"echo a\\; gh hex verify --pre-push", false, false},
		{"make || echo run gh hex verify --pre-push", false, false},
		{"gh hex verify --pre-push </dev/null", false, false},
		{"gh hex verify --offline", false, false},
		{"sh -c 'gh hex verify --pre-push'", false, true},
		{"cat <<END\ngh hex verify --pre-push x\nEND\n", false, true},
		{"#!/usr/bin/python3\nos.system('gh hex verify --pre-push')", false, true},
		{"say='gh hex verify --pre-push'; echo $say", false, true},
		{"echo it's gh hex verify --pre-push", false, false},
	}
	for _, tt := range tests {
		if runs, maybe := runsVerify(tt.text); runs != tt.runs || maybe != tt.maybe {
			t.Errorf("%q: runs %v, maybe %v; want %v, %v", tt.text, runs, maybe, tt.runs, tt.maybe)
		}
	}
}
