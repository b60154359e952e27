// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The bundle: one folder with all that deployment reads, and a manifest that says what is in it.
//
// It is read as a stranger's file: nothing of it is believed, and no engine opens a model file, before its size and
// sha256 match the manifest and the parts agree with each other.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "decoder.h"

namespace slu {

enum class Dtype { kInt32, kInt64 };

// What the parity gate wrote about an engine.
struct EngineEntry {
  bool passed = false;
  std::string file;  // the model file it was passed with
};

// A checked bundle. Make one with read_bundle.
struct Bundle {
  std::string path;
  std::string precision;  // of the matrix products: fp32 or int8
  std::size_t max_length = 0, positions = 0;
  std::int32_t pad_id = 0;
  std::string input;  // name of the only input, [batch, length]
  Dtype dtype = Dtype::kInt32;
  std::vector<std::string> outputs;  // names in the manifest's order
  std::size_t intent_output = 0, slot_output = 0;
  std::vector<std::string> intents, tags;
  std::string decoder;  // the one it was made for
  std::optional<Transitions> transitions;
  std::map<std::string, std::uint64_t> files;  // bytes by name
  std::map<std::string, EngineEntry> engines;

  std::string vocabulary() const;
};

// Checks a bundle folder from end to end: manifest, sizes, sha256 sums, vocabulary, labels, lengths.
//
// Throws UserError: anything missing, damaged or contradictory, and a bundle of another task; one line that says where.
Bundle read_bundle(const std::string& path);

// Paths of the model files that an engine opens: what the manifest names for it, else the first whole choice of what
// the engine reads. Engines as in common/engines/runtime.py: openvino, fastdeploy_paddle, fastdeploy_onnxruntime, ...
//
// Throws UserError: the parity gate did not pass on this engine, or the bundle has no file for it.
std::vector<std::string> engine_files(const Bundle& bundle, const std::string& engine);

}  // namespace slu
