# Sourced by scripts that install programs of newer Debian releases for the tests, into the
# current folder: their packages and all libraries, down to the loader. Nothing of the system is
# touched and no root is needed; the mirror is the one that the machine's apt uses, the
# signatures are checked as always.
here=$PWD

codename=$(. /etc/os-release && printf %s "${VERSION_CODENAME-}")
mirror=$(apt-get indextargets --format '$(REPO_URI)' \
  'Created-By: Packages' "Release: $codename" 'Component: main' 2>/dev/null | head -n 1) || true
keys=/usr/share/keyrings/debian-archive-keyring.gpg
if [ -z "$mirror" ] || [ ! -e "$keys" ]; then
  echo "needs a Debian with a mirror in its apt sources and the package debian-archive-keyring" >&2
  exit 1
fi

# apt with nothing but the suite SUITE, where nothing at all is installed.
suite_apt() {
  local suite=$1
  shift
  mkdir -p "$suite"/apt/{lists/partial,archives/partial,none}
  echo "deb [signed-by=$keys] $mirror $suite main" >"$suite/apt/sources.list"
  : >"$suite/apt/status"
  apt-get -qq -o APT::Sandbox::User=root -o Acquire::Languages=none -o Debug::NoLocking=true \
    -o Dir::Etc::SourceList="$here/$suite/apt/sources.list" \
    -o Dir::Etc::SourceParts="$here/$suite/apt/none" \
    -o Dir::Etc::PreferencesParts="$here/$suite/apt/none" \
    -o Dir::State="$here/$suite/apt" -o Dir::State::Lists="$here/$suite/apt/lists" \
    -o Dir::State::Status="$here/$suite/apt/status" \
    -o Dir::Cache="$here/$suite/apt" -o Dir::Cache::Archives="$here/$suite/apt/archives" "$@"
}

# Unpacks packages into SUITE/root. Says by its status whether it came to that, since a
# condition takes no notice of `set -e`.
unpacked() {
  local suite=$1 package
  shift
  suite_apt "$suite" update || return
  suite_apt "$suite" install --download-only --yes --no-install-recommends "$@" >/dev/null || return
  rm -rf "${suite:?}/root"
  for package in "$suite"/apt/archives/*.deb; do
    dpkg-deb -x "$package" "$suite/root" || return
  done
  rm -rf "$suite/apt"
}

# Where the libraries of SUITE lie, and its loader among them.
libraries_of() { dirname "$(echo "$here/$1"/root/usr/lib/*/libc.so.6)"; }
loader_of() { echo "$(libraries_of "$1")"/ld-linux*.so.*; }
