package console

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/cli/go-gh/v2/pkg/text"
)

// narrowest is the room, in columns, below which breaking lines at words does not help.
const narrowest = 20

// short is what no line consists of: a last word of so many bytes goes with the one before it, as in "(0.1 s)".
const short = 3

// wrap breaks a line at words, so that it fits a terminal, and indents what follows. A command, and what stands in
// backquotes, is never broken: it gets a line of its own where it has to, which the terminal may still break.
func wrap(line string, width, hang int) string {
	if width-hang < narrowest || text.DisplayWidth(line) <= width {
		return line
	}
	var b strings.Builder
	used, gap := 0, ""
	for _, part := range parts(line) {
		word := strings.TrimRight(part, " ")
		size := text.DisplayWidth(word)
		if used > hang && used+len(gap)+size > width {
			b.WriteString("\n" + strings.Repeat(" ", hang))
			used, gap, word = hang, "", inert("", word)
		}
		b.WriteString(gap + word)
		used += len(gap) + size
		gap = part[len(word):]
	}
	return b.String()
}

// pageLink is a link within our pages, which leads nowhere on a terminal.
var pageLink = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\[([^]]*)\]\([#\w.-]*\)`) })

// Page prints a page in Markdown. On a terminal its paragraphs and lists are broken at words, and of links the text is left;
// what was fenced, and tables, stay as they are.
func (s *Streams) Page(page string) {
	if !s.OutTTY {
		fmt.Fprintln(s.Out, page)
		return
	}
	var prose string
	flush := func() {
		if prose != "" {
			hang := len(prose) - len(strings.TrimPrefix(prose, "- "))
			fmt.Fprintln(s.Out, wrap(pageLink().ReplaceAllString(prose, "$1"), s.Width, hang))
			prose = ""
		}
	}
	fenced := false
	for line := range strings.SplitSeq(page, "\n") {
		fence := strings.HasPrefix(line, "```")
		fenced = fenced != fence
		switch {
		case fence:
			flush()
		case fenced, line == "", strings.ContainsAny(line[:1], "|#<"):
			flush()
			fmt.Fprintln(s.Out, line)
		case prose == "", strings.HasPrefix(line, "- "):
			flush()
			prose = line
		default:
			prose += " " + strings.TrimSpace(line)
		}
	}
	flush()
}

// parts are the pieces that a line may be broken between, each with the spaces behind it.
func parts(line string) []string {
	words := strings.SplitAfter(line, " ")
	var out []string
	for i := 0; i < len(words); {
		end := i + 1
		switch {
		case words[i] == " " && len(out) > 0:
			out[len(out)-1] += " "
			i++
			continue
		case strings.Count(words[i], "`")%2 == 1:
			end = quoteEnd(words, i)
		case i > 0 && strings.ContainsAny(lastOf(words[i-1]), ":,;") || strings.HasPrefix(words[i], "("):
			end = commandEnd(words, i)
		case isProgram(words[i], "gh", "git"):
			end = mentionEnd(words, i)
		}
		if end == len(words)-1 && len(words[end]) <= short {
			end++
		}
		out = append(out, strings.Join(words[i:end], ""))
		i = end
	}
	return out
}

// lastOf is the last character of a word, past the end of a colour.
func lastOf(word string) string {
	word = strings.TrimSuffix(strings.TrimRight(word, " "), "\x1b[0m")
	return word[max(0, len(word)-1):]
}

func isProgram(word string, names ...string) bool {
	return slices.Contains(names, strings.TrimLeft(strings.TrimRight(word, " "), "("))
}

// quoteEnd is behind the word that closes the backquotes.
func quoteEnd(words []string, start int) int {
	for i, w := range words[start+1:] {
		if strings.Contains(w, "`") {
			return start + i + 2
		}
	}
	return start + 1
}

// commandEnd is behind a command that begins at a word, behind which a mark or a bracket ends it; else behind the word.
func commandEnd(words []string, start int) int {
	if !isProgram(words[start], "gh", "git", "chmod", "op", "dotenvx", "sops", "npx", "npm", "winpty", "lefthook", "prek", "pre-commit") {
		return start + 1
	}
	end := start + 1
	for ; end < len(words) && !strings.HasPrefix(words[end], "("); end++ {
		if strings.ContainsAny(lastOf(words[end]), ",;.)") {
			return end + 1
		}
	}
	return end
}

// mentionEnd is behind the name of a command in a sentence, and the flags that follow it.
func mentionEnd(words []string, start int) int {
	end := start + 2
	if end < len(words) && strings.TrimSpace(words[start+1]) == "hex" {
		end++
	}
	for end < len(words) && strings.HasPrefix(words[end], "-") {
		end++
	}
	return min(end, len(words))
}
