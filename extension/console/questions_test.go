package console

import (
	"slices"
	"testing"
)

func TestParseChoice(t *testing.T) {
	marked := []bool{true, false, true, false}
	tests := []struct {
		answer string
		want   []int
		ok     bool
	}{
		{"", []int{0, 2}, true},
		{"  ", []int{0, 2}, true},
		{"none", nil, true},
		{"ALL", []int{0, 1, 2, 3}, true},
		{"2", []int{1}, true},
		{"4, 1-2 2", []int{0, 1, 3}, true},
		{"0", nil, false},
		{"5", nil, false},
		{"3-1", nil, false},
		{"1-", nil, false},
		{"-1", nil, false},
		{"1,x", nil, false},
		{",", nil, false},
		{"1-99999999999999999999", nil, false},
	}
	for _, tt := range tests {
		got, ok := parseChoice(tt.answer, marked)
		if ok != tt.ok || ok && !slices.Equal(got, tt.want) {
			t.Errorf("%q: %v, %v; want %v, %v", tt.answer, got, ok, tt.want, tt.ok)
		}
	}
}
