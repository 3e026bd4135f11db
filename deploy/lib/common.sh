# Shared by the deploy scripts: where the project is, how to become root, how to say what happens.
set -euo pipefail
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
build="$top/build/release"

say() { printf '== %s\n' "$*"; }
die() { printf 'deploy: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "need root to run: $* (no sudo here)"
  fi
}

# Configures and builds TARGETS (all when empty) of the release preset.
build_release() {
  cd "$top"
  say "building${1:+ $*} (release)"
  cmake --preset release >"$top/build/configure.log" 2>&1 || { cat "$top/build/configure.log" >&2; die "configuring failed"; }
  cmake --build --preset release --parallel "$(nproc)" ${1:+--target "$@"}
}
