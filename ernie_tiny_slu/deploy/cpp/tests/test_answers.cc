// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// 10,000 sentences through the predictor with a toy engine: ids, offsets and the line of JSON, byte by byte.
#include <map>
#include <memory>
#include <utility>

#include "error.h"
#include "golden.h"
#include "predictor.h"
#include "toy_engine.h"

namespace {

std::vector<std::string> strings(const slu::json::Value& list) {
  std::vector<std::string> found;
  for (const auto& item : list.items) found.push_back(item.string);
  return found;
}

std::vector<float> floats(const slu::json::Value& list) {
  std::vector<float> found;
  for (const auto& item : list.items) found.push_back(static_cast<float>(item.number));
  return found;
}

}  // namespace

TEST(repeats_the_answers) {
  const auto lines = golden::lines(golden::variable("SLU_ANSWERS"));
  const slu::json::Value& head = lines.front();
  slu::Bundle bundle;
  bundle.path = golden::folder();  // only its vocab.txt is read
  bundle.max_length = bundle.positions = 64;
  bundle.intents = strings(*head.find("intents"));
  bundle.tags = strings(*head.find("tags"));
  const slu::json::Value& given = *head.find("transitions");
  slu::Transitions transitions{floats(*given.find("start")), floats(*given.find("end")), {}};
  for (const auto& row : given.find("pairs")->items) transitions.pairs.push_back(floats(row));
  bundle.transitions = transitions;

  std::map<std::pair<std::string, std::size_t>, std::unique_ptr<slu::SluPredictor>> predictors;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string& decoder = lines[i].find("decoder")->string;
    const auto length = static_cast<std::size_t>(lines[i].find("max_length")->integer);
    auto& predictor = predictors[{decoder, length}];
    if (!predictor) {
      auto engine = std::make_unique<ToyEngine>(bundle.intents.size(), bundle.tags.size());
      predictor = std::make_unique<slu::SluPredictor>(bundle, std::move(engine), decoder, length);
    }
    const std::string& text = lines[i].find("text")->string;
    const slu::Encoding encoding = predictor->tokenizer().encode(slu::decode(text), length);
    EQUAL(golden::spelled(encoding), golden::spelled(lines[i]));
    EQUAL(predictor->answer(text).json(), lines[i].find("answer")->string);
  }
  EQUAL(lines.size() > 1000, true);
}

int main() { return check::run(); }
