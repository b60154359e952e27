// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Spoken language understanding: a command's text to its intent and slots, with any engine.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bundle.h"
#include "decoder.h"
#include "engine.h"
#include "tokenizer.h"

namespace slu {

// A slot's value as it stands in the text, and its first and last character, counted in code points.
struct Slot {
  std::string name, entity;
  std::size_t first = 0, last = 0;
};

struct Answer {
  std::string text;
  std::optional<std::string> intent;  // none if nothing was to be read
  double confidence = 0;              // softmax of the intent
  std::vector<Slot> slots;
  bool truncated = false;  // longer than max_length, the rest was not read
  bool empty = false;      // no known token

  // One line, the same bytes that the Python client prints.
  std::string json() const;
};

// Answers texts. Not for several threads at once: an engine has one set of buffers.
class SluPredictor {
 public:
  // decoder: argmax, bio or crf; empty takes the bundle's. max_length: tokens of a text that are read, [CLS] and [SEP]
  // counted; 0 takes the bundle's.
  //
  // Throws UserError: a damaged vocabulary, a decoder that the bundle does not have, or a length beyond the bundle's.
  SluPredictor(const Bundle& bundle, std::unique_ptr<Engine> engine, const std::string& decoder = "",
               std::size_t max_length = 0);

  // Throws UserError where the text is not UTF-8.
  Answer answer(const std::string& text);

  // In the order of the texts. One call of the engine, padded to the longest text.
  std::vector<Answer> answer_batch(const std::vector<std::string>& texts);

  const WordPieceTokenizer& tokenizer() const { return tokenizer_; }
  std::size_t max_length() const { return max_length_; }

 private:
  bool is_empty(const Encoding& encoding) const;
  void form(Answer& answer, std::u32string_view text, const Encoding& encoding, const float* intents,
            const float* slots) const;

  const std::vector<std::string> intents_;
  const std::size_t tags_;
  const std::int32_t pad_id_;
  const std::size_t max_length_;
  const WordPieceTokenizer tokenizer_;
  const TagDecoder decoder_;
  const std::unique_ptr<Engine> engine_;
};

}  // namespace slu
