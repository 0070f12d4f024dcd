package table

import (
	"strings"
	"testing"
)

func TestShorten(t *testing.T) {
	for _, tt := range []struct {
		width    int
		in, want string
	}{
		{10, "short", "short"},
		{5, "exact", "exact"},
		{8, "something long", "somet..."},
		{4, "something long", "some"}, // no room for an ellipsis
		{0, "something", ""},
		{-1, "something", "something"},
		{9, "日本語の文字列", "日本語..."},
		{8, "日本語の文字列", "日本... "}, // half a character is none
		{6, "\x1b[31mred and more\x1b[0m", "\x1b[31mred...\x1b[0m"},
		{6, "\x1b]8;;https://hex.tech\x1b\\a link\x1b]8;;\x1b\\", "\x1b]8;;https://hex.tech\x1b\\a link\x1b]8;;\x1b\\"},
		{5, "e\u0301e\u0301e\u0301e\u0301e\u0301", "e\u0301e\u0301e\u0301e\u0301e\u0301"},
		{3, "one\ntwo more", "one\n"},
		{0, "one\ntwo", ""},
		{5, "\x1b[no end of this", "\x1b[no ..."},
		{8, "one\nlonger\nx", "one\nlonger\nx"}, // the widest line counts
	} {
		if got := Shorten(tt.width, tt.in); got != tt.want {
			t.Errorf("Shorten(%d, %q) = %q, want %q", tt.width, tt.in, got, tt.want)
		}
	}
}

func TestColumns(t *testing.T) {
	var rows Table
	rows.Row(Texts("ID", "TITLE", "OWNER")...)
	rows.Row(Cell{Text: "0123456789", Whole: true}, Cell{Text: "A title that is much too long for this"}, Cell{Text: "ada@example.com"})
	rows.Row(Cell{Text: "01", Whole: true}, Cell{Text: "文", Color: strings.ToUpper}, Cell{Text: "x"})
	for width, want := range map[int]string{
		80: "ID          TITLE                                   OWNER\n" +
			"0123456789  A title that is much too long for this  ada@example.com\n" +
			"01          文                                      x\n",
		40: "ID          TITLE          OWNER\n" +
			"0123456789  A title th...  ada@exampl...\n" +
			"01          文             x\n",
		5: "ID            \n0123456789    \n01            \n", // an ID is worth nothing when it is cut
	} {
		var b strings.Builder
		if err := rows.Columns(&b, width); err != nil || b.String() != want {
			t.Errorf("%d columns:\n%s, %v\nwant\n%s", width, b.String(), err, want)
		}
		for line := range strings.Lines(b.String()) {
			if got := displayWidth(strings.TrimRight(line, "\n")); got > max(width, 14) {
				t.Errorf("%q is %d wide, not %d", line, got, width)
			}
		}
	}
}

// What matters most is shortened last, and never pushes the rest out.
func TestFirmColumns(t *testing.T) {
	table := func(title string) *Table {
		var rows Table
		rows.Row(Texts("ID", "TITLE", "OWNER", "EDITED")...)
		rows.Row(Cell{Text: "0123456789", Whole: true}, Cell{Text: title, Firm: true}, Cell{Text: "ada@example.com"}, Cell{Text: "324 days ago"})
		return &rows
	}
	for _, tt := range []struct{ title, want string }{
		{"Weekly revenue", "ID          TITLE           OWNER    EDITED\n0123456789  Weekly revenue  ada@...  324 ...\n"},
		{"Weekly revenue by region and day", "ID          TITLE               OWNER  ED...\n0123456789  Weekly revenue ...  ad...  32...\n"},
	} {
		var b strings.Builder
		if err := table(tt.title).Columns(&b, 44); err != nil || b.String() != tt.want {
			t.Errorf("%s:\n%s, %v\nwant\n%s", tt.title, b.String(), err, tt.want)
		}
	}
}

func TestRowThatDoesNotFit(t *testing.T) {
	var rows Table
	rows.Row()
	rows.Row(Texts("a")...)
	rows.Row(Texts("b", "c")...)
	var b strings.Builder
	if err := rows.Columns(&b, 80); err == nil || b.Len() > 0 {
		t.Errorf("got %q, %v", b.String(), err)
	}
}

func TestRecords(t *testing.T) {
	var rows Table
	rows.Row(Texts("a", "b c", "")...)
	rows.Row(Texts(strings.Repeat("long", 50), "", "d")...)
	var b strings.Builder
	if err := rows.Records(&b); err != nil || b.String() != "a\tb c\t\n"+strings.Repeat("long", 50)+"\t\td\n" {
		t.Errorf("got %q, %v", b.String(), err)
	}
}
