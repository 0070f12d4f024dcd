// Package table lays out rows in columns as gh does. go-gh's tableprinter does the same, but through a library that draws
// whole terminal programs: twenty packages and a third of a megabyte for knowing how wide a text is.
package table

import (
	"fmt"
	"io"
	"strings"
)

const gap = "  "

// Cell is a text of a table.
type Cell struct {
	Text string
	// Whole says that the text is never shortened, such as an ID.
	Whole bool
	// Firm says that the text is shortened only as far as its column would leave others no room at all, such as a title.
	Firm bool
	// Color changes how the text looks, not how wide it is; nil leaves it.
	Color func(string) string
	// Shorten fits the text into a width; nil stands for Shorten.
	Shorten func(width int, s string) string
}

// Table collects rows. All of them are printed at once, since the widths of the columns depend on all.
type Table struct {
	rows [][]Cell
}

// Row adds a row. Every row has as many cells as the first one, or fewer; the first one has cells.
func (t *Table) Row(cells ...Cell) {
	if len(t.rows)+len(cells) > 0 {
		t.rows = append(t.rows, cells)
	}
}

// Texts makes cells of texts.
func Texts(texts ...string) []Cell {
	cells := make([]Cell, len(texts))
	for i, s := range texts {
		cells[i] = Cell{Text: s}
	}
	return cells
}

// Records prints one line a row, with tabs between the cells, for programs. The error is the writer's.
func (t *Table) Records(out io.Writer) error {
	for _, row := range t.rows {
		texts := make([]string, len(row))
		for i, cell := range row {
			texts[i] = cell.Text
		}
		if _, err := fmt.Fprintln(out, strings.Join(texts, "\t")); err != nil {
			return err
		}
	}
	return nil
}

// Columns prints the rows in columns that together are at most width wide, as far as that can be done: what is too long is
// shortened. A row with more cells than the first one is an error, before anything is printed.
func (t *Table) Columns(out io.Writer, width int) error {
	if len(t.rows) == 0 {
		return nil
	}
	for _, row := range t.rows {
		if len(row) > len(t.rows[0]) {
			return fmt.Errorf("a row has %d fields, the first one %d", len(row), len(t.rows[0]))
		}
	}
	widths := t.widths(width)
	for _, row := range t.rows {
		var line strings.Builder
		for i, cell := range row {
			if i > 0 {
				line.WriteString(gap)
			}
			line.WriteString(cell.fit(widths[i], i < len(widths)-1))
		}
		if len(row) > 0 {
			line.WriteByte('\n')
		}
		if _, err := io.WriteString(out, line.String()); err != nil {
			return err
		}
	}
	return nil
}

func (c Cell) fit(width int, pad bool) string {
	s := c.Text
	switch {
	case c.Whole:
	case c.Shorten != nil:
		s = c.Shorten(width, s)
	default:
		s = Shorten(width, s)
	}
	if missing := width - displayWidth(s); pad && missing > 0 {
		s += strings.Repeat(" ", missing)
	}
	if c.Color != nil {
		s = c.Color(s)
	}
	return s
}

// widths gives every column what it wants where that is no more than its share; the others share what is left. Firm
// columns come first, and leave the rest as much as shows that something was cut.
func (t *Table) widths(total int) []int {
	wanted, given, firm := make([]int, len(t.rows[0])), make([]int, len(t.rows[0])), make([]bool, len(t.rows[0]))
	for _, row := range t.rows {
		for i, cell := range row {
			w := displayWidth(cell.Text)
			wanted[i], firm[i] = max(wanted[i], w), firm[i] || cell.Firm
			if cell.Whole {
				given[i] = max(given[i], w)
			}
		}
	}
	total -= len(gap) * (len(given) - 1)
	least := 0
	for i := range wanted {
		if given[i] == 0 && !firm[i] {
			least += min(wanted[i], minEllipsis)
		}
	}
	first := func(i int) bool { return firm[i] }
	share(given, wanted, first, total-least, false)
	share(given, wanted, first, total-least, true)
	everyone := func(int) bool { return true }
	share(given, wanted, everyone, total, false)
	share(given, wanted, everyone, total, true)
	for i, free := 0, total-sum(given); i < len(given) && free > 0; i++ {
		more := min(free, wanted[i]-given[i])
		given[i] += more
		free -= more
	}
	return given
}

// share serves those columns without a width that want no more than an equal part of what is free, or all when it is the
// last time.
func share(given, wanted []int, those func(i int) bool, total int, last bool) {
	unserved := 0
	for i, w := range given {
		if w == 0 && those(i) {
			unserved++
		}
	}
	if unserved == 0 {
		return
	}
	part := (total - sum(given)) / unserved
	for i := range given {
		switch {
		case given[i] != 0 || !those(i):
		case wanted[i] <= part:
			given[i] = wanted[i]
		case last && part > 0:
			given[i] = part
		}
	}
}

func sum(numbers []int) (n int) {
	for _, m := range numbers {
		n += m
	}
	return n
}
