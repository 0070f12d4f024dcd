package workflow

import (
	"path"
	"slices"
	"sort"
	"strings"

	"github.com/rhysd/actionlint"

	"github.com/gh-hex/gh-hex/core/script"
)

// scripted is what the script of a step does, as far as the judges ask.
type scripted struct {
	marks     marks
	arguments []int          // where a token goes into the argument list of another process
	uses      map[string]use // of variables, by name
	needs     []need         // variables that its commands take a token from
	language  script.Language
	parsed    *script.Script // nil when nothing in it matters
	inputs    map[int]marks  // of the here-documents that were judged, by where they stand
}

// use is what a script does with a variable.
type use struct {
	marks    marks  // of the lines that name it, in a script that talks to both vendors
	assigned string // the variable of Hex's that gets its value
}

// maxScripts is how much of the scripts of one file is read command by command, in bytes; what is beyond is judged by the
// hosts that it names.
const maxScripts = 256 << 10

// readScript reads the script of a step.
func (v visitor) readScript(s *actionlint.Step) scripted {
	e, ok := s.Exec.(*actionlint.ExecRun)
	if !ok || e.Run == nil {
		return scripted{}
	}
	language := v.language(e)
	if !mayMatter(e.Run.Value) {
		return scripted{language: language}
	}
	if v.doc.scripts += min(len(e.Run.Value), script.MaxLength); v.doc.scripts > maxScripts {
		language = script.Unknown
	}
	return judgeScript(e.Run.Value, language)
}

// maxCalled bounds how many files of the repository a step's script is followed into.
const maxCalled = 20

// loadScripts reads the files of the repository that the steps run: scripts by their path, and the recipes of make.
func (w *Workflows) loadScripts(d *document) {
	if w.options.Lookup == nil || d.remote != "" {
		return
	}
	for _, j := range d.jobs {
		for _, s := range j.steps {
			e, ok := s.ast.Exec.(*actionlint.ExecRun)
			if !ok || e.Run == nil || s.script.language == script.Unknown || len(e.Run.Value) > maxScript || !strings.ContainsAny(e.Run.Value, "/.m") {
				continue
			}
			for _, c := range script.Parse(e.Run.Value, s.script.language).Commands() {
				w.follow(s, c)
			}
		}
	}
}

// maxScript is the size up to which a script is looked through for others that it runs.
const maxScript = 16 << 10

// follow reads what a command runs.
func (w *Workflows) follow(s *step, c *script.Command) {
	target := ""
	for i, word := range c.Words {
		text, known := word.Literal()
		if i > 0 && c.Name() == "make" && target == "" && !strings.HasPrefix(text, "-") {
			target, text = text, "Makefile"
		}
		name := path.Clean(strings.TrimPrefix(text, "./"))
		if !known || text == "" || len(s.called) >= maxCalled || strings.HasPrefix(text, "-") || strings.HasPrefix(name, "/") || strings.HasPrefix(name, "..") || !strings.ContainsAny(text, "./") && target == "" {
			continue
		}
		data, there := w.lookup(name)
		if !there || !mentionsHex(data) {
			continue
		}
		if target != "" {
			data = recipe(data, target)
		}
		s.called = append(s.called, data)
	}
}

// lookup reads a file of the repository, once.
func (w *Workflows) lookup(name string) (string, bool) {
	text, known := w.files[name]
	if !known && len(w.files) < maxActions {
		if data, there := w.options.Lookup(name); there && len(data) <= maxFile {
			text = string(data)
		}
		w.files[name] = text
	}
	return text, text != ""
}

// recipe is what make runs for a target.
func recipe(makefile, target string) string {
	var b strings.Builder
	in := false
	for line := range strings.Lines(makefile) {
		if !strings.HasPrefix(line, "\t") {
			names, _, rule := strings.Cut(line, ":")
			in = rule && slices.Contains(strings.Fields(names), target)
		} else if in {
			b.WriteString(strings.TrimLeft(line, "\t@-"))
		}
	}
	return b.String()
}

// marksOfCalled says what the files that a step runs talk to.
func (s *step) marksOfCalled() marks {
	var m marks
	for _, text := range s.called {
		m |= marksOfText(text)
		if len(text) <= maxScript {
			m |= judgeScript(text, script.Bash).marks
		}
	}
	return m
}

// mayMatter is the cheap question before a script is read: whether it speaks of one of the vendors, or tests something.
func mayMatter(text string) bool {
	return mentionsHex(text) || strings.Contains(text, "GITHUB_") || strings.Contains(text, "exit") || strings.Contains(text, "gleam") || strings.Contains(text, "[") || strings.Contains(text, "test") ||
		strings.Contains(text, "${") || strings.Contains(text, "case")
}

// language is what a step's script is written in.
func (v visitor) language(e *actionlint.ExecRun) script.Language {
	shells := []*actionlint.String{e.Shell}
	if v.job.ast.Defaults != nil && v.job.ast.Defaults.Run != nil {
		shells = append(shells, v.job.ast.Defaults.Run.Shell)
	}
	if v.doc.ast != nil && v.doc.ast.Defaults != nil && v.doc.ast.Defaults.Run != nil {
		shells = append(shells, v.doc.ast.Defaults.Run.Shell)
	}
	for _, shell := range shells {
		if shell != nil && shell.Value != "" {
			return script.LanguageOf(shell.Value)
		}
	}
	if onWindows(v.job.ast.RunsOn) {
		return script.PowerShell
	}
	return script.Bash
}

func onWindows(r *actionlint.Runner) bool {
	if r == nil {
		return false
	}
	for _, label := range r.Labels {
		if strings.HasPrefix(strings.ToLower(label.Value), "windows") {
			return true
		}
	}
	return false
}

// judgeScript reads a script and keeps what it does.
func judgeScript(text string, language script.Language) scripted {
	if language == script.Unknown {
		return scripted{language: language, marks: marksOfText(withoutComments(text))}
	}
	parsed := script.Parse(text, language)
	out := scripted{language: language, parsed: parsed, uses: map[string]use{}, inputs: map[int]marks{}}
	commands := parsed.Commands()
	own := make([]marks, len(commands))
	for i, c := range commands {
		own[i] = marksOfCommand(c) | out.input(c)
		out.marks |= own[i]
		out.needs = append(out.needs, needsOf(c)...)
		out.look(c)
		if !isInProcess(c.Name()) && !parsed.Defines(c.Name()) {
			out.arguments = append(out.arguments, tokenArguments(c, own[i])...)
		}
	}
	if len(text) > script.MaxLength {
		out.marks |= marksOfText(withoutComments(text[script.MaxLength:]))
	}
	if out.marks.both() {
		out.tellApart(text, commands, own)
	}
	return out
}

// tellApart notes which lines name a variable, where some talk to Hex and some to hex.pm. A command that goes on over
// several lines counts as its first.
func (o *scripted) tellApart(text string, commands []*script.Command, own []marks) {
	lines := make([]int, len(commands))
	ofLine := map[int]marks{}
	breaks := lineBreaks(text)
	for i, c := range commands {
		lines[i] = breaks.before(c.At)
		ofLine[lines[i]] |= own[i]
	}
	for i, c := range commands {
		if m := ofLine[lines[i]]; m != 0 {
			eachName(c.Text, func(name string) { o.note(name, use{marks: m}) })
		}
	}
}

func (o *scripted) note(name string, more use) {
	u := o.uses[name]
	u.marks |= more.marks
	if u.assigned == "" {
		u.assigned = more.assigned
	}
	if u != (use{}) {
		o.uses[name] = u
	}
}

// look notes which variables of Hex's a command gives the values of others.
func (o *scripted) look(c *script.Command) {
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
func (o *scripted) lookAt(w script.Word) {
	for i, p := range w.Parts {
		if p.Kind == script.Variable && i > 0 && w.Parts[i-1].Kind == script.Literal {
			if name := assignedTo(w.Parts[i-1].Text); name != "" {
				o.gives(name, p)
			}
		}
	}
}

// gives notes that a variable of Hex's gets the value of another.
func (o *scripted) gives(name string, p script.Part) {
	if p.Kind == script.Variable && p.Whole {
		o.note(p.Text, use{assigned: name})
	}
}

func isHexName(name string) bool { return isSecretName(name) || isVariableName(name) }

// tokenArguments returns where a command gets a token as an argument: alone, behind a flag, or in the query of a URL.
// What is sent as a header is left alone. What goes to Hex behind --token is a token under whatever name.
func tokenArguments(c *script.Command, m marks) []int {
	var out []int
	for i := 1; i < len(c.Words); i++ {
		w := c.Words[i]
		switch flag := m.has(marksHex) && isTokenFlag(w.Known()); {
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
		if p.Kind != script.Variable || !p.Whole || !isSecretName(p.Text) || isContested(p.Text) {
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
func marksOfCommand(c *script.Command) marks {
	if speaks(c) {
		return 0
	}
	var m marks
	text := c.Text
	if callsHost(text) {
		m |= marksHex
	}
	if sub, ok := hexCommand(c); ok {
		m |= marksHex
		if startsRuns(sub) {
			m |= marksRuns
		}
	}
	if m.has(marksHex) && strings.Contains(text, "/run") && compiled().runsURL.MatchString(text) {
		m |= marksRuns
	}
	if mayBePM(text) && (packageCommand(c) || compiled().pmHost.MatchString(text)) {
		m |= marksPM
	}
	return m
}

// input judges what a command is given to read, where that is a script, or will be a file. What a whole block is given
// is judged once.
func (o *scripted) input(c *script.Command) marks {
	var m marks
	for _, w := range c.Inputs {
		known, judged := o.inputs[w.At]
		if !judged {
			o.lookAt(w)
		}
		if !judged && (readsScripts(c.Name()) || c.Name() == "tee" || keepsOutput(c)) {
			known = marksOfText(w.Known())
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
	switch strings.TrimRight(name, "0123456789.") {
	case "pwsh", "python", "node", "ruby", "perl", "ssh", "xargs", "source", "docker", "kubectl":
		return true
	}
	return false
}

// keepsOutput tells whether a command's output goes into a file that something else may read or run.
func keepsOutput(c *script.Command) bool {
	for _, w := range c.Outputs {
		if w.Variable() != "GITHUB_STEP_SUMMARY" && !strings.HasPrefix(w.Known(), "/dev/") {
			return true
		}
	}
	return false
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
	switch c.Name() {
	case "hex":
		for _, sub := range []string{"auth", "app", "run", "project", "context", "guide", "cell", "thread", "connection", "suggestion"} {
			if len(words) > 1 && words[1].Is(sub) {
				return words[1:], true
			}
		}
	case "gh", "paradime":
		if len(words) > 1 && words[1].Is("hex") {
			return words[2:], true
		}
	}
	return nil, false
}

// startsRuns tells hex run, app run, project run and trigger from what only looks at runs.
func startsRuns(words []script.Word) bool {
	word := func(i int) string {
		if i >= len(words) {
			return ""
		}
		text, _ := words[i].Literal()
		return text
	}
	switch word(0) {
	case "run":
		switch word(1) {
		case "list", "view", "watch", "cancel":
			return false
		}
		return true
	case "app", "project":
		return word(1) == "run"
	}
	return word(0) == "trigger"
}

// packageCommand tells what talks to hex.pm: mix hex.publish, rebar3 hex, gleam publish.
func packageCommand(c *script.Command) bool {
	for i := range len(c.Words) - 1 {
		next, _ := c.Words[i+1].Literal()
		after := ""
		if i+2 < len(c.Words) {
			after, _ = c.Words[i+2].Literal()
		}
		switch text, _ := c.Words[i].Literal(); baseName(text) {
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

// marksOfValue judges an environment variable or an input of an action, which may be a script.
func marksOfValue(value string) marks {
	if !mentionsHex(value) && !strings.Contains(value, "gleam") {
		return 0
	}
	return judgeScript(value, script.Bash).marks
}

// marksOfText judges a text in a language that is not read: by the hosts it names and, should it be a script, its commands.
func marksOfText(text string) marks {
	var m marks
	if callsHost(text) {
		m |= marksHex
		if compiled().runsURL.MatchString(text) {
			m |= marksRuns
		}
	}
	if mayBePM(text) && compiled().pmHost.MatchString(text) {
		m |= marksPM
	}
	return m
}

// lineIndex holds where the lines of a script end.
type lineIndex []int

func lineBreaks(text string) lineIndex {
	var out lineIndex
	for i := range len(text) {
		if text[i] == '\n' {
			out = append(out, i)
		}
	}
	return out
}

// before counts the line breaks before a place.
func (l lineIndex) before(at int) int { return sort.SearchInts(l, at) }
