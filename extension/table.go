package extension

import (
	"slices"

	"github.com/cli/go-gh/v2/pkg/tableprinter"
	"github.com/cli/go-gh/v2/pkg/text"
)

// columns are those of a list.
type columns struct {
	titles []string
	// whole names those whose texts are never shortened, such as IDs: a part of one is worth nothing.
	whole []string
	// spare names those that a narrow terminal does without, one after the other, before anything is shortened.
	spare []string
}

// enough is what a text that may be shortened wants at most before others have to go, in columns of the terminal.
const enough = 24

// table prints rows: in columns below a header on a terminal, else as records with a tab between the fields.
func (s *streams) table(c columns, rows [][]string) error {
	shown := c.titles
	if s.outTTY {
		shown = c.fitting(s.width, rows)
	}
	t := tableprinter.New(s.out, s.outTTY, s.width)
	t.AddHeader(shown)
	for _, row := range rows {
		for i, field := range row {
			shorten := text.Truncate
			if slices.Contains(c.whole, c.titles[i]) {
				shorten = nil
			}
			if slices.Contains(shown, c.titles[i]) {
				t.AddField(field, tableprinter.WithTruncate(shorten))
			}
		}
		t.EndRow()
	}
	return t.Render()
}

// fitting leaves out as many columns as a terminal is too narrow for.
func (c columns) fitting(width int, rows [][]string) []string {
	shown := slices.Clone(c.titles)
	for _, title := range c.spare {
		if c.width(shown, rows) <= width {
			break
		}
		shown = slices.DeleteFunc(shown, func(s string) bool { return s == title })
	}
	return shown
}

// width is what the columns shown want together.
func (c columns) width(shown []string, rows [][]string) (sum int) {
	for i, title := range c.titles {
		if !slices.Contains(shown, title) {
			continue
		}
		widest := text.DisplayWidth(title)
		for _, row := range rows {
			widest = max(widest, text.DisplayWidth(row[i]))
		}
		if !slices.Contains(c.whole, title) && !slices.Contains(c.spare, title) {
			widest = min(widest, enough)
		}
		sum += widest + len("  ")
	}
	return sum - len("  ")
}
