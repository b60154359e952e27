#!/bin/sh
# Compiles core/ and PaddleLiteRunner with javac and runs the JUnit tests on this machine's Java, without Gradle.
#   sh run_tests.sh                        every test class; what needs files that are not given is skipped
#   sh run_tests.sh GoldenTest             one of them
#   CLASSES=some.jar sh run_tests.sh       the tests on other classes, such as those taken back from the app's .dex
#   JAVA_FLAGS="-Dslu.answers=FILE ..." sh run_tests.sh      files and folders that tests ask for
# BUILD is where the classes go, JUNIT the jars. Exit code 3: javac or JUnit is not there.
set -eu
HERE=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
BUILD=${BUILD:-$HERE/build/tests}
JUNIT=${JUNIT:-/usr/share/java/junit4.jar:/usr/share/java/hamcrest-core.jar}

stop() {
    echo "error: $2" >&2
    exit "$1"
}
for tool in java javac; do
    command -v "$tool" >/dev/null || stop 3 "no $tool; on Debian and Ubuntu: apt install default-jdk-headless"
done
[ -f "${JUNIT%%:*}" ] || stop 3 "no JUnit 4 at ${JUNIT%%:*}; on Debian and Ubuntu: apt install junit4, or set JUNIT"

compile() { # folder of classes, class path, sources or folders of them
    rm -rf "$1"
    mkdir -p "$1"
    classes=$1 path=$2
    shift 2
    find "$@" -name '*.java' >"$BUILD/sources.txt"
    javac -Xlint:all,-serial,-options -Werror -encoding UTF-8 --release 8 -cp "$path" -d "$classes" "@$BUILD/sources.txt"
}

mkdir -p "$BUILD"
cd "$HERE" # the tests look for the checkout above them
compile "$BUILD/stubs" . stubs/src
compile "$BUILD/classes" "$BUILD/stubs" core/src/main/java app/src/main/java/ernie/slu/app/PaddleLiteRunner.java
compile "$BUILD/test" "$BUILD/classes:$BUILD/stubs:$JUNIT" core/src/test/java stubs/test
CODE=${CLASSES:-$BUILD/classes} # a .dex has no generics and no `throws`: the tests are compiled against the sources
[ -e "$CODE" ] || stop 2 "no such file: $CODE"

[ $# -gt 0 ] || set -- '*Test'
names=
for pattern in "$@"; do
    found=$(cd "$BUILD/test" && find . -name "$pattern.class" | LC_ALL=C sort | sed 's,^\./,,; s,/,.,g; s,\.class$,,')
    [ -n "$found" ] || stop 2 "no test class $pattern"
    names="$names $found"
done
# shellcheck disable=SC2086 # several words each
exec java -ea -Dfile.encoding=UTF-8 ${JAVA_FLAGS:-} -cp "$BUILD/test:$CODE:$BUILD/stubs:$JUNIT" \
    org.junit.runner.JUnitCore $names
