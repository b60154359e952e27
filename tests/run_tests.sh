#!/bin/sh
# The whole suite. Extra words go to pytest, for example:
#   sh tests/run_tests.sh -m "not data and not slow"
#   sh tests/run_tests.sh tests/common/test_cli.py -k help
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../common/env.sh"
exec "$PYTHON" "$REPO/tests/run_suite.py" "$@"
