// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
// The command line of both programs: flags with underscores as the Python client has them.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace slu {

struct Options {
  std::string bundle;
  std::string library = "native", backend = "openvino", device = "cpu";
  std::string onednn = "auto";
  std::string decoder;  // empty: the bundle's
  std::size_t batch_size = 1;
  std::size_t max_length = 0;  // 0: the bundle's
  int threads = 1;
  std::string input_file;
  std::vector<std::string> texts;
  std::size_t repeats = 5;  // of the benchmark
  bool help = false;

  // The engine's name as in common/engines/runtime.py and a bundle's manifest: openvino, fastdeploy_paddle, ...
  std::string engine() const;
};

// Throws UserError that names the flag.
Options parse_options(const std::vector<std::string>& words);

// What --help prints.
std::string usage(const std::string& program);

}  // namespace slu
