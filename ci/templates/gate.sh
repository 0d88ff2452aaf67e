#!/bin/sh
# The gate of any CI: runs `assay gate`, writes every report that a CI can show, and ends with the
# gate's own status. The templates for GitHub and GitLab call this, and so can you.
set -eu

usage() {
    cat <<'TEXT'
Usage: gate.sh [FILE [OPTION]...]

Runs `assay gate FILE OPTION...`; FILE is gate.yaml unless said. Its status is that of the gate:
0 all well, 1 something broken or a waiver not needed, 2 usage, 3 no verdict, 4 trouble of the kit.

From the environment:
  ASSAY            the program; default: assay
  ASSAY_REPORTS    the folder of the reports; default: assay-report. What an earlier run left of
                   them there is removed
  ASSAY_OPTIONS    more options, separated by blanks
  GITHUB_ACTIONS   true: annotations on standard output, the text between them and the end
  GITHUB_STEP_SUMMARY, GITHUB_OUTPUT   files: the report is appended, and `status` and `reports`

In the folder: junit.xml report.html report.json report.sarif gitlab.json (code quality) summary.md
badge.svg evidence/
TEXT
}

case ${1:-} in
--help | -h)
    usage
    exit 0
    ;;
-*)
    echo "gate.sh: the gate file comes before the options, not $1" >&2
    exit 2
    ;;
esac
file=${1:-gate.yaml}
[ $# = 0 ] || shift
assay=${ASSAY:-assay}
reports=${ASSAY_REPORTS:-assay-report}
if ! command -v "$assay" >/dev/null; then
    echo "gate.sh: there is no $assay here: install it by install.sh, or say ASSAY=PATH" >&2
    exit 2
fi
case $reports in -*) reports=./$reports ;; esac

# What lies there of an earlier run must not be taken for this one's.
names="junit.xml report.html report.json report.sarif gitlab.json summary.md badge.svg"
mkdir -p "$reports"
for name in $names report.txt; do rm -f "$reports/$name"; done
rm -rf "${reports:?}/evidence"

set -f # what stands in ASSAY_OPTIONS is split at blanks, and no pattern
# shellcheck disable=SC2086
set -- "$file" "$@" ${ASSAY_OPTIONS:-}
set +f
set -- "$@" --report junit="$reports/junit.xml" --report html="$reports/report.html" \
    --report json="$reports/report.json" --report sarif="$reports/report.sarif" \
    --report gitlab="$reports/gitlab.json" --report markdown="$reports/summary.md" \
    --report badge="$reports/badge.svg" --evidence "$reports/evidence"
if [ "${GITHUB_ACTIONS:-}" = true ]; then
    set -- "$@" --report github --report text="$reports/report.txt"
else
    set -- "$@" --report text
fi

# In the background, so that a job that is cancelled still gets what was decided so far: a shell
# hears a signal only while it waits.
pid=""
trap '[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null || true' INT TERM HUP
"$assay" gate "$@" &
pid=$!
status=0
wait "$pid" || status=$?
while kill -0 "$pid" 2>/dev/null; do
    status=0
    wait "$pid" || status=$?
done
trap - INT TERM HUP

# A target may have sent what GitHub takes for a command; between these lines nothing is one.
if [ -f "$reports/report.txt" ]; then
    token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
    echo "::stop-commands::$token"
    cat "$reports/report.txt"
    echo "::$token::"
fi

# Whatever becomes of these, the status is the gate's.
append() { # append FILE, from standard input
    [ -z "$1" ] || cat >>"$1" || echo "gate.sh: cannot write to $1" >&2
}
if [ -f "$reports/summary.md" ]; then
    append "${GITHUB_STEP_SUMMARY:-}" <"$reports/summary.md"
fi
printf 'status=%s\nreports=%s\n' "$status" "$reports" | append "${GITHUB_OUTPUT:-}"

echo
for name in $names evidence; do
    [ ! -e "$reports/$name" ] || echo "report: $reports/$name"
done
exit "$status"
