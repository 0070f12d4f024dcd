package jsontemplate

import (
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/mgutz/ansi"

	tables "github.com/gh-hex/gh-hex/extension/table"
)

// scalar is a value of JSON as a table, color and join show it. Unlike print, it shows large numbers in full and others
// with two decimals.
func scalar(v any) (string, error) {
	switch v := v.(type) {
	case nil:
		return "", nil
	case string:
		return v, nil
	case bool:
		return strconv.FormatBool(v), nil
	case float64:
		if math.Trunc(v) == v {
			return strconv.FormatFloat(v, 'f', 0, 64), nil
		}
		return strconv.FormatFloat(v, 'f', 2, 64), nil
	}
	return "", fmt.Errorf("cannot convert type to string: %v", v)
}

func colored(args []any) (any, error) {
	s, err := scalar(args[1])
	if err != nil {
		return nil, err
	}
	return ansi.Color(s, args[0].(string)), nil
}

func uncolored(args []any) (any, error) { return scalar(args[1]) }

func hyperlink(link, label string) string {
	if label == "" {
		label = link
	}
	return "\x1b]8;;" + link + "\x1b\\" + label + "\x1b]8;;\x1b\\"
}

func join(args []any) (any, error) {
	var parts []string
	for _, v := range args[1].([]any) {
		s, err := scalar(v)
		if err != nil {
			return nil, err
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, args[0].(string)), nil
}

func pluck(args []any) (any, error) {
	var values []any
	for _, v := range args[1].([]any) {
		object, ok := v.(map[string]any)
		if !ok {
			return nil, fmt.Errorf("list of objects expected; found an element of type %s", typeName(v))
		}
		values = append(values, object[args[0].(string)])
	}
	return values, nil
}

func truncate(args []any) (any, error) {
	switch v := args[1].(type) {
	case nil:
		return "", nil
	case string:
		return tables.Shorten(args[0].(int), v), nil
	}
	return nil, fmt.Errorf("invalid value; expected string, got %T", args[1])
}

func formatTime(args []any) (any, error) {
	t, err := time.Parse(time.RFC3339, args[1].(string))
	if err != nil {
		return nil, err
	}
	return t.Format(args[0].(string)), nil
}

func timeAgo(now time.Time, then string) (any, error) {
	t, err := time.Parse(time.RFC3339, then)
	if err != nil {
		return nil, err
	}
	const day = 24 * time.Hour
	ago := now.Sub(t)
	in := func(size time.Duration, name string) (any, error) {
		n := int(ago / size)
		if n != 1 {
			name += "s"
		}
		return fmt.Sprintf("%d %s ago", n, name), nil
	}
	switch {
	case ago < time.Minute:
		return "just now", nil
	case ago < time.Hour:
		return in(time.Minute, "minute")
	case ago < day:
		return in(time.Hour, "hour")
	case ago < 30*day:
		return in(day, "day")
	case ago < 365*day:
		return in(30*day, "month")
	}
	return in(365*day, "year")
}

// table collects rows until they are rendered, which happens once a table is complete: widths depend on all rows.
type table struct {
	out   io.Writer
	width int
	rows  tables.Table
}

func newTable(out io.Writer, width int) *table { return &table{out: out, width: width} }

func (t *table) row(fields []any) (any, error) {
	cells := make([]tables.Cell, len(fields))
	for i, field := range fields {
		s, err := scalar(field)
		if err != nil {
			return nil, fmt.Errorf("failed to write table row: %w", err)
		}
		cells[i] = tables.Cell{Text: s, Shorten: truncateLine}
	}
	t.rows.Row(cells...)
	return "", nil
}

// render prints the rows, and begins a new table.
func (t *table) render() error {
	rows := t.rows
	t.rows = tables.Table{}
	if err := rows.Columns(t.out, t.width); err != nil {
		return fmt.Errorf("failed to render table: %w", err)
	}
	return nil
}

// truncateLine shortens the first line of s, and drops the others.
func truncateLine(width int, s string) string {
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		s = s[:i] + "..."
	}
	return tables.Shorten(width, s)
}
