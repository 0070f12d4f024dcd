package worktree

import (
	"path"
	"slices"
	"strings"
)

// runsVerify tells whether a hook runs gh hex on the push itself, or maybe does: where the words stand in the argument of
// another command than echo, in a here-document, or in another language than that of the shell. Comments do not count,
// and neither does the question of our own hook whether the extension is there, which has no input.
func runsVerify(text string) (runs, maybe bool) {
	first, _, _ := strings.Cut(text, "\n")
	named := func(word string) bool { return strings.HasSuffix(word, "sh") }
	shell := !strings.HasPrefix(first, "#!") || slices.ContainsFunc(strings.Fields(first), named)
	for _, words := range shellCommands(text) {
		words = afterKeywords(words)
		line := strings.Join(words, " ")
		if !strings.Contains(line, "hex verify") || !strings.Contains(line, "--pre-push") || strings.Contains(line, "/dev/null") && strings.Contains(line, "<") {
			continue
		}
		switch {
		case words[0] == "echo" || words[0] == "printf" || words[0] == ":":
		case shell && !strings.Contains(text, "<<") && len(words) > 3 && path.Base(words[0]) == "gh" && words[1] == "hex" && words[2] == "verify":
			runs = true
		default:
			maybe = true
		}
	}
	return runs, maybe
}

// afterKeywords leaves out what may stand before a command.
func afterKeywords(words []string) []string {
	keywords := []string{"if", "then", "elif", "else", "while", "until", "do", "!", "{", "exec", "command", "time", "env"}
	for len(words) > 1 && (slices.Contains(keywords, words[0]) || strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-")) {
		words = words[1:]
	}
	return words
}

// shellCommands splits a script of the shell into simple commands, and these into words without their quotes. It knows
// quotes, comments and what stands between commands, and nothing else.
func shellCommands(text string) [][]string {
	var s splitter
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case s.quote != 0 && c == s.quote:
			s.quote = 0
		case c == '\\' && s.quote != '\'' && i+1 < len(text):
			i++
			if text[i] != '\n' {
				s.add(text[i])
			}
		case s.quote != 0:
			s.add(c)
		case c == '\'' || c == '"':
			s.quote, s.inWord = c, true
		case c == '#' && !s.inWord:
			for i+1 < len(text) && text[i+1] != '\n' {
				i++
			}
		case strings.IndexByte("\n;&|()`", c) >= 0:
			s.endCommand()
		case c == ' ' || c == '\t' || c == '\r':
			s.endWord()
		default:
			s.add(c)
		}
	}
	s.endCommand()
	return s.commands
}

type splitter struct {
	commands [][]string
	words    []string
	word     []byte
	inWord   bool
	quote    byte // that is open; 0 for none
}

func (s *splitter) add(c byte) { s.word, s.inWord = append(s.word, c), true }

func (s *splitter) endWord() {
	if s.inWord {
		s.words = append(s.words, string(s.word))
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
