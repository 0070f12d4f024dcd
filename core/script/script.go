// Package script reads the scripts of others: hooks, and what workflows run. It says which commands a script holds, with
// what of their words is known before it runs, and where each stands. It runs nothing and judges nothing.
//
// [Parse] reads scripts of sh, bash and zsh as these shells do. Scripts of pwsh and cmd are cut into lines and words, as
// far as that is certain; no other language is read. [Script.Commands] lists simple commands; who follows the control flow
// walks [Script.File] itself and asks [Script.Word] and [Script.Command] about its nodes.
package script

import (
	"errors"
	"fmt"
	"io"
	"path"
	"runtime"
	"strings"
	"unicode/utf8"

	"mvdan.cc/sh/v3/syntax"
)

// Language is what a script is written in.
type Language int

const (
	Unknown Language = iota // nothing is certain about its commands
	Bash
	POSIX
	Zsh
	PowerShell
	Batch // of cmd.exe
)

// LanguageOf reads a command line that runs a script: the shell of a step ("bash", "bash -e {0}", "pwsh") or what stands
// behind #! ("/usr/bin/env -S bash -e").
func LanguageOf(command string) Language {
	for word := range strings.FieldsSeq(command) {
		name := strings.TrimSuffix(path.Base(strings.ReplaceAll(word, `\`, "/")), ".exe")
		switch name {
		case "bash":
			return Bash
		case "sh", "dash", "ash", "ksh", "mksh", "busybox":
			return POSIX
		case "zsh":
			return Zsh
		case "pwsh", "powershell":
			return PowerShell
		case "cmd":
			return Batch
		}
		if name != "env" && !strings.HasPrefix(word, "-") && !strings.Contains(word, "=") {
			break
		}
	}
	return Unknown
}

// posix reports whether scripts in the language are parsed.
func (l Language) posix() bool { return l == Bash || l == POSIX || l == Zsh }

// MaxLength is how much of a script is read, in bytes, in whole lines.
const MaxLength = 64 << 10

// maxFrames bounds the stack of the parser, which calls itself for whatever is nested, in calls of functions.
const maxFrames = 1500

var (
	// ErrLong says that a script is longer than what is read of it.
	ErrLong = errors.New("the script is too long to be read whole")
	// ErrDeep says that what is nested in a script is nested too deep to be read.
	ErrDeep = errors.New("the script is nested too deeply to be read")
)

// Script is a script that was read.
type Script struct {
	// Language is the one it was read in.
	Language Language
	// File is what a shell would make of it: whole when Err is nil, else what stands before the place where it broke, the
	// last statement maybe without what ends it. Positions count in offsets alone: lines and columns are those of the text
	// with its expressions replaced. Nil for the languages that are not parsed.
	File *syntax.File
	// Err says why the script was not read whole: a *syntax.ParseError, ErrLong or ErrDeep; nil when it was.
	Err error

	text        string // as it was given
	expressions []span // of ${{ … }}, in order
	base        int    // where it stands in the script that holds it
	commands    []*Command
	functions   map[string]bool
	inner       int // scripts within it that were read
}

// span is a part of a text whose value is not known: an expression or, in a script within a script, a variable.
type span struct {
	from, to int
	variable string
}

// Parse reads a script. Expressions of GitHub, ${{ … }}, count as a piece of a word that nobody knows. It never fails:
// Err says what was not understood.
func Parse(text string, l Language) *Script {
	s := &Script{Language: l, text: text, functions: map[string]bool{}}
	s.parse()
	s.collect()
	return s
}

// Unread says why the script was not read whole, in words; empty when it was.
func (s *Script) Unread() string {
	var e syntax.ParseError
	switch {
	case s.Err == nil:
		return ""
	case errors.As(s.Err, &e):
		return "a shell cannot read it: " + e.Text
	}
	return s.Err.Error()
}

func (s *Script) parse() {
	if len(s.text) > MaxLength {
		s.text, s.Err = s.text[:MaxLength], ErrLong
		if end := strings.LastIndexByte(s.text, '\n'); end > 0 {
			s.text = s.text[:end+1]
		}
	}
	if s.expressions == nil {
		s.expressions = expressionsIn(s.text)
	}
	if !s.Language.posix() {
		return
	}
	text := s.plain()
	file, err := parseFile(text, s.Language, 0)
	if err != nil {
		s.Err = err
		file = s.upTo(text)
	}
	s.File = file
}

// maxRecovered is how many blocks may lack their end for what is in them to be read.
const maxRecovered = 100

// upTo is what stands before the place where a script breaks, as if everything that is open there ended.
func (s *Script) upTo(text string) *syntax.File {
	for range 2 {
		file, again := parseFile(text, s.Language, maxRecovered)
		at, broken := brokenAt(again)
		if !broken {
			return file
		}
		text = text[:min(len(text), int(at.Offset()))]
	}
	file, _ := parseFile(text, s.Language, maxRecovered)
	return file
}

// brokenAt is where the parser could not go on.
func brokenAt(err error) (at syntax.Pos, ok bool) {
	var parse syntax.ParseError
	var lang syntax.LangError
	switch {
	case errors.As(err, &parse):
		return parse.Pos, true
	case errors.As(err, &lang):
		return lang.Pos, true
	}
	return at, false
}

// parseFile contains a panic of the parser: scripts come from people who may want one.
func parseFile(text string, l Language, recovered int) (file *syntax.File, err error) {
	defer func() {
		if failure := recover(); failure != nil {
			file, err = &syntax.File{}, fmt.Errorf("the parser failed: %v", failure)
		}
	}()
	variant := syntax.LangBash // for sh as well: what it reads in another way is nothing that runs commands
	if l == Zsh {
		variant = syntax.LangZsh
	}
	return syntax.NewParser(syntax.Variant(variant), syntax.RecoverErrors(recovered)).Parse(&shallowReader{text: text}, "")
}

// shallowReader hands a script to the parser in small pieces, and stops when the parser has called itself too often: a
// stack that grows without bounds ends the whole program.
type shallowReader struct {
	text string
	goes bool // on behind the first piece
}

func (r *shallowReader) Read(p []byte) (int, error) {
	if r.text == "" {
		return 0, io.EOF
	}
	var one [1]uintptr
	if r.goes && runtime.Callers(maxFrames, one[:]) > 0 {
		return 0, ErrDeep
	}
	r.goes = true
	n := copy(p[:min(len(p), 256)], r.text)
	r.text = r.text[n:]
	return n, nil
}

// plain is the text as the parser takes it, byte for byte in its place: expressions are names without a meaning, and what
// is no UTF-8 is a blot.
func (s *Script) plain() string {
	b := []byte(s.text)
	for _, e := range s.expressions {
		for i := e.from; i < e.to; i++ {
			b[i] = '_'
		}
	}
	if utf8.Valid(b) {
		return string(b)
	}
	for i := 0; i < len(b); {
		r, size := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && size == 1 {
			b[i] = '_'
		}
		i += size
	}
	return string(b)
}

// expressionsIn finds the expressions in a text. A }} in a literal of theirs does not end them.
func expressionsIn(text string) []span {
	var out []span
	for at := 0; ; {
		n := strings.Index(text[at:], "${{")
		if n < 0 {
			return out
		}
		from := at + n
		end := endOfExpression(text, from+len("${{"))
		if end < 0 {
			return out // nor does any other end
		}
		out = append(out, span{from: from, to: end})
		at = end
	}
}

func endOfExpression(text string, at int) int {
	quoted := false
	for ; at < len(text); at++ {
		switch {
		case text[at] == '\'':
			quoted = !quoted
		case !quoted && strings.HasPrefix(text[at:], "}}"):
			return at + len("}}")
		}
	}
	return -1
}
