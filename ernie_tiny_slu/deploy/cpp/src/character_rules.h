// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The character rules that Python, C++ and Java share: common/data/tokenizer_rules.txt, which the build embeds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace slu {

// Bytes of tokenizer_rules.txt, from the source file that cmake/embed.cmake writes.
std::string_view embedded_rules();

class CharacterRules {
 public:
  enum class Kind : std::uint8_t { kJoins, kDrop, kSpace, kCjk, kIsolate };

  // Throws std::runtime_error where the text is not the rules of version 1: a fault of the build, not of a user.
  explicit CharacterRules(std::string_view text = embedded_rules());

  Kind kind(char32_t code) const;

  // Adds what stands for a code point: lower-cased, decomposed and without marks; one or more code points.
  void append_replacement(std::u32string& out, char32_t code) const;

 private:
  struct Entry {
    char32_t code;
    std::uint32_t begin, end;  // in codes_
  };

  std::vector<char32_t> starts_;  // kind i holds from starts_[i] to starts_[i + 1]
  std::vector<Kind> kinds_;
  std::vector<Entry> map_;  // in the order of the code points
  std::u32string codes_;
};

}  // namespace slu
