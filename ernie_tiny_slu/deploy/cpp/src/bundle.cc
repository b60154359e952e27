// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "bundle.h"

#include <algorithm>

#include "error.h"
#include "files.h"
#include "json.h"
#include "manifest.h"
#include "text.h"

namespace slu {
namespace {

using Choice = std::vector<std::string>;

const Choice kProgram{"model.pdmodel", "model.pdiparams"}, kIr{"model.xml", "model.bin"},
    kPortable{"model.portable.onnx"}, kOnnx{"model.onnx"};

// What each engine opens where the manifest names no file for it, as in common/bundle/bundle.py. FastDeploy brings ONNX
// Runtime 1.12, which does not know all fused operators of a model.onnx; a model.portable.onnx holds standard operators
// only.
const std::map<std::string, std::vector<Choice>> kModelFiles{
    {"openvino", {kIr, kPortable, kProgram, kOnnx}},   {"fastdeploy_paddle", {kProgram}},
    {"fastdeploy_onnxruntime", {kPortable, kProgram}}, {"fastdeploy_openvino", {kProgram}},
    {"fastdeploy_paddle_tensorrt", {kProgram}},        {"fastdeploy_tensorrt", {kPortable, kOnnx}},
};

void check_files(const Bundle& bundle, const Sums& sums) {
  for (const auto& [name, bytes] : bundle.files) {
    const std::string place = in_folder(bundle.path, name);
    const std::uint64_t size = file_size(place, "file, though the manifest lists it; export the bundle again");
    if (size != bytes) {
      throw UserError(place + ": " + std::to_string(size) + " bytes, but the manifest says " + std::to_string(bytes) +
                      "; the file is damaged, copy it again");
    }
    const std::string found = sha256_of_file(place), &wanted = sums.at(name);
    if (found != wanted) {
      throw UserError(place + ": sha256 " + found.substr(0, 12) + "…, but the manifest says " + wanted.substr(0, 12) +
                      "…; the file was changed or is damaged, copy or export the bundle again");
    }
  }
}

// The two files of a model that is kept in two.
Choice with_weights(const std::string& model) {
  for (const auto& [ending, weights] :
       {std::pair<std::string, std::string>{".pdmodel", ".pdiparams"}, {".xml", ".bin"}}) {
    const std::size_t stem = model.size() - std::min(model.size(), ending.size());
    if (model.substr(stem) == ending) return {model, model.substr(0, stem) + weights};
  }
  return {model};
}

}  // namespace

std::string Bundle::vocabulary() const { return in_folder(path, "vocab.txt"); }

Bundle read_bundle(const std::string& path) {
  require(path, "bundle folder");
  if (!is_folder(path)) {
    throw UserError(path + ": a file, but a bundle is a folder with a " + kManifest + "; give the folder");
  }
  Bundle bundle;
  bundle.path = path;
  Sums sums;
  const std::string where = in_folder(path, kManifest);
  const json::Value manifest = json::parse(read_text(where, "manifest (is this folder a bundle?)"), where);
  const std::size_t rows = check_manifest(manifest, where, bundle, sums);
  check_files(bundle, sums);
  const std::string vocabulary = read_bytes(bundle.vocabulary(), "vocabulary");
  const auto ends = static_cast<std::size_t>(std::count(vocabulary.begin(), vocabulary.end(), '\n'));
  const std::size_t lines = ends + (!vocabulary.empty() && vocabulary.back() != '\n' ? 1 : 0);
  if (lines != rows) {
    throw UserError(where + ": vocab.txt has " + std::to_string(lines) + " tokens, the embedding has " +
                    std::to_string(rows) + " rows; they must be equal, export the bundle again");
  }
  const std::string labels = in_folder(path, "labels.json");
  check_labels(json::parse(read_text(labels, "label file"), labels), manifest, labels, bundle);
  return bundle;
}

std::vector<std::string> engine_files(const Bundle& bundle, const std::string& engine) {
  const auto entry = bundle.engines.find(engine);
  std::vector<Choice> choices = kModelFiles.at(engine);
  if (entry != bundle.engines.end()) {
    if (!entry->second.passed) {
      throw UserError(bundle.path + ": the parity gate did not pass on " + engine +
                      "; take another engine or export again");
    }
    choices = {with_weights(entry->second.file)};
  } else if (engine == "openvino" && bundle.precision == "int8") {
    choices = {kIr, kProgram};
  }
  for (const Choice& choice : choices) {
    if (std::all_of(choice.begin(), choice.end(), [&](const std::string& name) { return bundle.files.count(name); })) {
      std::vector<std::string> paths;
      for (const std::string& name : choice) paths.push_back(in_folder(bundle.path, name));
      return paths;
    }
  }
  std::vector<std::string> wanted, held;
  for (const Choice& choice : choices) wanted.push_back(join(choice, " + "));
  for (const auto& file : bundle.files) held.push_back(file.first);
  throw UserError(bundle.path + ": no " + join(wanted, " or ") + " among the manifest's files, which " + engine +
                  " needs; export with it, or take another engine (the bundle holds " + join(held) + ")");
}

}  // namespace slu
