package console

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cli/go-gh/v2/pkg/text"
)

// Counted is a number of things whose plural is more than an s at the end; for the others there is text.Pluralize.
func Counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Capitalised is a sentence with a capital at its beginning.
func Capitalised(sentence string) string {
	if sentence == "" {
		return ""
	}
	return strings.ToUpper(sentence[:1]) + sentence[1:]
}

// Ago writes a distance in time as people do.
func Ago(then, now time.Time) string {
	d := now.Sub(then)
	switch {
	case then.IsZero():
		return "at an unknown time"
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return text.Pluralize(int(d.Minutes()), "minute") + " ago"
	case d < 24*time.Hour:
		return text.Pluralize(int(d.Hours()), "hour") + " ago"
	case d < manyDays:
		return text.Pluralize(int(d.Hours()/24), "day") + " ago"
	case d < manyMonths:
		return text.Pluralize(months(d), "month") + " ago"
	default:
		return text.Pluralize(int(d/year), "year") + " ago"
	}
}

const (
	year       = 365*24*time.Hour + 6*time.Hour
	manyDays   = 60 * 24 * time.Hour
	manyMonths = 2 * year
)

// months is the nearest number of them.
func months(d time.Duration) int { return int((d + year/24) / (year / 12)) }

// Age is [Ago] for a table, in as few characters as tell it.
func Age(then, now time.Time) string {
	d := now.Sub(then)
	switch {
	case then.IsZero():
		return ""
	case d < time.Minute:
		return "now"
	case d < time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 24*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	case d < manyDays:
		return fmt.Sprintf("%dd", int(d.Hours()/24))
	case d < manyMonths:
		return fmt.Sprintf("%dmo", months(d))
	}
	return fmt.Sprintf("%dy", int(d/year))
}

// Span writes a time that was asked for as it is typed: 1h, 10m, 1h30m.
func Span(d time.Duration) string {
	s := d.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(s, zero) {
			s = s[:len(s)-2]
		}
	}
	return s
}

// Took writes a duration as people do: 1h2m3s, to the second.
func Took(d time.Duration) string {
	if d <= 0 {
		return ""
	}
	if d < time.Second {
		return strconv.FormatInt(d.Milliseconds(), 10) + "ms"
	}
	return d.Round(time.Second).String()
}

// Word is a status or the like in Hex's words, cut down to letters and underscores: at the start of a line, anything
// else could be a command to the log of GitHub Actions.
func Word(status string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, status)
}
