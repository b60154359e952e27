// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "options.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "error.h"
#include "text.h"

namespace slu {
namespace {

const std::vector<std::string> kFlags{
    "--bundle",     "--model_dir",  "--library",    "--backend",         "--device", "--onednn",  "--decoder",
    "--batch_size", "--max_length", "--input_file", "--cpu_num_threads", "--text",   "--repeats", "--help"};

// Engines by the library and the backend's word.
const std::map<std::string, std::map<std::string, std::string>> kEngines{
    {"native", {{"openvino", "openvino"}}},
    {"fastdeploy",
     {{"paddle", "fastdeploy_paddle"},
      {"onnx_runtime", "fastdeploy_onnxruntime"},
      {"openvino", "fastdeploy_openvino"},
      {"paddle_trt", "fastdeploy_paddle_tensorrt"},
      {"tensorrt", "fastdeploy_tensorrt"}}},
};

bool is_flag(const std::string& word) { return word.compare(0, 2, "--") == 0; }

std::string one_of(const std::string& flag, const std::string& word, const std::vector<std::string>& known) {
  if (std::find(known.begin(), known.end(), word) != known.end()) return word;
  throw UserError(flag + " must be one of " + join(known) + ", got " + show(word) + did_you_mean(word, known));
}

std::size_t positive(const std::string& flag, const std::string& word) {
  long long number = 0;
  const auto end = std::from_chars(word.data(), word.data() + word.size(), number);
  if (end.ec != std::errc() || end.ptr != word.data() + word.size()) {
    throw UserError(flag + " must be a whole number, got " + show(word));
  }
  if (number < 1) throw UserError(flag + " must be at least 1, got " + std::to_string(number));
  if (number > 1'000'000) throw UserError(flag + " is too large: " + std::to_string(number));
  return static_cast<std::size_t>(number);
}

void set(Options& options, const std::string& flag, const std::string& word) {
  if (flag == "--bundle" || flag == "--model_dir") {
    if (!options.bundle.empty()) throw UserError("give the bundle's folder, once: --bundle DIR (or --model_dir DIR)");
    options.bundle = word;
  } else if (flag == "--library") {
    options.library = one_of(flag, word, {"native", "fastdeploy"});
  } else if (flag == "--backend") {
    options.backend = one_of(flag, word, {"openvino", "paddle", "onnx_runtime", "paddle_trt", "tensorrt"});
  } else if (flag == "--device") {
    options.device = one_of(flag, word, {"cpu", "gpu"});
  } else if (flag == "--onednn") {
    options.onednn = one_of(flag, word, {"auto", "on", "off"});
  } else if (flag == "--decoder") {
    options.decoder = one_of(flag, word, {"argmax", "bio", "crf"});
  } else if (flag == "--batch_size") {
    options.batch_size = positive(flag, word);
  } else if (flag == "--max_length") {
    options.max_length = positive(flag, word);
  } else if (flag == "--cpu_num_threads") {
    options.threads = static_cast<int>(positive(flag, word));
  } else if (flag == "--repeats") {
    options.repeats = positive(flag, word);
  } else if (flag == "--input_file") {
    options.input_file = word;
  }
}

void check_together(const Options& options) {
  if (options.bundle.empty()) throw UserError("give the bundle's folder: --bundle DIR (or --model_dir DIR)");
  if (!options.texts.empty() && !options.input_file.empty()) {
    throw UserError("--text and --input_file exclude each other; give one");
  }
  if (kEngines.at(options.library).count(options.backend) == 0) {
    throw UserError("--library " + options.library + " has no " + options.backend + "; take --library fastdeploy");
  }
  const bool trt = options.backend == "paddle_trt" || options.backend == "tensorrt";
  if (trt && options.device != "gpu") {
    throw UserError("--backend " + options.backend + " needs --device gpu, got --device " + options.device);
  }
  if (options.backend == "openvino" && options.device != "cpu") {
    throw UserError("--backend openvino does not run on " + options.device + "; take --device cpu");
  }
  if (options.onednn == "on" && options.engine() != "fastdeploy_paddle") {
    throw UserError("--onednn is a switch of --library fastdeploy --backend paddle; leave it out");
  }
}

}  // namespace

std::string Options::engine() const { return kEngines.at(library).at(backend); }

Options parse_options(const std::vector<std::string>& words) {
  Options options;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string flag = words[i];
    if (flag == "-h") flag = "--help";
    if (!is_flag(flag)) throw UserError("unexpected word " + show(flag) + "; --help lists all flags");
    const std::size_t equals = flag.find('=');
    const bool joined = equals != std::string::npos;
    const std::string value = joined ? flag.substr(equals + 1) : "";
    flag = flag.substr(0, equals);
    if (std::find(kFlags.begin(), kFlags.end(), flag) == kFlags.end()) {
      throw UserError("unknown flag " + one_line(flag.substr(0, 60)) + did_you_mean(flag, kFlags) +
                      "; --help lists all");
    }
    if (flag == "--help") {
      options.help = true;
      return options;
    }
    if (!joined && (i + 1 == words.size() || is_flag(words[i + 1]))) throw UserError(flag + " needs a value");
    if (flag != "--text") {
      set(options, flag, joined ? value : words[++i]);
      continue;
    }
    if (joined) options.texts.push_back(value);
    while (!joined && i + 1 < words.size() && !is_flag(words[i + 1])) options.texts.push_back(words[++i]);
  }
  check_together(options);
  return options;
}

std::string usage(const std::string& program) {
  return "usage: " + program + " --bundle DIR [flags]\n" +
         "\n"
         "  --bundle DIR           the bundle's folder (also --model_dir)\n"
         "  --library WORD         native (OpenVINO; the default) or fastdeploy\n"
         "  --backend WORD         openvino (the default); with --library fastdeploy also paddle, onnx_runtime,\n"
         "                         paddle_trt, tensorrt\n"
         "  --device WORD          cpu (the default) or gpu (FastDeploy only)\n"
         "  --onednn WORD          auto, on or off, for FastDeploy's paddle on the CPU\n"
         "  --decoder WORD         argmax, bio or crf; the bundle's own if not given\n"
         "  --batch_size N         texts per call of the engine (1)\n"
         "  --max_length N         tokens read of a text; the bundle's if not given\n"
         "  --cpu_num_threads N    threads of one call on the CPU (1)\n"
         "  --text TEXT ...        one text or more; without it and --input_file, lines of stdin\n"
         "  --input_file FILE      UTF-8, one text a line\n"
         "  --repeats N            slu_benchmark: timed passes over the texts (5)\n";
}

}  // namespace slu
