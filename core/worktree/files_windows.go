package worktree

import "os/exec"

// nonblock is nothing here: a named pipe has no place in the file system.
const nonblock = 0

// ownGroup is nothing here: git starts no others that would outlive it.
func ownGroup(*exec.Cmd) {}
