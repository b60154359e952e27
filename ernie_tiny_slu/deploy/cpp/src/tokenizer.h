// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Text to token ids by the written rules, with the place of each token in the raw text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "character_rules.h"

namespace slu {

// [begin, end) in code points of the raw text.
struct Offset {
  std::size_t begin = 0, end = 0;
  friend bool operator==(const Offset& one, const Offset& other) {
    return one.begin == other.begin && one.end == other.end;
  }
};

// One text as the model reads it: ids begin with [CLS] and end with [SEP], whose offsets are (0, 0).
struct Encoding {
  std::vector<std::int32_t> ids;
  std::vector<Offset> offsets;
  bool truncated = false;
};

// Greedy longest-match WordPiece over lower-cased text. May be used from several threads.
class WordPieceTokenizer {
 public:
  static constexpr std::size_t kNoLimit = static_cast<std::size_t>(1) << 62;

  // vocab.txt with a token per line; the place is the id.
  //
  // Throws UserError: no such file, not UTF-8, a blank token, [PAD] not first, or no [UNK], [CLS] or [SEP].
  explicit WordPieceTokenizer(const std::string& path);

  WordPieceTokenizer(const WordPieceTokenizer&) = delete;  // the maps point into tokens_
  WordPieceTokenizer& operator=(const WordPieceTokenizer&) = delete;

  // Ids and offsets, at most max_length of them, [CLS] and [SEP] counted; max_length is at least 2.
  Encoding encode(std::u32string_view text, std::size_t max_length = kNoLimit) const;

  std::size_t size() const { return size_; }
  std::int32_t unk_id() const { return unk_id_; }

 private:
  using Ids = std::unordered_map<std::string_view, std::int32_t>;

  // A word being built: its characters as they are looked up, and where each stands in the text.
  struct Word {
    std::u32string characters;
    std::vector<std::size_t> places;
  };

  void read(const std::string& path);
  std::int32_t id_of(char32_t character) const;
  void add_word(Word& word, Encoding& encoding) const;

  CharacterRules rules_;
  std::string tokens_;  // the file
  Ids whole_;           // tokens by their spelling
  Ids following_;       // those that begin with ##, without it
  std::size_t size_ = 0;
  std::size_t longest_ = 0;  // characters of the longest token
  std::int32_t unk_id_ = 0, cls_id_ = 0, sep_id_ = 0;
};

}  // namespace slu
