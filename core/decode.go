package core

import "encoding/json"

// maxValues bounds how many values one answer may hold: each takes more memory than the bytes it is written in. A page
// of a hundred projects has some ten thousand.
const maxValues = 100_000

// DecodeJSON is [json.Unmarshal] for what a service sent. The error is [ErrTooLarge] for more than 100,000 values.
func DecodeJSON(body []byte, out any) error {
	if countValues(body) > maxValues {
		return ErrTooLarge
	}
	return json.Unmarshal(body, out)
}

// countValues counts what begins a list, an object, or the next item of one.
func countValues(body []byte) int {
	count, quoted := 0, false
	for i := 0; i < len(body); i++ {
		switch c := body[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case !quoted && (c == ',' || c == '[' || c == '{'):
			count++
		}
	}
	return count
}
