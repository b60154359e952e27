// Copyright (c) the project's authors. Apache-2.0, see LICENSE.
#include "machine.h"

#include <cstdlib>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <string>

namespace slu {
namespace {

// Whether the first CPU has one of the features, as Linux names them.
bool has(std::initializer_list<const char*> features) {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 5, "flags") != 0) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) {
      for (const char* feature : features) {
        if (word == feature) return true;
      }
    }
    return false;
  }
  return false;
}

}  // namespace

bool has_int8_dot_product() {
#if defined(__x86_64__) || defined(__i386__)
  return has({"avx512_vnni", "avx_vnni"});
#else
  return true;
#endif
}

bool has_avx512() { return has({"avx512f"}); }

bool has_bf16() { return has({"avx512_bf16", "amx_bf16"}); }

double peak_rss_mb() {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, 6, "VmHWM:") == 0) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  }
  return 0;
}

}  // namespace slu
