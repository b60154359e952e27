// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The golden answers hold the decoders against Python; here is what they leave out.
#include "check.h"
#include "decoder.h"
#include "error.h"

using Path = std::vector<std::size_t>;

namespace {

const std::vector<std::string> kTags{"O", "B-song", "I-song", "B-singer", "I-singer"};

Path decode(const std::string& decoder, const std::vector<float>& logits) {
  return slu::TagDecoder(kTags, decoder, std::nullopt).decode(logits.data(), logits.size() / kTags.size());
}

std::string spans(const Path& tags, const std::vector<std::string>& names = kTags) {
  std::vector<slu::Offset> offsets;
  for (std::size_t i = 0; i < tags.size(); ++i) offsets.push_back({2 * i, 2 * i + 1});
  std::string found;
  for (const auto& span : slu::TagDecoder(names, "argmax", std::nullopt).spans(tags, offsets.data())) {
    found += span.kind + " " + std::to_string(span.begin) + "-" + std::to_string(span.end) + "; ";
  }
  return found;
}

}  // namespace

TEST(ties_go_to_the_first) {
  EQUAL(decode("argmax", {1, 1, 1, 1, 1}), Path{0});
  EQUAL(decode("bio", {0, 0, 5, 0, 0, 0, 0, 0, 0, 0}), (Path{0, 0}));
}

TEST(bio_never_breaks_the_rule) {
  EQUAL(decode("argmax", {0, 0, 9, 0, 0}), Path{2});
  EQUAL(decode("bio", {0, 1, 9, 0, 0}), Path{1});
  EQUAL(decode("bio", {0, 3, 0, 0, 0, 0, 0, 1, 0, 4}), (Path{1, 2}));  // B-song I-singer is none
  EQUAL(decode("bio", {}), Path{});
}

TEST(spans_are_named_stretches) {
  EQUAL(spans({1, 2, 0, 3}), "song 0-3; singer 6-7; ");
  EQUAL(spans({1, 1}), "song 0-1; song 2-3; ");
  EQUAL(spans({4, 4, 2}), "singer 0-3; song 4-5; ");  // an I-x that goes on from nothing begins a stretch
  EQUAL(spans({0, 0}), "");
  EQUAL(spans({1, 2}, {"O", "X", "I"}), "");  // labels without a kind
}

TEST(a_decoder_that_is_not_there_is_refused) {
  const slu::Transitions three{{0, 0, 0}, {0, 0, 0}, {{0, 0, 0}, {0, 0, 0}, {0, 0, 0}}};
  REFUSED(slu::TagDecoder(kTags, "greedy", std::nullopt), "--decoder must be one of argmax, bio, crf, got `greedy`");
  REFUSED(slu::TagDecoder(kTags, "crf", std::nullopt), "this bundle has no transitions");
  REFUSED(slu::TagDecoder(kTags, "crf", three), "are for 3 tags, the labels are 5");
}

int main() { return check::run(); }
