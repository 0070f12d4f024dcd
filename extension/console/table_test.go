package console_test

import (
	"strings"
	"testing"

	"github.com/cli/go-gh/v2/pkg/text"

	"github.com/gh-hex/gh-hex/extension/command/commandtest"
	"github.com/gh-hex/gh-hex/extension/console"
)

func TestTable(t *testing.T) {
	c := console.Columns{Titles: []string{"ID", "TITLE", "OWNER", "EDITED"}, Whole: []string{"ID"}, Spare: []string{"OWNER", "EDITED"}}
	rows := [][]string{
		{"0123456789", "A title that is much too long for this", "ada@example.com", "324 days ago"},
		{"01", "文", "x", ""},
	}
	for width, want := range map[int]string{
		90: "ID          TITLE                                   OWNER            EDITED\n" +
			"0123456789  A title that is much too long for this  ada@example.com  324 days ago\n" +
			"01          文                                      x                \n",
		67: "ID          TITLE                     OWNER            EDITED\n" +
			"0123456789  A title that is much ...  ada@example.com  324 days ago\n" +
			"01          文                        x                \n",
		60: "ID          TITLE                               EDITED\n" +
			"0123456789  A title that is much too long f...  324 days ago\n" +
			"01          文                                  \n",
		40: "ID          TITLE\n" +
			"0123456789  A title that is much too ...\n" +
			"01          文\n",
		5: "ID          \n0123456789  \n01          \n", // an ID is worth nothing when it is cut
	} {
		b := commandtest.New(t).OnTerminal()
		b.Width = width
		if err := b.Table(c, rows); err != nil {
			t.Fatal(err)
		}
		if got := b.Stdout.String(); got != want {
			t.Errorf("%d columns:\n%s\nwant\n%s", width, got, want)
		}
		for line := range strings.Lines(b.Stdout.String()) {
			if got := text.DisplayWidth(strings.TrimSuffix(line, "\n")); got > max(width, 12) {
				t.Errorf("%q is %d wide, not %d", line, got, width)
			}
		}
	}
}

func TestRecords(t *testing.T) {
	b := commandtest.New(t)
	b.Width = 20
	c := console.Columns{Titles: []string{"ID", "TITLE", "OWNER"}, Spare: []string{"OWNER"}}
	if err := b.Table(c, [][]string{{"a", "b c", ""}, {strings.Repeat("long", 50), "", "d"}}); err != nil {
		t.Fatal(err)
	}
	if got, want := b.Stdout.String(), "a\tb c\t\n"+strings.Repeat("long", 50)+"\t\td\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
