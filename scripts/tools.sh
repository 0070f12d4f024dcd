# Sourced by the scripts beside it: makes sure that go, git and gh are there.

say() { printf '%s\n' "$*" >&2; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# install_package NAME: with the package manager of this machine, or a sentence that says what to install.
install_package() {
  say "installing $1"
  if command -v apt-get >/dev/null; then
    as_root apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive as_root apt-get install -y -qq --no-install-recommends "$1" >&2
  elif command -v brew >/dev/null; then
    brew install --quiet "$1" >&2
  elif command -v dnf >/dev/null; then
    as_root dnf install -y -q "$1" >&2
  else
    say "please install $1, then run this again"
    exit 1
  fi
}

need() {
  command -v "$1" >/dev/null || install_package "$1"
}

command -v go >/dev/null || { say "please install Go 1.26 (https://go.dev/dl), then run this again"; exit 1; }
need git
need gh
# need_keyring: a Secret Service for the tests of the keyring, which other systems bring along.
need_keyring() {
  [ "$(uname)" = Linux ] || return 0
  command -v dbus-run-session >/dev/null || install_package dbus
  command -v gnome-keyring-daemon >/dev/null || install_package gnome-keyring
}

# python_with MODULE: prints the python3 that has it; the one of the system may be behind another in PATH.
python_with() {
  local python
  for python in python3 /usr/bin/python3; do
    if "$python" -c "import $1" 2>/dev/null; then
      printf '%s\n' "$python"
      return
    fi
  done
  return 1
}

# find_browser: prints a Chromium, under one of its names.
find_browser() {
  command -v chromium || command -v google-chrome || command -v chromium-browser
}
