// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Logits by whole numbers only, as tests/golden/make_answers.py defines them: every client computes them exactly.
#pragma once

#include <cstdint>
#include <vector>

#include "engine.h"

class ToyEngine : public slu::Engine {
 public:
  ToyEngine(std::size_t intents, std::size_t tags, int* runs = nullptr)
      : intents_(static_cast<std::int64_t>(intents)), tags_(static_cast<std::int64_t>(tags)), runs_(runs) {}

  slu::Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) override {
    if (runs_) ++*runs_;
    intent_logits_.clear();
    slot_logits_.clear();
    for (std::size_t row = 0; row < batch; ++row, ids += length) {
      std::int64_t sum = 0;
      for (std::size_t t = 0; t < length; ++t) sum += ids[t];
      for (std::int64_t k = 1; k <= intents_; ++k) intent_logits_.push_back(logit(7919 * k * sum + 12345 * k * k));
      for (std::int64_t t = 0; t < static_cast<std::int64_t>(length); ++t) {
        for (std::int64_t k = 3; k < tags_ + 3; ++k)
          slot_logits_.push_back(logit(7919 * k * ids[t] + 104729 * t + 777));
      }
    }
    return {intent_logits_.data(), slot_logits_.data()};
  }

 private:
  static float logit(std::int64_t sum) { return static_cast<float>(sum % 2003) / 256.0F - 4.0F; }

  std::int64_t intents_, tags_;
  int* runs_;
  std::vector<float> intent_logits_, slot_logits_;
};
