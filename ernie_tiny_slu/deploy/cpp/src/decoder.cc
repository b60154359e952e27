// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "decoder.h"

#include <algorithm>

#include "error.h"
#include "text.h"

namespace slu {
namespace {

constexpr float kForbidden = -1e4F;  // far below any logit; finite, so that sums stay numbers

// Everything below is float32 in the order of common/data/tags.py, so that ties fall the same way: to the first.
std::size_t first_best(const std::vector<float>& scores) {
  return static_cast<std::size_t>(std::max_element(scores.begin(), scores.end()) - scores.begin());
}

}  // namespace

TagDecoder::TagDecoder(const std::vector<std::string>& tags, const std::string& decoder,
                       const std::optional<Transitions>& transitions)
    : count_(tags.size()), decoder_(decoder), start_(count_, 0.0F), end_(count_, 0.0F), into_(count_ * count_, 0.0F) {
  static const std::vector<std::string> kKnown{"argmax", "bio", "crf"};
  if (std::find(kKnown.begin(), kKnown.end(), decoder) == kKnown.end()) {
    throw UserError("--decoder must be one of " + join(kKnown) + ", got " + show(decoder) +
                    did_you_mean(decoder, kKnown));
  }
  for (const std::string& tag : tags) {
    const std::u32string characters = slu::decode(tag);
    kinds_.push_back(characters.size() > 2 ? encode(characters.substr(2)) : "");
    inside_.push_back(!tag.empty() && tag.front() == 'I');
  }
  for (std::size_t to = 0; to < count_; ++to) {
    if (tags[to].compare(0, 2, "I-") != 0) continue;
    start_[to] = kForbidden;
    for (std::size_t from = 0; from < count_; ++from) {
      const bool allowed = tags[from] == tags[to] || tags[from] == "B-" + tags[to].substr(2);
      if (!allowed) into(to, from) = kForbidden;
    }
  }
  for (const float score : start_) may_start_.push_back(score == 0);
  for (const float score : into_) may_follow_.push_back(score == 0);
  if (decoder != "crf") return;
  if (!transitions) throw UserError("--decoder crf: this bundle has no transitions; train with --decoder crf");
  if (transitions->start.size() != count_) {
    throw UserError("decoder.transitions are for " + std::to_string(transitions->start.size()) +
                    " tags, the labels are " + std::to_string(count_));
  }
  for (std::size_t to = 0; to < count_; ++to) {
    start_[to] += transitions->start[to];
    end_[to] += transitions->end[to];
    for (std::size_t from = 0; from < count_; ++from) into(to, from) += transitions->pairs[from][to];
  }
}

std::vector<std::size_t> TagDecoder::decode(const float* logits, std::size_t length) const {
  if (length == 0) return {};
  if (decoder_ == "crf") return viterbi(logits, length);
  std::vector<std::size_t> best(length);
  for (std::size_t i = 0; i < length; ++i) {
    const float* row = logits + i * count_;
    best[i] = static_cast<std::size_t>(std::max_element(row, row + count_) - row);
  }
  // a legal sequence of each token's best tag is the best legal sequence
  return decoder_ == "argmax" || is_legal(best) ? best : viterbi(logits, length);
}

bool TagDecoder::is_legal(const std::vector<std::size_t>& path) const {
  if (!may_start_[path.front()]) return false;
  for (std::size_t i = 1; i < path.size(); ++i) {
    if (!may_follow_[path[i] * count_ + path[i - 1]]) return false;
  }
  return true;
}

// The best-scoring path (Viterbi 1967). Forward keeps scores only; the way back looks the choices up again.
std::vector<std::size_t> TagDecoder::viterbi(const float* logits, std::size_t length) const {
  std::vector<std::vector<float>> scores(length, std::vector<float>(count_));
  for (std::size_t tag = 0; tag < count_; ++tag) scores[0][tag] = logits[tag] + start_[tag];
  for (std::size_t i = 1; i < length; ++i) {
    const std::vector<float>& before = scores[i - 1];
    for (std::size_t to = 0; to < count_; ++to) {
      float best = into(to, 0) + before[0];
      for (std::size_t from = 1; from < count_; ++from) best = std::max(best, into(to, from) + before[from]);
      scores[i][to] = best + logits[i * count_ + to];
    }
  }
  std::vector<float> sums(count_);
  for (std::size_t tag = 0; tag < count_; ++tag) sums[tag] = scores.back()[tag] + end_[tag];
  std::vector<std::size_t> path(length);
  path.back() = first_best(sums);
  for (std::size_t i = length - 1; i > 0; --i) {
    for (std::size_t from = 0; from < count_; ++from) sums[from] = scores[i - 1][from] + into(path[i], from);
    path[i - 1] = first_best(sums);
  }
  return path;
}

std::vector<Span> TagDecoder::spans(const std::vector<std::size_t>& tags, const Offset* offsets) const {
  std::vector<Span> found;
  Span open;  // without a kind: none is open
  for (std::size_t i = 0; i < tags.size(); ++i) {
    const std::string& kind = kinds_[tags[i]];
    if (inside_[tags[i]] && kind == open.kind) {
      open.end = offsets[i].end;
      continue;
    }
    if (!open.kind.empty()) found.push_back(std::move(open));
    open = Span{kind, offsets[i].begin, offsets[i].end};
  }
  if (!open.kind.empty()) found.push_back(std::move(open));
  return found;
}

}  // namespace slu
