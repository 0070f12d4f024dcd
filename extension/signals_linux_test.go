package extension_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// within is how long the scripts wait for what has to happen; they fail then.
const within = 60 * time.Second

// eventually waits until something is so.
func eventually(ts *testscript.TestScript, what string, so func() bool) {
	for deadline := time.Now().Add(within); !so(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			ts.Fatalf("it never happened: %s", what)
		}
	}
}

// extensionOf is the process of the extension that a gh started.
func extensionOf(ts *testscript.TestScript, gh int) int {
	var found int
	eventually(ts, "gh starts the extension", func() bool {
		tasks, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", gh))
		for _, task := range tasks {
			children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", gh, task.Name()))
			for child := range strings.FieldsSeq(string(children)) {
				if name, _ := os.ReadFile("/proc/" + child + "/comm"); string(name) == "gh-hex\n" {
					found, _ = strconv.Atoi(child)
				}
			}
		}
		return found > 0
	})
	return found
}

// runs reports whether a process is there and no zombie.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, after, _ := bytes.Cut(stat, []byte(") "))
	return err == nil && !bytes.HasPrefix(after, []byte("Z"))
}

// orphan REQUEST COMMAND...: starts a command of gh without a terminal, kills gh alone once such a request has arrived,
// and asserts that the extension ends as well. What it wrote is in the file "output".
func cmdOrphan(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: orphan REQUEST COMMAND...")
	}
	output, err := os.Create(ts.MkAbs("output"))
	ts.Check(err)
	defer output.Close()
	cmd := exec.Command(worldOf(ts).dir+"/bin/"+args[1], args[2:]...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = ts.MkAbs("."), environment(ts), output, output
	ts.Check(cmd.Start())
	arrive(ts, 1, args[0])
	extension := extensionOf(ts, cmd.Process.Pid)
	ts.Check(cmd.Process.Kill())
	_ = cmd.Wait()
	eventually(ts, "the extension ends with its gh", func() bool { return !runs(extension) })
}

// arrive waits until n requests like this one have arrived.
func arrive(ts *testscript.TestScript, n int, request string) {
	pattern := regexp.MustCompile(request)
	eventually(ts, fmt.Sprintf("%d requests %s", n, request), func() bool {
		count := 0
		for _, r := range worldOf(ts).box.Requests() {
			if pattern.MatchString(r.Method + " " + r.Path) {
				count++
			}
		}
		return count >= n
	})
}

// left COMMAND...: starts the extension itself from a shell that ends at once, and waits for its end. What it wrote is in
// the file "output".
func cmdLeft(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: left ARGUMENT...")
	}
	bin, err := build()
	ts.Check(err)
	script := `"$@" >output 2>&1 & echo $! >pid`
	cmd := exec.Command("/bin/sh", append([]string{"-c", script, "sh", bin + "/gh-hex"}, args...)...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), environment(ts)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	ts.Check(cmd.Run())
	pid, err := strconv.Atoi(strings.TrimSpace(ts.ReadFile("pid")))
	ts.Check(err)
	eventually(ts, "the command ends", func() bool { return !runs(pid) })
}
