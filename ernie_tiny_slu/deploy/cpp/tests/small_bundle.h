// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// A bundle with a model that no engine will open, for everything that comes before one does.
#pragma once

#include <string>

#include "files.h"
#include "json.h"
#include "temporary.h"
#include "text.h"

inline std::string written(const slu::json::Value& value) {
  using slu::json::Kind;
  std::string out;
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kBoolean:
      return value.boolean ? "true" : "false";
    case Kind::kInteger:
      return std::to_string(value.integer);
    case Kind::kNumber:
      return value.number > 1e300 ? "1e308" : std::to_string(value.number);
    case Kind::kString:
      slu::json::append_string(out, value.string);
      return out;
    case Kind::kArray:
      for (const auto& item : value.items) out += (out.empty() ? "" : ", ") + written(item);
      return "[" + out + "]";
    case Kind::kObject:
      for (const auto& [name, member] : value.members) {
        out += out.empty() ? "" : ", ";
        slu::json::append_string(out, name);
        out += ": " + written(member);
      }
      return "{" + out + "}";
  }
  return out;
}

class SmallBundle {
 public:
  SmallBundle() {
    folder.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n放\n歌\n去\n");
    folder.write("labels.json", R"({"intent": ["OTHERS", "music.play"], "slot": ["O", "B-song", "I-song"]})");
    folder.write("model.onnx", "not a model");
    seal();
  }

  const std::string& path() const { return folder.path(); }

  // A manifest that fits the files as they are now. The extra members are JSON text, beginning with a comma.
  void seal(const std::string& extra = "") const {
    std::string files;
    for (const char* name : {"vocab.txt", "labels.json", "model.onnx"}) {
      const std::string content = slu::read_bytes(path() + "/" + name, "file");
      files += (files.empty() ? "\"" : ", \"") + std::string(name) +
               "\": {\"bytes\": " + std::to_string(content.size()) + ", \"sha256\": \"" + slu::sha256(content) + "\"}";
    }
    folder.write("manifest.json", R"({"format": 1, "app": "ernie_tiny_slu", "task": "joint_intent_slot",
      "stage": "original", "precision": "fp32", "embedding": "fp32",
      "architecture": {"name": "toy", "layers": 2, "hidden": 8, "heads": [2, 2], "ffn": [16, 16], "vocab_size": 7,
                       "positions": 16},
      "inputs": [{"name": "input_ids", "shape": [-1, -1], "dtype": "int32"}],
      "outputs": [{"name": "intent_logits", "shape": [-1, 2]}, {"name": "slot_logits", "shape": [-1, -1, 3]}],
      "max_length": 16, "pad_id": 0, "tokenizer": {"rules_version": 1, "vocab_size": 7},
      "decoder": {"default": "crf", "transitions": {"start": [0, 0, 0.5], "end": [0, 0, 0],
                                                    "pairs": [[0, 0, 0], [0, 0, 0], [0, 0, 0]]}},
      "metrics": {"accuracy": 0.5},
      "engines": {"openvino": {"passed": true, "precision": "fp32", "file": "model.onnx", "max_abs_diff": 1e-6}},
      "files": {)" + files + "}" + extra +
                                      "}");
  }

  // Changes a piece of text in a file, once.
  void change(const std::string& name, const std::string& from, const std::string& to) const {
    std::string content = slu::read_bytes(path() + "/" + name, "file");
    const std::size_t at = content.find(from);
    if (at == std::string::npos) throw std::runtime_error(name + " does not hold " + from);
    folder.write(name, content.replace(at, from.size(), to));
  }

  Temporary folder;
};
