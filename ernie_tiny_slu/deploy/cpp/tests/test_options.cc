// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "check.h"
#include "error.h"
#include "options.h"

namespace {

slu::Options parse(std::vector<std::string> words) {
  words.insert(words.begin(), {"--bundle", "folder"});
  return slu::parse_options(words);
}

}  // namespace

TEST(flags_are_read) {
  const auto options = parse({"--batch_size", "4", "--max_length=8", "--text", "a", "-b", "--decoder", "crf"});
  EQUAL(options.bundle, "folder");
  EQUAL(options.batch_size, 4u);
  EQUAL(options.max_length, 8u);
  EQUAL(options.texts, (std::vector<std::string>{"a", "-b"}));
  EQUAL(options.decoder, "crf");
  EQUAL(options.engine(), "openvino");
  EQUAL(parse({"--library", "fastdeploy", "--backend", "onnx_runtime"}).engine(), "fastdeploy_onnxruntime");
  EQUAL(slu::parse_options({"--help"}).help, true);
}

TEST(refusals_name_the_flag) {
  REFUSED(slu::parse_options({}), "give the bundle's folder: --bundle DIR");
  REFUSED(parse({"--model_dir", "b"}), "give the bundle's folder, once");
  REFUSED(parse({"--bachend", "x"}), "unknown flag --bachend (did you mean `--backend`?)");
  REFUSED(parse({"word"}), "unexpected word `word`");
  REFUSED(parse({"--batch_size", "0"}), "--batch_size must be at least 1, got 0");
  REFUSED(parse({"--batch_size", "2x"}), "--batch_size must be a whole number, got `2x`");
  REFUSED(parse({"--batch_size", "99999999999999999999"}), "--batch_size must be a whole number");
  REFUSED(parse({"--cpu_num_threads", "-1"}), "--cpu_num_threads must be at least 1, got -1");
  REFUSED(parse({"--max_length"}), "--max_length needs a value");
  REFUSED(parse({"--backend", "paddel"}), "got `paddel` (did you mean `paddle`?)");
  REFUSED(parse({"--backend", "paddle"}), "--library native has no paddle; take --library fastdeploy");
  REFUSED(parse({"--device", "gpu"}), "--backend openvino does not run on gpu");
  REFUSED(parse({"--library", "fastdeploy", "--backend", "paddle_trt"}), "--backend paddle_trt needs --device gpu");
  REFUSED(parse({"--onednn", "on"}), "--onednn is a switch of --library fastdeploy --backend paddle");
  REFUSED(parse({"--text", "a", "--input_file", "b"}), "exclude each other");
}

int main() { return check::run(); }
