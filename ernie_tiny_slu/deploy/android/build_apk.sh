#!/bin/sh
# The app as an APK without Gradle and without Google's SDK: aapt2, javac, dx, zipalign, apksigner. Prints its path.
#   sh build_apk.sh
# What it packs is what there is: the model that prepare_assets.sh wrote, the Paddle Lite that the Gradle task
# fetchPaddleLite unpacked. Without them the app starts and says what is missing.
#
# Tools come from Debian (bookworm): default-jdk-headless aapt zipalign apksigner. dx and the classes of Android 6 are in
# Debian 11 (bullseye) only: they are downloaded by apt into .cache/, from a list of their own, and unpacked, not
# installed. ANDROID_JAR and DX_JAR name others. The key is a debug key made here, for trying out. Further places that
# can be set: CACHE, BUILD, OUT (the APK), ASSETS, LIBS (the folder of PaddlePredictor.jar), JNI_LIBS.
# Exit code 3: a tool is not to be had here.
set -eu
HERE=$(CDPATH='' cd "$(dirname "$0")" && pwd -P)
CACHE=${CACHE:-$HERE/.cache}
BUILD=${BUILD:-$HERE/build/apk}
OUT=${OUT:-$HERE/build/slu.apk}

stop() {
    echo "error: $2" >&2
    exit "$1"
}
for tool in java javac keytool aapt aapt2 zipalign apksigner; do
    command -v "$tool" >/dev/null ||
        stop 3 "no $tool; on Debian 12: apt install default-jdk-headless aapt zipalign apksigner"
done

# dx and android.jar of Debian 11, checked by apt against the archive's signatures.
fetch() {
    for tool in apt-get dpkg-deb; do
        command -v "$tool" >/dev/null ||
            stop 3 "no $tool here to bring dx and android.jar; set ANDROID_JAR and DX_JAR to those of an SDK"
    done
    keyring=/usr/share/keyrings/debian-archive-keyring.gpg
    # shellcheck disable=SC2016 # apt fills $(SITE) in
    mirror=${DEBIAN_MIRROR:-$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Component: main' |
        grep '/debian/*$' | head -n 1)}
    if [ -z "$mirror" ] || [ ! -f "$keyring" ]; then
        stop 3 "no mirror of Debian among apt's sources; set DEBIAN_MIRROR"
    fi
    part=$CACHE/part.$$ # of this process alone: two may be at it
    mkdir -p "$part/lists/partial" "$part/cache/archives/partial" "$part/debian"
    : >"$part/status"
    echo "deb [signed-by=$keyring] $mirror bullseye main" >"$part/sources.list"
    set -- -qq -o "Dir::Etc::sourcelist=$part/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o "Dir::State=$part" -o "Dir::State::status=$part/status" -o "Dir::Cache=$part/cache" \
        -o Acquire::Languages=none -o APT::Sandbox::User=root
    echo "downloading dx and android.jar (Debian 11, 15 MB, once) ..." >&2
    if ! apt-get "$@" update >&2 || ! (cd "$part" && apt-get "$@" download dalvik-exchange libandroid-23-java >&2); then
        rm -rf "$part"
        stop 3 "dx and android.jar of Debian 11 cannot be downloaded; set ANDROID_JAR and DX_JAR to those of an SDK"
    fi
    for package in "$part"/*.deb; do
        dpkg-deb -x "$package" "$part/debian"
    done
    [ -d "$CACHE/debian" ] || mv "$part/debian" "$CACHE/"
    rm -rf "$part"
}
if [ -z "${ANDROID_JAR:-}" ] || [ -z "${DX_JAR:-}" ]; then
    [ -d "$CACHE/debian" ] || fetch
fi
ANDROID_JAR=${ANDROID_JAR:-$CACHE/debian/usr/share/java/com.android.android-23.jar}
DX_JAR=${DX_JAR:-$CACHE/debian/usr/share/java/com.android.dx.jar}
for jar in "$ANDROID_JAR" "$DX_JAR"; do
    [ -f "$jar" ] || stop 2 "no such file: $jar"
done

property() {
    value=$(sed -n "s/^app\.$1=//p" "$HERE/gradle.properties")
    [ -n "$value" ] || stop 2 "gradle.properties: no app.$1"
    printf '%s\n' "$value"
}
id=$(property id)
min=$(property minSdk)
main=$HERE/app/src/main
ASSETS=${ASSETS:-$main/assets}
LIBS=${LIBS:-$HERE/app/libs}
JNI_LIBS=${JNI_LIBS:-$main/jniLibs}
rm -rf "$BUILD"
mkdir -p "$BUILD/gen" "$BUILD/classes" "$BUILD/stubs" "$BUILD/dex" "$(dirname "$OUT")"

# Resources and manifest. Gradle wants the package's name in its own file, aapt2 in the manifest.
sed "s/<manifest /<manifest package=\"$id\" /" "$main/AndroidManifest.xml" >"$BUILD/AndroidManifest.xml"
aapt2 compile --dir "$main/res" -o "$BUILD/res.zip"
set -- --manifest "$BUILD/AndroidManifest.xml" -I "$ANDROID_JAR" --java "$BUILD/gen" --auto-add-overlay \
    --min-sdk-version "$min" --target-sdk-version "$(property targetSdk)" \
    --version-code "$(property versionCode)" --version-name "$(property versionName)"
if [ -d "$ASSETS" ]; then
    set -- "$@" -A "$ASSETS"
else
    echo "no model in it: run prepare_assets.sh for one" >&2
fi
aapt2 link "$@" -o "$BUILD/bare.apk" "$BUILD/res.zip"

# Classes, against Android 6: what a newer Java or Android brought is an error here. Stubs are compiled against, not packed.
compile() { # folder of classes, class path, sources or folders of them
    classes=$1 path=$2
    shift 2
    find "$@" -name '*.java' >"$BUILD/sources.txt"
    javac -Xlint:all,-serial,-options -Werror -encoding UTF-8 -source 8 -target 8 -bootclasspath "$ANDROID_JAR" \
        -cp "$path" -d "$classes" "@$BUILD/sources.txt"
}
lite=$LIBS/PaddlePredictor.jar
if [ ! -f "$lite" ]; then
    echo "no Paddle Lite in it: run the Gradle task fetchPaddleLite for one" >&2
    lite=
    javac -Xlint:-options -encoding UTF-8 -source 8 -target 8 -d "$BUILD/stubs" "$HERE"/stubs/src/com/baidu/paddle/lite/*.java
fi
compile "$BUILD/classes" "${lite:-$BUILD/stubs}" "$HERE/core/src/main/java" "$main/java" "$BUILD/gen"
java -cp "$DX_JAR" com.android.dx.command.Main --dex "--min-sdk-version=$min" "--output=$BUILD/dex/classes.dex" \
    "$BUILD/classes" ${lite:+"$lite"}

# Into one archive, aligned, signed, and read again.
cp "$BUILD/bare.apk" "$BUILD/unaligned.apk"
(cd "$BUILD/dex" && aapt add "$BUILD/unaligned.apk" classes.dex >/dev/null)
if [ -d "$JNI_LIBS" ]; then
    mkdir -p "$BUILD/native"
    cp -R "$JNI_LIBS" "$BUILD/native/lib"
    (cd "$BUILD/native" && find lib -name '*.so' -exec aapt add "$BUILD/unaligned.apk" {} + >/dev/null)
fi
zipalign -f -p 4 "$BUILD/unaligned.apk" "$BUILD/aligned.apk"
key=$CACHE/debug.keystore
if [ ! -f "$key" ]; then
    mkdir -p "$CACHE"
    keytool -genkeypair -keystore "$key.$$" -storepass android -keypass android -alias debug -keyalg RSA -keysize 2048 \
        -validity 10000 -dname "CN=debug" >"$BUILD/keytool.txt" 2>&1
    mv "$key.$$" "$key"
fi
apksigner sign --ks "$key" --ks-pass pass:android --ks-key-alias debug --min-sdk-version "$min" \
    --out "$BUILD/signed.apk" "$BUILD/aligned.apk"
zipalign -c -p 4 "$BUILD/signed.apk" || stop 1 "$BUILD/signed.apk is not aligned"
apksigner verify --min-sdk-version "$min" "$BUILD/signed.apk" || stop 1 "$BUILD/signed.apk: its signature is wrong"
mv "$BUILD/signed.apk" "$OUT"
echo "$OUT"
