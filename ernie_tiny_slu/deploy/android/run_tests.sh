#!/bin/sh
# Compiles core/ and its JUnit tests with javac and runs them on this machine's Java, without Gradle.
#   sh run_tests.sh                        every test class; what needs files that are not given is skipped
#   sh run_tests.sh GoldenTest             one of them
#   CORE_JAR=some.jar sh run_tests.sh      the tests on other classes of core/, such as those taken back from a .dex
#   JAVA_FLAGS="-Dslu.answers=FILE ..." sh run_tests.sh      files and folders that tests ask for
# BUILD is where the classes go, JUNIT the jars. Exit code 3: javac or JUnit is not there.
set -eu
HERE=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
BUILD=${BUILD:-$HERE/build/tests}
JUNIT=${JUNIT:-/usr/share/java/junit4.jar:/usr/share/java/hamcrest-core.jar}

lacks() {
    echo "error: $1" >&2
    exit 3
}
for tool in java javac; do
    command -v "$tool" >/dev/null || lacks "no $tool; on Debian and Ubuntu: apt install default-jdk-headless"
done
[ -f "${JUNIT%%:*}" ] || lacks "no JUnit 4 at ${JUNIT%%:*}; on Debian and Ubuntu: apt install junit4, or set JUNIT"

compile() { # folder of sources, folder of classes, class path
    find "$1" -name '*.java' >"$BUILD/sources.txt"
    rm -rf "$2"
    javac -Xlint:all,-serial -Werror -encoding UTF-8 --release 8 -Xlint:-options -cp "$3" -d "$2" "@$BUILD/sources.txt"
}

mkdir -p "$BUILD"
CORE=${CORE_JAR:-$BUILD/core}
[ -n "${CORE_JAR:-}" ] || compile "$HERE/core/src/main/java" "$CORE" .
[ -e "$CORE" ] || { echo "error: no such file: $CORE" >&2 && exit 2; }
compile "$HERE/core/src/test/java" "$BUILD/test" "$CORE:$JUNIT"

cd "$HERE" # the tests look for the checkout above them
[ $# -gt 0 ] || set -- '*Test'
names=
for pattern in "$@"; do
    found=$(cd core/src/test/java && find . -name "$pattern.java" | LC_ALL=C sort | sed 's,^\./,,; s,/,.,g; s,\.java$,,')
    [ -n "$found" ] || { echo "error: no test class $pattern in core/src/test/java" >&2 && exit 2; }
    names="$names $found"
done
# shellcheck disable=SC2086 # several words each
exec java -ea -Dfile.encoding=UTF-8 ${JAVA_FLAGS:-} -cp "$BUILD/test:$CORE:$JUNIT" org.junit.runner.JUnitCore $names
