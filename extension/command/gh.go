package command

import (
	"cmp"
	"context"
	"os"
	"os/exec"
	"strings"
	"time"
)

// HasGH reports whether the gh in use has a command. It is only asked for its help, without any login.
func (p *Process) HasGH(ctx context.Context, name string) bool {
	ctx, stop := context.WithTimeout(ctx, 5*time.Second)
	defer stop()
	ask := exec.CommandContext(ctx, cmp.Or(p.Getenv("GH_PATH"), "gh"), name, "--help")
	ask.Env = []string{"GH_NO_UPDATE_NOTIFIER=1", "GH_PROMPT_DISABLED=1"}
	for _, v := range os.Environ() {
		if name, _, _ := strings.Cut(v, "="); !strings.HasPrefix(name, "HEX_") && !strings.HasSuffix(name, "TOKEN") {
			ask.Env = append(ask.Env, v)
		}
	}
	return ask.Run() == nil
}
