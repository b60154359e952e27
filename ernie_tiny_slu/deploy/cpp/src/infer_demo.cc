// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Understands commands: from --text, from --input_file, or typed (or piped) line by line. Prints one JSON a line.
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

#include "bundle.h"
#include "engines.h"
#include "error.h"
#include "files.h"
#include "options.h"
#include "predictor.h"
#include "program.h"
#include "text.h"

namespace {

// Gives the next text; false at the end.
using Source = std::function<bool(std::string&)>;

Source of_list(std::vector<std::string> texts) {
  return [texts = std::move(texts), next = std::size_t{0}](std::string& text) mutable {
    if (next == texts.size()) return false;
    text = texts[next++];
    return true;
  };
}

// Lines of stdin until its end; a prompt where a person sits there.
Source typed_lines(bool asking) {
  return [asking, number = 0](std::string& text) mutable {
    if (asking) std::fputs("> ", stderr);
    if (!std::getline(std::cin, text)) return false;
    ++number;
    const std::size_t fault = slu::first_invalid_byte(text);
    if (fault != slu::kAllValid) {
      throw slu::UserError("stdin:" + std::to_string(number) + ": byte " + std::to_string(fault) +
                           " is not UTF-8; convert the text");
    }
    if (number == 1 && text.compare(0, 3, "\xEF\xBB\xBF") == 0) text.erase(0, 3);
    while (!text.empty() && text.back() == '\r') text.pop_back();
    return true;
  };
}

int work(const slu::Options& options) {
  const bool typed = options.texts.empty() && options.input_file.empty();
  const bool person = typed && isatty(STDIN_FILENO);
  Source next =
      typed ? typed_lines(person)
            : of_list(options.input_file.empty() ? options.texts
                                                 : slu::split_lines(slu::read_text(options.input_file, "input file")));
  const slu::Bundle bundle = slu::read_bundle(options.bundle);
  slu::SluPredictor predictor(bundle, slu::open_engine(bundle, options), options.decoder, options.max_length);
  const std::size_t size = person ? 1 : options.batch_size;  // a person gets an answer per line
  bool more = true;
  while (more) {
    std::vector<std::string> batch;
    std::string text;
    while (batch.size() < size && (more = next(text))) batch.push_back(std::move(text));
    for (const slu::Answer& answer : predictor.answer_batch(batch)) {
      if (!slu::print_line(answer.json())) return 0;
    }
  }
  return 0;
}

}  // namespace

int main(int count, char** words) { return slu::run_program(count, words, work); }
