# Sourced by scripts/test --full: brings the programs that tests of other tools run, in versions that do not move by
# themselves. Sets MANAGERS, the folder that they are in.

MANAGERS=${XDG_CACHE_HOME:-$HOME/.cache}/gh-hex-managers
command -v npm >/dev/null || install_package npm
command -v pre-commit >/dev/null || install_package pre-commit
command -v git-lfs >/dev/null || install_package git-lfs

# bring FOLDER PACKAGE@VERSION…: packages of npm, whose install scripts are not run.
bring() {
  local folder=$MANAGERS/$1
  shift
  [ "$(cat "$folder/brought" 2>/dev/null)" = "$*" ] && return
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-save --no-audit --no-fund --ignore-scripts --loglevel=error "$@" >&2
  echo "$*" >"$folder/brought"
}
bring now lefthook@2.2.1 husky@9.1.7 simple-git-hooks@2.13.1 @j178/prek@0.5.3
bring husky8 husky@8.0.3
bring husky4 husky@4.3.8
