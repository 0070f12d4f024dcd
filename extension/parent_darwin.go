package extension

import "golang.org/x/sys/unix"

// isGH reports whether a process is gh, which starts its extensions itself. Whoever else started this command, a shell or
// nohup, may end before it.
func isGH(pid int) bool {
	process, err := unix.SysctlKinfoProc("kern.proc.pid", pid)
	return err == nil && isProgramGH(unix.ByteSliceToString(process.Proc.P_comm[:]))
}
