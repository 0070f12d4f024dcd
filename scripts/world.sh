# Sourced by scripts that show or measure the product: a throw-away world with the real gh, the extension installed by
# it, and a sandbox that plays GitHub and Hex. Nothing outside a temporary folder is touched.

W=$(mktemp -d /tmp/hex.XXXXXX) # short: the path of a socket ends at 104 bytes
end_world() {
  [ -n "${sandbox:-}" ] && kill "$sandbox" 2>/dev/null && wait "$sandbox" 2>/dev/null || true
  rm -rf "$W"
}
trap end_world EXIT

# start_world: builds, starts the sandbox with the state (JSON) on standard input, and points gh at it. Afterwards
# $W is the folder, $control the address for faults and states, $HEX_WORKSPACE_URL that of Hex, and a token NAME of the
# state is printed by `hex_token NAME`.
start_world() {
  cat >"$W/state.json"
  mkdir -p "$W/gh-hex" "$W/cfg" "$W/home" "$W/tmp"
  CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$W/gh-hex/gh-hex" .
  go build -o "$W/serve" ./scripts/sandbox/serve
  mkfifo "$W/ready"
  "$W/serve" -dir "$W" -state "$W/state.json" >"$W/ready" &
  sandbox=$!
  read -r ready <"$W/ready"
  control=$(field control)
  printf 'version: "1"\nhttp_unix_socket: %s\n' "$(field socket)" >"$W/cfg/config.yml"
  export GH_CONFIG_DIR=$W/cfg HOME=$W/home XDG_DATA_HOME=$W/data XDG_STATE_HOME=$W/state XDG_CACHE_HOME=$W/cache TMPDIR=$W/tmp
  export GH_NO_UPDATE_NOTIFIER=1 GH_TELEMETRY=0 GIT_CONFIG_NOSYSTEM=1
  # Whatever would leave the sandbox meets a proxy that is not there.
  export HTTPS_PROXY=http://127.0.0.1:1 HTTP_PROXY=http://127.0.0.1:1
  HEX_WORKSPACE_URL=$(field hexUrl)
  export HEX_WORKSPACE_URL
  unset HEX_API_TOKEN GH_REPO GH_HOST GITHUB_TOKEN GITHUB_ACTIONS
  (cd "$W/gh-hex" && gh extension install .)
}

field() { printf '%s' "$ready" | sed -n "s/.*\"$1\":\"\([^\"]*\)\".*/\1/p"; }
hex_token() { field "$1"; }

# ago DAYS: that time as JSON has it, with the date of GNU or of BSD.
ago() {
  local at=$(($(date +%s) - $1 * 24 * 60 * 60))
  date -u -d "@$at" +%FT%TZ 2>/dev/null || date -u -r "$at" +%FT%TZ
}

# start_analytics: the world that the demo shows. The repository octo/analytics, with a workflow that runs a Hex project,
# becomes the current folder; ~/tokens holds Hex tokens.
start_analytics() {
  export GH_TOKEN=demo-login
  start_world <<JSON
{
  "github": {"github.com": {
    "logins": {"demo-login": {"user": "ada", "scopes": ["repo", "workflow", "admin:org"]}},
    "accounts": {"octo": {"type": "Organization"}},
    "repositories": {
      "octo/analytics": {"environments": {"prod": {}}},
      "octo/reports": {"secrets": {"actions": {"HEX_API_TOKEN": {"value": "an older token"}}, "dependabot": {"HEX_API_TOKEN": {"value": "an older token"}}}},
      "gh-hex/gh-hex": {"releases": [{"tag": "v0.0.0-demo", "dir": "$W/release"}]}
    }
  }},
  "hex": {
    "tokens": {
      "good": {"kind": "workspace", "exp": 4102444800},
      "new": {"kind": "workspace", "exp": 4102444800},
      "personal": {"name": "Ada Lovelace", "email": "ada@example.com", "exp": 4102444800},
      "read-only": {"kind": "workspace", "scopes": ["projects:read"]},
      "expiring": {"kind": "workspace", "exp": $(($(date +%s) + 5 * 24 * 60 * 60))},
      "revoked": {"kind": "workspace", "revoked": true}
    },
    "projects": {
      "$weekly": {"title": "Weekly revenue", "owner": "ada@example.com", "lastEditedAt": "$(ago 1)", "lastPublishedAt": "$(ago 5)", "runScripts": [["RUNNING", "COMPLETED"]]},
      "$churn": {"title": "Churn model", "owner": "ada@example.com", "lastEditedAt": "$(ago 13)", "unpublished": true},
      "$forecast": {"title": "Forecast", "owner": "ada@example.com", "lastEditedAt": "$(ago 1)", "lastPublishedAt": "$(ago 5)", "runScripts": [["RUNNING", "ERRORED"]]}
    },
    "lists": {
      "groups": [{"id": "019a7c1e-77b2-7000-8d42-0c1b5d3e9f20", "name": "Analysts"}],
      "users": [{"id": "019a7c1e-77b2-7000-8d42-0c1b5d3e9f10", "name": "Ada Lovelace", "email": "ada@example.com"}]
    }
  }
}
JSON
  mkdir -p "$HOME/tokens" "$W/release" "$W/analytics/.github/workflows"
  cp "$W/gh-hex/gh-hex" "$W/release/gh-hex_v0.0.0-demo_$(go env GOOS)-$(go env GOARCH)"
  local name
  for name in good new personal read-only expiring revoked; do
    printf '%s\n' "$(hex_token "$name")" >"$HOME/tokens/$name"
  done
  cd "$W/analytics"
  cat >.github/workflows/hex.yml <<YAML
name: Refresh
on:
  push:
    branches: [main]
jobs:
  refresh:
    runs-on: ubuntu-latest
    steps:
      - run: gh hex run start $weekly --watch
        env:
          GH_TOKEN: \${{ github.token }}
          HEX_API_TOKEN: \${{ secrets.HEX_API_TOKEN }}
          HEX_WORKSPACE_URL: \${{ vars.HEX_WORKSPACE_URL }}
YAML
  git init -q -b main
  git remote add origin https://github.com/octo/analytics.git
}

# The projects of start_analytics: runs of the first one end well, of the last one badly; the other one was never published.
weekly=019f681a-1870-731d-bf1e-b82d136117fa
churn=019f681a-1870-731d-bf1e-b82d136117fb
forecast=019f681a-1870-731d-bf1e-b82d136117fc
