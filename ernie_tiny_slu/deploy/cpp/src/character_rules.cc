// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "character_rules.h"

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <tuple>

namespace slu {
namespace {

constexpr char32_t kFirstSyllable = 0xAC00, kSyllables = 11172;

char32_t hexadecimal(std::string_view digits) {
  std::uint32_t code = 0;
  const auto end = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.empty() || end.ec != std::errc() || end.ptr != digits.data() + digits.size() || code > 0x10FFFF) {
    throw std::runtime_error("tokenizer_rules.txt: `" + std::string(digits) + "` is no code point");
  }
  return code;
}

CharacterRules::Kind kind_of(std::string_view section) {
  using Kind = CharacterRules::Kind;
  if (section == "[drop]") return Kind::kDrop;
  if (section == "[space]") return Kind::kSpace;
  if (section == "[cjk]") return Kind::kCjk;
  if (section == "[isolate]") return Kind::kIsolate;
  throw std::runtime_error("tokenizer_rules.txt: unknown section " + std::string(section));
}

}  // namespace

CharacterRules::CharacterRules(std::string_view text) {
  std::vector<std::tuple<char32_t, char32_t, Kind>> runs;
  std::string_view section;
  bool version = false;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      section = line;
    } else if (section.empty()) {
      version = version || line == "rules 1";
    } else if (section == "[map]") {
      const std::size_t equals = line.find('=');
      map_.push_back({hexadecimal(line.substr(0, equals)), static_cast<std::uint32_t>(codes_.size()), 0});
      line.remove_prefix(equals + 1);
      while (true) {
        const std::size_t blank = line.find(' ');
        codes_.push_back(hexadecimal(line.substr(0, blank)));
        if (blank == std::string_view::npos) break;
        line.remove_prefix(blank + 1);
      }
      map_.back().end = static_cast<std::uint32_t>(codes_.size());
    } else {
      const std::size_t dash = line.find('-');
      const char32_t first = hexadecimal(line.substr(0, dash));
      runs.emplace_back(first, dash == std::string_view::npos ? first : hexadecimal(line.substr(dash + 1)),
                        kind_of(section));
    }
  }
  if (!version) throw std::runtime_error("tokenizer_rules.txt: not the character rules of version 1");
  std::sort(runs.begin(), runs.end());
  starts_.push_back(0);
  kinds_.push_back(Kind::kJoins);
  for (const auto& [first, last, kind] : runs) {
    starts_.insert(starts_.end(), {first, last + 1});
    kinds_.insert(kinds_.end(), {kind, Kind::kJoins});
  }
  std::sort(map_.begin(), map_.end(), [](const Entry& one, const Entry& other) { return one.code < other.code; });
}

CharacterRules::Kind CharacterRules::kind(char32_t code) const {
  const auto behind = std::upper_bound(starts_.begin(), starts_.end(), code);
  return kinds_[static_cast<std::size_t>(behind - starts_.begin()) - 1];
}

void CharacterRules::append_replacement(std::u32string& out, char32_t code) const {
  const char32_t syllable = code - kFirstSyllable;
  if (code >= kFirstSyllable && syllable < kSyllables) {  // Hangul, Unicode chapter 3.12
    out.push_back(0x1100 + syllable / 588);
    out.push_back(0x1161 + syllable % 588 / 28);
    if (syllable % 28 != 0) out.push_back(0x11A7 + syllable % 28);
    return;
  }
  const auto entry = std::lower_bound(map_.begin(), map_.end(), code,
                                      [](const Entry& one, char32_t wanted) { return one.code < wanted; });
  if (entry == map_.end() || entry->code != code) {
    out.push_back(code);
  } else {
    out.append(codes_, entry->begin, entry->end - entry->begin);
  }
}

}  // namespace slu
