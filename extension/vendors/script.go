package vendors

import (
	"slices"
	"sort"
	"strings"

	"github.com/gh-hex/gh-hex/core"
	"github.com/gh-hex/gh-hex/core/script"
	"github.com/gh-hex/gh-hex/extension/abstract"
)

// Script is what the script of a step does, as far as the judges ask.
type Script struct {
	Marks     Marks
	Beyond    bool           // it is one too many of its file to be read command by command
	Arguments []int          // where a token goes into the argument list of another process
	Uses      map[string]use // of variables, by name
	Needs     []Need         // variables that its commands take a token from
	Language  script.Language
	Parsed    *script.Script // nil when nothing in it matters
	inputs    map[int]Marks  // of the here-documents that were judged, by where they stand
}

// Unread says why a script was not read whole; empty when it was, or is in no language that is read.
func (s *Script) Unread() string {
	switch {
	case s.Beyond:
		return "the scripts of the file are too long together"
	case s.Parsed == nil:
		return ""
	}
	return s.Parsed.Unread()
}

// use is what a script does with a variable.
type use struct {
	Marks    Marks  // of the lines that name it, in a script that talks to both vendors
	Assigned string // the variable of Hex's that gets its value
}

// MayMatter is the cheap question before a script is read: whether it speaks of one of the vendors, or tests something.
func MayMatter(text string) bool {
	return MentionsHex(text) || strings.Contains(text, "GITHUB_") || strings.Contains(text, "gleam") || strings.Contains(text, "[") ||
		strings.Count(text, "${") > strings.Count(text, "${{") || HasWord(text, "exit") || HasWord(text, "test") || HasWord(text, "case")
}

// JudgeScript reads a script and keeps what it does.
func JudgeScript(text string, language script.Language) Script {
	if language == script.Unknown {
		return Script{Language: language, Marks: MarksOfText(WithoutComments(text))}
	}
	parsed := script.Parse(text, language)
	out := Script{Language: language, Parsed: parsed, Uses: map[string]use{}, inputs: map[int]Marks{}}
	commands := parsed.Commands()
	own := make([]Marks, len(commands))
	for i, c := range commands {
		own[i] = marksOfCommand(c) | out.input(c)
		out.Marks |= own[i]
		out.Needs = append(out.Needs, NeedsOf(c)...)
		out.look(c)
		if !isInProcess(c.Name()) && !parsed.Defines(c.Name()) {
			out.Arguments = append(out.Arguments, tokenArguments(c, own[i])...)
		}
	}
	switch {
	case len(text) > script.MaxLength:
		out.Marks |= MarksOfText(WithoutComments(text[script.MaxLength:]))
	case parsed.Err != nil:
		out.Marks |= MarksOfText(WithoutComments(text))
	}
	if out.Marks.Both() {
		out.tellApart(text, commands, own)
	}
	return out
}

// tellApart notes which lines name a variable, where some talk to Hex and some to hex.pm. A command that goes on over
// several lines counts as its first.
func (o *Script) tellApart(text string, commands []*script.Command, own []Marks) {
	lines := make([]int, len(commands))
	ofLine := map[int]Marks{}
	breaks := lineBreaks(text)
	for i, c := range commands {
		lines[i] = sort.SearchInts(breaks, c.At)
		ofLine[lines[i]] |= own[i]
	}
	for i, c := range commands {
		if m := ofLine[lines[i]]; m != 0 {
			EachName(c.Text, func(name string) { o.note(name, use{Marks: m}) })
		}
	}
}

func (o *Script) note(name string, more use) {
	u := o.Uses[name]
	u.Marks |= more.Marks
	if u.Assigned == "" {
		u.Assigned = more.Assigned
	}
	if u != (use{}) {
		o.Uses[name] = u
	}
}

// look notes which variables of Hex's a command gives the values of others.
func (o *Script) look(c *script.Command) {
	for _, w := range c.Words {
		o.lookAt(w)
	}
	for _, a := range c.Assigns {
		o.lookAt(a.Value)
		if len(a.Value.Parts) > 0 && isHexName(a.Name) {
			o.gives(a.Name, a.Value.Parts[0])
		}
		for _, w := range a.Members {
			o.lookAt(w)
		}
	}
}

// lookAt notes the variables of a word that follow HEX_API_TOKEN=.
func (o *Script) lookAt(w script.Word) {
	for i, p := range w.Parts {
		if p.Kind == script.Variable && i > 0 && w.Parts[i-1].Kind == script.Literal {
			if name := AssignedTo(w.Parts[i-1].Text); name != "" {
				o.gives(name, p)
			}
		}
	}
}

// gives notes that a variable of Hex's gets the value of another.
func (o *Script) gives(name string, p script.Part) {
	if p.Kind == script.Variable && p.Whole {
		o.note(p.Text, use{Assigned: name})
	}
}

func isHexName(name string) bool { return IsSecretName(name) || IsVariableName(name) }

// tokenArguments returns where a command gets a token as an argument: alone, behind a flag, or in the query of a URL.
// What is sent as a header is left alone. What goes to Hex behind --token is a token under whatever name.
func tokenArguments(c *script.Command, m Marks) []int {
	var out []int
	for i := 1; i < len(c.Words); i++ {
		w := c.Words[i]
		switch flag := m.Has(Hex) && isTokenFlag(w.Known()); {
		case flag && w.Is(w.Known()) && i+1 < len(c.Words) && c.Words[i+1].Variable() != "":
			out = append(out, w.At)
			i++
		case flag && len(w.Variables()) > 0, holdsToken(w):
			out = append(out, w.At)
		}
	}
	return out
}

func isTokenFlag(text string) bool {
	name := strings.TrimSuffix(text, "=")
	return name == "--token" || name == "--api-token"
}

// holdsToken tells a word that is a variable with a Hex token, has it behind a flag, or in a query.
func holdsToken(w script.Word) bool {
	for i, p := range w.Parts {
		if p.Kind != script.Variable || !p.Whole || !IsSecretName(p.Text) || IsContested(p.Text) {
			continue
		}
		before, after := "", "" // of the text around it
		if i > 0 {
			before = w.Parts[i-1].Text
		}
		if i+1 < len(w.Parts) {
			after = w.Parts[i+1].Text
		}
		query := strings.HasSuffix(before, "token=") && strings.Contains(w.Known(), "?")
		flag := strings.HasPrefix(before, "-") && strings.HasSuffix(before, "=") && strings.Count(before, "=") == 1
		if i == first(w) && (after == "" || p.Checked) || flag && after == "" || query && (after == "" || after[0] == '&') {
			return true
		}
	}
	return false
}

// first is the part of a word that its value begins with: behind the flag, in ${A:+--flag "$B"}.
func first(w script.Word) int {
	if len(w.Parts) < 2 || !w.Parts[0].Checked || w.Parts[0].Whole {
		return 0
	}
	if w.Parts[1].Kind == script.Literal && strings.HasPrefix(w.Parts[1].Text, "-") && strings.HasSuffix(w.Parts[1].Text, " ") {
		return 2
	}
	return 1
}

// isInProcess tells the commands of a shell itself, whose arguments no other process sees, and what is no command. In
// PowerShell all that is named Verb-Noun runs within it.
func isInProcess(name string) bool {
	switch name {
	case "", "echo", "printf", "test", "[", "[[", "export", "declare", "typeset", "local", "readonly", "read", "set", "unset", "case", "for",
		":", "eval", "return", "exit", "true", "false", "if", "elseif", "while", "foreach", "throw", "else":
		return true
	}
	if strings.HasPrefix(name, "-") {
		return true // an operator of PowerShell
	}
	verb, noun, found := strings.Cut(name, "-")
	return strings.HasSuffix(name, ".ps1") || found && startsUpper(verb) && startsUpper(noun)
}

func startsUpper(text string) bool { return text != "" && text[0] >= 'A' && text[0] <= 'Z' }

// marksOfCommand says what a command talks to.
func marksOfCommand(c *script.Command) Marks {
	if speaks(c) {
		return 0
	}
	var m Marks
	text := c.Text
	if CallsHost(text) {
		m |= Hex
	}
	if sub, ok := hexCommand(c); ok {
		m |= Hex
		if startsRuns(sub) {
			m |= Runs
		}
	}
	if m.Has(Hex) && strings.Contains(text, "/run") && Compiled().runsURL.MatchString(text) {
		m |= Runs
	}
	if mayBePM(text) && (packageCommand(c) || Compiled().pmHost.MatchString(text)) {
		m |= Packages
	}
	return m
}

// input judges what a command is given to read, where that is a script, or will be a file. What a whole block is given
// is judged once.
func (o *Script) input(c *script.Command) Marks {
	var m Marks
	for _, w := range c.Inputs {
		known, judged := o.inputs[w.At]
		if !judged {
			o.lookAt(w)
		}
		if !judged && (readsScripts(c.Name()) || c.Name() == "tee" || keepsOutput(c)) {
			known = MarksOfText(w.Known())
			for _, inner := range script.Parse(w.Known(), script.Bash).Commands() {
				known |= marksOfCommand(inner)
			}
			o.inputs[w.At] = known
		}
		m |= known
	}
	return m
}

// readsScripts tells commands that run what they are given, or hand it on to be run.
func readsScripts(name string) bool {
	return slices.Contains([]string{"pwsh", "python", "node", "ruby", "perl", "ssh", "xargs", "source", "docker", "kubectl"}, strings.TrimRight(name, "0123456789."))
}

// keepsOutput tells whether a command's output goes into a file that something else may read or run.
func keepsOutput(c *script.Command) bool {
	return slices.ContainsFunc(c.Outputs, func(w script.Word) bool {
		return w.Variable() != "GITHUB_STEP_SUMMARY" && !strings.HasPrefix(w.Known(), "/dev/")
	})
}

// speaks tells a command that only prints or posts its words.
func speaks(c *script.Command) bool {
	if keepsOutput(c) || c.Into != "" {
		return false
	}
	switch c.Name() {
	case "echo", "printf", ":", "Write-Output", "Write-Host", "rem":
		return true
	case "gh":
		return c.Begins("gh", "pr") || c.Begins("gh", "issue") || c.Begins("gh", "release")
	case "git":
		return c.Begins("git", "commit") || c.Begins("git", "tag")
	}
	return false
}

// hexCommand returns the words behind hex, of Hex's command line tool, of gh hex or of paradime hex.
func hexCommand(c *script.Command) ([]script.Word, bool) {
	words := c.Words
	switch first := literal(words, 1); c.Name() {
	case "hex":
		if slices.Contains([]string{"auth", "app", "run", "project", "context", "guide", "cell", "thread", "connection", "suggestion"}, first) {
			return words[1:], true
		}
	case "gh", "paradime":
		if first == "hex" {
			return words[2:], true
		}
	}
	return nil, false
}

// startsRuns tells hex run, app run, project run and trigger from what only looks at runs.
func startsRuns(words []script.Word) bool {
	switch second := literal(words, 1); literal(words, 0) {
	case "run":
		return !slices.Contains([]string{"list", "view", "watch", "cancel"}, second)
	case "app", "project":
		return second == "run"
	case "trigger":
		return true
	}
	return false
}

// literal is the text of one of the words; empty where there is none, or it is not known as a whole.
func literal(words []script.Word, i int) string {
	if i >= len(words) {
		return ""
	}
	text, _ := words[i].Literal()
	return text
}

// packageCommand tells what talks to hex.pm: mix hex.publish, rebar3 hex, gleam publish.
func packageCommand(c *script.Command) bool {
	for i := range len(c.Words) - 1 {
		next, after := literal(c.Words, i+1), literal(c.Words, i+2)
		switch baseName(literal(c.Words, i)) {
		case "mix":
			if strings.HasPrefix(next, "hex.") || next == "do" && strings.HasPrefix(after, "hex.") {
				return true
			}
		case "rebar3":
			if next == "hex" || after == "hex" {
				return true
			}
		case "gleam":
			if next == "publish" || next == "hex" {
				return true
			}
		}
	}
	return false
}

func baseName(text string) string { return text[strings.LastIndexByte(text, '/')+1:] }

// MarksOfValue judges an environment variable or an input of an action, which may be a script.
func MarksOfValue(value string) Marks {
	if !mayBeCommand(value) {
		return 0
	}
	return JudgeScript(value, script.Bash).Marks
}

// MarksOfText judges a text in a language that is not read: by the hosts it names and, should it be a script, its commands.
func MarksOfText(text string) Marks {
	var m Marks
	if CallsHost(text) {
		m |= Hex
		if Compiled().runsURL.MatchString(text) {
			m |= Runs
		}
	}
	if mayBePM(text) && Compiled().pmHost.MatchString(text) {
		m |= Packages
	}
	return m
}

// lineBreaks are where the lines of a script end.
func lineBreaks(text string) []int {
	var out []int
	for i := range len(text) {
		if text[i] == '\n' {
			out = append(out, i)
		}
	}
	return out
}

// Need is a variable that a command of a step takes its token from.
type Need struct {
	Name string
	By   string // the command, for people
	At   int    // its offset in the script
}

// NeedsOf are the variables that a command takes a token from.
func NeedsOf(c *script.Command) []Need {
	switch first, second := literal(c.Words, 1), literal(c.Words, 2); {
	case c.Name() == "gh" && first == "hex":
		if slices.Contains([]string{"", "auth", "init", "verify", "help", "rotate", "--help", "-h", "--version"}, second) {
			return nil
		}
		return []Need{{SecretNames()[0], "gh hex " + second, c.At}}
	case c.Name() == "hex" && first == "auth" && second == "login":
		return loginNeeds(c)
	case CallsHost(c.Text):
		return bearerNeeds(c)
	}
	return nil
}

// loginNeeds is hex auth login --token-from-env [NAME].
func loginNeeds(c *script.Command) []Need {
	for i := range c.Words {
		name, value, given := strings.Cut(literal(c.Words, i), "=")
		if name != "--token-from-env" {
			continue
		}
		if !given {
			value = literal(c.Words, i+1)
		}
		if value == "" || strings.HasPrefix(value, "-") {
			value = core.LoginName
		}
		return []Need{{value, "hex auth login", c.At}}
	}
	return nil
}

// bearerNeeds are the variables that are sent as a token to a host of Hex.
func bearerNeeds(c *script.Command) []Need {
	var out []Need
	for _, w := range c.Words {
		known := strings.ToLower(w.Known())
		for _, p := range w.Parts {
			if p.Kind == script.Variable && p.Whole && !p.Checked && (strings.Contains(known, "bearer") || IsSecretName(p.Text) && !IsContested(p.Text)) {
				out = append(out, Need{p.Text, c.Name(), p.At})
			}
		}
	}
	return out
}

func IsNameOfToken(name string) bool { return IsSecretName(name) || name == core.LoginName }

// AssignedTo is the variable of Hex's that a script gives the value to which follows: HEX_API_TOKEN="…; empty when it is none.
func AssignedTo(script string) string {
	script = strings.TrimRight(script, `"'`)
	name, assigns := strings.CutSuffix(script, "=")
	if !assigns {
		return ""
	}
	name = name[strings.LastIndexFunc(name, func(r rune) bool { return r != '_' && !abstract.IsAlphanumeric(r) })+1:]
	if !IsSecretName(name) && !IsVariableName(name) {
		return ""
	}
	return name
}
