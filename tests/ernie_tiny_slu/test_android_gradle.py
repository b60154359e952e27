# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""The Gradle scripts, evaluated by Debian's groovy against a recorder; the download task is run on made-up archives.

This checks their syntax, their words, and all that fetchPaddleLite does. What Google's plugin makes of them it cannot.
"""

import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
from android_tools import ANDROID, REPO, need

CHECK = Path(__file__).with_name("gradle_check.groovy")
ANT = Path("/usr/share/java/ant.jar")
OPENED = ("java.lang", "java.util", "java.io", "java.net", "java.security")  # groovy 2.4 looks into these
ARCHES = {"armv8": "arm64-v8a", "armv7": "armeabi-v7a"}


def groovy(folder: Path, name: str, *task: str) -> subprocess.CompletedProcess:
    program, java = need("groovy", "groovy"), need("java", "default-jdk-headless")
    if not ANT.exists():
        pytest.skip(f"no {ANT}; on Debian 12: apt install ant")
    opened = " ".join(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in OPENED)
    home = {"JAVA_HOME": str(Path(java).resolve().parents[1]), "JAVA_OPTS": opened}
    words = [program, "-cp", f"{ANT}:{ANT.with_name('ant-launcher.jar')}", CHECK, folder, folder / name, *task]
    return subprocess.run(list(map(str, words)), env={**os.environ, **home}, capture_output=True, text=True)


def said(name: str) -> list[dict]:
    done = groovy(ANDROID, name)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def flat(entries: list[dict], path: str = "") -> dict[str, list]:
    """`android.defaultConfig.minSdk` -> [["23"]], a list of arguments per call."""
    found: dict[str, list] = {}
    for entry in entries:
        place = f"{path}{entry.get('call') or entry['set']}"
        found.setdefault(place, []).append(entry.get("arguments", entry.get("value")))
        for key, values in flat(entry.get("inside", []), place + ".").items():
            found.setdefault(key, []).extend(values)
    return found


def test_the_app():
    app = flat(said("app/build.gradle"))
    assert app["plugins.id"] == [["com.android.application"]]
    assert app["android.defaultConfig.minSdk"] == [["23"]]
    assert app["android.compileSdk"] == app["android.defaultConfig.targetSdk"] == [["34"]]
    assert app["android.namespace"] == app["android.defaultConfig.applicationId"] == [["ernie.slu.app"]]
    assert app["android.defaultConfig.ndk.abiFilters"] == [list(ARCHES.values())]
    assert app["dependencies.implementation"][0] == ["<project>"]
    assert app["dependencies.project"] == [[":core"]]
    assert app["register"] == [["needsPaddleLite"]] and app["dependsOn"] == [["<register>"]]


def test_the_core_and_the_whole():
    assert flat(said("core/build.gradle"))["dependencies.testImplementation"] == [["junit:junit:4.13.2"]]
    whole = flat(said("build.gradle"))
    assert whole["plugins.id.version"] == [["8.5.2"]] and whole["plugins.id.version.apply"] == [["false"]]
    assert whole["apply"] == [[{"from": "paddle_lite.gradle"}]]
    settings = flat(said("settings.gradle"))
    assert settings["include"] == [[":core", ":app"]]
    wrapper = (ANDROID / "gradle" / "wrapper" / "gradle-wrapper.properties").read_text()
    assert "gradle-8.7-bin.zip" in wrapper and re.search(r"distributionSha256Sum=[0-9a-f]{64}\n", wrapper)


def test_the_library_has_one_place():
    """Version, URLs and sums stand in paddle_lite.properties alone; a sum is absent or whole."""
    text = (ANDROID / "paddle_lite.properties").read_text()
    for arch in ARCHES:
        url = re.search(rf"^{arch}\.url=(.*)$", text, flags=re.M)[1]
        assert f"/v2.12/inference_lite_lib.android.{arch}." in url and url.endswith("with_extra.tar.gz")
        assert re.search(rf"^{arch}\.sha256=([0-9a-f]{{64}})?$", text, flags=re.M)
    listed = subprocess.run(["git", "ls-files", "--", str(ANDROID)], cwd=REPO, capture_output=True, text=True).stdout
    for name in listed.splitlines():
        if not name.endswith("paddle_lite.properties"):
            assert "releases/download" not in (REPO / name).read_text(encoding="utf-8"), name


def test_a_build_without_the_library_says_what_to_do(tmp_path):
    shutil.copytree(ANDROID / "app", tmp_path / "app", ignore=shutil.ignore_patterns("src", "libs"))
    shutil.copy(ANDROID / "gradle.properties", tmp_path)
    done = groovy(tmp_path, "app/build.gradle", "needsPaddleLite")
    assert done.returncode == 1 and "run the task fetchPaddleLite once" in done.stderr


# --- fetchPaddleLite ---
@pytest.fixture
def project(tmp_path) -> Path:
    """A project folder whose paddle_lite.properties names archives on this disk."""
    shutil.copy(ANDROID / "paddle_lite.gradle", tmp_path)
    for arch in ARCHES:
        write_archive(tmp_path / "server" / f"{arch}.tar.gz", {"java/jar/PaddlePredictor.jar": b"jar"}, arch)
    configure(tmp_path)
    return tmp_path


def write_archive(path: Path, contents: dict[str, bytes], arch: str) -> None:
    path.parent.mkdir(exist_ok=True)
    contents = {"java/so/libpaddle_lite_jni.so": f"ELF {arch} needs libc++_shared.so".encode(), **contents}
    with tarfile.open(path, "w:gz") as archive:
        for name, content in contents.items():
            entry = tarfile.TarInfo(f"inference_lite_lib.android.{arch}/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


def sums(project: Path) -> dict[str, str]:
    return {arch: hashlib.sha256((project / "server" / f"{arch}.tar.gz").read_bytes()).hexdigest() for arch in ARCHES}


def configure(project: Path, **known: str) -> None:
    lines = [
        f"{arch}.url=file://{project}/server/{arch}.tar.gz\n{arch}.sha256={known.get(arch, '')}" for arch in ARCHES
    ]
    (project / "paddle_lite.properties").write_text("version=2.12\n" + "\n".join(lines) + "\n")


def fetch(project: Path) -> subprocess.CompletedProcess:
    return groovy(project, "paddle_lite.gradle", "fetchPaddleLite")


def test_without_checksums_it_prints_them_and_unpacks_nothing(project):
    done = fetch(project)
    assert done.returncode == 1 and "has no checksum for what was downloaded; nothing was unpacked" in done.stderr
    for arch, value in sums(project).items():
        assert f"{arch}.sha256={value}" in done.stderr.splitlines()
    assert not (project / "app").exists()


def test_with_them_it_unpacks_both_processors(project):
    configure(project, **sums(project))
    done = fetch(project)
    assert done.returncode == 0, done.stderr
    assert (project / "app" / "libs" / "PaddlePredictor.jar").read_bytes() == b"jar"
    for arch, abi in ARCHES.items():
        native = project / "app" / "src" / "main" / "jniLibs" / abi
        assert arch in (native / "libpaddle_lite_jni.so").read_text()
        assert [entry.name for entry in native.iterdir()] == ["libpaddle_lite_jni.so"]
        assert f"{abi}: the library asks for libc++_shared.so, which is not in the archive" in done.stdout
    shutil.rmtree(project / "server")  # what was downloaded and is right is not asked for again
    assert fetch(project).returncode == 0


def test_the_shared_runtime_comes_along_where_it_is(project):
    for arch in ARCHES:
        extra = {"java/jar/PaddlePredictor.jar": b"jar", "cxx/lib/libc++_shared.so": b"runtime"}
        write_archive(project / "server" / f"{arch}.tar.gz", extra, arch)
    configure(project, **sums(project))
    done = fetch(project)
    assert done.returncode == 0 and "asks for" not in done.stdout, done.stderr
    assert (project / "app/src/main/jniLibs/arm64-v8a/libc++_shared.so").read_bytes() == b"runtime"


def test_another_file_than_the_known_one_is_refused(project):
    configure(project, **(sums(project) | {"armv7": "0" * 64}))
    done = fetch(project)
    assert done.returncode == 1 and f"says {'0' * 64}; nothing was unpacked" in done.stderr
    assert not (project / "app").exists()


def test_an_archive_without_the_java_library_is_refused(project):
    write_archive(project / "server" / "armv8.tar.gz", {}, "armv8")
    configure(project, **sums(project))
    done = fetch(project)
    assert done.returncode == 1 and "holds no PaddlePredictor.jar; is it an Android library with Java?" in done.stderr


def test_an_address_that_does_not_answer(project):
    shutil.rmtree(project / "server")
    done = fetch(project)
    assert done.returncode == 1 and "armv8.tar.gz" in done.stderr and "\tat " not in done.stderr
