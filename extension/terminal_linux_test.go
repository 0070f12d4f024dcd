package extension_test

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/sys/unix"
)

// openTerminal opens a pseudo-terminal of so many columns.
func openTerminal(columns uint16) (control, tty *os.File, err error) {
	control, err = os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil, nil, err
	}
	n, err := unix.IoctlGetInt(int(control.Fd()), unix.TIOCGPTN)
	if err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetPointerInt(int(control.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		return nil, nil, err
	}
	if err := unix.IoctlSetWinsize(int(control.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: columns}); err != nil {
		return nil, nil, err
	}
	tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	return control, tty, err
}

// terminal CODE DIALOGUE COMMAND...: runs a command on a terminal and asserts its exit code. The dialogue is a file with
// a line a step: "expect REGEXP" waits for new output, "send TEXT" types a line, "type TEXT" types no Enter, "token NAME" types a token and Enter,
// "key NAME..." presses Ctrl-C (^C), Ctrl-D (^D) or other keys, "paste NAME TEXT" types a token and further lines at once ("|" for Enter), "signal NAME" sends the
// extension a signal. All output is then in the file "screen", and holds no token; the terminal is as it was before.
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 3 {
		ts.Fatalf("usage: terminal CODE DIALOGUE COMMAND...")
	}
	onTerminal(ts, 120, args)
}

// onTerminal is terminal with so many columns.
func onTerminal(ts *testscript.TestScript, columns uint16, args []string) {
	control, tty, err := openTerminal(columns)
	ts.Check(err)
	defer control.Close()
	path := args[2]
	if !strings.Contains(path, "/") {
		path = worldOf(ts).dir + "/bin/" + path
	}
	cmd := exec.Command(path, args[3:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = tty, tty, tty
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	before, err := unix.IoctlGetTermios(int(control.Fd()), unix.TCGETS)
	ts.Check(err)
	ts.Check(cmd.Start())
	tty.Close()
	screen := newScreen(control)
	converse(ts, control, screen, cmd.Process.Pid, ts.ReadFile(args[1]))
	code := exitCodeOf(ts, cmd, screen)
	if after, err := unix.IoctlGetTermios(int(control.Fd()), unix.TCGETS); err != nil || *after != *before {
		ts.Fatalf("the terminal was not given back: %+v, before %+v (%v)", after, before, err)
	}
	text := strings.ReplaceAll(screen.text(), "\r\r\n", "\r\n") // of a line that returns the carriage by itself
	ts.Check(os.WriteFile(ts.MkAbs("screen"), []byte(strings.ReplaceAll(text, "\r\n", "\n")), 0o600))
	ts.Logf("[screen]\n%s", strings.ReplaceAll(text, "\x1b", "^["))
	clean(ts, "the screen", []byte(text))
	if before, after, lone := strings.Cut(strings.ReplaceAll(text, "\r\n", ""), "\n"); lone {
		ts.Fatalf("in raw mode a line feed does not return the carriage: %q begins to the right, behind %q", after, before)
	}
	if fmt.Sprint(code) != args[0] {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
}

func environment(ts *testscript.TestScript) []string {
	var env []string
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "GH_CONFIG_DIR", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
		"GH_NO_UPDATE_NOTIFIER", "GH_PROMPT_DISABLED", "GH_SPINNER_DISABLED", "GH_TELEMETRY", "GIT_CONFIG_NOSYSTEM", "HTTPS_PROXY", "HTTP_PROXY", "GH_TOKEN", "HEX_WORKSPACE_URL", "HEX_API_TOKEN", "NO_COLOR", "CLICOLOR_FORCE"} {
		if v := ts.Getenv(name); v == "empty" {
			env = append(env, name+"=")
		} else if v != "" {
			env = append(env, name+"="+v)
		}
	}
	// Most scripts answer by number; menus.txtar sees the menus.
	if prompter := cmp.Or(ts.Getenv("GH_ACCESSIBLE_PROMPTER"), "enabled"); prompter != "unset" {
		env = append(env, "GH_ACCESSIBLE_PROMPTER="+prompter)
	}
	return append(env, "TERM="+cmp.Or(ts.Getenv("TERM"), "xterm"))
}

func converse(ts *testscript.TestScript, control *os.File, s *screen, gh int, dialogue string) {
	lines := bufio.NewScanner(strings.NewReader(dialogue))
	for lines.Scan() {
		verb, rest, _ := strings.Cut(strings.TrimSpace(lines.Text()), " ")
		switch verb {
		case "":
		case "expect":
			if !s.waitFor(regexp.MustCompile(rest)) {
				ts.Fatalf("waited for %q; the screen shows:\n%s", rest, s.text())
			}
		case "send":
			fmt.Fprint(control, rest+"\r")
		case "type":
			fmt.Fprint(control, rest)
		case "token":
			fmt.Fprint(control, worldOf(ts).tokens[rest]+"\r")
		case "key":
			for name := range strings.FieldsSeq(rest) {
				fmt.Fprint(control, map[string]string{"^C": "\x03", "^D": "\x04", "up": "\x1b[A", "down": "\x1bOB", "right": "\x1b[C", "left": "\x1b[D", "space": " ", "back": "\x7f"}[name])
			}
		case "paste":
			name, more, _ := strings.Cut(rest, " ")
			fmt.Fprint(control, worldOf(ts).tokens[name]+"\r"+strings.ReplaceAll(more, "|", "\r"))
		case "arrives":
			number, request, _ := strings.Cut(rest, " ")
			n, err := strconv.Atoi(number)
			ts.Check(err)
			arrive(ts, n, request)
		case "signal":
			ts.Check(syscall.Kill(extensionOf(ts, gh), unix.SignalNum("SIG"+rest)))
		default:
			ts.Fatalf("unknown step %q", verb)
		}
	}
}

func exitCodeOf(ts *testscript.TestScript, cmd *exec.Cmd, s *screen) int {
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	select {
	case err := <-done:
		if exit, ok := err.(*exec.ExitError); ok {
			return exit.ExitCode()
		}
		ts.Check(err)
		return 0
	case <-time.After(90 * time.Second):
		_ = cmd.Process.Kill()
		ts.Fatalf("the command does not end; the screen shows:\n%s", s.text())
		return -1
	}
}

// screen collects what a terminal shows.
type screen struct {
	chunks chan []byte
	all    bytes.Buffer
	seen   int // what expect has looked at
}

func newScreen(control *os.File) *screen {
	s := &screen{chunks: make(chan []byte, 1024)}
	go func() {
		defer close(s.chunks)
		for {
			buf := make([]byte, 4096)
			n, err := control.Read(buf)
			if n > 0 {
				s.chunks <- buf[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return s
}

func (s *screen) waitFor(pattern *regexp.Regexp) bool {
	deadline := time.After(60 * time.Second)
	for {
		if loc := pattern.FindIndex(s.all.Bytes()[s.seen:]); loc != nil {
			s.seen += loc[1]
			return true
		}
		select {
		case chunk, open := <-s.chunks:
			if !open {
				return false
			}
			s.all.Write(chunk)
		case <-deadline:
			return false
		}
	}
}

// text is everything shown; it waits for the end of the output.
func (s *screen) text() string {
	for {
		select {
		case chunk, open := <-s.chunks:
			if !open {
				return s.all.String()
			}
			s.all.Write(chunk)
		case <-time.After(2 * time.Second):
			return s.all.String()
		}
	}
}
