package console

import (
	"slices"

	"github.com/cli/go-gh/v2/pkg/tableprinter"
	"github.com/cli/go-gh/v2/pkg/text"
)

// Columns are those of a list.
type Columns struct {
	Titles []string
	// Whole names those whose texts are never shortened, such as IDs: a part of one is worth nothing.
	Whole []string
	// Spare names those that a narrow terminal does without, one after the other, before anything is shortened.
	Spare []string
}

// enough is what a text that may be shortened wants at most before others have to go, in columns of the terminal.
const enough = 24

// Table prints rows: in columns below a header on a terminal, else as records with a tab between the fields.
func (s *Streams) Table(c Columns, rows [][]string) error {
	shown := c.Titles
	if s.OutTTY {
		shown = c.fitting(s.Width, rows)
	}
	t := tableprinter.New(s.Out, s.OutTTY, s.Width)
	t.AddHeader(shown)
	for _, row := range rows {
		for i, field := range row {
			shorten := text.Truncate
			if slices.Contains(c.Whole, c.Titles[i]) {
				shorten = nil
			}
			if slices.Contains(shown, c.Titles[i]) {
				t.AddField(field, tableprinter.WithTruncate(shorten))
			}
		}
		t.EndRow()
	}
	return t.Render()
}

// fitting leaves out as many columns as a terminal is too narrow for.
func (c Columns) fitting(width int, rows [][]string) []string {
	shown := slices.Clone(c.Titles)
	for _, title := range c.Spare {
		if c.width(shown, rows) <= width {
			break
		}
		shown = slices.DeleteFunc(shown, func(s string) bool { return s == title })
	}
	return shown
}

// Fit reports whether all columns have room.
func (c Columns) Fit(width int, rows [][]string) bool { return c.width(c.Titles, rows) <= width }

// width is what the columns shown want together.
func (c Columns) width(shown []string, rows [][]string) (sum int) {
	for i, title := range c.Titles {
		if !slices.Contains(shown, title) {
			continue
		}
		widest := text.DisplayWidth(title)
		for _, row := range rows {
			widest = max(widest, text.DisplayWidth(row[i]))
		}
		if !slices.Contains(c.Whole, title) && !slices.Contains(c.Spare, title) {
			widest = min(widest, enough)
		}
		sum += widest + len("  ")
	}
	return sum - len("  ")
}
