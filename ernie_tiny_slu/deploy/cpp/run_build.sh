#!/bin/sh
# Builds the C++ client with CMake and tests it.
#   sh run_build.sh
#   BUILD=/tmp/slu sh run_build.sh -DFASTDEPLOY_INSTALL_DIR=/path/to/fastdeploy-linux-x64-1.0.7
# BUILD is the folder to build in, TESTS=no leaves the tests out, JOBS is how many files are compiled at once; further
# words go to CMake. OpenVINO is taken from the project's environment, which is made if it is not there.
set -eu
# shellcheck source=common/env.sh
. "$(dirname "$0")/../../../common/env.sh"
HERE=$REPO/ernie_tiny_slu/deploy/cpp
BUILD=${BUILD:-$HERE/build}
for tool in cmake c++; do
    command -v $tool >/dev/null || {
        echo "error: no $tool; on Debian and Ubuntu: sudo apt install cmake g++ make" >&2
        exit 3
    }
done
OPENVINO=$("$PYTHON" -c 'import importlib.util as u; print(u.find_spec("openvino").submodule_search_locations[0])') || {
    echo "error: $PYTHON has no openvino; install requirements.lock" >&2
    exit 3
}
case " $* " in
    *FASTDEPLOY_INSTALL_DIR* | *OpenVINO_DIR*) ;;
    *) set -- "-DOpenVINO_DIR=$OPENVINO/cmake" "$@" ;;
esac
cmake -S "$HERE" -B "$BUILD" "$@"
cmake --build "$BUILD" --parallel "${JOBS:-2}"
[ "${TESTS:-yes}" = no ] || (cd "$BUILD" && ctest --output-on-failure)
echo "built: $BUILD/infer_demo, $BUILD/slu_benchmark"
