package script

import (
	"sort"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// Kind is what a part of a word is.
type Kind int

const (
	Literal    Kind = iota // known before the script runs
	Variable               // the value of a variable
	Expression             // an expression of GitHub, ${{ … }}
	Computed               // the output of a command, a sum, …
)

// Part is a piece of a word.
type Part struct {
	Kind Kind
	// Text is what stands there without its quotes, of a Literal; the text of an Expression with its braces; the name of a
	// Variable.
	Text string
	// Whole says of a Variable that its value stands there as it is, or a default: not its length, a piece of it, or
	// another text when it is set.
	Whole bool
	// Checked says of a Variable that the script says what happens without it: ${A:-b}, ${A:?c}.
	Checked bool
	// At is where it stands, as an offset in the script.
	At int
}

// Word is one word of a command. At is its offset in the script, that of its quotes when it begins with one.
type Word struct {
	Parts []Part
	At    int
}

// Literal returns the word when all of it is known before the script runs.
func (w Word) Literal() (string, bool) {
	switch {
	case len(w.Parts) == 0:
		return "", true
	case len(w.Parts) == 1 && w.Parts[0].Kind == Literal:
		return w.Parts[0].Text, true
	}
	var b strings.Builder
	for _, p := range w.Parts {
		if p.Kind != Literal {
			return "", false
		}
		b.WriteString(p.Text)
	}
	return b.String(), true
}

// Is reports whether the word is this text for certain.
func (w Word) Is(text string) bool {
	literal, ok := w.Literal()
	return ok && literal == text
}

// Known is the part of the word that is known, with nothing in the place of the rest.
func (w Word) Known() string {
	if text, ok := w.Literal(); ok {
		return text
	}
	var b strings.Builder
	for _, p := range w.Parts {
		if p.Kind == Literal {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

// Variable is the one variable that the word is, whole: "$A" or ${A:-}; empty when it is anything else.
func (w Word) Variable() string {
	if len(w.Parts) == 1 && w.Parts[0].Kind == Variable && w.Parts[0].Whole {
		return w.Parts[0].Text
	}
	return ""
}

// Variables are the names of those that the word reads, in whatever way.
func (w Word) Variables() []string {
	var out []string
	for _, p := range w.Parts {
		if p.Kind == Variable {
			out = append(out, p.Text)
		}
	}
	return out
}

// Word reads a word of the file.
func (s *Script) Word(w *syntax.Word) Word {
	if w == nil || len(w.Parts) == 0 {
		return Word{At: s.base}
	}
	return Word{Parts: s.parts(nil, w.Parts, false), At: s.at(w.Pos())}
}

func (s *Script) at(p syntax.Pos) int { return s.base + int(p.Offset()) }

func (s *Script) parts(out []Part, parts []syntax.WordPart, quoted bool) []Part {
	for _, part := range parts {
		switch p := part.(type) {
		case *syntax.Lit:
			out = s.literal(out, p.Value, p.ValuePos, p.ValueEnd, func(text string) string { return unescaped(text, quoted) })
		case *syntax.SglQuoted:
			out = s.singleQuoted(out, p)
		case *syntax.DblQuoted:
			out = s.parts(out, p.Parts, true)
		case *syntax.ParamExp:
			out = s.parameter(out, p)
		case nil:
		default:
			out = append(out, Part{Kind: Computed, At: s.at(part.Pos())})
		}
	}
	return out
}

func (s *Script) singleQuoted(out []Part, p *syntax.SglQuoted) []Part {
	open := 1
	read := func(text string) string { return text }
	if p.Dollar {
		open = 2
		read = func(text string) string { return ansi.Replace(text) }
	}
	from := syntax.NewPos(p.Left.Offset()+uint(open), 1, 1)
	return s.literal(out, p.Value, from, p.Right, read)
}

// ansi undoes the escapes of $'…' that stand for a printed character or a common blank.
var ansi = strings.NewReplacer(`\\`, `\`, `\'`, `'`, `\"`, `"`, `\n`, "\n", `\t`, "\t", `\r`, "\r")

// unescaped takes the backslashes out of what stands without single quotes.
func unescaped(text string, quoted bool) string {
	if strings.IndexByte(text, '\\') < 0 {
		return text
	}
	b := make([]byte, 0, len(text))
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' && i+1 < len(text) && (!quoted || strings.IndexByte("$`\"\\", text[i+1]) >= 0) {
			i++
		}
		b = append(b, text[i])
	}
	return string(b)
}

// literal adds a text that was parsed from one place, cut where an expression stands in it. Where the place is longer
// than the text, which happens with continued lines, it cannot be told where.
func (s *Script) literal(out []Part, value string, from, to syntax.Pos, read func(string) string) []Part {
	start, end := int(from.Offset()), int(to.Offset())
	first := sort.Search(len(s.expressions), func(i int) bool { return s.expressions[i].to > start })
	if first == len(s.expressions) || s.expressions[first].from >= end {
		return s.add(out, read(value), start)
	}
	if end-start != len(value) {
		return append(out, Part{Kind: Expression, Text: value, At: s.base + start})
	}
	at := start
	for _, e := range s.expressions[first:] {
		if e.from >= end {
			break
		}
		if e.from > at {
			out = s.add(out, read(value[at-start:e.from-start]), at)
		}
		part := Part{Kind: Expression, Text: s.text[e.from:min(e.to, len(s.text))], At: s.base + max(e.from, start)}
		if e.variable != "" {
			part.Kind, part.Text, part.Whole = Variable, e.variable, true
		}
		out = append(out, part)
		at = min(e.to, end)
	}
	return s.add(out, read(value[at-start:]), at)
}

func (s *Script) add(out []Part, text string, at int) []Part {
	if text == "" {
		return out
	}
	return append(out, Part{Kind: Literal, Text: text, At: s.base + at})
}

// parameter adds a variable and, behind it, the text that may stand in its place.
func (s *Script) parameter(out []Part, p *syntax.ParamExp) []Part {
	part := Part{Kind: Computed, At: s.at(p.Pos())}
	if p.Param != nil {
		part.Kind, part.Text = Variable, p.Param.Value
		part.Whole = !p.Excl && !p.Length && !p.Width && !p.IsSet && p.Slice == nil && p.Names == 0 && p.Index == nil && !whenSet(p)
		part.Checked = checks(p)
	}
	out = append(out, part)
	if p.Exp == nil || p.Exp.Word == nil {
		return out
	}
	if checks(p) && p.Exp.Op != syntax.ErrorUnset && p.Exp.Op != syntax.ErrorUnsetOrNull {
		return s.parts(out, p.Exp.Word.Parts, false)
	}
	return out
}

// checks tells the forms that ask whether a variable is set: ${A-b}, ${A:=b}, ${A:?b}, ${A+b}.
func checks(p *syntax.ParamExp) bool {
	return p.Exp != nil && p.Exp.Op >= syntax.AlternateUnset && p.Exp.Op <= syntax.AssignUnsetOrNull
}

// whenSet tells ${A+x} and ${A:+x}.
func whenSet(p *syntax.ParamExp) bool {
	return p.Exp != nil && (p.Exp.Op == syntax.AlternateUnset || p.Exp.Op == syntax.AlternateUnsetOrNull)
}
