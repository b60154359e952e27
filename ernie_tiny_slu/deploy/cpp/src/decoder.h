// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// From a tagger's logits to named stretches of the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "tokenizer.h"

namespace slu {

// What a tag sequence scores beyond its logits: the first tag, the last tag, each pair of neighbours as [from][to].
struct Transitions {
  std::vector<float> start, end;
  std::vector<std::vector<float>> pairs;
};

// A named stretch: [begin, end) in code points.
struct Span {
  std::string kind;
  std::size_t begin = 0, end = 0;
};

// Picks one tag per token. May be used from several threads.
class TagDecoder {
 public:
  // decoder: `argmax`, each token by itself; `bio`, the best sequence in which every I-x follows B-x or I-x; `crf`, the
  // best such sequence with the learned transitions added.
  //
  // Throws UserError: an unknown decoder; `crf` without transitions, or with those of another number of tags.
  TagDecoder(const std::vector<std::string>& tags, const std::string& decoder,
             const std::optional<Transitions>& transitions);

  // Tag numbers of one sentence. logits: [length][tags] in a row, without [CLS] and [SEP].
  std::vector<std::size_t> decode(const float* logits, std::size_t length) const;

  // Named stretches in the order of the text. Where `argmax` broke the rule, an I-x that does not go on from B-x or I-x
  // begins a stretch. offsets: one per tag.
  std::vector<Span> spans(const std::vector<std::size_t>& tags, const Offset* offsets) const;

 private:
  bool is_legal(const std::vector<std::size_t>& path) const;
  std::vector<std::size_t> viterbi(const float* logits, std::size_t length) const;
  float& into(std::size_t to, std::size_t from) { return into_[to * count_ + from]; }
  float into(std::size_t to, std::size_t from) const { return into_[to * count_ + from]; }

  std::size_t count_;
  std::string decoder_;
  std::vector<std::string> kinds_;  // the tag without its first two characters; empty for O
  std::vector<bool> inside_;        // whether the tag begins with I
  std::vector<bool> may_start_, may_follow_;
  std::vector<float> start_, end_, into_;
};

}  // namespace slu
