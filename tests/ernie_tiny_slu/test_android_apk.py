# Copyright (c) the project's authors. Apache-2.0, see LICENSE.
"""prepare_assets.sh and build_apk.sh: what is packed, what is refused, and that both languages and themes are whole."""

import json
import os
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
import zipfile
from pathlib import Path

from common.bundle import read_bundle
from common.bundle.bundle import write_manifest
from common.export import lite

import android_tools
import pytest
from android_tools import ANDROID, REPO, apk, need, script

ASSETS = ["labels.json", "manifest.json", "model.arm.nb", "tokenizer_rules.txt", "vocab.txt"]
RESOURCES = ANDROID / "app" / "src" / "main" / "res"


@pytest.fixture(scope="module")
def assets(tmp_path_factory) -> Path:
    """The folder of the app's assets, the model in `model`, from the FP32 fixture bundle, which has no .nb for arm."""
    folder = tmp_path_factory.mktemp("assets")
    done = script("prepare_assets.sh", "--bundle", android_tools.fixture_bundle(), "--output_dir", folder / "model")
    assert done.returncode == 0, done.stderr
    assert "fp32 model of" in done.stdout
    return folder


@pytest.fixture(scope="module")
def app(assets, tmp_path_factory) -> Path:
    """The APK with that model and with our stubs in Paddle Lite's place, packed as the real library would be."""
    folder = tmp_path_factory.mktemp("app")
    need("jar", "default-jdk-headless")
    (folder / "classes").mkdir()
    sources = [str(path) for path in (ANDROID / "stubs" / "src").rglob("*.java")]
    subprocess.run(["javac", "--release", "8", "-Xlint:-options", "-d", folder / "classes", *sources], check=True)
    (folder / "libs").mkdir()
    subprocess.run(["jar", "cf", folder / "libs" / "PaddlePredictor.jar", "-C", folder / "classes", "."], check=True)
    for abi in ("arm64-v8a", "armeabi-v7a"):
        (folder / "native" / abi).mkdir(parents=True)
        (folder / "native" / abi / "libpaddle_lite_jni.so").write_bytes(b"\x7fELF stands in")
    return apk(folder, ASSETS=assets, LIBS=folder / "libs", JNI_LIBS=folder / "native")


# --- the model for the phone ---
def test_the_assets_are_a_bundle_by_themselves(assets):
    found = sorted(entry.name for entry in (assets / "model").iterdir())
    assert found == ASSETS
    bundle = read_bundle(assets / "model", task="joint_intent_slot", app="ernie_tiny_slu")
    assert sorted(bundle.manifest["files"]) == sorted(set(ASSETS) - {"manifest.json"})
    rules = (REPO / "common" / "data" / "tokenizer_rules.txt").read_bytes()
    assert (assets / "model" / "tokenizer_rules.txt").read_bytes() == rules
    kernels = lite.kernels(assets / "model" / "model.arm.nb")
    assert kernels["arm", "fp32"] > 5 and not any(target == "x86" for target, _ in kernels)


def prepare(bundle: Path, output: Path) -> subprocess.CompletedProcess:
    words = [sys.executable, ANDROID / "prepare_assets.py", "--bundle", bundle, "--output_dir", output]
    return subprocess.run(list(map(str, words)), capture_output=True, text=True)


def test_an_int8_program_gets_int8_kernels(tmp_path):
    """The INT8 program of lite_programs.py, as a bundle without a .nb of its own. It is converted, not run."""
    maker = REPO / "tests" / "common" / "lite_programs.py"
    subprocess.run([sys.executable, maker, "build", tmp_path], check=True, capture_output=True)
    import bundle_fixture

    folder = bundle_fixture.copy(tmp_path / "bundle")
    for name in ("model.onnx", "model.x86.nb"):
        (folder / name).unlink()
    for ending in ("pdmodel", "pdiparams"):
        shutil.copy(tmp_path / f"qat.{ending}", folder / f"model.{ending}")
    manifest = json.loads((folder / "manifest.json").read_text())
    write_manifest(folder, {**manifest, "precision": "int8"})
    done = prepare(folder, tmp_path / "model")
    assert done.returncode == 0 and "int8 model of" in done.stdout, done.stderr
    assert lite.kernels(tmp_path / "model" / "model.arm.nb")["arm", "int8"] >= 12


def test_a_model_that_is_there_is_taken_and_replaces_the_old_one(assets, tmp_path):
    shutil.copytree(assets / "model", tmp_path / "model")
    (tmp_path / "model" / "of_an_older_one.txt").write_text("")
    done = prepare(assets / "model", tmp_path / "model")
    assert done.returncode == 0, done.stderr
    assert sorted(entry.name for entry in (tmp_path / "model").iterdir()) == ASSETS


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": "int64"}]}, "export with --input_dtype int32"),
        ({"inputs": [{"name": n, "shape": [-1], "dtype": "int32"} for n in ("a", "b")]}, "inputs are a int32, b int32"),
        (
            {"engines": {"paddlelite": {"file": "model.x86.nb", "precision": "fp32", "passed": False}}},
            "the parity gate did not pass on paddlelite",
        ),
        ({"task": "classes"}, "a bundle of the task `classes`, but `joint_intent_slot` was asked for"),
        ({"format": 2}, "this program reads format 1"),
    ],
)
def test_what_a_phone_would_answer_wrongly_is_refused(changes, said, tmp_path):
    import bundle_fixture

    android_tools.fixture_bundle()
    done = prepare(bundle_fixture.copy(tmp_path / "bundle", **changes), tmp_path / "model")
    assert done.returncode == 2 and said in done.stderr, done.stderr
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    assert not (tmp_path / "model").exists()


def test_a_folder_of_other_things_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"")
    done = prepare(android_tools.fixture_bundle(), tmp_path / "photos")
    assert done.returncode == 2 and "holds other things than a model" in done.stderr
    assert (tmp_path / "photos" / "cat.jpg").exists()


# --- the APK ---
def test_what_is_packed(app):
    with zipfile.ZipFile(app) as archive:
        names = archive.namelist()
        kinds = {entry.filename: entry.compress_type for entry in archive.infolist()}
        dex = archive.read("classes.dex")
    assert {f"assets/model/{name}" for name in ASSETS} <= set(names)
    assert {f"lib/{abi}/libpaddle_lite_jni.so" for abi in ("arm64-v8a", "armeabi-v7a")} <= set(names)
    assert kinds["resources.arsc"] == zipfile.ZIP_STORED, "Android 11 and later refuse a compressed table"
    assert dex.startswith(b"dex\n035\0"), "what Android 6 reads"
    assert b"Lcom/baidu/paddle/lite/MobileConfig;" in dex


def badging(app: Path) -> str:
    return subprocess.run(["aapt2", "dump", "badging", app], capture_output=True, text=True, check=True).stdout


def test_what_android_reads_of_it(app):
    said = badging(app)
    assert "package: name='ernie.slu.app' versionCode='1' versionName='1.0'" in said
    assert "sdkVersion:'23'" in said and "targetSdkVersion:'34'" in said
    assert "application-label:'ERNIE Tiny SLU'" in said and "application-label-zh:'ERNIE Tiny 语义理解'" in said
    assert "launchable-activity: name='ernie.slu.app.MainActivity'" in said
    assert "native-code: 'arm64-v8a' 'armeabi-v7a'" in said
    assert "uses-permission" not in said
    kinds = subprocess.run(["aapt2", "dump", "configurations", app], capture_output=True, text=True, check=True).stdout
    assert {"zh", "night"} <= set(kinds.split())


def test_it_is_signed_and_aligned(app):
    words = ["apksigner", "verify", "--verbose", "--min-sdk-version", "23", app]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for scheme in ("v1", "v2", "v3"):
        assert re.search(rf"Verified using {scheme} scheme.*: true", said), said
    subprocess.run(["zipalign", "-c", "-p", "4", app], check=True, capture_output=True)


def test_without_model_and_library_it_still_builds_and_says_so(tmp_path):
    done = script(
        "build_apk.sh",
        **{"BUILD": tmp_path / "build", "OUT": tmp_path / "slu.apk"},
        **{name: tmp_path / "none" for name in ("ASSETS", "LIBS", "JNI_LIBS")},
    )
    assert done.returncode == 0, done.stderr
    assert "no model in it: run prepare_assets.sh" in done.stderr
    assert "no Paddle Lite in it: run the Gradle task fetchPaddleLite" in done.stderr
    with zipfile.ZipFile(tmp_path / "slu.apk") as archive:
        assert not [name for name in archive.namelist() if name.startswith(("assets", "lib"))]


def test_newer_java_and_newer_android_are_errors(app, tmp_path):
    """Code that Android 6 lacks does not get through: the guard of minSdk 23."""
    folder = tmp_path / "android"
    shutil.copytree(ANDROID, folder, ignore=shutil.ignore_patterns(".cache", "build", "assets", "libs", "jniLibs"))
    source = folder / "core" / "src" / "main" / "java" / "ernie" / "slu" / "core" / "Sha256.java"
    source.write_text(source.read_text().replace("digest.digest()", "digest.digest(new byte[0].clone().length > 0 ? "
                      "java.nio.file.Files.class.getName().getBytes() : new byte[0])"))  # fmt: skip
    environment = {**os.environ, "CACHE": str(ANDROID / ".cache")}
    done = subprocess.run(["sh", folder / "build_apk.sh"], env=environment, capture_output=True, text=True)
    assert done.returncode != 0 and "java.nio.file" in done.stderr


def test_a_machine_without_the_tools_is_told_which(tmp_path):
    for tool in ("sh", "dirname", "pwd"):
        (tmp_path / tool).symlink_to(need(tool, "coreutils"))
    done = subprocess.run(["sh", ANDROID / "build_apk.sh"], env={"PATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 3
    assert done.stderr.startswith("error: no java") and "apt install default-jdk-headless aapt" in done.stderr


# --- words and colours ---
def strings(folder: str) -> dict[str, str]:
    root = ElementTree.parse(RESOURCES / folder / "strings.xml").getroot()
    return {each.get("name"): each.text or "" for each in root.findall("string")}


def test_both_languages_have_every_string_with_the_same_places():
    english, chinese = strings("values"), strings("values-zh")
    assert english.keys() == chinese.keys()
    for name, text in english.items():
        assert re.findall(r"%\d\$s", text) == re.findall(r"%\d\$s", chinese[name]), name
    assert all(re.search("[\u4e00-\u9fff]", text) for text in chinese.values())
    used = "".join(path.read_text(encoding="utf-8") for path in (ANDROID / "app" / "src" / "main").rglob("*.*")
                   if path.suffix in (".java", ".xml"))  # fmt: skip
    for name in english:
        assert f"R.string.{name}" in used or f"@string/{name}" in used, f"{name} is shown nowhere"


def test_light_and_dark_have_as_many_slot_colours_as_the_core_counts():
    java = (ANDROID / "core/src/main/java/ernie/slu/screen/Highlight.java").read_text()
    count = int(re.search(r"COLOURS = (\d+);", java)[1])
    for folder, dark in (("values", False), ("values-night", True)):
        root = ElementTree.parse(RESOURCES / folder / "colors.xml").getroot()
        colours = [item.text for item in root.find("array").findall("item")]
        assert len(set(colours)) == count
        for colour in colours:
            assert (contrast(colour, "#FFFFFFFF") if dark else contrast(colour, "#FF212121")) >= 4.5, colour


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two #AARRGGBB colours as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (3, 5, 7)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
