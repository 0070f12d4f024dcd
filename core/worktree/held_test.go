package worktree

import (
	"strings"
	"testing"
)

// What stands in a .env file for a token is no secret: a warning at most, and nothing to revoke, wherever the file is met.
func TestEnvWithoutSecret(t *testing.T) {
	uuid := "0198f2c4-6d3e-7a10-9b1f-2c5d7e8f9a0b"
	for _, content := range []string{
		"HEX_API_TOKEN=changeme\n", "HEX_API_TOKEN=${HEX_API_TOKEN}\n", "HEX_API_TOKEN=hxtp_your_token_here\n", "HEX_API_TOKEN='<from 1Password>'\n",
		"HEX_API_TOKEN=op://Vault/Hex/token\n", "HEX_API_TOKEN=op://abcdefghijklmnopqrstuvwxy1/hex/token\nHEX_WORKSPACE_URL=https://eu.hex.tech\n",
		"export HEX_TOKEN=\"$(op read op://Vault/Hex/token)\"\n", "HEX_API_TOKEN_EU=vault:secret/data/hex#token\nHEX_PROJECT_ID=" + uuid + "\n",
		"HEX_API_TOKEN=encrypted:BLkZ0y6dP2lNqkGq8HkZ0y6dP2lNqkGq8H\n", "HEX_API_TOKEN=ENC[AES256_GCM,data:c2FtcGxl,iv:c2F=,tag:c2F=,type:str]\n",
		"HEX_API_TOKEN=${HEX_API_TOKEN:-}\n", "HEX_API_TOKEN=${TEAM:-changeme}\n", "HEX_API_TOKEN=ask Ada\n", "HEX_WORKSPACE_URL=op://Vault/Hex/url\n",
		"HEX_WORKSPACE_URL=${HOST}\nHEX_API_TOKEN=`pass show hex`\n", "HEX_API_TOKEN=arn:aws:secretsmanager:eu-west-1:1:secret:hex\n",
		"HEX_API_TOKEN_INFO='{\"kind\":\"personal\"}'\nPORT=80\n",
	} {
		r := newRepository(t)
		r.commitEmpty("start")
		start := r.git("rev-parse", "HEAD")
		r.write(".env", content)
		if strings.Contains(r.judge("env-permissions"), "warning") {
			t.Errorf("%q is private: %s", content, r.judge("env-permissions"))
		}
		r.commit(".env")
		r.write(".gitignore", ".env.local\n")
		for where, got := range map[string]string{
			"env-tracked": r.judge("env-tracked"), "env-ignored": r.judge("env-ignored"), "push": r.pushed(r.update("HEAD", start)),
		} {
			if !strings.HasPrefix(got, "warning: ") || strings.Contains(got, "error") || strings.Contains(got, "revoke") {
				t.Errorf("%q: %s is %s", content, where, got)
			}
		}
		r.git("rm", "-q", "--cached", ".env")
		r.git("commit", "-q", "-m", "remove")
		if got := r.judge("env-tracked"); !strings.HasPrefix(got, "warning: .env was committed in ") || strings.Contains(got, "revoke") {
			t.Errorf("%q: history is %s", content, got)
		}
		if got := r.judge("env-ignored"); strings.Contains(content, "TOKEN") && !strings.Contains(content, "_INFO") && strings.Contains(got, "error") {
			t.Errorf("%q: untracked it is %s", content, got)
		}
	}
}

// Beside a placeholder, in an earlier assignment or behind a default, a secret is one all the same.
func TestEnvWithSecret(t *testing.T) {
	bare := token(1)[5:37]
	for _, content := range []string{
		"HEX_API_TOKEN=" + token(1) + "\n", "HEX_API_TOKEN=changeme\n# " + token(1) + "\n", "HEX_API_TOKEN=" + bare + "\nHEX_API_TOKEN=changeme\n",
		"HEX_API_TOKEN=changeme\nHEX_API_TOKEN_EU=" + bare + "\n", "HEX_API_TOKEN=${TEAM:-" + bare + "}\n", "HEX_API_TOKEN=${TEAM-" + bare + "}\n",
		"HEX_API_TOKEN=old-style\n", "HEX_API_TOKEN=op://x/y\nHEX_TOKEN=old-style\n", "HEX_API_TOKEN=todo " + bare + "\n",
		"HEX_API_TOKEN=ghp_" + strings.Repeat("a1", 18) + "\n", "HEX_CLI_LOGIN_TOKEN=old-style\n",
	} {
		r := newRepository(t)
		r.commitEmpty("start")
		start := r.git("rev-parse", "HEAD")
		r.write(".env", content)
		for _, id := range []string{"env-ignored", "env-permissions"} {
			if got := r.judge(id); !strings.Contains(got, "git does not ignore .env") && !strings.Contains(got, "holds a token") {
				t.Errorf("%q: %s is %s", content, id, got)
			}
		}
		r.commit(".env")
		for where, got := range map[string]string{
			"env-tracked": r.judge("env-tracked"), "env-ignored": r.judge("env-ignored"), "push": r.pushed(r.update("HEAD", start)),
		} {
			if !strings.HasPrefix(got, "error: ") || where == "push" && !strings.Contains(got, "and revoke the token") {
				t.Errorf("%q: %s is %s", content, where, got)
			}
		}
		r.git("rm", "-q", "--cached", ".env")
		r.git("commit", "-q", "-m", "remove")
		if got := r.judge("env-tracked"); !strings.Contains(got, "[revoke the token that it held") {
			t.Errorf("%q: history is %s", content, got)
		}
	}
}
