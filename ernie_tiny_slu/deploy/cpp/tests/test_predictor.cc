// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include <cmath>
#include <memory>

#include "check.h"
#include "error.h"
#include "predictor.h"
#include "small_bundle.h"
#include "toy_engine.h"

namespace {

struct Made {
  SmallBundle small;
  int runs = 0;

  slu::SluPredictor predictor(std::size_t max_length = 0, const std::string& decoder = "") {
    const slu::Bundle bundle = slu::read_bundle(small.path());
    return slu::SluPredictor(bundle, std::make_unique<ToyEngine>(2, 3, &runs), decoder, max_length);
  }
};

}  // namespace

TEST(nothing_to_read_is_said_and_not_computed) {
  Made made;
  auto predictor = made.predictor();
  for (const std::string text : {"", " \t", "\xE2\x80\x8B", "犇", "xyz"}) {
    std::string wanted = "{\"text\": ";
    slu::json::append_string(wanted, text);
    wanted += ", \"intent\": null, \"confidence\": 0.0, \"slots\": [], \"reason\": \"empty\"}";
    EQUAL(predictor.answer(text).json(), wanted);
  }
  EQUAL(predictor.answer_batch({"", " "}).size(), 2u);
  EQUAL(predictor.answer_batch({}).size(), 0u);
  EQUAL(made.runs, 0);
}

TEST(a_long_text_is_cut_and_it_is_said) {
  Made made;
  auto predictor = made.predictor();
  std::string text;
  for (int i = 0; i < 14; ++i) text += "歌";
  EQUAL(predictor.answer(text).truncated, false);  // 14 tokens and [CLS], [SEP]
  EQUAL(predictor.answer(text + "歌").truncated, true);
  EQUAL(predictor.answer(std::string(10'000'000, 'x')).empty, true);
  EQUAL(made.predictor(3).answer("放歌").json().find("\"truncated\": true") != std::string::npos, true);
}

TEST(a_batch_is_one_call_padded_to_its_longest_text) {
  Made made;
  auto predictor = made.predictor();
  const auto answers = predictor.answer_batch({"放歌去", "", "歌"});
  EQUAL(made.runs, 1);
  EQUAL(answers.size(), 3u);
  EQUAL(answers[0].json(), predictor.answer("放歌去").json());
  EQUAL(answers[1].empty, true);
  EQUAL(answers[2].text, "歌");
}

TEST(a_text_is_padded_as_the_engine_wants_it) {
  class Even : public ToyEngine {
   public:
    using ToyEngine::ToyEngine;
    std::size_t padded(std::size_t length) const override { return length + length % 2; }
    slu::Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) override {
      EQUAL(length, 6u);
      EQUAL(std::vector<std::int32_t>(ids, ids + 6), (std::vector<std::int32_t>{2, 4, 5, 6, 3, 0}));
      return ToyEngine::run(ids, batch, length);
    }
  };
  const SmallBundle small;
  slu::SluPredictor predictor(slu::read_bundle(small.path()), std::make_unique<Even>(2, 3));
  EQUAL(predictor.answer("放歌去").empty, false);
}

TEST(a_text_that_is_not_utf8_is_refused) {
  Made made;
  auto predictor = made.predictor();
  REFUSED(predictor.answer("放\xB7\xC5"), "text: byte 3 is not UTF-8");
  REFUSED(predictor.answer_batch({"放", "\xED\xA0\x80"}), "byte 0 is not UTF-8");
  EQUAL(made.runs, 0);
}

TEST(a_length_or_decoder_that_the_bundle_does_not_have) {
  Made made;
  REFUSED(made.predictor(2), "--max_length 2: the bundle ");
  REFUSED(made.predictor(17), "was made for 16 tokens; give 3 to 16");
  REFUSED(made.predictor(0, "greedy"), "--decoder must be one of");
}

TEST(an_engine_is_tried_before_it_serves) {
  class Wrong : public slu::Engine {
   public:
    explicit Wrong(int kind) : kind_(kind) {}
    slu::Logits run(const std::int32_t*, std::size_t, std::size_t) override {
      if (kind_ == 0) throw std::runtime_error("no\nkernel");
      scores_.assign(100, kind_ == 1 ? NAN : static_cast<float>(++calls_));
      return {scores_.data(), scores_.data()};
    }

   private:
    int kind_, calls_ = 0;
    std::vector<float> scores_;
  };
  const SmallBundle small;
  slu::Bundle bundle = slu::read_bundle(small.path());
  Wrong throwing(0), infinite(1), changing(2);
  REFUSED(slu::try_engine(throwing, bundle, "toy"), "toy opened it but cannot run it: no kernel");
  REFUSED(slu::try_engine(infinite, bundle, "toy"), "is not finite");
  slu::try_engine(changing, bundle, "toy");
  bundle.precision = "int8";
  REFUSED(slu::try_engine(changing, bundle, "toy"), "changes from run to run");
}

TEST(an_output_of_another_shape_is_refused) {
  const SmallBundle small;
  const slu::Bundle bundle = slu::read_bundle(small.path());
  const slu::Job job{bundle, {}, "toy", "cpu", 1};
  slu::check_shape(job, "slot_logits", {1, 4, 3}, {1, 4, 3});
  REFUSED(slu::check_shape(job, "slot_logits", {1, 4, 5}, {1, 4, 3}),
          "the shape [1, 4, 5], but by the manifest it is [1, 4, 3]");
  REFUSED(slu::check_shape(job, "slot_logits", {1, 4}, {1, 4, 3}), "the shape [1, 4]");
}

int main() { return check::run(); }
