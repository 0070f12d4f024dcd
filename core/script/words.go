package script

import "strings"

// cut lists the commands of a script of pwsh or cmd, line by line: a name and its words, with what is quoted and which
// variables are read. A line that uses more of the language than that yields words that are not known.
func (s *Script) cut() {
	c := &cutter{s: s, text: s.text}
	switch s.Language {
	case PowerShell:
		c.escape, c.quotes, c.ends, c.comment = '`', `'"`, "\n;|&(){}", "#"
	case Batch:
		c.escape, c.quotes, c.ends, c.comment = '^', `"`, "\n&|()", "rem "
	default:
		return
	}
	for c.at < len(c.text) {
		c.next()
	}
	c.endCommand()
}

// cutter is at one place of a script.
type cutter struct {
	s             *Script
	text          string
	at            int
	escape        byte
	quotes, ends  string
	comment       string
	words         []Word
	parts         []Part
	word, literal int // where they begin; 0 when none is open, else one more
	buffer        []byte
	first         int // expression that may stand next
}

func (c *cutter) next() {
	b := c.text[c.at]
	switch {
	case c.expression():
	case c.hereString():
	case c.word == 0 && c.commented():
		c.skipTo("\n")
	case b == c.escape && c.at+1 < len(c.text):
		if c.text[c.at+1] != '\n' {
			c.add(c.text[c.at+1])
		}
		c.at += 2
	case strings.IndexByte(c.quotes, b) >= 0:
		c.quoted(b)
	case c.variable():
	case strings.IndexByte(c.ends, b) >= 0:
		c.endCommand()
		c.at++
	case b == ' ' || b == '\t' || b == '\r':
		c.endWord()
		c.at++
	default:
		c.add(b)
		c.at++
	}
}

// commented tells a comment: in cmd only in the place of a command.
func (c *cutter) commented() bool {
	rest := c.text[c.at:]
	if c.comment == "#" {
		return strings.HasPrefix(rest, "#")
	}
	return len(c.words) == 0 && (strings.HasPrefix(rest, "::") || len(rest) > 3 && strings.EqualFold(rest[:4], c.comment))
}

func (c *cutter) skipTo(end string) {
	n := strings.Index(c.text[c.at:], end)
	if n < 0 {
		n = len(c.text) - c.at
	}
	c.at += n
}

// hereString passes over text: @' … '@, and a comment of several lines.
func (c *cutter) hereString() bool {
	if c.s.Language != PowerShell || c.word != 0 {
		return false
	}
	for open, end := range map[string]string{"@'": "\n'@", "@\"": "\n\"@", "<#": "#>"} {
		if strings.HasPrefix(c.text[c.at:], open) {
			c.piece(Part{Kind: Computed, At: c.s.base + c.at})
			c.skipTo(end)
			c.at = min(c.at+len(end), len(c.text))
			return true
		}
	}
	return false
}

func (c *cutter) quoted(quote byte) {
	c.begin()
	for c.at++; c.at < len(c.text); c.at++ {
		b := c.text[c.at]
		switch {
		case b == quote && c.at+1 < len(c.text) && c.text[c.at+1] == quote && c.s.Language == PowerShell:
			c.at++
			c.add(b)
		case b == quote:
			c.at++
			return
		case b == '\n' && c.s.Language == Batch:
			return
		case b == c.escape && quote == '"' && c.at+1 < len(c.text) && c.s.Language == PowerShell:
			c.at++
			c.add(c.text[c.at])
		case c.expression() || quote == '"' && c.variable():
			c.at--
		default:
			c.add(b)
		}
	}
}

func (c *cutter) expression() bool {
	for c.first < len(c.s.expressions) && c.s.expressions[c.first].to <= c.at {
		c.first++
	}
	if c.first == len(c.s.expressions) || c.s.expressions[c.first].from != c.at {
		return false
	}
	e := c.s.expressions[c.first]
	c.piece(Part{Kind: Expression, Text: c.text[e.from:e.to], At: c.s.base + e.from})
	c.at = e.to
	return true
}

// variable reads $env:NAME, ${env:NAME}, $NAME and %NAME%.
func (c *cutter) variable() bool {
	rest := c.text[c.at:]
	var name string
	size := 0
	switch {
	case c.s.Language == PowerShell && rest[0] == '$':
		rest, braced := strings.CutPrefix(rest[1:], "{")
		scope, own := "", rest
		if len(rest) > 4 && strings.EqualFold(rest[:4], "env:") {
			scope, own = rest[:4], rest[4:]
		}
		name = own[:nameLength(own)]
		size = 1 + len(scope) + len(name)
		if braced {
			size += 2
		}
		if scope == "" && name != "" {
			name = "$" + name // none of the environment
		}
	case c.s.Language == Batch && rest[0] == '%':
		name = rest[1 : 1+nameLength(rest[1:])]
		if size = len(name) + 2; len(rest) < size || rest[size-1] != '%' {
			return false
		}
	}
	if strings.TrimPrefix(name, "$") == "" {
		return false
	}
	c.piece(Part{Kind: Variable, Text: name, Whole: true, At: c.s.base + c.at})
	c.at = min(c.at+size, len(c.text))
	return true
}

func nameLength(text string) int {
	for i := range len(text) {
		if b := text[i]; b != '_' && (b < '0' || b > '9') && (b|0x20 < 'a' || b|0x20 > 'z') {
			return i
		}
	}
	return len(text)
}

func (c *cutter) begin() {
	if c.word == 0 {
		c.word = c.at + 1
	}
}

func (c *cutter) add(b byte) {
	c.begin()
	if c.literal == 0 {
		c.literal = c.at + 1
	}
	c.buffer = append(c.buffer, b)
}

// piece adds a part that is not literal.
func (c *cutter) piece(p Part) {
	c.begin()
	c.endLiteral()
	c.parts = append(c.parts, p)
}

func (c *cutter) endLiteral() {
	if c.literal != 0 {
		c.parts = append(c.parts, Part{Kind: Literal, Text: string(c.buffer), At: c.s.base + c.literal - 1})
	}
	c.buffer, c.literal = c.buffer[:0], 0
}

func (c *cutter) endWord() {
	if c.word != 0 {
		c.endLiteral()
		c.words = append(c.words, Word{Parts: c.parts, At: c.s.base + c.word - 1})
	}
	c.parts, c.word = nil, 0
}

// endCommand adds the command that ends here. What is given to a variable is no command.
func (c *cutter) endCommand() {
	c.endWord()
	words := c.words
	c.words = nil
	if len(words) == 0 {
		return
	}
	from := words[0].At - c.s.base
	command := &Command{Words: words, At: words[0].At, Text: c.text[from:c.at]}
	if len(words) > 2 && words[1].Is("=") {
		name, _ := words[0].Literal()
		command.Assigns = []Assignment{{Name: name + words[0].Variable(), Value: words[2]}}
		command.Words = words[2:]
	}
	if strings.IndexByte(`'"`, c.text[command.Words[0].At-c.s.base]) >= 0 && c.s.Language == PowerShell {
		command.Words = append([]Word{{At: command.At}}, command.Words...) // a value, and no command
	}
	c.s.commands = append(c.s.commands, command)
}
