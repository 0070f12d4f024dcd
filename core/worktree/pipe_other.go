//go:build !linux

package worktree

import "os"

func widen(*os.File) {}
