// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// What a predictor asks of an inference engine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bundle.h"

namespace slu {

// Logits of a batch, valid until the next run: intents [batch][number of intents], slots [batch][length][number of
// tags].
struct Logits {
  const float* intents = nullptr;
  const float* slots = nullptr;
};

class Engine {
 public:
  Engine() = default;
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  virtual ~Engine() = default;

  // The length that a batch of this length is to be filled up to; at most the bundle's max_length.
  virtual std::size_t padded(std::size_t length) const { return length; }

  // ids: [batch][length], the shorter sentences filled up with the bundle's pad_id. Throws std::exception where the
  // library fails.
  virtual Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) = 0;
};

// How to open a model.
struct Job {
  const Bundle& bundle;
  std::vector<std::string> files;  // of engine_files
  std::string engine;              // as in common/engines/runtime.py
  std::string device = "cpu";
  int threads = 1;
};

// Shape of an output as the engine gives it against what the manifest and this client say of it.
//
// Throws UserError with both.
void check_shape(const Job& job, const std::string& output, const std::vector<std::int64_t>& shape,
                 const std::vector<std::size_t>& wanted);

// Runs a made-up sentence twice. Throws UserError where the answer is not finite or, on INT8, not the same again.
void try_engine(Engine& engine, const Bundle& bundle, const std::string& name);

void warn(const std::string& message);

}  // namespace slu
