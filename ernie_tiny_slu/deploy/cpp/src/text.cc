// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "text.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace slu {
namespace {

constexpr std::size_t kLongestShown = 60;

// Length of the sequence that a first byte announces, and the least code point that may be written in it.
struct Sequence {
  int length;
  char32_t least;
  char32_t bits;
};

Sequence sequence_of(unsigned char lead) {
  if (lead < 0x80) return {1, 0, lead};
  if (lead < 0xC2) return {0, 0, 0};  // a continuation, or an overlong form of ASCII
  if (lead < 0xE0) return {2, 0x80, static_cast<char32_t>(lead & 0x1F)};
  if (lead < 0xF0) return {3, 0x800, static_cast<char32_t>(lead & 0x0F)};
  if (lead < 0xF5) return {4, 0x10000, static_cast<char32_t>(lead & 0x07)};
  return {0, 0, 0};
}

bool is_printable(char32_t code) {
  return code >= 0x20 && !(code >= 0x7F && code < 0xA0) && !is_surrogate(code) && !(code >= 0x200B && code <= 0x200F) &&
         !(code >= 0x2028 && code <= 0x202E) && !(code >= 0x2060 && code <= 0x206F) && code != 0xFEFF && code != 0xAD;
}

}  // namespace

std::size_t first_invalid_byte(std::string_view text) {
  std::size_t place = 0;
  while (place < text.size()) {
    const Sequence sequence = sequence_of(static_cast<unsigned char>(text[place]));
    if (sequence.length == 0 || sequence.length > static_cast<int>(text.size() - place)) return place;
    char32_t code = sequence.bits;
    for (int i = 1; i < sequence.length; ++i) {
      const auto byte = static_cast<unsigned char>(text[place + i]);
      if ((byte & 0xC0) != 0x80) return place;
      code = code << 6 | (byte & 0x3F);
    }
    if (code < sequence.least || code > 0x10FFFF || is_surrogate(code)) return place;
    place += sequence.length;
  }
  return kAllValid;
}

std::u32string decode(std::string_view text) {
  std::u32string codes;
  codes.reserve(text.size());
  std::size_t place = 0;
  while (place < text.size()) {
    const Sequence sequence = sequence_of(static_cast<unsigned char>(text[place]));
    const auto length = static_cast<std::size_t>(std::max(sequence.length, 1));
    char32_t code = sequence.length == 0 ? 0xFFFD : sequence.bits;
    for (std::size_t i = 1; i < length && place + i < text.size(); ++i) {
      code = code << 6 | (static_cast<unsigned char>(text[place + i]) & 0x3F);
    }
    codes.push_back(code);
    place += length;
  }
  return codes;
}

void append(std::string& text, char32_t code) {
  const auto put = [&text](char32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

std::string encode(std::u32string_view codes) {
  std::string text;
  text.reserve(codes.size() * 3);
  for (const char32_t code : codes) append(text, code);
  return text;
}

bool is_space(char32_t code) {
  return (code >= 0x09 && code <= 0x0D) || (code >= 0x1C && code <= 0x20) || code == 0x85 || code == 0xA0 ||
         code == 0x1680 || (code >= 0x2000 && code <= 0x200A) || code == 0x2028 || code == 0x2029 || code == 0x202F ||
         code == 0x205F || code == 0x3000;
}

std::string show(std::string_view text) {
  // An untrusted name may be of any size: cut it before it is looked at.
  const std::string_view head = text.substr(0, 4 * (kLongestShown + 4));
  const std::u32string codes = decode(head);
  std::u32string shown = U"`";
  for (const char32_t code : codes) {
    if (is_printable(code)) {
      shown.push_back(code);
      continue;
    }
    char escape[16];
    std::snprintf(escape, sizeof escape, code < 0x10000 ? "\\u%04x" : "\\U%08x", static_cast<unsigned>(code));
    for (const char letter : std::string_view(escape)) shown.push_back(static_cast<char32_t>(letter));
  }
  shown.push_back(U'`');
  if (shown.size() > kLongestShown || head.size() < text.size()) {
    shown = shown.substr(0, kLongestShown - 3) + U"...";
  }
  return encode(shown);
}

std::string one_line(std::string_view text) {
  std::string line;
  bool gap = false;
  for (const char letter : text) {
    if (static_cast<unsigned char>(letter) <= 0x20) {
      gap = !line.empty();
      continue;
    }
    if (gap) line.push_back(' ');
    gap = false;
    line.push_back(letter);
  }
  return line;
}

std::string join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (&word != &words.front()) text += between;
    text += word;
  }
  return text;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  if (word.size() > 100) return "";
  const std::string* nearest = nullptr;
  std::size_t least = word.size() / 2 + 1;  // more changes than that, and it is another word
  for (const std::string& other : known) {
    if (other.size() > 100) continue;
    std::vector<std::size_t> row(other.size() + 1);  // Levenshtein distance, one row at a time
    for (std::size_t i = 0; i <= other.size(); ++i) row[i] = i;
    for (std::size_t i = 1; i <= word.size(); ++i) {
      std::size_t diagonal = row[0];
      row[0] = i;
      for (std::size_t j = 1; j <= other.size(); ++j) {
        const std::size_t changed = diagonal + (word[i - 1] == other[j - 1] ? 0 : 1);
        diagonal = row[j];
        row[j] = std::min({row[j] + 1, row[j - 1] + 1, changed});
      }
    }
    if (row.back() < least) {
      least = row.back();
      nearest = &other;
    }
  }
  return nearest ? " (did you mean " + show(*nearest) + "?)" : "";
}

}  // namespace slu
