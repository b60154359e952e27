// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "tokenizer.h"

#include <algorithm>

#include "error.h"
#include "files.h"
#include "text.h"

namespace slu {
namespace {

constexpr std::size_t kLongestWord = 100;  // characters; a longer word is [UNK]

std::size_t count_characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

}  // namespace

WordPieceTokenizer::WordPieceTokenizer(const std::string& path) {
  read(path);
  const auto pad = whole_.find("[PAD]");
  if (pad == whole_.end() || pad->second != 0) {
    const std::string place =
        pad == whole_.end() ? "it is missing" : "it is in line " + std::to_string(pad->second + 1);
    throw UserError(path + ":1: [PAD] must be the first token, " + place);
  }
  const auto special = [&](std::string_view token) {
    const auto found = whole_.find(token);
    if (found != whole_.end()) return found->second;
    throw UserError(path + ":" + std::to_string(size_) + ": ends without a " + std::string(token) +
                    " token; add it and train again");
  };
  unk_id_ = special("[UNK]");
  cls_id_ = special("[CLS]");
  sep_id_ = special("[SEP]");
}

void WordPieceTokenizer::read(const std::string& path) {
  tokens_ = read_text(path, "vocabulary");
  // Only line feeds end a line: some vocabularies hold other Unicode line ends as tokens.
  std::string_view rest(tokens_);
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    std::string_view token = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    if (!token.empty() && token.back() == '\r') token.remove_suffix(1);
    if (token.empty()) {
      throw UserError(path + ":" + std::to_string(size_ + 1) + ": a blank line; every line must hold one token");
    }
    const auto id = static_cast<std::int32_t>(size_++);
    whole_[token] = id;  // of a token that stands there twice the later one counts, as in PaddleNLP
    if (token.substr(0, 2) == "##") following_[token.substr(2)] = id;
    longest_ = std::max(longest_, count_characters(token));
  }
}

std::int32_t WordPieceTokenizer::id_of(char32_t character) const {
  std::string spelled;
  append(spelled, character);
  const auto found = whole_.find(spelled);
  return found == whole_.end() ? unk_id_ : found->second;
}

Encoding WordPieceTokenizer::encode(std::u32string_view text, std::size_t max_length) const {
  using Kind = CharacterRules::Kind;
  const std::size_t limit = max_length - 1;
  Encoding encoding;
  encoding.ids.push_back(cls_id_);
  encoding.offsets.emplace_back();
  Word word;
  std::u32string replacement;
  for (std::size_t place = 0; place < text.size(); ++place) {
    const char32_t character = text[place];
    const Kind kind = rules_.kind(character);
    if (kind == Kind::kDrop) continue;
    replacement.clear();
    if (kind != Kind::kSpace) {
      rules_.append_replacement(replacement, character);
      if (kind != Kind::kCjk && rules_.kind(replacement.front()) != Kind::kIsolate) {
        word.characters += replacement;
        word.places.insert(word.places.end(), replacement.size(), place);
        continue;
      }
    }
    add_word(word, encoding);
    if (!replacement.empty()) {  // a word by itself; what is left of it (marks that it takes along) begins another
      encoding.ids.push_back(id_of(replacement.front()));
      encoding.offsets.push_back({place, place + 1});
      word.characters.assign(replacement, 1);
      word.places.assign(word.characters.size(), place);
    }
    if (encoding.ids.size() > limit) break;  // no need to read the rest of a long text
  }
  add_word(word, encoding);
  encoding.truncated = encoding.ids.size() > limit;
  if (encoding.truncated) {
    encoding.ids.resize(limit);
    encoding.offsets.resize(limit);
  }
  encoding.ids.push_back(sep_id_);
  encoding.offsets.emplace_back();
  return encoding;
}

// Adds ids of the word's longest matching pieces, or one [UNK], and empties it.
void WordPieceTokenizer::add_word(Word& word, Encoding& encoding) const {
  const std::size_t length = word.characters.size();
  if (length == 0) return;
  const std::size_t before = encoding.ids.size();
  std::string spelled;
  std::vector<std::size_t> bytes{0};  // where each character begins in it
  std::size_t begin = length <= kLongestWord ? 0 : length;
  bool known = length <= kLongestWord;
  if (known) {
    for (const char32_t character : word.characters) {
      append(spelled, character);
      bytes.push_back(spelled.size());
    }
  }
  while (begin < length) {
    const Ids& ids = begin == 0 ? whole_ : following_;
    std::size_t end = std::min(length, begin + longest_);
    for (; end > begin; --end) {
      const auto found = ids.find(std::string_view(spelled).substr(bytes[begin], bytes[end] - bytes[begin]));
      if (found == ids.end()) continue;
      encoding.ids.push_back(found->second);
      encoding.offsets.push_back({word.places[begin], word.places[end - 1] + 1});
      break;
    }
    if (end == begin) {
      known = false;
      break;
    }
    begin = end;
  }
  if (!known) {
    encoding.ids.resize(before);
    encoding.offsets.resize(before);
    encoding.ids.push_back(unk_id_);
    encoding.offsets.push_back({word.places.front(), word.places.back() + 1});
  }
  word.characters.clear();
  word.places.clear();
}

}  // namespace slu
