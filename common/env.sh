# shellcheck shell=sh
# The environment of every run_*.sh. Source it first:  . "$(dirname "$0")/../common/env.sh"
#
# It makes .venv from requirements.lock once (PADDLE=gpu: .venv-gpu from requirements-gpu.lock) and sets
#   REPO    the repository's folder, absolute
#   PYTHON  the environment's interpreter
# A stamp file in the environment says that the installation ended well and from which lock, so an interrupted or
# outdated environment is made anew and a finished one costs a few milliseconds. Exit codes: 2 for a wrong PADDLE,
# 3 where Python 3.10 or an installable package is missing. Packages come from wherever pip or uv is configured to look.

# The nearest folder above the calling script that holds this file.
_env_find_repo() (
    CDPATH='' cd "$(dirname "$0")" 2>/dev/null || exit 1
    while [ ! -f common/env.sh ] || [ ! -f requirements.lock ]; do
        [ "$(pwd -P)" != / ] && cd .. || exit 1
    done
    pwd -P
)

# "<sha256 of the lock> <repository>": the editable install points at the folder, so a moved one is stale too.
_env_wanted_stamp() {
    _env_sum=$(sha256sum "$_env_lock" 2>/dev/null || shasum -a 256 "$_env_lock") || return 1
    printf '%s %s\n' "${_env_sum%% *}" "$REPO"
}

_env_is_ready() {
    [ -f "$_env_dir/installed-from" ] && [ "$(cat "$_env_dir/installed-from")" = "$_env_stamp" ] &&
        "$_env_dir/bin/python" -I -S -c '' 2>/dev/null
}

_env_has_uv() {
    uv --version >/dev/null 2>&1  # run, not only found: a version manager's shim may refuse
}

# One candidate per line, the user's choice first. They may be missing, of another version or a shim that refuses.
_env_candidates() {
    [ -n "${PYTHON:-}" ] && printf '%s\n' "$PYTHON"
    printf '%s\n' python3.10 python3 python
    [ -n "${CONDA_PREFIX:-}" ] && printf '%s\n' "$CONDA_PREFIX/bin/python"
    for _env_root in "${PYENV_ROOT:-}" "$(pyenv root 2>/dev/null)" "${HOME:-}/.pyenv"; do
        for _env_found in "$_env_root"/versions/3.10.*/bin/python; do
            [ -x "$_env_found" ] && printf '%s\n' "$_env_found"
        done
    done
    uv python find --system 3.10 2>/dev/null
    _env_root=$(conda info --base 2>/dev/null) && for _env_found in "$_env_root"/envs/*/bin/python; do
        [ -x "$_env_found" ] && printf '%s\n' "$_env_found"
    done
}

# What a candidate has to be able to do. Prints the interpreter itself: not a shim, and not a virtual environment
# (which may be the very one that is to be made anew).
_env_probe='
import os, sys
if sys.version_info[:2] != (3, 10):
    print("it is %d.%d" % sys.version_info[:2])
    sys.exit(1)
try:
    import ctypes, ssl, zlib
    if "needs_pip" in sys.argv:
        import ensurepip, venv
except ImportError as lack:
    print("it has no module %s (on Debian and Ubuntu: apt install python3.10-venv)" % lack.name)
    sys.exit(1)
names = [sys.executable]
if sys.prefix != sys.base_prefix:
    names = [os.path.join(sys.base_prefix, "bin", "python3.10"), sys._base_executable, sys.executable]
print([name for name in names if os.path.exists(name)][0])
'

# Prints the first candidate that works; without any, says on stderr why each was passed over.
_env_find_python() {
    _env_need=nothing_more
    _env_has_uv || _env_need=needs_pip
    _env_candidates 2>/dev/null | {
        _env_passed_over=
        _env_chosen=
        while IFS= read -r _env_candidate; do
            [ "$_env_candidate" = "${PYTHON:-}" ] || command -v "$_env_candidate" >/dev/null 2>&1 || continue
            if _env_said=$("$_env_candidate" -c "$_env_probe" "$_env_need" 2>/dev/null </dev/null); then
                [ -z "$_env_chosen" ] || echo "PYTHON=$_env_chosen; taking $_env_said" >&2
                printf '%s\n' "$_env_said"
                exit 0
            fi
            [ "$_env_candidate" != "${PYTHON:-}" ] || _env_chosen="$PYTHON passed over: ${_env_said:-it does not run}"
            _env_passed_over="$_env_passed_over
    passed over $_env_candidate: ${_env_said:-it does not run}"
        done
        cat >&2 <<END
error: no Python 3.10 that runs was found; the pinned packages have no wheels for newer ones.$_env_passed_over
  Get it in one of these ways, then run the same command again:
    system package   sudo apt install python3.10 python3.10-venv   (or dnf, zypper, pacman)
    conda            conda create -n py310 python=3.10 && conda activate py310
    uv               uv python install 3.10
  Or point to one: PYTHON=/path/to/python3.10 sh $0
END
        exit 3
    }
}

# The environment in place, from nothing. Everything it prints goes to stderr: stdout belongs to the calling script.
_env_make() {
    _env_base=$(_env_find_python) || return 3
    echo "making $_env_dir from $(basename "$_env_lock") (2.6 GB, once) ..." >&2
    rm -rf "$_env_dir"
    _env_python=$_env_dir/bin/python
    if _env_has_uv; then
        uv venv --quiet --python "$_env_base" "$_env_dir" &&
            uv pip install --python "$_env_python" --require-hashes -r "$_env_lock" &&
            uv pip install --python "$_env_python" --no-deps --no-build-isolation -e "$REPO"
    else
        "$_env_base" -m venv "$_env_dir" &&
            "$_env_python" -m pip install --disable-pip-version-check --use-pep517 --require-hashes -r "$_env_lock" &&
            "$_env_python" -m pip install --disable-pip-version-check --no-deps --no-build-isolation -e "$REPO"
    fi >&2 || {
        echo "error: the installation into $_env_dir failed (see above); mend it and run the same command again" >&2
        return 3
    }
    printf '%s\n' "$_env_stamp" >"$_env_dir/installed-from.part" &&
        mv "$_env_dir/installed-from.part" "$_env_dir/installed-from"
}

# True while the process that holds the lock folder lives. No number in it yet: it is just being written.
_env_holder_lives() {
    _env_holder=$(cat "$_env_busy/pid" 2>/dev/null) || { sleep 1 && _env_holder=$(cat "$_env_busy/pid" 2>/dev/null); }
    [ -n "$_env_holder" ] && kill -0 "$_env_holder" 2>/dev/null
}

# Take the lock folder: make it, or inherit it from a process that died. Only one of several heirs wins the inner mkdir.
_env_take_turn() {
    mkdir "$_env_busy" 2>/dev/null && return 0
    [ -d "$_env_busy" ] || { echo "error: cannot write to $REPO" >&2 && exit 3; }
    _env_holder_lives && return 1
    mkdir "$_env_busy/heir" 2>/dev/null || return 1
    if _env_holder_lives; then
        rmdir "$_env_busy/heir"
        return 1
    fi
}

# In a subshell, so that its traps are not the caller's. Runs that come meanwhile wait for the one that installs.
_env_make_in_turn() (
    _env_told=
    until _env_take_turn; do
        [ -n "$_env_told" ] || echo "another run (process ${_env_holder:-unknown}) is making $_env_dir, waiting ..." >&2
        _env_told=yes
        sleep 1
        _env_is_ready && exit 0
    done
    sh -c 'echo "$PPID"' >"$_env_busy/pid.part" && mv "$_env_busy/pid.part" "$_env_busy/pid"
    rmdir "$_env_busy/heir" 2>/dev/null
    trap 'rm -rf "$_env_busy"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    _env_is_ready || _env_make
)

case ${PADDLE:-cpu} in
    cpu) _env_suffix= ;;
    gpu) _env_suffix=-gpu ;;
    *) echo "error: PADDLE=$PADDLE: it is \`cpu\` or \`gpu\`" >&2 && exit 2 ;;
esac
REPO=$(_env_find_repo) || { echo "error: $0 lies in no checkout that has common/env.sh" >&2 && exit 3; }
_env_lock=$REPO/requirements$_env_suffix.lock
_env_dir=$REPO/.venv$_env_suffix
_env_busy=$_env_dir.part
_env_stamp=$(_env_wanted_stamp) || { echo "error: cannot read $_env_lock" >&2 && exit 3; }
_env_is_ready || _env_make_in_turn || exit
PYTHON=$_env_dir/bin/python
export PYTHONUTF8=1
# Paddle 2.6 brings Intel MKL 2019, which on AMD processors falls back to its slowest kernels (a third of the speed in
# training) unless it is told to use AVX2. The answers do not change beyond rounding.
case $(cat /proc/cpuinfo 2>/dev/null) in
    *AuthenticAMD*avx2*) export MKL_DEBUG_CPU_TYPE="${MKL_DEBUG_CPU_TYPE:-5}" ;;
esac
export GLOG_minloglevel=2 # Paddle's executor announces itself at every start
