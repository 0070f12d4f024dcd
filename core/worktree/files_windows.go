package worktree

// nonblock is nothing here: a named pipe has no place in the file system.
const nonblock = 0
