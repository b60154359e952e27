// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "predictor.h"

#include <algorithm>
#include <cmath>

#include "error.h"
#include "json.h"
#include "text.h"

namespace slu {
namespace {

std::size_t checked_length(const Bundle& bundle, std::size_t asked) {
  if (asked == 0) return bundle.max_length;
  if (asked < 3 || asked > bundle.max_length) {
    throw UserError("--max_length " + std::to_string(asked) + ": the bundle " + bundle.path + " was made for " +
                    std::to_string(bundle.max_length) + " tokens; give 3 to " + std::to_string(bundle.max_length));
  }
  return asked;
}

std::u32string read_utf8(const std::string& text) {
  const std::size_t fault = first_invalid_byte(text);
  if (fault == kAllValid) return decode(text);
  throw UserError("text: byte " + std::to_string(fault) + " is not UTF-8; convert the text");
}

}  // namespace

std::string Answer::json() const {
  std::string line = "{\"text\": ";
  json::append_string(line, text);
  line += ", \"intent\": ";
  if (intent) {
    json::append_string(line, *intent);
  } else {
    line += "null";
  }
  line += ", \"confidence\": ";
  json::append_share(line, confidence);
  line += ", \"slots\": [";
  for (const Slot& slot : slots) {
    line += &slot == &slots.front() ? "{\"slot\": " : ", {\"slot\": ";
    json::append_string(line, slot.name);
    line += ", \"entity\": ";
    json::append_string(line, slot.entity);
    line += ", \"pos\": [" + std::to_string(slot.first) + ", " + std::to_string(slot.last) + "]}";
  }
  line += "]";
  if (truncated) line += ", \"truncated\": true";
  if (empty) line += ", \"reason\": \"empty\"";
  return line + "}";
}

SluPredictor::SluPredictor(const Bundle& bundle, std::unique_ptr<Engine> engine, const std::string& decoder,
                           std::size_t max_length)
    : intents_(bundle.intents),
      tags_(bundle.tags.size()),
      pad_id_(bundle.pad_id),
      max_length_(checked_length(bundle, max_length)),
      tokenizer_(bundle.vocabulary()),
      decoder_(bundle.tags, decoder.empty() ? bundle.decoder : decoder, bundle.transitions),
      engine_(std::move(engine)) {}

Answer SluPredictor::answer(const std::string& text) { return std::move(answer_batch({text}).front()); }

std::vector<Answer> SluPredictor::answer_batch(const std::vector<std::string>& texts) {
  std::vector<Answer> answers(texts.size());
  std::vector<std::u32string> characters;
  std::vector<Encoding> encodings;
  std::vector<std::size_t> full;  // the texts that have something to read
  std::size_t longest = 0;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    characters.push_back(read_utf8(texts[i]));
    encodings.push_back(tokenizer_.encode(characters.back(), max_length_));
    answers[i].text = texts[i];
    answers[i].empty = is_empty(encodings.back());
    if (answers[i].empty) continue;
    full.push_back(i);
    longest = std::max(longest, encodings.back().ids.size());
  }
  if (full.empty()) return answers;
  longest = engine_->padded(longest);
  std::vector<std::int32_t> ids(full.size() * longest, pad_id_);
  for (std::size_t row = 0; row < full.size(); ++row) {
    const std::vector<std::int32_t>& found = encodings[full[row]].ids;
    std::copy(found.begin(), found.end(), ids.begin() + static_cast<std::ptrdiff_t>(row * longest));
  }
  const Logits logits = engine_->run(ids.data(), full.size(), longest);
  for (std::size_t row = 0; row < full.size(); ++row) {
    const std::size_t i = full[row];
    form(answers[i], characters[i], encodings[i], logits.intents + row * intents_.size(),
         logits.slots + row * longest * tags_);
  }
  return answers;
}

// Whether all but [CLS] and [SEP] is unknown, which may be nothing.
bool SluPredictor::is_empty(const Encoding& encoding) const {
  const auto unknown = std::count(encoding.ids.begin(), encoding.ids.end(), tokenizer_.unk_id());
  return static_cast<std::size_t>(unknown) + 2 == encoding.ids.size();
}

void SluPredictor::form(Answer& answer, std::u32string_view text, const Encoding& encoding, const float* intents,
                        const float* slots) const {
  const float* top = std::max_element(intents, intents + intents_.size());
  double sum = 0;
  for (std::size_t i = 0; i < intents_.size(); ++i) {
    sum += std::exp(static_cast<double>(intents[i]) - static_cast<double>(*top));
  }
  answer.intent = intents_[static_cast<std::size_t>(top - intents)];
  answer.confidence = 1.0 / sum;
  answer.truncated = encoding.truncated;
  const std::size_t length = encoding.ids.size() - 2;  // [CLS] and [SEP] have no tag
  const std::vector<std::size_t> tags = decoder_.decode(slots + tags_, length);
  for (Span& span : decoder_.spans(tags, encoding.offsets.data() + 1)) {
    answer.slots.push_back(
        {std::move(span.kind), encode(text.substr(span.begin, span.end - span.begin)), span.begin, span.end - 1});
  }
}

}  // namespace slu
