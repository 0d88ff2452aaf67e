#!/bin/sh
# Installs assay on Debian 12, Ubuntu 22.04 and later, without a container: the packages it is built
# with, the build, the files, and a look at the result. Calling it again does no harm.
set -eu

usage() {
    cat <<'TEXT'
Usage: install.sh [OPTION]...

  --source WHAT    a folder, a tarball (path or URL) or a git URL of assay; default: the one that
                   this script lies in
  --ref REF        with a git URL: branch, tag or commit; default: its HEAD
  --sha256 SUM     of the tarball: another one is refused
  --prefix DIR     where to; default: /usr/local. DESTDIR in the environment goes in front of it
  --built DIR      installs what was built there already
  --no-packages    installs no packages and asks for no system: they are there
  --help           this text

From the environment, where no option says otherwise: ASSAY_SOURCE, ASSAY_REF, ASSAY_SHA256, PREFIX,
ASSAY_BUILT. Root, or sudo, is needed for packages that are missing, and where DIR cannot be written.

Status: 0 installed, 1 the build or the result is wrong, 2 usage or a system it does not know.
TEXT
}

die() { # die STATUS TEXT...
    status=$1
    shift
    echo "install.sh: $*" >&2
    exit "$status"
}

source=${ASSAY_SOURCE:-}
ref=${ASSAY_REF:-}
sha256=${ASSAY_SHA256:-}
prefix=${PREFIX:-/usr/local}
built=${ASSAY_BUILT:-}
packages=yes
while [ $# -gt 0 ]; do
    case $1 in
    --source | --ref | --sha256 | --prefix | --built)
        [ $# -gt 1 ] || die 2 "$1 needs a value"
        case $1 in
        --source) source=$2 ;;
        --ref) ref=$2 ;;
        --sha256) sha256=$2 ;;
        --prefix) prefix=$2 ;;
        --built) built=$2 ;;
        esac
        shift
        ;;
    --no-packages) packages=no ;;
    --help | -h)
        usage
        exit 0
        ;;
    *) die 2 "unknown option $1; see --help" ;;
    esac
    shift
done
DESTDIR=${DESTDIR:-}
absolute() { # absolute PATH
    case $1 in
    /*) echo "$1" ;;
    *) echo "$PWD/$1" ;;
    esac
}
prefix=$(absolute "$prefix")
[ -z "$DESTDIR" ] || DESTDIR=$(absolute "$DESTDIR")
case $DESTDIR$prefix in *[!A-Za-z0-9._/+,:@~-]*)
    die 2 "$DESTDIR$prefix: a path of letters, digits and ._/+,:@~- is needed"
    ;;
esac
temp=$(mktemp -d)
trap 'rm -rf "$temp"' EXIT
trap 'exit 130' INT TERM HUP

# ---- the system ----

# Others have these packages under other names; nothing here would find them.
check_system() {
    os_release=${ASSAY_OS_RELEASE:-/etc/os-release}
    [ -r "$os_release" ] || die 2 "there is no $os_release: this is no Debian or Ubuntu. $elsewhere"
    ID="" ID_LIKE="" VERSION_ID="" PRETTY_NAME=""
    # shellcheck disable=SC1090
    . "$os_release"
    case $ID in
    debian) oldest=12 ;;
    ubuntu) oldest=22 ;;
    *)
        case " $ID_LIKE " in
        *" debian "* | *" ubuntu "*) return 0 ;; # a number of its own, so apt-get decides
        esac
        die 2 "${PRETTY_NAME:-$ID} is not known here. $elsewhere"
        ;;
    esac
    # Debian testing has no number.
    [ -z "$VERSION_ID" ] || [ "${VERSION_ID%%.*}" -ge "$oldest" ] ||
        die 2 "${PRETTY_NAME:-$ID $VERSION_ID} is too old: Debian 12 or Ubuntu 22.04 are needed"
}
elsewhere="Debian 12, Ubuntu 22.04 and later are; elsewhere install gcc, make, jansson, libyaml, \
libtirpc and rpcgen yourself, and add --no-packages"
[ "$packages" = no ] || check_system

# ---- the source ----

fetch_git() {
    command -v git >/dev/null || die 2 "git is needed for $source: apt-get install git"
    git init -q "$temp/source" 2>/dev/null
    git -C "$temp/source" fetch -q --depth 1 -- "$source" "${ref:-HEAD}" ||
        die 2 "$source has no ${ref:-HEAD}, or cannot be reached"
    git -C "$temp/source" checkout -q FETCH_HEAD
    source=$temp/source
}

fetch_tarball() {
    tarball=$source
    case $source in *://*)
        tarball=$temp/tarball
        if command -v curl >/dev/null; then
            curl -fsSL -o "$tarball" -- "$source" || die 2 "$source cannot be fetched"
        elif command -v wget >/dev/null; then
            wget -q -O "$tarball" -- "$source" || die 2 "$source cannot be fetched"
        else
            die 2 "curl or wget is needed for $source: apt-get install curl ca-certificates"
        fi
        ;;
    esac
    if [ -n "$sha256" ]; then
        sum=$(sha256sum <"$tarball") || die 2 "$source cannot be read"
        [ "${sum%% *}" = "$sha256" ] || die 2 "$source is another one: its sum is ${sum%% *}"
    fi
    mkdir "$temp/source"
    tar -xf "$tarball" -C "$temp/source" || die 2 "$source is no tarball"
    source=$temp/source
    # A release has all in one folder.
    for folder in "$source"/*/; do
        [ -f "$source/Makefile" ] || source=${folder%/}
    done
}

if [ -z "$source" ]; then
    source=$(cd "$(dirname "$0")/../.." && pwd)
    [ -f "$source/ci/install-deps" ] || die 2 "which source? This script lies in none: say --source"
fi
case $source in
*.tar | *.tar.* | *.tgz) kind=tarball ;;
*://* | *@*:*) kind=git ;;
*) kind=folder ;;
esac
[ -z "$ref" ] || [ "$kind" = git ] || die 2 "--ref goes with a git URL, not with $source"
[ -z "$sha256" ] || [ "$kind" = tarball ] || die 2 "--sha256 goes with a tarball, not with $source"
[ "$kind" = folder ] || "fetch_$kind"
for file in Makefile ci/packages ci/install-deps; do
    [ -f "$source/$file" ] || die 2 "$source is no source of assay: it has no $file"
done
source=$(cd "$source" && pwd)

# ---- build and install ----

[ "$packages" = no ] || "$source/ci/install-deps" build || exit 2

# A folder of its own: a developer's build has other flags, and here a new compiler's new warning
# is no error. What calls us may be a make, too.
unset MAKEFLAGS MFLAGS MAKELEVEL
build() {
    built=$source/build/install
    [ -w "$source" ] || built=$temp/build
    echo "Building assay (this takes a minute or two) ..."
    make -s --no-print-directory -C "$source" -j"$(nproc)" V=release B="$built" WERROR= all \
        >"$temp/log" 2>&1 || {
        tail -n 30 "$temp/log" >&2
        die 1 "the build failed"
    }
}
if [ -n "$built" ]; then
    built=$(absolute "$built")
    [ -x "$built/assay" ] || die 2 "$built has no assay that was built"
else
    build
fi

above=$DESTDIR$prefix
while [ ! -e "$above" ]; do above=$(dirname "$above"); done
as_root=""
if [ ! -w "$above" ]; then
    command -v sudo >/dev/null || die 2 "$above cannot be written: say --prefix, or call it as root"
    as_root=sudo
fi
# -o all: what is installed is what was built, with whatever flags.
$as_root make -s --no-print-directory -C "$source" -o all V=release B="$built" \
    PREFIX="$prefix" DESTDIR="$DESTDIR" install >"$temp/log" 2>&1 || {
    tail -n 30 "$temp/log" >&2
    die 1 "the files cannot be installed"
}

version=$("$DESTDIR$prefix/bin/assay" --version) || die 1 "$prefix/bin/assay does not run"
echo "$version is in $DESTDIR$prefix/bin, the templates for CI in $DESTDIR$prefix/share/assay/ci"
case ":$PATH:" in
*":$prefix/bin:"*) ;;
*) echo "$prefix/bin is not in your PATH" ;;
esac
