// Command svg draws what a command printed on a terminal, read from standard input, as a picture for the README.
package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"
)

const (
	lineHeight = 20
	charWidth  = 8.4
	margin     = 18
)

// colours of the escape codes that gh hex prints.
func colours() map[string]string {
	return map[string]string{"31": "#f47067", "32": "#57ab5a", "33": "#c69026", "90": "#768390", "1": "#f0f3f6"}
}

func main() {
	if err := draw(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func draw(in io.Reader, out io.Writer) error {
	var lines []string
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	escape := regexp.MustCompile("\x1b\\[([0-9;]*)m")
	columns := 0
	for _, l := range lines {
		columns = max(columns, utf8.RuneCountInString(escape.ReplaceAllString(l, "")))
	}
	width, height := float64(columns)*charWidth+2*margin, len(lines)*lineHeight+2*margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%d" viewBox="0 0 %.0f %d" role="img">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" rx="8" fill="#22272e"/>`+"\n")
	fmt.Fprintf(&b, `<g font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" font-size="14" fill="#adbac7" xml:space="preserve">`+"\n")
	for i, l := range lines {
		fmt.Fprintf(&b, `<text x="%d" y="%d">%s</text>`+"\n", margin, margin+14+i*lineHeight, spans(l, escape))
	}
	b.WriteString("</g>\n</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// spans turns the colours of a line into elements.
func spans(line string, escape *regexp.Regexp) string {
	var b strings.Builder
	open := false
	for line != "" {
		at := escape.FindStringSubmatchIndex(line)
		if at == nil {
			b.WriteString(html.EscapeString(line))
			break
		}
		b.WriteString(html.EscapeString(line[:at[0]]))
		code := line[at[2]:at[3]]
		line = line[at[1]:]
		if open {
			b.WriteString("</tspan>")
		}
		colour, known := colours()[code]
		open = known
		if known {
			fmt.Fprintf(&b, `<tspan fill="%s">`, colour)
		}
	}
	if open {
		b.WriteString("</tspan>")
	}
	return b.String()
}
