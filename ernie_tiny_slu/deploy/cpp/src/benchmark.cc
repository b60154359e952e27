// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// Times a bundle on the lines of --input_file and prints one line of JSON with the keys of common/measure/serving.py:
// end_to_end_ms (text to JSON), latency_ms (the engine alone), each with p50, p95, mean and calls, and peak_rss_mb.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "bundle.h"
#include "engines.h"
#include "error.h"
#include "files.h"
#include "json.h"
#include "machine.h"
#include "options.h"
#include "predictor.h"
#include "program.h"

namespace {

// Between the two nearest of sorted times, as numpy.percentile does.
double percentile(const std::vector<double>& sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<std::size_t>(std::floor(place));
  const std::size_t above = std::min(below + 1, sorted.size() - 1);
  return sorted[below] + (sorted[above] - sorted[below]) * (place - static_cast<double>(below));
}

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(Clock::now() - begin).count();
}

// Notes how long each call of another engine takes.
class TimedEngine : public slu::Engine {
 public:
  TimedEngine(std::unique_ptr<slu::Engine> engine, std::vector<double>& spent)
      : engine_(std::move(engine)), spent_(spent) {}

  slu::Logits run(const std::int32_t* ids, std::size_t batch, std::size_t length) override {
    const auto begin = Clock::now();
    const slu::Logits logits = engine_->run(ids, batch, length);
    spent_.push_back(milliseconds_since(begin));
    return logits;
  }

 private:
  std::unique_ptr<slu::Engine> engine_;
  std::vector<double>& spent_;
};

std::string summary(std::vector<double> spent) {
  if (spent.empty()) return "null";
  std::sort(spent.begin(), spent.end());
  double sum = 0;
  for (const double time : spent) sum += time;
  char text[160];
  std::snprintf(text, sizeof text, "{\"p50\": %.6f, \"p95\": %.6f, \"mean\": %.6f, \"calls\": %zu}",
                percentile(spent, 0.50), percentile(spent, 0.95), sum / static_cast<double>(spent.size()),
                spent.size());
  return text;
}

int work(const slu::Options& options) {
  if (options.input_file.empty()) throw slu::UserError("give the sentences to time, one a line: --input_file FILE");
  const std::vector<std::string> lines = slu::split_lines(slu::read_text(options.input_file, "input file"));
  std::vector<std::vector<std::string>> batches;
  for (const std::string& line : lines) {
    if (batches.empty() || batches.back().size() == options.batch_size) batches.emplace_back();
    batches.back().push_back(line);
  }
  const slu::Bundle bundle = slu::read_bundle(options.bundle);
  std::vector<double> engine_times, times;
  auto engine = std::make_unique<TimedEngine>(slu::open_engine(bundle, options), engine_times);
  slu::SluPredictor predictor(bundle, std::move(engine), options.decoder, options.max_length);

  std::size_t bytes = 0;  // of all answers: what is computed is used
  for (std::size_t pass = 0; pass <= options.repeats; ++pass) {
    if (pass == 1) {  // the first one was to warm up
      times.clear();
      engine_times.clear();
    }
    for (const auto& batch : batches) {
      const auto begin = Clock::now();
      for (const slu::Answer& answer : predictor.answer_batch(batch)) bytes += answer.json().size();
      times.push_back(milliseconds_since(begin));
    }
  }
  const double memory = slu::peak_rss_mb();
  if (bytes == 0) return 1;

  std::string line = "{\"engine\": ";
  slu::json::append_string(line, options.engine());
  line += ", \"precision\": \"" + bundle.precision + "\", \"threads\": " + std::to_string(options.threads);
  line += ", \"batch_size\": " + std::to_string(options.batch_size) + ", \"texts\": " + std::to_string(lines.size());
  char digits[32];
  std::snprintf(digits, sizeof digits, "%.1f", memory);
  line += ", \"end_to_end_ms\": " + summary(times) + ", \"latency_ms\": " + summary(engine_times) +
          ", \"peak_rss_mb\": " + digits + "}";
  slu::print_line(line);
  return 0;
}

}  // namespace

int main(int count, char** words) { return slu::run_program(count, words, work); }
