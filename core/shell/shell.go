// Package shell takes shell scripts apart, as far as it takes to see what they run: hooks, and the scripts of workflows.
package shell

import (
	"slices"
	"strings"
)

// Word is one word of a command, without its quotes. At is its offset in the script. A $ in Text is one that the shell
// expands: others stand there as ?.
type Word struct {
	Text string
	At   int
}

// Commands splits a script into simple commands, and these into words. It knows quotes, comments, continued lines and
// what stands between commands, and nothing else. A command has at least one word.
func Commands(script string) [][]Word {
	var s splitter
	for i := 0; i < len(script); i++ {
		c := script[i]
		switch {
		case s.quote != 0 && c == s.quote:
			s.quote = 0
		case c == '\\' && s.quote != '\'' && i+1 < len(script):
			i++
			if script[i] != '\n' {
				s.literal(script[i], i-1)
			}
		case s.quote == '\'':
			s.literal(c, i)
		case s.quote != 0:
			s.add(c, i)
		case c == '\'' || c == '"':
			s.begin(i)
			s.quote = c
		case c == '#' && !s.inWord:
			for i+1 < len(script) && script[i+1] != '\n' {
				i++
			}
		case strings.IndexByte("\n;&|()`", c) >= 0:
			s.endCommand()
		case c == ' ' || c == '\t' || c == '\r':
			s.endWord()
		default:
			s.add(c, i)
		}
	}
	s.endCommand()
	return s.commands
}

// AfterKeywords leaves out what may stand before the name of a command: keywords, assignments, and programs that run
// another one. The last word stays in any case.
func AfterKeywords(command []Word) []Word {
	keywords := []string{"if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec", "command", "time", "env", "sudo", "nohup"}
	for len(command) > 1 && (slices.Contains(keywords, command[0].Text) || assigns(command[0].Text)) {
		command = command[1:]
	}
	return command
}

func assigns(text string) bool {
	name, _, found := strings.Cut(text, "=")
	return found && name != "" && strings.IndexFunc(name, func(r rune) bool {
		return r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0
}

type splitter struct {
	commands [][]Word
	words    []Word
	word     []byte
	at       int
	inWord   bool
	quote    byte // that is open; 0 for none
}

func (s *splitter) begin(at int) {
	if !s.inWord {
		s.inWord, s.at = true, at
	}
}

func (s *splitter) add(c byte, at int) {
	s.begin(at)
	s.word = append(s.word, c)
}

func (s *splitter) literal(c byte, at int) {
	if c == '$' {
		c = '?'
	}
	s.add(c, at)
}

func (s *splitter) endWord() {
	if s.inWord {
		s.words = append(s.words, Word{string(s.word), s.at})
	}
	s.word, s.inWord = s.word[:0], false
}

func (s *splitter) endCommand() {
	s.endWord()
	if len(s.words) > 0 {
		s.commands = append(s.commands, s.words)
	}
	s.words = nil
}
